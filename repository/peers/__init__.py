"""DICOM peers: who may call, from where, for what, and what for (DESIGN § 2.8). No DIMSE here.

A peer is registered by a deed and removed by one, so that it is known at any past instant who it was, and a rebuilt
catalogue knows it again. What is registered is no right to read: each question and each retrieval is decided for the
organisation that the peer speaks for, with its purpose, as for anybody.
"""
