"""The HTTP door: native REST below /v1, DICOMweb below /dicomweb, FHIR below /fhir.

It translates HTTP into the journeys of `repository` and back, and decides nothing. No request reaches a journey without
a caller whose identity was established (`callers`), within limits that are checked before any work (`limits`), and
what a journey refuses leaves as one table says (`problems`).
"""
