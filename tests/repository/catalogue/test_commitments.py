"""Rows of storage commitments, on both engines: one for each transaction, and each step once."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from repository.catalogue.catalogue import Catalogue, open_catalogue
from repository.catalogue.commitments import NOT_TOLD, Commitment, CommitmentState, Instance, Side
from repository.catalogue.errors import CatalogueConflict

IMAGES = [Instance("1.2", "1.3"), Instance("1.2", "1.4")]
LEADING = {CommitmentState.RECEIVED: "commitment", CommitmentState.CHECKED: "commitment-report"}


def asked(catalogue: Catalogue, transaction: str = "2.25.1", *, peer: str = "PACS") -> Commitment:
    return catalogue.commitments.ask(peer, transaction, title="EDM", takeovers=["b", "a"], instances=IMAGES)


def test_a_transaction_is_one_however_often_and_from_where_it_is_asked_for(catalogue: Catalogue) -> None:
    with ThreadPoolExecutor(8) as pool:
        known = list(pool.map(lambda _: asked(catalogue), range(16)))
    assert len({each.id for each in known}) == 1
    assert known[0].takeovers == ("a", "b")
    assert known[0].instances == tuple(IMAGES)
    assert asked(catalogue, peer="OTHER").id != known[0].id
    assert asked(catalogue, "2.25.2").id != known[0].id


def test_a_row_outlives_the_process(fresh: Callable[[], str]) -> None:
    url = fresh()
    first = open_catalogue(url)
    made = first.commitments.checked(asked(first), {1: 0x0112})
    first.close()
    second = open_catalogue(url)
    assert second.commitments.commitment(made.id) == made
    assert made.failed == [(IMAGES[1], 0x0112)]
    assert made.committed == [IMAGES[0]]
    second.close()


def test_each_step_leads_from_the_state_before_it_alone(catalogue: Catalogue) -> None:
    desk, made = catalogue.commitments, asked(catalogue)
    assert desk.reported(made).state is CommitmentState.RECEIVED
    checked = desk.checked(made, {})
    assert desk.checked(made, {0: 1}) == checked
    assert desk.reported(made).state is CommitmentState.REPORTED
    assert desk.checked(made, {0: 1}).failures == {}


def test_what_belongs_to_an_earlier_round_changes_nothing(catalogue: Catalogue) -> None:
    desk, first = catalogue.commitments, asked(catalogue)
    checked = desk.checked(first, {0: 1})
    second = desk.again(checked)
    assert (second.round, second.state, second.failures) == (2, CommitmentState.RECEIVED, {})
    assert desk.checked(first, {0: 1}) == second
    assert desk.again(checked) == second


def test_a_transaction_without_a_job_is_found_in_each_state_that_needs_one(catalogue: Catalogue) -> None:
    desk, jobs, made = catalogue.commitments, catalogue.jobs, asked(catalogue)
    assert [each.id for each in desk.without_a_job(LEADING)] == [made.id]
    jobs.enqueue("commitment", made.id, key=f"commitment/{made.id}/1")
    assert desk.without_a_job(LEADING) == []
    made = desk.checked(made, {})
    assert [each.id for each in desk.without_a_job(LEADING)] == [made.id]
    jobs.enqueue("commitment-report", made.id, key=f"commitment-report/{made.id}/1")
    assert desk.without_a_job(LEADING) == []
    desk.again(made)
    assert [each.id for each in desk.without_a_job(LEADING)] == [made.id]


def test_transactions_for_a_peer_are_prepared_together_or_not_at_all(catalogue: Catalogue) -> None:
    desk = catalogue.commitments
    desk.prepare("PACS", "a", {"1.1": IMAGES[:1], "1.2": IMAGES[1:]})
    with pytest.raises(CatalogueConflict):
        desk.prepare("PACS", "a", {"1.3": IMAGES, "1.1": IMAGES})
    assert sorted(each.transaction for each in desk.prepared("PACS", "a")) == ["1.1", "1.2"]
    assert desk.prepared("PACS", "b") == desk.prepared("OTHER", "a") == []


def test_a_peer_may_report_before_it_is_known_to_have_taken_the_transaction_on(catalogue: Catalogue) -> None:
    desk = catalogue.commitments
    desk.prepare("PACS", "a", {"1.1": IMAGES})
    made = desk.find(Side.THEIRS, "PACS", "1.1")
    assert made is not None
    answered = desk.answered(made, {1: NOT_TOLD})
    assert (answered.state, answered.failures) == (CommitmentState.ANSWERED, {1: NOT_TOLD})
    assert desk.sent(made, taken=True) == answered


def test_the_newest_are_listed_first_and_of_one_peer(catalogue: Catalogue) -> None:
    made = [asked(catalogue, f"2.25.{each}", peer=peer) for each in range(3) for peer in ("PACS", "OTHER")]
    listed = catalogue.commitments.listing()
    assert {each.id for each in listed} == {each.id for each in made}
    assert [each.asked_at for each in listed] == sorted((each.asked_at for each in listed), reverse=True)
    assert {each.peer for each in catalogue.commitments.listing(peer="PACS", limit=2)} == {"PACS"}
    assert len(catalogue.commitments.listing(limit=2)) == 2
