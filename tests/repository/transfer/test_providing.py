"""Bundles that come to two processes at one moment: each is taken whole on what the other has committed, or refused."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from repository.domain.takeover import Takeover
from repository.mhd.errors import BundleConflicts
from repository.mhd.submission import submission_of
from repository.runtime import Archive
from repository.transfer.group import Accept
from repository.transfer.offering import Offer, Outcome
from repository.transfer.opening import Depositor, admitted_to
from repository.transfer.providing import Providing
from repository.transfer.transfers import Transfers
from tests.builders.bundles import PDF, Paper, bundle, pdf
from tests.builders.homes import assert_no_orphans
from tests.builders.pushing import image, pacs, pushed
from tests.repository.transfer.gates import gated

ONE, OTHER_BYTES = pdf(1), Paper(PDF + b"%% other\n", identifier="urn:oid:1.2.616.99.0.1")
OTHER_NAME = Paper(ONE.content, identifier="urn:oid:1.2.616.99.0.77")


class Overtaken(Transfers):
    """Of a process that another one overtakes between its look and its deposit."""

    def __init__(self, archive: Archive, meanwhile: Callable[[], object]) -> None:
        super().__init__(archive)
        self._meanwhile = meanwhile

    def deposit(self, depositor: Depositor, offers: Sequence[Offer], *, accept: Accept | None = None) -> list[Outcome]:
        self._meanwhile()
        return super().deposit(depositor, offers, accept=accept)


def provided(archive: Archive, transfers: Transfers, *papers: Paper) -> list[int]:
    """The ordinals of the documents of a bundle."""
    depositor = admitted_to(archive, pacs(), door="fhir")
    made = Providing(archive, transfers).provide(depositor, submission_of(bundle(*papers)))
    return [each.ordinal for each in made]


def holdings(archive: Archive, takeover: Takeover) -> list[int]:
    return [each.ordinal for each in archive.catalogue.holdings(takeover.number)]


@pytest.mark.parametrize("other", [OTHER_BYTES, OTHER_NAME])
def test_what_another_process_took_after_the_look_is_seen_before_anything_is_kept(
    archive: Archive, takeover: Takeover, transfers: Transfers, other: Paper
) -> None:
    with Overtaken(archive, lambda: provided(archive, transfers, ONE)) as mine, pytest.raises(BundleConflicts):
        provided(archive, mine, other, pdf(2))
    assert holdings(archive, takeover) == [1]
    assert_no_orphans(archive, takeover)


def test_the_same_bundle_at_two_processes_is_the_same_documents(
    archive: Archive, takeover: Takeover, transfers: Transfers
) -> None:
    with Overtaken(archive, lambda: provided(archive, transfers, ONE, pdf(2))) as mine:
        assert provided(archive, mine, ONE, pdf(2)) == [1, 2]
    assert holdings(archive, takeover) == [1, 2]


def test_what_another_process_commits_while_a_bundle_is_stored_is_seen(
    archive: Archive, takeover: Takeover, transfers: Transfers, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = gated(archive, monkeypatch, 1)
    with Transfers(archive) as others, ThreadPoolExecutor(1) as pool:
        mine = pool.submit(provided, archive, transfers, OTHER_BYTES)
        assert gate.came.wait(60)
        assert len(provided(archive, others, ONE)) == 1
        gate.free.set()
        with pytest.raises(BundleConflicts):
            mine.result(60)
    assert len(holdings(archive, takeover)) == 1
    assert_no_orphans(archive, takeover)


def test_others_of_the_group_are_not_disturbed_by_a_bundle_that_is_refused(
    archive: Archive, takeover: Takeover, transfers: Transfers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An image waits with it for the same group."""
    with Transfers(archive) as others, ThreadPoolExecutor(3) as pool:
        gate = gated(archive, monkeypatch, 1)
        first = pool.submit(pushed, archive, transfers, image(5))
        assert gate.came.wait(60)
        image_too = pool.submit(pushed, archive, transfers, image(6))
        mine = pool.submit(provided, archive, transfers, OTHER_BYTES)
        provided(archive, others, ONE)
        gate.free.set()
        assert len(first.result(60)) == len(image_too.result(60)) == 1
        with pytest.raises(BundleConflicts):
            mine.result(60)
    assert len(holdings(archive, takeover)) == 3
