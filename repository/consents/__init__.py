"""Consents and grants as others write them: FHIR Consent (IHE PCF), and the tables of a hand-over package."""
