"""Data sets of storage commitment (PS3.4 J.3): a transaction with the instances that it is about, read and written.

N-ACTION names instances; N-EVENT-REPORT those that are committed to, and those that are not with the reason of each.
Everything else that a data set says is left out of account.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from struct import unpack

from repository.formats.dicom.identifiers import Element, IdentifierUnreadable, elements_of
from repository.formats.dicom.identifiers_writing import Element as Written
from repository.formats.dicom.identifiers_writing import write_identifier

RETRIEVE_AE_TITLE, REFERENCED_CLASS, REFERENCED_INSTANCE = 0x00080054, 0x00081150, 0x00081155
TRANSACTION_UID, FAILURE_REASON, FAILED_SEQUENCE, REFERENCED_SEQUENCE = 0x00081195, 0x00081197, 0x00081198, 0x00081199
_ELEMENTS = 8  # of an item, at most, on average
_UID = re.compile(r"[0-9.]{1,64}")
_NAME = re.compile(r"[\x21-\x5b\x5d-\x7e]{1,64}")  # no backslash: one value


class TransactionUnreadable(Exception):
    """These bytes are no such data set. Its text is the keyword of what is missing or wrong, if one is."""


class TooManyInstances(Exception):
    """More than whoever reads takes."""


@dataclass(frozen=True, slots=True)
class Named:
    """An instance by its SOP class and its UID; `reason` of one that failed (PS3.3 C.14.1.1)."""

    sop_class: str
    uid: str
    reason: int = 0


@dataclass(frozen=True, slots=True)
class Transaction:
    uid: str
    referenced: tuple[Named, ...] = ()
    failed: tuple[Named, ...] = ()


def read_transaction(content: bytes, *, syntax: str, most: int) -> Transaction:
    """With at most `most` instances in all. Raises `TransactionUnreadable`, `TooManyInstances`."""
    try:
        elements = elements_of(content, syntax=syntax, most=_ELEMENTS * (most + 8))
    except IdentifierUnreadable:
        raise TransactionUnreadable from None
    found = {each.tag: each for each in elements}
    if len(found) != len(elements):
        raise TransactionUnreadable
    uid = _text(found.get(TRANSACTION_UID))
    if not _UID.fullmatch(uid):
        raise TransactionUnreadable("TransactionUID")
    sequences = [_items(found.get(tag)) for tag in (REFERENCED_SEQUENCE, FAILED_SEQUENCE)]
    if sum(map(len, sequences)) > most:
        raise TooManyInstances
    referenced, failed = (tuple(map(_named, items)) for items in sequences)
    return Transaction(uid, referenced, failed)


def write_transaction(what: Transaction, *, syntax: str, retrieve_from: str = "") -> bytes:
    """`retrieve_from`: the AE title from which the instances can be had. A sequence without items is left out."""
    elements: list[Written] = [(RETRIEVE_AE_TITLE, "AE", retrieve_from)] if retrieve_from else []
    elements.append((TRANSACTION_UID, "UI", what.uid))
    if what.failed:
        elements.append((FAILED_SEQUENCE, "SQ", list(_written(what.failed, reasons=True))))
    if what.referenced:
        elements.append((REFERENCED_SEQUENCE, "SQ", list(_written(what.referenced, reasons=False))))
    return write_identifier(elements, syntax=syntax)


def _written(instances: Sequence[Named], *, reasons: bool) -> Iterator[list[Written]]:
    for each in instances:
        item: list[Written] = [(REFERENCED_CLASS, "UI", each.sop_class), (REFERENCED_INSTANCE, "UI", each.uid)]
        if reasons:
            item.append((FAILURE_REASON, "US", str(each.reason)))
        yield item


def _items(sequence: Element | None) -> list[list[Element]]:
    if sequence is None:
        return []
    if sequence.items is None:
        raise TransactionUnreadable("ReferencedSOPSequence")
    return sequence.items


def _named(item: Sequence[Element]) -> Named:
    found = {each.tag: each for each in item}
    sop_class, uid = _text(found.get(REFERENCED_CLASS)), _text(found.get(REFERENCED_INSTANCE))
    if len(found) != len(item) or not _NAME.fullmatch(sop_class) or not _NAME.fullmatch(uid):
        raise TransactionUnreadable("ReferencedSOPInstanceUID")
    reason = found.get(FAILURE_REASON)
    if reason is None:
        return Named(sop_class, uid)
    if len(reason.value) != 2:
        raise TransactionUnreadable("FailureReason")
    return Named(sop_class, uid, unpack("<H", reason.value)[0])


def _text(element: Element | None) -> str:
    return element.value.decode("latin-1").strip(" \0") if element is not None else ""
