"""A catalogue that does not answer is not the peer's fault: it is told to try again, and what it was told is so."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path

import pytest

from dicom_gateway.protocol.encoding import request
from dicom_gateway.protocol.pdus import ASSOCIATE_RJ
from repository.catalogue import engine
from repository.runtime import Archive
from repository.settings import Settings
from tests.dicom_gateway.failing import (
    assert_whole,
    reopened,
)
from tests.dicom_gateway.raw import (
    an_instance,
    asking,
    good,
    line,
    storing,
)


@contextmanager
def locked(archive: Archive) -> Iterator[None]:
    """Another process writes, and goes on and on."""
    with closing(sqlite3.connect(archive.catalogue.place, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield
        other.execute("ROLLBACK")


@contextmanager
def spoilt(archive: Archive) -> Iterator[None]:
    """All of the catalogue's file is noise; then it is brought back from a copy."""
    archive.catalogue._room.close()
    file = Path(archive.catalogue.place)
    whole = file.read_bytes()
    file.write_bytes(b"\xa5" * len(whole))
    yield
    archive.catalogue._room.close()
    for rest in file.parent.glob(f"{file.name}-*"):
        rest.unlink()
    file.write_bytes(whole)


@pytest.mark.parametrize("trouble", [locked, spoilt])
def test_a_catalogue_that_does_not_answer_is_out_of_resources(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, trouble: Callable[[Archive], AbstractContextManager[None]]
) -> None:
    kept = [each for each in engine._PRAGMAS if "busy_timeout" not in each]
    monkeypatch.setattr(engine, "_PRAGMAS", (*kept, "PRAGMA busy_timeout=50"))
    with reopened(settings) as behind, line(behind.port) as peer:
        with trouble(behind.archive):
            for _ in range(2):
                peer.send(storing(an_instance(1)))
                assert peer.status() == 0xA700
        peer.send(storing(an_instance(1)))
        assert peer.status() == 0
        assert peer.released()
    assert_whole(settings, count=1)


def test_nobody_is_let_in_while_it_cannot_be_told_who_calls(settings: Settings) -> None:
    with reopened(settings) as behind:
        with spoilt(behind.archive), line(behind.port, associated=False) as peer:
            peer.send(request(asking()))
            assert peer.rest() == [(ASSOCIATE_RJ, bytes((0, 2, 3, 1)))]
        assert good(behind.port)
