"""An account as FHIR XML."""

from repository.access.account import Account
from repository.accounting.fhir import audit_event
from repository.fhir_xml import as_xml


def audit_event_xml(account: Account, *, archive: str) -> bytes:
    """The AuditEvent of `fhir.audit_event` as an XML document in UTF-8."""
    return as_xml(audit_event(account, archive=archive))
