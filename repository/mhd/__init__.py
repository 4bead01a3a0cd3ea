"""Documents, patients and studies as IHE MHD and FHIR doors ask for them: parameters → one search as somebody."""
