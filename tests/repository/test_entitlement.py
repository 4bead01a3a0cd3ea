"""What was in force at any instant of the past can be computed again, whatever was given, changed and withdrawn."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st

from repository.access.errors import PermissionUnknown, SecondPersonNeeded
from repository.access.facts import AfterDeath
from repository.access.permission import Permission, in_force
from repository.access.purpose import Purpose
from repository.consents.errors import ApprovalOfNothing, PermissionOfNothing
from repository.domain.describing import Identifier
from repository.entitlement import (
    approve,
    authorise,
    end_leave,
    give,
    give_all,
    give_custody,
    note_death,
    protect,
    withdraw,
)
from repository.runtime import Archive
from tests.builders.access import (
    ANNA,
    AT,
    BOGDAN,
    HOUR,
    OURS,
    SUCCESSOR,
    TAKEOVER,
    THEIRS,
    administrator,
    approval,
    authorisation,
    consent,
    grant,
    objection,
    record,
    worker,
)
from tests.builders.archives_at_rest import AtRest, at_rest

pytestmark = pytest.mark.requirement("R463-10.1.4")
SECOND = timedelta(seconds=1)


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> AtRest:
    return at_rest(tmp_path_factory.mktemp("empty"))


@pytest.fixture
def archive(empty: AtRest, tmp_path: Path) -> Iterator[Archive]:
    with empty.copy(tmp_path / "archive").open(clock=lambda: AT) as opened:
        yield opened


@contextmanager
def ticking(empty: AtRest, now: list[datetime]) -> Iterator[Archive]:
    with TemporaryDirectory() as folder, empty.copy(Path(folder) / "a").open(clock=lambda: now[0]) as archive:
        yield archive


STEPS = st.lists(
    st.tuples(st.sampled_from(["give", "change", "withdraw"]), st.integers(0, 3), st.integers(-2, 5)), max_size=12
)


@settings(max_examples=20, deadline=None)
@for_all(steps=STEPS)
def test_the_past_is_what_it_was_when_it_was_now(empty: AtRest, steps: list[tuple[str, int, int]]) -> None:
    """After each step the model notes which editions are in force; the clock may stand still and go backwards."""
    now, current, history = [AT], dict[str, Permission](), list[tuple[datetime, set[tuple[str, int]]]]()
    with ticking(empty, now) as archive:
        for what, which, passed in steps:
            now[0] += passed * SECOND
            name = sorted(current)[which % len(current)] if current else ""
            if what == "give":
                made = give(archive, consent(id="", purposes=frozenset({list(Purpose)[which]})))
                current[made.id], at = made, made.recorded_at
            elif not name:
                continue
            elif what == "change":
                made = give(archive, replace(current[name], purposes=frozenset({list(Purpose)[which]})))
                current[name], at = made, made.recorded_at
            else:
                at = datetime.fromisoformat(withdraw(archive, name).at)
                del current[name]
            while history and history[-1][0] >= at:  # the clock stood still or went back
                history.pop()
            history.append((at, {(each.id, each.edition) for each in current.values()}))
            found = {
                (each.id, each.edition)
                for each in archive.catalogue.entitling.facts(worker(), record()).permissions or ()
            }
            assert found == history[-1][1]
        recorded = archive.catalogue.entitling.permissions(patients=[ANNA])
    if all(passed > 0 for _, _, passed in steps):
        for place, (at, wanted) in enumerate(history):
            later = history[place + 1][0] if place + 1 < len(history) else at + HOUR
            for instant in (at, at + (later - at) / 2):
                assert {(each.id, each.edition) for each in in_force(recorded, instant)} == wanted
    for each in recorded:
        editions = [other for other in recorded if other.id == each.id]
        for other in editions:
            instants = {each.recorded_at, other.recorded_at}
            assert all(sum(one.in_force(at) for one in editions) <= 1 for at in instants)


@settings(max_examples=15, deadline=None)
@for_all(passed=st.lists(st.integers(-3, 3), min_size=1, max_size=6))
def test_there_is_exactly_one_custodian_at_every_instant(empty: AtRest, passed: list[int]) -> None:
    now = [AT]
    with ticking(empty, now) as archive:
        for number, each in enumerate(passed):
            now[0] += each * SECOND
            give_custody(archive, TAKEOVER, (OURS, THEIRS, SUCCESSOR)[number % 3], name="x")
        history = archive.catalogue.entitling.custody_of(TAKEOVER)
    assert len(history) == len(passed)
    for before, after in pairwise(history):
        assert before.until == after.since > before.since
    assert history[-1].until is None


def test_what_could_never_be_in_force_is_refused(archive: Archive) -> None:
    for nothing in (
        consent(id="", purposes=frozenset()),
        grant(id="", purposes=frozenset()),
        consent(id="", valid_to=AT - 40 * 24 * HOUR),
        consent(id="", patient=None),
        objection(id="", patient=None, takeover=TAKEOVER),
        grant(id="", patient=None, takeover=""),
        consent(id="", patient=Identifier("", "7")),
    ):
        with pytest.raises(PermissionOfNothing):
            give(archive, nothing)
    assert archive.catalogue.journal.size() == 0
    give(archive, objection(id=""))
    give(archive, grant(id="", patient=None))
    give(archive, consent(id="", patient=Identifier("", "7"), takeover=TAKEOVER))


def test_who_did_it_is_in_the_deed_and_the_patient_is_not_in_the_log(archive: Archive) -> None:
    by = administrator()
    made = give(archive, consent(id=""), by=by)
    withdraw(archive, made.id, reason="revoked", by=by)
    protect(archive, ANNA, by=by)
    give_custody(archive, TAKEOVER, OURS, name="NZOZ", by=by)
    deeds = list(archive.catalogue.journal.deeds())
    assert [deed.kind for deed in deeds] == ["permission", "permission-end", "protection", "custody"]
    for deed in deeds:
        assert deed.body["by"] == {"id": "admin-1", "name": "Święcisław Ćwikła"}
        assert ANNA.extension.encode() not in deed.record
        assert "Ćwikła".encode() not in deed.record


def test_what_takes_a_right_away_is_in_the_store_at_once(archive: Archive) -> None:
    """Else a catalogue that is lost and rebuilt would give the right back."""
    journal = archive.catalogue.journal
    made = give(archive, consent(id=""))
    give_custody(archive, TAKEOVER, OURS, name="NZOZ")
    assert journal.bundled() == 0  # both give, and nobody is wronged who has to be given it once more
    for takes in (
        lambda: give(archive, replace(made, purposes=frozenset({Purpose.CONTINUITY}))),
        lambda: withdraw(archive, made.id),
        lambda: give(archive, objection(id="")),
        lambda: give_all(archive, [consent(id=""), objection(id="")]),
        lambda: give_custody(archive, TAKEOVER, THEIRS, name="SPZOZ"),
        lambda: note_death(archive, ANNA, AfterDeath("2026-10-01", objected=True)),
        lambda: protect(archive, BOGDAN),
    ):
        takes()
        assert journal.bundled() == journal.size()


def test_what_is_taken_over_from_elsewhere_is_told_as_it_is_recorded(archive: Archive) -> None:
    ended = consent(id="", ended_at=AT - HOUR, end_reason="revoked")
    given = give_all(archive, [consent(id=""), ended, replace(ended, end_reason="")])
    assert [archive.catalogue.entitling.permission(each.id) for each in given] == given
    assert [(each.ended_at, each.end_reason) for each in given] == [(None, ""), (AT, "revoked"), (AT, "withdrawn")]


def test_a_permission_ends_once(archive: Archive) -> None:
    made = give(archive, consent(id=""))
    withdraw(archive, made.id)
    for gone in (made.id, "never"):
        with pytest.raises(PermissionUnknown):
            withdraw(archive, gone)
    again = give(archive, made)
    assert (again.edition, again.ended_at) == (2, None)


def test_nobody_approves_or_authorises_himself_nor_everything(archive: Archive) -> None:
    for own in (approval(approver="worker-1"), approval(approver=" worker-1 "), approval(approver="")):
        with pytest.raises(SecondPersonNeeded):
            approve(archive, own)
    with pytest.raises(SecondPersonNeeded):
        authorise(archive, authorisation(given_by="admin-1"))
    for nothing in (
        approval(takeover="", patient=0),
        approval(takeover="", patient=1),
        approval(takeover="", identifier=Identifier("", "7")),
        approval(until=AT - HOUR),
    ):
        with pytest.raises(ApprovalOfNothing):
            approve(archive, nothing)
    assert archive.catalogue.journal.size() == 0


def test_an_approval_ends_before_its_time(archive: Archive) -> None:
    made = approve(archive, approval(id="", takeover="", patient=0, identifier=BOGDAN))
    facts = archive.catalogue.entitling.facts(worker(), record(BOGDAN))
    assert facts.approvals == (made,)
    end_leave(archive, made.id)
    (ended,) = archive.catalogue.entitling.facts(worker(), record(BOGDAN)).approvals or ()
    assert ended.until == AT
