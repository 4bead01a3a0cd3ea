import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pynetdicom.dsutils import decode, encode

from dicom_gateway.protocol import commands
from dicom_gateway.protocol.commands import read, response_to, written
from tests.builders.words import uids

UIDS = uids(st.integers(0, 2), most=6, digits=9)
TEXTS = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789", min_size=1, max_size=16)
NUMBERS = st.integers(0, 0xFFFF)


@given(UIDS, UIDS, NUMBERS, TEXTS)
def test_pydicom_reads_what_is_written_and_it_is_read_again(
    sop_class: str, instance: str, number: int, title: str
) -> None:
    made = written(
        {
            commands.AFFECTED_CLASS: sop_class, commands.FIELD: commands.C_STORE_RQ, commands.MESSAGE_ID: number,
            commands.PRIORITY: 0, commands.DATA_SET_TYPE: commands.DATA_SET, commands.AFFECTED_INSTANCE: instance,
            commands.ORIGINATOR: title, commands.ORIGINATOR_ID: number,
        }
    )  # fmt: skip
    from io import BytesIO

    theirs = decode(BytesIO(made), True, True)
    assert theirs.AffectedSOPClassUID == sop_class
    assert theirs.AffectedSOPInstanceUID == instance
    assert theirs.MoveOriginatorApplicationEntityTitle == title
    assert theirs.CommandGroupLength == len(made) - 12
    ours = read(made)
    assert (ours.field, ours.message_id, ours.has_data_set) == (commands.C_STORE_RQ, number, True)
    assert (ours.text(commands.AFFECTED_CLASS), ours.text(commands.AFFECTED_INSTANCE)) == (sop_class, instance)


def test_what_pydicom_writes_is_read() -> None:
    theirs = Dataset()
    theirs.AffectedSOPClassUID, theirs.CommandField, theirs.MessageID = "1.2.3", 0x0030, 5
    theirs.CommandDataSetType = 0x0101
    found = read(encode(theirs, True, True) or b"")
    assert (found.field, found.message_id, found.has_data_set) == (0x0030, 5, False)
    answer = response_to(found, 0xA700)
    assert answer[commands.RESPONDS_TO] == 5
    assert answer[commands.FIELD] == 0x8030
    assert answer[commands.AFFECTED_CLASS] == "1.2.3"


@given(st.binary(max_size=200))
def test_bytes_that_are_no_command_set_are_refused_and_nothing_else_happens(content: bytes) -> None:
    try:
        read(content)
    except ValueError:
        return
    assert content[:2] == b"\0\0"


@pytest.mark.parametrize("content", [b"", b"\0\0\2\0\4\0\0\0", b"\0\0\2\0\xff\xff\xff\xff"], ids=repr)
def test_a_command_set_that_ends_early_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match="command set"):
        read(content)
