"""FHIR R4 resources as plain values: what the archive knows, in the words of FHIR, and as XML. Nothing is read here."""
