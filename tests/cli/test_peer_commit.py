"""`peer commit | commitments`: an administrator asks a successor's PACS, and sees what it says."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from pydicom import Dataset
from pynetdicom import AE, evt
from pynetdicom.events import Event

from cli.peer_commit import REFUSED
from dicom_gateway.contexts import COMMITMENT
from dicom_gateway.errors import CommitmentNotAsked
from repository.catalogue.commitments import Instance, Side
from repository.commitment.errors import NothingToCommit
from repository.commitment.hearing import heard
from repository.consents.errors import NotYoursToGive
from repository.peers.errors import PeerUnknown
from repository.runtime import open_archive
from repository.settings import from_environment
from tests.cli.office import BOSS, DOCTOR, Office


@contextmanager
def successor(*, status: int = 0x0000) -> Iterator[tuple[int, list[Dataset]]]:
    """Where a PACS listens, and what it was asked for."""
    asked: list[Dataset] = []

    def take(event: Event) -> tuple[int, None]:
        asked.append(event.action_information)
        return status, None

    entity = AE(ae_title="NASTEPCA")
    entity.add_supported_context(COMMITMENT)
    server = entity.start_server(("127.0.0.1", 0), block=False, evt_handlers=[(evt.EVT_N_ACTION, take)])
    try:
        yield server.server_address[1], asked
    finally:
        server.shutdown()


def registered(office: Office, port: int, *, number: str = "") -> None:
    keeper = number or f"RPWDL:{office.keeper.extension}"
    office.as_(BOSS).json(
        "peer", "add", "NASTEPCA", "--organisation", keeper, "--name", "Następca", "--service", "commitment",
        "--purpose", "custody", "--host", "127.0.0.1", "--port", port,
    )  # fmt: skip


def test_a_peer_is_asked_and_what_it_says_is_shown(office: Office) -> None:
    with successor() as (port, asked):
        registered(office, port)
        (row,) = office.as_(BOSS).json("peer", "commit", "NASTEPCA", "--takeover", office.takeover)["commitments"]
    assert (row["state"], row["side"], row["failed"]) == ("sent", "theirs", [])
    assert row["instances"] == len(asked[0].ReferencedSOPSequence) > 0
    with open_archive(from_environment(office.machine.environment)) as archive:
        known = archive.catalogue.commitments.find(Side.THEIRS, "NASTEPCA", row["transaction"])
        assert known is not None
        first, *others = known.instances
        heard(archive, "NASTEPCA", known.transaction, committed=others, failed={Instance(*vars_of(first)): 0x0112})
    (row,) = office.as_(BOSS).json("peer", "commitments")["commitments"]
    assert row["state"] == "answered"
    assert row["failed"] == [{"sop_class": first.sop_class, "sop_instance": first.uid, "reason": 0x0112}]
    assert "answered" in office.as_(BOSS).done("peer", "commitments", "NASTEPCA").stdout
    assert office.as_(BOSS).json("peer", "commitments", "INNY")["commitments"] == []


def vars_of(each: Instance) -> tuple[str, str]:
    return each.sop_class, each.uid


def test_a_peer_that_refuses_is_told_by_the_exit_code(office: Office) -> None:
    with successor(status=0x0213) as (port, _):
        registered(office, port)
        answer = office.as_(BOSS).run("peer", "commit", "NASTEPCA", "--takeover", office.takeover)
    assert answer.exit_code == REFUSED
    assert office.as_(BOSS).json("peer", "commitments")["commitments"][0]["state"] == "refused"


def test_what_cannot_be_asked_is_said_in_words(office: Office) -> None:
    boss, words = office.as_(BOSS), ("peer", "commit", "NASTEPCA", "--takeover", office.takeover)
    assert PeerUnknown.code in boss.run(*words).stderr
    with successor() as (port, _):
        pass
    registered(office, port)
    assert CommitmentNotAsked.code in boss.run(*words).stderr
    boss.json("peer", "remove", "NASTEPCA")
    registered(office, port, number="RPWDL:000000999999")
    answer = boss.run("peer", "commit", "NASTEPCA", "--takeover", office.takeover)
    assert NothingToCommit.code in answer.stderr  # though it was prepared for another of that title


@pytest.mark.parametrize(
    "words", [("peer", "commitments"), ("peer", "commit", "NASTEPCA", "--takeover", "0")], ids=["list", "ask"]
)
def test_only_an_administrator_asks_and_sees(office: Office, words: tuple[str, ...]) -> None:
    assert NotYoursToGive.code in office.as_(DOCTOR).run(*words).stderr
