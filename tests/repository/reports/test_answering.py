"""Who signed the answer to a demand stands in the register, for those alone who had it to fetch."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from repository.access.account import Account, as_body
from repository.demands.moving import found
from repository.demands.order import Demand
from repository.demands.progress import progress
from repository.domain.demand import DemandState
from repository.evidence.signing import opened
from repository.journal import note
from repository.reports.answering import signer_of
from repository.reports.asking import errand_of
from repository.reports.register import register
from repository.runtime import Archive
from tests.builders.access import auditor
from tests.builders.accounts import account
from tests.builders.homes import at_home, new_home
from tests.repository.demands.conftest import filled
from tests.repository.demands.making import TAKEOVER, Ticking, archivist, brought_to, trusting

SEALED = "served automatically by the archive"


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    with at_home(trusting(new_home(tmp_path)), clock=Ticking()) as archive:
        filled(archive)
        yield archive


def looked(archive: Archive, demand: str, **changes: Any) -> Account:
    """An account of a reading in answer to `demand` is in the journal; by its requester, unless the test says so."""
    said = {"takeover": TAKEOVER, "patient": 1, "evidence": f"demand:{demand}", "id": "requester-1"} | changes
    made = account(0, **said)
    return account(note(archive, "account", as_body(made), outcome=made.outcome, at=made.at).number, **said)


def rows(archive: Archive) -> list[dict[str, str]]:
    paper = register(archive, errand_of(auditor(), door="cli"), takeover=TAKEOVER, signer=signer_of(archive))
    value = opened(paper.signed, purpose=paper.kind.purpose, public_key=archive.ring.signing_public_key())
    said: list[dict[str, str]] = value["rows"]
    return said


def fingerprint(archive: Archive, demand: Demand) -> str:
    """Of the certificate that signed, as the demand's own record has it."""
    (move,) = (each for each in progress(archive, demand.id) if each.state is DemandState.SIGNED)
    digest: str = move.detail["signature"]["certificate_sha256"]
    return digest


@pytest.mark.requirement("R463-6.3")
def test_the_requesters_reading_of_a_signed_answer_names_the_worker_and_the_signature(archive: Archive) -> None:
    demand = brought_to(archive, DemandState.CONFIRMED)
    looked(archive, demand.id)
    (row,) = rows(archive)
    who = archivist()
    assert row["disclosed_by"] == (
        f"{who.given_name} {who.surname}; NPWZ {who.npwz}; qualified {fingerprint(archive, demand)}"
    )
    requester = found(archive, demand.id).order.requester
    assert requester.organisation is not None
    assert row["recipient"] == f"{requester.given_name} {requester.surname}; {requester.organisation.name}"


def test_the_same_evidence_typed_in_by_somebody_else_names_nobody(archive: Archive) -> None:
    demand = brought_to(archive, DemandState.CONFIRMED)
    looked(archive, demand.id, id="somebody-else")
    (row,) = rows(archive)
    assert SEALED in row["disclosed_by"]
    assert archivist().surname not in str(row)
    assert row["recipient"].startswith("Anna Przykładowa")  # whoever it was that read


def test_the_worker_who_signed_may_have_handed_it_over(archive: Archive) -> None:
    demand = brought_to(archive, DemandState.SIGNED)
    looked(archive, demand.id, id=archivist().id, organisation_role="archive")
    (row,) = rows(archive)
    assert archivist().npwz in row["disclosed_by"]
    assert row["recipient"].startswith("Łucja Żółkiewska")


@pytest.mark.parametrize("state", [DemandState.SUBMITTED, DemandState.FORWARDED, DemandState.PREPARED])
def test_what_nobody_has_signed_yet_names_nobody(archive: Archive, state: DemandState) -> None:
    demand = brought_to(archive, state)
    looked(archive, demand.id)
    (row,) = rows(archive)
    assert SEALED in row["disclosed_by"]


@pytest.mark.parametrize(
    "evidence", ["", "{}", "demand:", "demand:{} ", "Demand:{}", "demand:{}0", "demand:1", "letter 7"]
)
def test_evidence_that_is_no_demand_names_nobody(archive: Archive, evidence: str) -> None:
    demand = brought_to(archive, DemandState.SIGNED)
    signer = signer_of(archive)
    assert signer(account(id="requester-1", evidence=evidence.format(demand.id))) is None
    assert signer(account(id="requester-1", evidence=f"demand:{uuid4()}")) is None


def test_one_report_reads_each_demand_once(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    demand = brought_to(archive, DemandState.SIGNED)
    asked: list[str] = []

    def counted(archive: Archive, id: str) -> Any:  # noqa: A002  as it is called
        asked.append(id)
        return found(archive, id)

    monkeypatch.setattr("repository.reports.answering.found", counted)
    signer = signer_of(archive)
    for _ in range(3):
        assert signer(account(id="requester-1", evidence=f"demand:{demand.id}")) is not None
    assert asked == [demand.id]
