"""Accounts rendered for others: FHIR AuditEvent, DICOM audit messages, CSV; and sent to a collector over syslog-TLS.

The journal is the truth. What is rendered here is made from it again at any time, and nothing is read back.
"""
