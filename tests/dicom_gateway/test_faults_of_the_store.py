"""A store that takes nothing is not the peer's fault: it is told to try again, and what it was told is so."""

from pathlib import Path

import pytest

from dicom_gateway.protocol.commands import ERROR_COMMENT, STATUS
from repository.settings import Settings
from storage.errors import StorageError, StoreFull, StoreReadOnly, StoreUnavailable
from storage.keys.record_keys import PREFIX as KEYS
from tests.dicom_gateway.failing import assert_whole, holdings, reopened, without_keys
from tests.dicom_gateway.gateways import Door, opened
from tests.dicom_gateway.raw import an_instance, echo, line, storing
from tests.dicom_gateway.remaining import files_held
from tests.faults.mounts import disk

LARGE = 5 << 20  # bytes of an image that waits on the disk as it comes


@pytest.mark.parametrize("error", [StoreFull(), StoreReadOnly(), StoreUnavailable(reason="a test")])
@pytest.mark.parametrize("prefix", [KEYS, "takeovers/"])
def test_a_store_that_does_not_take_it_is_out_of_resources(
    settings: Settings, error: StorageError, prefix: str
) -> None:
    with reopened(settings) as behind, line(behind.port) as peer:
        behind.store.error, behind.store.prefix = error, prefix
        peer.send(storing(an_instance(1)))
        found = peer.command()
        assert found is not None
        assert (found.number(STATUS), found.text(ERROR_COMMENT)) == (0xA700, error.code)
        behind.store.error = None
        peer.send(storing(an_instance(1)))
        assert peer.status() == 0
        assert peer.released()
    assert_whole(settings, count=1)


def test_a_disk_that_is_full_is_out_of_resources_until_there_is_room(tmp_path: Path) -> None:
    with disk(tmp_path / "disk", size="48m") as small:
        with opened(small.path) as door:
            taken = full_of(door)
            small.remount("size=200m")
            with line(door) as peer:
                for each in range(taken, taken + 3):
                    peer.send(storing(an_instance(each, size=LARGE)))
                    assert peer.status() == 0
                assert peer.released()
            assert files_held(small.path / "home" / "spool") == 0
            settings = door.archive.settings
        assert_whole(settings, count=taken + 3)


def full_of(door: Door) -> int:
    """How many images were taken before there was no room; those that come then are told of, each."""
    with line(door) as peer:
        for number in range(20):
            peer.send(storing(an_instance(number, size=LARGE)))
            if (status := peer.status()) != 0:
                break
        assert status == 0xA700
        peer.send(storing(an_instance(number, size=LARGE)))
        assert peer.status() == 0xA700
        peer.send(echo())
        assert peer.status() == 0
        assert peer.released()
    assert number > 1
    return number


def test_a_patient_whose_key_is_gone_is_not_added_to(settings: Settings) -> None:
    with reopened(settings) as behind, line(behind.port) as peer:
        peer.send(storing(an_instance(1)))
        assert peer.status() == 0
    without_keys(settings)
    with reopened(settings) as behind, line(behind.port) as peer:
        peer.send(storing(an_instance(1, instance=2)))
        assert peer.status() == 0xA700
        peer.send(storing(an_instance(2)))  # somebody else's
        assert peer.status() == 0
        assert peer.released()
        assert holdings(behind.archive) == 2
