"""`takeover open | close`: an administrator lets peers push, and ends it with a statement and a protocol."""

import pytest

from repository.access.principal import Assurance, Identification, Method, Principal, PrincipalKind
from repository.consents.errors import NotYoursToGive, OptionUnreadable
from repository.handing_over import HandoverUnfit
from repository.jobs.concluding import enqueue_conclusion
from repository.jobs.draining import drain
from repository.jobs.errors import TakeoverHeld
from repository.jobs.kinds import KINDS
from repository.jobs.names import CONCLUDE
from repository.runtime import open_archive
from repository.settings import from_environment
from repository.transfer.errors import BindingUnfit
from repository.transfer.opening import admitted_to
from repository.transfer.transfers import Transfers
from tests.builders.pushing import image, offers_of
from tests.cli.office import BOSS, DOCTOR, Office, day

OPEN = ("takeover", "open", "--producer-name", "Przychodnia Zdrowie")


def push(office: Office, *contents: bytes) -> None:
    with open_archive(from_environment(office.machine.environment)) as archive, Transfers(archive) as transfers:
        now = archive.clock()
        known = Identification(Method.AE_TITLE, Assurance.LOW, "CT_1", now, now.replace(year=now.year + 1))
        peer = Principal(kind=PrincipalKind.SYSTEM, id="CT_1", identification=known)
        transfers.submit(admitted_to(archive, peer, door="test"), offers_of(archive, contents)).result(60)


@pytest.mark.requirement("R463-6.1")
def test_it_is_opened_pushed_into_and_closed(office: Office) -> None:
    boss = office.as_(BOSS)
    made = boss.json(*OPEN, "--peer", "SYSTEM:CT_1", "--peer", "RPWDL:000000190353", "--instances", 2, "--until", day())
    assert (made["state"], made["peers"]) == ("receiving", 2)
    assert "open: peers push into it" in boss.done("takeover", "list").stdout
    push(office, image(0), image(0, instance=2), image(0))
    ended = boss.json("takeover", "close", made["id"])
    assert (ended["state"], ended["live"], ended["counts"]["holdings"]) == ("accepted", True, 2)
    assert ended["statement"]["counts"] == [{"name": "instances", "declared": 2, "found": 2}]
    assert boss.json("takeover", "close", made["id"])["state"] == "accepted"
    assert "accepted without exception" in boss.done("takeover", "show", made["id"]).stdout


def test_what_was_declared_and_did_not_come_is_told_by_the_exit_code(office: Office) -> None:
    boss = office.as_(BOSS)
    made = boss.json(*OPEN, "--peer", "SYSTEM:CT_1", "--instances", 3)
    push(office, image(0))
    ended = boss.json("takeover", "close", made["id"], code=3)
    assert ended["state"] == "accepted-with-exceptions"
    assert ended["statement"]["counts"] == [{"name": "instances", "declared": 3, "found": 1}]
    nothing = boss.json(*OPEN, "--peer", "SYSTEM:CT_1")
    assert boss.json("takeover", "close", nothing["id"], code=4)["state"] == "rejected"


def test_only_an_administrator_opens_and_closes(office: Office) -> None:
    before = len(office.deeds())
    for words in ((*OPEN, "--peer", "SYSTEM:CT_1"), ("takeover", "close", office.takeover)):
        answer = office.as_(DOCTOR).run(*words)
        assert answer.exit_code != 0
        assert NotYoursToGive.code in answer.stderr
    assert len(office.deeds()) == before


@pytest.mark.parametrize(
    ("peer", "code"),
    [("ANYBODY", BindingUnfit.code), ("nobody", OptionUnreadable.code), ("SYSTEM:", OptionUnreadable.code)],
)
def test_nobody_in_particular_may_not_push(office: Office, peer: str, code: str) -> None:
    before = len(office.deeds())
    assert code in office.as_(BOSS).done(*OPEN, "--peer", peer, code=2).stderr
    assert len(office.deeds()) == before


def test_a_takeover_of_a_package_is_not_closed_by_hand(office: Office) -> None:
    assert "TRF-001" in office.as_(BOSS).done("takeover", "close", office.takeover, code=2).stderr


@pytest.mark.parametrize(("option", "number"), [("--regon", "123456789"), ("--nip", "123"), ("--rpwdl", "12")])
def test_a_number_that_does_not_check_is_refused_before_anything_is_done(
    office: Office, option: str, number: str
) -> None:
    before = len(office.deeds())
    told = office.as_(BOSS).done(*OPEN, "--peer", "SYSTEM:CT_1", option, number, code=2).stderr
    assert HandoverUnfit.code in told
    assert number not in told
    assert len(office.deeds()) == before


def test_closing_while_a_worker_has_it_says_so_and_run_again_gives_the_outcome(office: Office) -> None:
    boss = office.as_(BOSS)
    made = boss.json(*OPEN, "--peer", "SYSTEM:CT_1")
    push(office, image(0))
    with open_archive(from_environment(office.machine.environment)) as archive:
        enqueue_conclusion(archive, archive.catalogue.takeover(made["id"]), by=None)
        assert archive.catalogue.jobs.lease({CONCLUDE}, owner="worker", seconds=60) is not None
        assert TakeoverHeld.code in boss.done("takeover", "close", made["id"], code=9).stderr
        assert drain(archive, owner="other", kinds={CONCLUDE: KINDS[CONCLUDE]}) == 0
        held = archive.catalogue.jobs.find(f"{CONCLUDE}/{made['id']}")
        assert held is not None
        archive.catalogue.jobs.release(held)
        assert drain(archive, owner="other", kinds={CONCLUDE: KINDS[CONCLUDE]}) == 1
    assert boss.json("takeover", "close", made["id"])["state"] == "accepted"
