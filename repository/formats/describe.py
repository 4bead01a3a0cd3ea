"""`describe`: all that is known of one item from its own bytes."""

from collections.abc import Callable
from typing import BinaryIO

from repository.domain.describing import Description, Kind
from repository.findings import Finding
from repository.formats.dicom.describing import describe_dicom
from repository.formats.identify import identify
from repository.formats.xml.describing import describe_xml

HEAD_BYTES = 1 << 20
"""How much of an item `describe` wants to see at once; smaller items are given whole."""


def describe(head: bytes, *, size: int, open_rest: Callable[[], BinaryIO]) -> Description:
    """The description of the item of `size` bytes; whatever it holds, this does not raise.

    `head` is its first `HEAD_BYTES` bytes, or all of it if it is smaller. `open_rest` gives the whole item again
    from its start, for the rare one whose header is longer; only what that stream raises is raised here.
    """
    kind, media_type = identify(head, size=size)
    if kind is Kind.DICOM:
        return describe_dicom(head, size=size, open_rest=open_rest)
    if kind in {Kind.CDA, Kind.XML}:
        return describe_xml(head, size=size, open_rest=open_rest)
    findings: tuple[Finding, ...] = ()
    if kind is Kind.OPAQUE:
        findings = (Finding("FMT-001" if size == 0 else "FMT-002"),)
    elif kind is Kind.ARCHIVE:
        findings = (Finding("FMT-006"),)
    return Description(kind=kind, media_type=media_type, findings=findings)
