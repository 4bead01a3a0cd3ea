"""kill -9 while one thread writes the accounts of eight: each of them is there or none is, and who was told of a number
finds it."""

import os
import threading
from pathlib import Path
from time import monotonic, sleep

import pytest
from sqlalchemy import event

from repository.catalogue.log import take_sequencer
from repository.journal import complete_up_to, note, publish
from repository.runtime import Archive
from repository.settings import Settings
from repository.upkeep.checking import Level
from repository.upkeep.verifying import VerifyOrder, verify
from tests.builders.deeds import account
from tests.builders.homes import at_home, new_home
from tests.faults.dying import Death, die, killed, put_together

pytestmark = pytest.mark.requirement("R463-10.1.2", "R463-7.3")
READERS = 8
TOLD = "told"  # the file of the numbers that threads were given
INSIDE = Death("inside the commit of eight", "nobody", "inside")
AFTER = Death("after the commit of eight", "nobody", "after")
TELLING = Death("while they are told", "nobody", "telling")


def reading(settings: Settings, folder: Path, death: Death) -> None:
    """Eight threads note one account each; all of them wait for one transaction, and the process dies at it."""
    archive = put_together(settings, death)
    journal, room = archive.catalogue.journal, archive.catalogue._room
    file = os.open(folder / TOLD, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)

    def one(place: int) -> None:
        deed = note(archive, "account", account(ordinal=place), outcome="permitted")
        os.write(file, f"{deed.number}\n".encode())
        if death.method == "telling":
            die()

    threads = [threading.Thread(target=one, args=(place,)) for place in range(READERS)]
    with room.writing() as connection:
        take_sequencer(connection)
        for thread in threads:
            thread.start()
        end = monotonic() + 30
        while len(journal._queue._waiting) < READERS and monotonic() < end:
            sleep(0.002)
        connection.commit()  # the one that they wait for
        _lie_in_wait(archive, death.method)
    for thread in threads:
        thread.join()


def _lie_in_wait(archive: Archive, where: str) -> None:
    if where == "inside":
        event.listen(archive.catalogue._room.engine, "commit", lambda _connection: die())
    if where == "after":
        archive.catalogue.journal._queue._tell = lambda turn: die()  # type: ignore[method-assign]


@pytest.mark.parametrize(("death", "noted"), [(INSIDE, 0), (AFTER, READERS), (TELLING, READERS)], ids=str)
def test_of_eight_that_share_a_commit_all_are_there_or_none_is(tmp_path: Path, death: Death, noted: int) -> None:
    settings = new_home(tmp_path)
    assert killed(settings, tmp_path, death, work=reading)
    told = [int(line) for line in (tmp_path / TOLD).read_text().split()]
    with at_home(settings) as archive:
        deeds = list(archive.catalogue.journal.deeds())
        assert [deed.number for deed in deeds] == list(range(1, noted + 1))
        assert {deed.body["ordinal"] for deed in deeds} == set(range(noted))
        assert set(told) <= set(range(1, noted + 1))
        assert bool(told) is (death is TELLING)
        note(archive, "account", account(), outcome="permitted")
        publish(archive)
        assert complete_up_to(archive) == (noted + 1, noted + 1)
        assert verify(archive, VerifyOrder(level=Level.SEALED), progress=lambda _: None).findings == ()
