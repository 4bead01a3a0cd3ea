"""Data sets of storage commitment: what is written is read again, as pydicom reads it, and nothing else is taken."""

from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom import Dataset
from pynetdicom.dsutils import decode, encode

from repository.formats.dicom.transactions import (
    Named,
    TooManyInstances,
    Transaction,
    TransactionUnreadable,
    read_transaction,
    write_transaction,
)
from tests.builders.words import uids

EXPLICIT, IMPLICIT = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2"
SYNTAXES = st.sampled_from([EXPLICIT, IMPLICIT])
UIDS = uids(st.integers(1, 999_999), most=4, digits=10)
REFERENCED = st.builds(Named, UIDS, UIDS)
FAILED = st.builds(Named, UIDS, UIDS, st.integers(0, 0xFFFF))
TRANSACTIONS = st.builds(
    Transaction, UIDS, st.lists(REFERENCED, max_size=20).map(tuple), st.lists(FAILED, max_size=20).map(tuple)
)


@settings(max_examples=60)
@given(TRANSACTIONS, SYNTAXES)
def test_what_is_written_is_read(what: Transaction, syntax: str) -> None:
    written = write_transaction(what, syntax=syntax, retrieve_from="EDM-ARCHIVE")
    assert read_transaction(written, syntax=syntax, most=40) == what


@settings(max_examples=40)
@given(TRANSACTIONS, SYNTAXES)
def test_pydicom_reads_what_is_written(what: Transaction, syntax: str) -> None:
    found = decode(BytesIO(write_transaction(what, syntax=syntax)), syntax == IMPLICIT, True)
    assert found.TransactionUID == what.uid
    good = [
        (each.ReferencedSOPClassUID, each.ReferencedSOPInstanceUID) for each in found.get("ReferencedSOPSequence", ())
    ]
    bad = [
        Named(str(each.ReferencedSOPClassUID), str(each.ReferencedSOPInstanceUID), each.FailureReason)
        for each in found.get("FailedSOPSequence", ())
    ]
    assert good == [(each.sop_class, each.uid) for each in what.referenced]
    assert tuple(bad) == what.failed


@settings(max_examples=40)
@given(TRANSACTIONS, SYNTAXES, st.booleans())
def test_what_pydicom_writes_is_read(what: Transaction, syntax: str, open_ended: bool) -> None:
    """With sequences of either length, and with what does not belong to a transaction."""
    made = Dataset()
    made.TransactionUID, made.RetrieveAETitle = what.uid, "PACS"
    step = Dataset()
    step.ReferencedSOPClassUID, step.ReferencedSOPInstanceUID = "1.2.3", "1.2.4"
    made.ReferencedPerformedProcedureStepSequence = [step]
    made.ReferencedSOPSequence = [_item(each) for each in what.referenced]
    made.FailedSOPSequence = [_item(each, reason=True) for each in what.failed]
    for element in made:
        if element.VR == "SQ":
            element.is_undefined_length = open_ended
            for item in element.value:
                item.is_undefined_length_sequence_item = open_ended
    content = encode(made, syntax == IMPLICIT, True)
    assert content is not None
    assert read_transaction(content, syntax=syntax, most=40) == what


def _item(each: Named, *, reason: bool = False) -> Dataset:
    made = Dataset()
    made.ReferencedSOPClassUID, made.ReferencedSOPInstanceUID = each.sop_class, each.uid
    if reason:
        made.FailureReason = each.reason
    return made


@settings(max_examples=150)
@given(st.binary(max_size=200), SYNTAXES)
def test_any_bytes_are_read_or_refused(content: bytes, syntax: str) -> None:
    try:
        found = read_transaction(content, syntax=syntax, most=5)
    except (TransactionUnreadable, TooManyInstances):
        return
    assert len(found.referenced) + len(found.failed) <= 5


@settings(max_examples=60)
@given(TRANSACTIONS.filter(lambda each: each.referenced), SYNTAXES, st.data())
def test_what_ends_early_is_refused(what: Transaction, syntax: str, data: st.DataObject) -> None:
    written = write_transaction(what, syntax=syntax)
    cut = written[: data.draw(st.integers(0, len(written) - 1))]
    try:
        found = read_transaction(cut, syntax=syntax, most=40)
    except TransactionUnreadable:
        return
    assert not found.referenced  # cut between two elements: the last one is not there


def test_as_many_as_are_taken_and_no_more() -> None:
    many = Transaction("1.2.3", tuple(Named("1.2", f"1.{each}") for each in range(1, 12)))
    for syntax in (EXPLICIT, IMPLICIT):
        written = write_transaction(many, syntax=syntax)
        assert read_transaction(written, syntax=syntax, most=11) == many
        with pytest.raises(TooManyInstances):
            read_transaction(written, syntax=syntax, most=10)


@pytest.mark.parametrize("size", [2_000, 10_000])
def test_the_longest_transaction_fits_a_data_set_of_4_mib(size: int) -> None:
    many = Transaction("1.2.3", tuple(Named("1" * 64, f"2.{each:062d}") for each in range(size)))
    for syntax in (EXPLICIT, IMPLICIT):
        written = write_transaction(many, syntax=syntax)
        assert len(written) < 4 << 20
        assert read_transaction(written, syntax=syntax, most=size) == many


@pytest.mark.parametrize("name", ["TransactionUID", "ReferencedSOPClassUID", "ReferencedSOPInstanceUID"])
def test_what_lacks_a_uid_is_refused(name: str) -> None:
    made = Dataset()
    made.TransactionUID = "1.2.3"
    made.ReferencedSOPSequence = [_item(Named("1.2", "1.3"))]
    for each in (made, *made.ReferencedSOPSequence):
        if name in each:
            delattr(each, name)
    content = encode(made, False, True)
    assert content is not None
    with pytest.raises(TransactionUnreadable):
        read_transaction(content, syntax=EXPLICIT, most=5)
