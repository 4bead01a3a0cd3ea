"""kill -9 at each step of a push: what was acknowledged is kept, and what was not may be pushed again."""

import hashlib
import os
from pathlib import Path

import pytest

from repository.domain.takeover import FINAL, Disposition, State
from repository.intake import statement_of
from repository.runtime import Archive
from repository.settings import Settings
from repository.takeover.sealing import place_of
from repository.transfer.closing import close_transfer
from repository.transfer.transfers import Transfers
from repository.upkeep.checking import Level
from repository.upkeep.verifying import VerifyOrder, verify
from storage.keys.record_keys import PREFIX as KEY
from tests.builders.homes import assert_no_orphans, at_home, new_home
from tests.builders.pushing import image, large_image, opened_for_clinic, pushed
from tests.builders.warrants import EVERY
from tests.faults.dying import Death, killed, put_together

pytestmark = pytest.mark.requirement("R463-6.1")
DESK, PACK, ACKNOWLEDGED = "catalogue.depositing", "takeovers/", "acknowledged"

PUSHES = [
    Death("before the first pack is stored", "store", "put", PACK),
    Death("after the first key is made", "store", "put", KEY, after=True),
    Death("after the first pack is stored", "store", "put", PACK, after=True),
    Death("inside the first commit", DESK, "write", inside=True),
    Death("after the first commit", DESK, "write", after=True),
    Death("before the second commit", DESK, "write", call=2),
    Death("after the second pack is stored", "store", "put", PACK, call=2, after=True),
    Death("inside the third commit", DESK, "write", call=3, inside=True),
    Death("after the third commit", DESK, "write", call=3, after=True),
    Death("inside the commit of the large one", DESK, "write", call=4, inside=True),
    Death("after the large one is stored", "store", "put", PACK, call=4, after=True),
]
CLOSINGS = [
    Death("before the binding ends", "catalogue.journal", "write"),
    Death("after the binding ended", "catalogue.journal", "write", after=True),
    Death("inside the move to received", "catalogue", "move", inside=True),
    Death("after it is received", "catalogue", "move", after=True),
    Death("after it is balanced", "catalogue", "move", call=2, after=True),
    Death("after the closing is stored", "store", "put", PACK, after=True),
    Death("between the closing and the last move", "catalogue", "record", "ingestion end", after=True),
    Death("after the last move", "catalogue", "move", call=3, after=True),
]


def contents() -> list[bytes]:
    return [image(0), image(0, instance=2), image(1), large_image(2), image(0)]


def pushing(settings: Settings, folder: Path, death: Death) -> None:
    """One push after another; each is noted in a file once it is acknowledged."""
    archive = put_together(settings, death)
    with Transfers(archive) as transfers:
        for content in contents():
            pushed(archive, transfers, content)
            with (folder / ACKNOWLEDGED).open("ab") as file:
                file.write(hashlib.sha256(content).hexdigest().encode() + b"\n")


def closing(settings: Settings, _folder: Path, death: Death) -> None:
    archive = put_together(settings, death)
    close_transfer(archive, archive.catalogue.takeovers()[0])


def acknowledged(folder: Path) -> list[str]:
    file = folder / ACKNOWLEDGED
    return file.read_text().split() if file.exists() else []


def assert_kept(archive: Archive, digests: list[str]) -> None:
    takeover = archive.catalogue.takeovers()[0]
    there = {holding.sha256.hex(): holding for holding in archive.catalogue.holdings(takeover.number)}
    for digest in digests:
        content = b"".join(archive.vault.open(*place_of(takeover, there[digest]), warrant=EVERY))
        assert hashlib.sha256(content).hexdigest() == digest


@pytest.mark.parametrize("death", PUSHES, ids=str)
def test_what_was_acknowledged_is_kept_and_the_rest_may_be_pushed_again(tmp_path: Path, death: Death) -> None:
    settings = new_home(tmp_path)
    with at_home(settings) as archive:
        opened_for_clinic(archive)
    assert killed(settings, tmp_path, death, work=pushing)
    with at_home(settings) as archive:
        assert_kept(archive, acknowledged(tmp_path))
        with Transfers(archive) as transfers:
            outcomes = pushed(archive, transfers, *contents())
        assert outcomes[-1].disposition is Disposition.DUPLICATE
        assert_kept(archive, [hashlib.sha256(each).hexdigest() for each in contents()])
        takeover = close_transfer(archive, archive.catalogue.takeovers()[0])
        statement = statement_of(archive, takeover)
        assert (statement.tally.holdings, statement.tally.balances, takeover.state) == (4, True, State.ACCEPTED)
        assert_no_orphans(archive, takeover)
        assert list(archive.log.audit()) == []
        assert list(verify(archive, VerifyOrder(level=Level.OPENED), progress=lambda _: None).findings) == []
    assert os.listdir(settings.home / "spool") == []  # noqa: PTH208  names alone


@pytest.mark.parametrize("death", CLOSINGS, ids=str)
def test_killed_at_any_step_closing_goes_on_where_it_stopped(tmp_path: Path, death: Death) -> None:
    settings = new_home(tmp_path)
    with at_home(settings) as archive:
        opened_for_clinic(archive)
        with Transfers(archive) as transfers:
            pushed(archive, transfers, image(0), image(1), image(0))
    assert killed(settings, tmp_path, death, work=closing)
    with at_home(settings) as archive:
        takeover = close_transfer(archive, archive.catalogue.takeovers()[0])
        assert takeover.state in FINAL
        assert statement_of(archive, takeover).tally.holdings == 2
        assert_no_orphans(archive, takeover)
        assert [each.kind for each in archive.catalogue.events(takeover.number)] == [
            "capture", "validation", "ingestion end",
        ]  # fmt: skip
        assert list(verify(archive, VerifyOrder(level=Level.OPENED), progress=lambda _: None).findings) == []
