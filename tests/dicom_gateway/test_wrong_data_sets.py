"""Data sets that are none, of another instance, that end early, or that come in many pieces."""

import pytest

from dicom_gateway.protocol import commands
from tests.dicom_gateway import raw
from tests.dicom_gateway.gateways import Door, opened
from tests.dicom_gateway.raw import (
    CT_ID,
    MR,
    an_instance,
    command,
    line,
    message,
    storing,
)
from tests.dicom_gateway.wrong import kept

INSTANCE = an_instance(3)
WHOLE = raw.encoded(INSTANCE)
OTHER = an_instance(4)


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"", 0xC000), (b"abc", 0xC000), (bytes(4000), 0xC000), (raw.encoded(OTHER), 0xA900),
        (b"%PDF-1.7 and more", 0xC000), (WHOLE[:100], 0xA900),
    ],
)  # fmt: skip
def test_a_data_set_that_is_none_or_another_is_not_kept(own: Door, content: bytes, status: int) -> None:
    with line(own) as peer:
        peer.send(storing(INSTANCE, content=content))
        assert peer.status() == status
        peer.send(message(CT_ID, command(commands.C_STORE_RQ, MR, AFFECTED_INSTANCE=str(INSTANCE.SOPInstanceUID))))
        assert peer.status() == 0xC000  # there is none at all
        assert peer.released()
    assert kept(own) == 0


def test_a_data_set_that_ends_early_is_kept_as_it_came_and_told_of(tmp_path_factory: pytest.TempPathFactory) -> None:
    with opened(tmp_path_factory.mktemp("early")) as door:
        with line(door) as peer:
            peer.send(storing(INSTANCE, content=WHOLE[:-50]))
            assert peer.status() == 0xB007
            peer.send(storing(INSTANCE))
            assert peer.status() == 0
            assert peer.released()
        assert kept(door) == 2


def test_an_instance_in_fragments_of_two_bytes_is_kept_like_any_other(tmp_path_factory: pytest.TempPathFactory) -> None:
    with opened(tmp_path_factory.mktemp("tiny")) as door:
        made = an_instance(5, size=1 << 15)
        with line(door) as peer:
            peer.send(storing(made, piece=2))
            assert peer.status() == 0
            assert peer.released()
        (found,) = door.archive.catalogue.holdings(door.open_one.number)
        assert found.description.dicom is not None
        assert found.description.dicom.sop_instance_uid == made.SOPInstanceUID
