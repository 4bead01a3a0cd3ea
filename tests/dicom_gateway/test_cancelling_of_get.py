"""C-GET that ends before all of it is done: by C-CANCEL, A-ABORT, or as it takes too long. What is asked for and what
is given go over one association, so that an image which was begun is finished."""

import logging
import math
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from pydicom import dcmread

from dicom_gateway.protocol import commands
from dicom_gateway.protocol.commands import (
    C_GET_RQ,
    C_STORE_RQ,
    COMPLETED,
    FAILED,
    REMAINING,
    RESPONSE,
    STATUS,
    Command,
)
from dicom_gateway.protocol.pdus import ABORT, P_DATA, RELEASE_REQUEST, abort
from repository.rendering.pool import Limits, Pool
from tests.builders import compressed as made
from tests.builders.certificates import Authority
from tests.builders.dicom import part10
from tests.dicom_gateway.encoded import GREY
from tests.dicom_gateway.gateways import CT, Door, opened
from tests.dicom_gateway.raw import (
    GIVEN_ID,
    LONGEST,
    Raw,
    an_instance,
    cancel,
    command,
    echo,
    getting,
    good,
    in_pieces,
    line,
    message,
    pdu,
    stored_answer,
)
from tests.dicom_gateway.remaining import none_left
from tests.dicom_gateway.tempers import ENDLESS
from tests.dicom_gateway.test_destinations import final, study_of
from tests.dicom_gateway.test_tls import opened_with_tls
from tests.repository.rendering.test_pool import scripted

LARGE = 24 << 20  # bytes of an image that no socket's buffers hold
SLOW = (
    "from repository.rendering.worker import _task\ntask = _task()\n"
    "while (asked := receive(line)) is not None:\n    time.sleep(0.05); send(line, *task(*asked))"
)


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    with opened(tmp_path_factory.mktemp("getting"), patients=1, images=4, patience=ENDLESS, grace=1) as door:
        yield door


def large_and_small() -> list[bytes]:
    """Two images of one study, the first of which is on its way for as long as the peer wants."""
    return [part10(an_instance(kind=CT, size=LARGE)), part10(an_instance(kind=CT, instance=2))]


@pytest.fixture(scope="module")
def ample(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    folder = tmp_path_factory.mktemp("ample")
    with opened(folder, files=large_and_small(), patience=ENDLESS, grace=1) as door:
        yield door


def next_image(peer: Raw) -> Command:
    """The command of the next image; pending answers before it are left out."""
    while (each := peer.command()) is not None and each.field == C_GET_RQ | RESPONSE:
        assert each.number(STATUS) == 0xFF00
    assert each is not None
    assert each.field == C_STORE_RQ
    return each


def counts(last: Command) -> tuple[int, int, int]:
    return last.number(COMPLETED), last.number(FAILED), last.number(REMAINING)


@pytest.mark.parametrize("cut", in_pieces(cancel(3)).items(), ids=lambda each: each[0])
def test_a_cancel_in_pieces_holds_up_nothing_and_counts_once_it_is_whole(
    own: Door, cut: tuple[str, list[bytes]]
) -> None:
    _, pieces = cut
    study, count = study_of(own)
    with line(own) as peer:
        peer.send(getting(study, number=3))
        peer.send(stored_answer(next_image(peer)) + pieces[0])
        on_its_way = next_image(peer)
        peer.send(b"".join(pieces[1:]) + stored_answer(on_its_way))
        last = final(peer)
        assert last.number(STATUS) == 0xFE00
        assert counts(last) == (2, 0, count - 2)
        assert peer.released()
    assert none_left()


def test_a_cancel_that_is_whole_after_its_end_cancels_nothing_else(own: Door) -> None:
    study, count = study_of(own)
    with line(own) as peer:
        peer.send(getting(study, number=3))
        first, *rest = in_pieces(cancel(3))["in PDUs"]
        for at in range(count):
            peer.send(stored_answer(next_image(peer)) + (first if at == count - 1 else b""))
        assert counts(final(peer)) == (count, 0, 0)
        peer.send(b"".join(rest) + getting(study, number=3))
        for _ in range(count):
            peer.send(stored_answer(next_image(peer)))
        assert counts(final(peer)) == (count, 0, 0)
        assert peer.released()


def test_what_is_no_cancel_is_not_put_together_either(own: Door) -> None:
    study, _ = study_of(own)
    with line(own) as peer:
        peer.send(getting(study, number=3))
        first, *rest = in_pieces(echo(4))["in PDUs"]
        peer.send(stored_answer(next_image(peer)) + first)
        next_image(peer)
        peer.send(b"".join(rest))
        assert [kind for kind, _ in peer.rest()][-1] == ABORT
    assert none_left()


def test_an_image_that_is_on_its_way_is_finished_and_then_it_ends(ample: Door) -> None:
    study = str(an_instance(kind=CT).StudyInstanceUID)
    with line(ample) as peer:
        peer.send(getting(study, number=3))
        begun = next_image(peer)
        assert good(ample)
        peer.send(cancel(3))
        assert data_set_taken(peer) > LARGE
        peer.send(stored_answer(begun))
        last = final(peer)
        assert last.number(STATUS) == 0xFE00
        assert counts(last) == (1, 0, 1)
        assert peer.released()


def data_set_taken(peer: Raw) -> int:
    """Bytes of one, to its end."""
    size, values = 0, peer.values
    peer.values = []
    while True:
        for _, control, content in values:
            assert not control & 1
            size += len(content)
            if control & 2:
                return size
        each = peer.pdu()
        assert each is not None
        assert each[0] == P_DATA
        values = [(each[1][4], each[1][5], each[1][6:])]


def test_an_answer_before_its_time_is_one(ample: Door) -> None:
    """Some say that they have no room before they have taken all of it."""
    study = str(an_instance(kind=CT).StudyInstanceUID)
    with line(ample) as peer:
        peer.send(getting(study, number=3))
        peer.send(message(GIVEN_ID, commands.response_to(next_image(peer), 0xA700)))
        assert good(ample)
        data_set_taken(peer)
        peer.send(stored_answer(next_image(peer)))
        assert counts(final(peer)) == (1, 1, 0)
        assert peer.released()


def an_answer(*, number: int) -> bytes:
    return stored_answer(commands.read(commands.written(command(C_STORE_RQ, CT, number=number))))


OVER = {
    "abort": abort(),
    "release": RELEASE_REQUEST,
    "no value": pdu(P_DATA, b""),
    "another request": getting("1.2.3", number=4),
    "an answer to nothing": an_answer(number=99),
}


@pytest.mark.parametrize("how", OVER.values(), ids=OVER.keys())
def test_who_takes_nothing_more_and_says_that_it_is_over_is_heard_amid_an_image(ample: Door, how: bytes) -> None:
    study = str(an_instance(kind=CT).StudyInstanceUID)
    with line(ample) as peer:
        peer.send(getting(study, number=3))
        next_image(peer)
        peer.send(how)
        assert none_left(), "it waits for the peer to take the image"
    assert good(ample)


@contextmanager
def secured_line(door: Door, authority: Authority) -> Iterator[Raw]:
    context, pair = ssl.create_default_context(cafile=authority.file), authority.sign("pacs")
    context.load_cert_chain(pair.certificate, pair.key)
    with (
        socket.create_connection(("127.0.0.1", door.port), timeout=LONGEST) as bare,
        context.wrap_socket(bare, server_hostname="127.0.0.1") as made,
    ):
        peer = Raw(made)
        peer.associated()
        yield peer


def test_it_is_heard_as_well_where_all_goes_by_tls(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    study = str(an_instance(kind=CT).StudyInstanceUID)
    first, *rest = in_pieces(cancel(3))["in PDUs"]
    with opened_with_tls(tmp_path, authority, files=large_and_small(), patience=ENDLESS, grace=1) as door:
        with secured_line(door, authority) as peer:
            peer.send(getting(study, number=3))
            begun = next_image(peer)
            peer.send(first)
            peer.send(b"".join(rest))
            assert data_set_taken(peer) > LARGE
            peer.send(stored_answer(begun))
            last = final(peer)
            assert (last.number(STATUS), *counts(last)) == (0xFE00, 1, 0, 1)
            assert peer.released()
        with secured_line(door, authority) as peer:
            peer.send(getting(study, number=3))
            next_image(peer)
            peer.send(abort())
            assert none_left()


class Counting(Pool):
    """`begun` when it was asked for so many frames."""

    def __init__(self, most: float = math.inf, **more: Any) -> None:
        super().__init__(1, **more)
        self.asked, self.begun, self._most = 0, threading.Event(), most

    def ask(self, words: Mapping[str, Any], content: bytes) -> tuple[dict[str, Any], bytes]:
        self.asked += 1
        if self.asked >= self._most:
            self.begun.set()
        return super().ask(words, content)


def test_nothing_is_decoded_any_more_once_a_cancel_has_come(tmp_path: Path) -> None:
    files = [made.compressed(GREY, made.LS, bits=12, instance=at) for at in (1, 2, 3)]
    pool = Counting()
    with opened(tmp_path, files=files, pool=pool, patience=ENDLESS, grace=1) as door, line(door) as peer:
        study, _ = study_of(door)
        peer.send(getting(study, number=3))
        peer.send(cancel(3) + stored_answer(next_image(peer)))
        last = final(peer)
        assert last.number(STATUS) == 0xFE00
        assert counts(last) == (1, 0, 2)
        assert peer.released()
    assert pool.asked == 1


def test_a_cancel_amid_decoding_is_no_error(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    pool = Counting(3, limits=Limits(seconds=60), command=scripted(SLOW))
    files = [made.compressed(GREY, made.LS, bits=12, frames=2000)]
    with opened(tmp_path, files=files, pool=pool, patience=ENDLESS, grace=1) as door, line(door) as peer:
        study, _ = study_of(door)
        caplog.clear()
        peer.send(getting(study, number=3))
        assert pool.begun.wait(LONGEST)
        peer.send(cancel(3))
        last = final(peer)
        assert last.number(STATUS) == 0xFE00
        assert counts(last) == (0, 0, 1)
        assert peer.released()
    assert pool.asked < 2000
    assert not [each.getMessage() for each in caplog.records if each.levelno > logging.INFO]
    told = [each.getMessage() for each in caplog.records if each.name == "dicom_gateway"]
    assert "an image is not decoded to its end: the retrieval is over" in told
    assert_names_nobody(caplog.text, files)


def assert_names_nobody(told: str, files: list[bytes]) -> None:
    for each in files:
        image = dcmread(BytesIO(each))
        for said in (str(image.PatientName), str(image.PatientName).split("^")[0], image.PatientID):
            assert said
            assert said not in told
