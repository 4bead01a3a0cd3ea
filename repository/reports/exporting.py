"""Accounts as others read them: CSV, FHIR AuditEvents one a line, DICOM audit messages one a line."""

from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum

import orjson

from repository.access.account import Account
from repository.accounting.csv_export import csv_rows
from repository.accounting.dicom_audit import audit_message
from repository.accounting.fhir import audit_event


class Form(StrEnum):
    CSV = "csv"
    FHIR = "fhir"  # newline-delimited JSON
    DICOM = "dicom"  # one XML document (PS3.15 A.5) a line


def exported(accounts: Iterable[Account], form: Form, *, archive: str) -> Iterator[bytes]:
    """The parts of the file, in turn; `archive` names this archive in events."""
    if form is Form.CSV:
        return csv_rows(accounts)
    rendered: Callable[[Account], bytes] = _fhir(archive) if form is Form.FHIR else _dicom(archive)
    return (rendered(each) + b"\n" for each in accounts)


def _fhir(archive: str) -> Callable[[Account], bytes]:
    return lambda account: orjson.dumps(audit_event(account, archive=archive))


def _dicom(archive: str) -> Callable[[Account], bytes]:
    """On one line: line ends between elements mean nothing, and there are none in texts."""
    return lambda account: audit_message(account, archive=archive).replace(b"\r", b"").replace(b"\n", b" ")
