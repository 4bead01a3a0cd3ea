"""C-GET that takes longer than all of it may: also amid an image, for there is but one association."""

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from dicom_gateway.contexts import INVENTORY_GET, INVENTORY_STORAGE
from dicom_gateway.protocol import commands
from dicom_gateway.protocol.commands import STATUS, Command
from dicom_gateway.protocol.negotiating import Proposed
from dicom_gateway.protocol.wire import Patience
from dicom_gateway.services import retrieving
from dicom_gateway.services.retrieving import Tally
from repository.formats.dicom.identifiers_writing import write_identifier
from tests.dicom_gateway.gateways import EXPLICIT, opened
from tests.dicom_gateway.raw import GET_ID, GIVEN_ID, LONGEST, Raw, command, getting, good, line, message, stored_answer
from tests.dicom_gateway.remaining import none_left, threads
from tests.dicom_gateway.tempers import ENDLESS, FOREVER
from tests.dicom_gateway.test_cancelling_of_get import (
    counts,
    data_set_taken,
    large_and_small,
    next_image,
)
from tests.dicom_gateway.test_destinations import final, study_of
from tests.dicom_gateway.test_inventories import found


def taken_slowly(peer: Raw, at_once: int) -> None:
    """So many bytes of an image now and then, until the door has had enough."""
    until = time.monotonic() + LONGEST
    while time.monotonic() < until:
        try:
            if not threads() or not peer.socket.recv(at_once):
                return
        except ConnectionError:
            return
        threading.Event().wait(0.05)
    pytest.fail("it goes on")


class Later:
    """As the clock of a retrieval that has taken too long."""

    @staticmethod
    def monotonic() -> float:
        return time.monotonic() + 2 * FOREVER


def by_bytes(peer: Raw, _: Command) -> None:
    taken_slowly(peer, 1)


def by_sips(peer: Raw, _: Command) -> None:
    """Much faster than the slowest peer that is waited for, yet not in time."""
    taken_slowly(peer, 1 << 16)


def no_answer(peer: Raw, _: Command) -> None:
    with suppress(AssertionError):  # where the machine is so slow that all of it is over first
        data_set_taken(peer)


def answer_by_bytes(peer: Raw, to: Command) -> None:
    no_answer(peer, to)
    for each in stored_answer(to)[:-1]:
        peer.send(bytes((each,)))
        threading.Event().wait(0.05)


@pytest.fixture
def ending(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each image begins in time, and the time for all of them is over as soon as it has begun."""
    monkeypatch.setattr(Tally, "overdue", lambda _: False)
    monkeypatch.setattr(Tally, "until", property(lambda _: time.monotonic()))


@pytest.mark.usefixtures("ending")
@pytest.mark.parametrize("slowly", [by_bytes, by_sips, no_answer, answer_by_bytes])
def test_one_image_takes_no_longer_than_all_of_it_may(tmp_path: Path, slowly: Callable[[Raw, Command], None]) -> None:
    patience = Patience(acse=FOREVER, dimse=FOREVER, idle=FOREVER, network=1.5)
    with opened(tmp_path, files=large_and_small(), patience=patience, grace=1) as door:
        study, _ = study_of(door)
        with line(door) as peer:
            peer.send(getting(study, number=3))
            slowly(peer, next_image(peer))
            assert none_left(), "it goes on"
        assert good(door)


def test_who_takes_an_image_in_time_is_told_what_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The time is over while it is on its way; it has the network's patience to come to its end."""
    with opened(tmp_path, files=large_and_small(), patience=ENDLESS, retrieval=FOREVER, grace=1) as door:
        study, _ = study_of(door)
        with line(door) as peer:
            peer.send(getting(study, number=3))
            begun = next_image(peer)
            monkeypatch.setattr(retrieving, "time", Later)
            data_set_taken(peer)
            peer.send(stored_answer(begun))
            last = final(peer)
            assert last.number(STATUS) == 0xA702
            assert counts(last) == (1, 1, 0)
            assert peer.released()


@pytest.mark.usefixtures("ending")
def test_an_inventory_that_is_taken_byte_by_byte_takes_no_longer_either(tmp_path: Path) -> None:
    patience = Patience(acse=FOREVER, dimse=FOREVER, idle=FOREVER, network=1.5)
    with opened(tmp_path, patients=1, images=4, patience=patience, grace=1) as door:
        uid = str(found(door)[0].SOPInstanceUID)
        keys = write_identifier([(0x00080018, "UI", uid)], syntax=EXPLICIT)
        said = command(commands.C_GET_RQ, INVENTORY_GET, number=3, has=commands.DATA_SET)
        with line(
            door, Proposed(GET_ID, INVENTORY_GET, (EXPLICIT,)), Proposed(GIVEN_ID, INVENTORY_STORAGE, (EXPLICIT,))
        ) as peer:
            peer.send(message(GET_ID, said, keys))
            no_answer(peer, next_image(peer))
            assert none_left()
        assert good(door)
