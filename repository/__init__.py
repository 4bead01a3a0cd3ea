"""What the archive knows and decides: takeovers, the catalogue, the evidence, the journeys in and out.

No HTTP, no DIMSE, no S3: doors translate a protocol into a journey of this package and back.
"""
