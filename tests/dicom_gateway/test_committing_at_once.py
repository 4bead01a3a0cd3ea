"""A commitment that was taken on is looked into and reported at once: nobody waits for the next look at the rows."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from dicom_gateway import listening as door_listening
from dicom_gateway.contexts import COMMITMENT
from dicom_gateway.reporting import Reporting
from dicom_gateway.services.committing import WELL_KNOWN
from repository.jobs.embedded import Embedded
from repository.settings import Settings
from tests.builders.homes import environment_of
from tests.cli.running import clean_environment
from tests.dicom_gateway.commitments import Heard, asked, asking_for, at_port, listening, reported, stored
from tests.dicom_gateway.gateways import opened, status_of
from tests.dicom_gateway.raw import LONGEST

NEVER = 3600.0  # seconds between two looks that nobody asks for
WORKER = """
import sys, threading
from repository.jobs.embedded import Embedded
from repository.runtime import open_archive
from repository.settings import from_environment
import os
with open_archive(from_environment(os.environ)) as archive, Embedded(archive, every=3600.0):
    print("ready", flush=True)
    sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def seldom(monkeypatch: pytest.MonkeyPatch) -> None:
    """The door looks for reports by itself hardly ever."""
    monkeypatch.setattr(door_listening, "Reporting", partial(Reporting, every=NEVER))


def test_it_is_reported_at_once_where_one_process_does_all(tmp_path: Path) -> None:
    heard = Heard()
    with opened(tmp_path) as door, listening(heard) as port, Embedded(door.archive, every=NEVER):
        at_port(door.archive, port)
        images = stored(door, 1, 2)
        what = asking_for(*images)
        assert status_of(asked(door, what)) == 0x0000
        assert heard.came.wait(LONGEST)
        assert [reported(each) for each in heard.reports] == [(1, what.TransactionUID, images, [])]


def test_it_is_reported_while_the_association_on_which_it_was_asked_for_is_open(tmp_path: Path) -> None:
    heard = Heard()
    with opened(tmp_path) as door, listening(heard) as port, Embedded(door.archive, every=NEVER):
        at_port(door.archive, port)
        what = asking_for(*stored(door, 1))
        association = door.associated(COMMITMENT)
        answer, _ = association.send_n_action(what, 1, COMMITMENT, WELL_KNOWN)
        assert status_of(answer) == 0x0000
        assert heard.came.wait(LONGEST)
        assert association.is_established
        heard.came.clear()
        other = asking_for(*stored(door, 2))
        answer, _ = association.send_n_action(other, 1, COMMITMENT, WELL_KNOWN)
        assert status_of(answer) == 0x0000
        assert heard.came.wait(LONGEST)
        association.release()
        assert [each.TransactionUID for _, each in heard.reports] == [what.TransactionUID, other.TransactionUID]


@contextmanager
def worker(home: Settings) -> Iterator[None]:
    """Another process that does the jobs of the archive, when it is woken."""
    running = subprocess.Popen(
        [sys.executable, "-c", WORKER],
        env=clean_environment() | environment_of(home),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        assert running.stdout is not None
        assert running.stdout.readline() == b"ready\n"
        yield
    finally:
        running.communicate()


def test_it_is_reported_at_once_where_another_process_looks_into_it(tmp_path: Path) -> None:
    heard = Heard()
    with opened(tmp_path) as door, listening(heard) as port, worker(door.archive.settings):
        at_port(door.archive, port)
        images = stored(door, 1)
        asked(door, asking_for(*images))
        assert heard.came.wait(LONGEST)
        assert reported(heard.reports[0])[2] == images
