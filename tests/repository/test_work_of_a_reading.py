"""What a reading costs in questions to the database, and that the cost tells nobody who is there."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import event

from repository.access.errors import AccessRefused
from repository.access.purpose import Purpose
from repository.access.subject import Operation
from repository.domain.takeover import Takeover
from repository.entitlement import give, give_custody, withdraw
from repository.intake import Order, receive
from repository.opening import Errand, Found, admit
from repository.retrieval import resolve
from repository.runtime import Archive
from repository.streaming import part, whole
from tests.builders.access import OURS, consent
from tests.builders.errands import NOW, Clock, errand
from tests.builders.homes import at_home, clinic_package, new_home

pytestmark = pytest.mark.requirement("R463-10.2", "R463-7.1")


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    with at_home(new_home(tmp_path), clock=Clock()) as opened:
        yield opened


@pytest.fixture
def takeover(archive: Archive, tmp_path: Path) -> Takeover:
    order = Order(clinic_package(tmp_path / "package", patients=3, others=2))
    return receive(archive, order, progress=lambda _: None)


@contextmanager
def counted(archive: Archive) -> Iterator[dict[str, int]]:
    """Statements that ask, statements that write, transactions."""
    counts = {"asked": 0, "written": 0, "transactions": 0}

    def statement(_connection: object, _cursor: object, said: str, *_more: object) -> None:
        counts["asked" if said.startswith("SELECT") else "written"] += 1

    def began(_connection: object) -> None:
        counts["transactions"] += 1

    engine = archive.catalogue._room.engine
    event.listen(engine, "before_cursor_execute", statement)
    event.listen(engine, "begin", began)
    try:
        yield counts
    finally:
        event.remove(engine, "before_cursor_execute", statement)
        event.remove(engine, "begin", began)


def read(archive: Archive, what: str, mine: Errand) -> list[bytes]:
    return [b"".join(whole(archive, each)) for each in admit(archive, mine, resolve(archive, what), operation=READ)]


READ = Operation.READ


def work(archive: Archive, what: str, mine: Errand | None = None) -> dict[str, int]:
    """Of what is refused."""
    with counted(archive) as counts, pytest.raises(AccessRefused):
        read(archive, what, mine or errand())
    return counts


def documents(archive: Archive, takeover: Takeover) -> list[Found]:
    found = [Found(takeover, each) for each in archive.catalogue.holdings(takeover.number) if each.patient]
    return sorted(found, key=lambda each: (each.holding.patient, each.holding.ordinal))


def consent_to(archive: Archive, found: Found, **changes: object) -> str:
    (patient, *_) = archive.catalogue.entitling.identifiers_of(found.takeover.number, found.holding.patient)
    return give(archive, consent(id="", patient=patient, valid_from=NOW, valid_to=None, **changes)).id


def test_a_second_reading_asks_whether_anything_has_changed_and_nothing_else_of_the_patient(
    archive: Archive, takeover: Takeover
) -> None:
    first = documents(archive, takeover)[0]
    consent_to(archive, first)
    with counted(archive) as before:
        given = read(archive, first.name, errand())
    with counted(archive) as after:
        assert read(archive, first.name, errand()) == given
    assert after["transactions"] == before["transactions"] == 2  # what it is and who may, the account
    assert after["written"] == before["written"]
    assert before["asked"] - after["asked"] >= 6


def test_what_is_refused_is_as_much_work_after_something_of_the_patient_was_opened(
    archive: Archive, takeover: Takeover
) -> None:
    """Else whoever was let see one document could tell from the time which of all ordinals are of the same patient."""
    first = documents(archive, takeover)[0]
    asked = errand(Purpose.CUSTODY)  # what the consent is not for
    before = work(archive, first.name, asked)
    consent_to(archive, first)
    with counted(archive) as opened:
        assert read(archive, first.name, errand())
    with counted(archive) as remembered:
        assert read(archive, first.name, errand())
    assert remembered["asked"] < opened["asked"]
    assert work(archive, first.name, asked) == before
    assert work(archive, first.name, asked) == before


def test_what_is_not_there_is_as_much_work_as_what_is_refused_whatever_is_remembered(
    archive: Archive, takeover: Takeover
) -> None:
    mine = documents(archive, takeover)

    def both() -> tuple[dict[str, int], dict[str, int]]:
        return work(archive, f"{takeover.id}/{mine[-1].holding.ordinal}"), work(archive, f"{takeover.id}/999")

    first = both()
    assert both() == first
    for each in mine[:-1]:
        consent_to(archive, each)
        assert read(archive, each.name, errand())
    for _ in range(2):
        refused, absent = both()
        assert refused["transactions"] == absent["transactions"]
        assert refused["written"] == absent["written"]
        assert abs(refused["asked"] - absent["asked"]) <= 1


def test_a_right_that_is_taken_away_is_gone_with_the_next_reading(archive: Archive, takeover: Takeover) -> None:
    first = documents(archive, takeover)[0]
    for given in (_withdrawn, _passed_on):
        end = given(archive, first)
        assert read(archive, first.name, errand())
        assert read(archive, first.name, errand())
        end()
        with pytest.raises(AccessRefused):
            read(archive, first.name, errand())


def _withdrawn(archive: Archive, found: Found) -> Callable[[], object]:
    id_ = consent_to(archive, found)
    return lambda: withdraw(archive, id_)


def _passed_on(archive: Archive, found: Found) -> Callable[[], object]:
    give_custody(archive, found.takeover.id, OURS, name="A")
    return lambda: give_custody(archive, found.takeover.id, archive.identifier, name="B")


def test_the_row_of_its_pack_is_lost_and_a_holding_is_given_out_all_the_same(
    archive: Archive, takeover: Takeover
) -> None:
    """`verify` names the row; the holding itself says where its bytes lie, and they are checked as ever."""
    give_custody(archive, takeover.id, OURS, name="A")
    first = documents(archive, takeover)[0]
    given = read(archive, first.name, errand())
    with closing(sqlite3.connect(archive.catalogue.place)) as damaging, damaging:  # its foreign keys are off
        damaging.execute("DELETE FROM stored_object")
    assert read(archive, first.name, errand()) == given
    (admitted,) = admit(archive, errand(), resolve(archive, first.name), operation=READ)
    assert b"".join(part(archive, admitted, offset=2, length=9)) == given[0][2:11]
