"""XML and clinical documents, from bytes to facts: the only owner of lxml.

`parser` is the one hardened way in (no document type, no entities, no network, bounded); `cda` reads the header of
a clinical document (HL7 CDA R2, PIK HL7 CDA 1.3.x). Nothing here writes XML: signatures cover the received bytes.
"""
