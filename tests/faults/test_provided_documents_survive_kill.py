"""kill -9 at each step of a bundle of documents (ITI-65): all of them are kept afterwards, or none is."""

import hashlib
import os
from pathlib import Path

import pytest

from repository.domain.takeover import State
from repository.intake import statement_of
from repository.mhd.submission import submission_of
from repository.runtime import Archive
from repository.settings import Settings
from repository.takeover.sealing import place_of
from repository.transfer.closing import close_transfer
from repository.transfer.opening import admitted_to
from repository.transfer.providing import Provided, Providing
from repository.transfer.transfers import Transfers
from repository.upkeep.checking import Level
from repository.upkeep.verifying import VerifyOrder, verify
from storage.keys.record_keys import PREFIX as KEY
from tests.builders.bundles import PDF, Paper, bundle, cda, pdf
from tests.builders.homes import assert_no_orphans, at_home, new_home
from tests.builders.pushing import opened_for_clinic, pacs
from tests.builders.warrants import EVERY
from tests.faults.dying import Death, killed, put_together

pytestmark = pytest.mark.requirement("R463-6.1")
DESK, PACK, ACKNOWLEDGED = "catalogue.depositing", "takeovers/", "acknowledged"
PAPERS = (pdf(1), cda(0), Paper(PDF + bytes(5 << 20), identifier="urn:oid:1.2.616.99.0.9"))

STEPS = [
    Death("before the key is made", "store", "put", KEY),
    Death("before the first pack is stored", "store", "put", PACK),
    Death("after the first pack is stored", "store", "put", PACK, after=True),
    Death("after the second pack is stored", "store", "put", PACK, call=2, after=True),
    Death("before the commit", DESK, "write"),
    Death("inside the commit", DESK, "write", inside=True),
    Death("after the commit", DESK, "write", after=True),
    Death("after it is acknowledged", "nobody", "nothing"),
]


def provided(archive: Archive) -> list[Provided]:
    with Transfers(archive) as transfers:
        depositor = admitted_to(archive, pacs(), door="test")
        return Providing(archive, transfers).provide(depositor, submission_of(bundle(*PAPERS)))


def providing(settings: Settings, folder: Path, death: Death) -> None:
    provided(put_together(settings, death))
    (folder / ACKNOWLEDGED).touch()


def kept(archive: Archive) -> list[str]:
    """Digests of what is there, each opened."""
    takeover = archive.catalogue.takeovers()[0]
    held = list(archive.catalogue.holdings(takeover.number))
    opened = [b"".join(archive.vault.open(*place_of(takeover, each), warrant=EVERY)) for each in held]
    assert [hashlib.sha256(each).digest() for each in opened] == [each.sha256 for each in held]
    return sorted(hashlib.sha256(each).hexdigest() for each in opened)


@pytest.mark.parametrize("death", STEPS, ids=str)
def test_killed_at_any_step_a_bundle_is_kept_whole_or_not_at_all(tmp_path: Path, death: Death) -> None:
    settings, every = new_home(tmp_path), sorted(hashlib.sha256(each.content).hexdigest() for each in PAPERS)
    with at_home(settings) as archive:
        opened_for_clinic(archive)
    died = killed(settings, tmp_path, death, work=providing)
    assert died is (death.part != "nobody")
    with at_home(settings) as archive:
        assert kept(archive) == (every if (death.after and death.part == DESK) or not died else [])
        assert died or (tmp_path / ACKNOWLEDGED).exists()
        first, again = provided(archive), provided(archive)
        assert [each.ordinal for each in first] == [each.ordinal for each in again]
        assert kept(archive) == every
        takeover = close_transfer(archive, archive.catalogue.takeovers()[0])
        statement = statement_of(archive, takeover)
        assert (statement.tally.holdings, statement.tally.balances, takeover.state) == (3, True, State.ACCEPTED)
        assert_no_orphans(archive, takeover)
        assert list(verify(archive, VerifyOrder(level=Level.OPENED), progress=lambda _: None).findings) == []
    assert os.listdir(settings.home / "spool") == []  # noqa: PTH208  names alone
