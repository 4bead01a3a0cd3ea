"""Upkeep: what keeps the archive true after the takeover.

verifying   every stored byte and row is what the log says; damage is found and named
rebuilding  the catalogue made again from store and key ring
reaping     objects that were never acknowledged
rotating    a new root key; record keys re-wrapped, no payload moved
witnessing  the outcome of a verification in the evidence log
"""
