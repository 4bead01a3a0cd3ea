"""What was pushed into a live transfer, told page by page from the deeds of all of them."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from repository import pushes as room
from repository.access.errors import AccessRefused
from repository.clock import now, stamp
from repository.domain.takeover import Takeover
from repository.intake import Order, receive
from repository.pushes import Push, pushes
from repository.runtime import Archive
from repository.transfer.opening import Depositor, admitted_to, bindings
from repository.transfer.transfers import Transfers
from tests.builders.pushing import image, offers_of, opened_for_clinic, pacs
from tests.repository.catalogue.conftest import ENGINES
from tests.repository.engines import archive_on


@pytest.fixture(params=ENGINES)
def archive(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Archive]:
    with archive_on(request, tmp_path) as made:
        yield made


def pushed(archive: Archive, takeover: Takeover, *groups: Sequence[bytes]) -> None:
    """Each of `groups` is a push of its own."""
    with Transfers(archive) as transfers:
        for each in groups:
            known: Depositor = admitted_to(archive, pacs(), door="test", wanted=takeover.id)
            transfers.submit(known, offers_of(archive, each)).result(60)


def every(archive: Archive, takeover: Takeover, *, limit: int) -> list[Push]:
    found, after = list[Push](), 0
    while True:
        page, after = pushes(archive, takeover, after=after, limit=limit)
        assert len(page) <= limit
        found += page
        if not after:
            return found


def test_each_push_is_told_with_what_became_of_it_and_by_which_binding(archive: Archive) -> None:
    takeover = opened_for_clinic(archive)
    pushed(archive, takeover, [image(0), image(1), image(0)], [image(0, pixels=b"1" * 128)])
    (binding,) = bindings(archive, takeover)
    first, second = every(archive, takeover, limit=50)
    assert (first.outcome, first.door, first.binding) == ("deposited", "test", binding.id)
    assert (first.first, first.last, first.kept, first.duplicate, first.conflicting) == (1, 3, 2, 1, 0)
    assert (second.first, second.last, second.kept, second.conflicting) == (4, 4, 1, 1)
    assert first.number < second.number
    assert first.at <= second.at


def test_an_attempt_that_was_refused_is_told(archive: Archive) -> None:
    takeover = opened_for_clinic(archive)
    with pytest.raises(AccessRefused):
        admitted_to(archive, pacs(None, name="OTHER"), door="test", wanted=takeover.id)
    (refused,) = every(archive, takeover, limit=50)
    assert (refused.outcome, refused.binding, refused.last, refused.kept) == ("refused", "", 0, 0)


@pytest.mark.parametrize("looked_at", [1, 2, 3, 2_000])
@pytest.mark.parametrize("limit", [1, 2, 50])
def test_pages_join_and_others_are_passed_over(
    archive: Archive, monkeypatch: pytest.MonkeyPatch, *, limit: int, looked_at: int
) -> None:
    monkeypatch.setattr(room, "MOST_LOOKED_AT", looked_at)
    one, other = opened_for_clinic(archive), opened_for_clinic(archive)
    for seed in range(3):
        pushed(archive, one, [image(seed)])
        pushed(archive, other, [image(seed)], [image(seed, instance=2)])
    assert [each.last for each in every(archive, one, limit=limit)] == [1, 2, 3]
    assert [each.last for each in every(archive, other, limit=limit)] == [1, 2, 3, 4, 5, 6]


def test_deeds_from_before_it_was_opened_are_not_looked_through(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "MOST_LOOKED_AT", 1)
    takeover = opened_for_clinic(archive)
    pushed(archive, takeover, *([image(seed)] for seed in range(5)))
    last = every(archive, takeover, limit=50)[-1]
    later = replace(takeover, opened_at=stamp(now() + timedelta(hours=2)))
    assert pushes(archive, later, after=0, limit=50) == ([], 0)
    assert pushes(archive, takeover, after=last.number - 1, limit=50) == ([last], last.number)


def test_of_a_package_there_are_none(archive: Archive, tmp_path: Path) -> None:
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "note.txt").write_bytes(b"note")
    takeover = receive(archive, Order(tmp_path / "package"), progress=lambda _: None)
    assert pushes(archive, takeover, after=0, limit=50) == ((), 0)
