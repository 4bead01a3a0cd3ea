"""Where bytes live: objects, sealing, keys and digests.

Owns the byte formats (`FORMAT.md`), the object stores and the key ring. Knows no patient, no DICOM and no
HTTP. Everything it stores is written once and never overwritten.
"""
