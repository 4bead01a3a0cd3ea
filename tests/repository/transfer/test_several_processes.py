"""Several processes push into one takeover at the same time: nobody is refused, and what is kept is what one process
would have kept, to which the same was pushed in the same order."""

import hashlib
import signal
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from repository.domain.takeover import FINAL, Disposition, Takeover
from repository.intake import statement_of
from repository.runtime import Archive, open_archive
from repository.takeover.sealing import place_of
from repository.transfer.closing import close_transfer
from repository.transfer.transfers import Transfers
from repository.upkeep.checking import Level
from repository.upkeep.verifying import VerifyOrder, verify
from tests.builders.dicom import data_set, part10
from tests.builders.homes import assert_no_orphans, new_home
from tests.builders.pushing import image, opened_for_clinic, pushed
from tests.builders.warrants import EVERY
from tests.faults.dying import Death
from tests.repository.transfer.pushing_processes import Pushing, Told, pushing
from tests.repository.waiting import eventually

PROCESSES = 3


def of_patient(seed: int, *, instance: int, pesel: bool, local: bool) -> bytes:
    """An image that names its patient by PESEL, by the number of the clinic, or by both."""
    found = data_set(seed, study=8, instance=instance)
    (other,) = found.OtherPatientIDsSequence
    if not (pesel and local):
        del found.OtherPatientIDsSequence
    if not pesel:
        found.PatientID = other.PatientID
        del found.IssuerOfPatientID
        found.IssuerOfPatientIDQualifiersSequence = other.IssuerOfPatientIDQualifiersSequence
    return part10(found)


def share(place: int) -> list[bytes]:
    """What one of the processes pushes: 40 images of 20 patients, whom the others bring at about the same time; some
    are the same, and some others under the same identifiers."""
    found = list[bytes]()
    for seed in range(10):
        found.append(image(seed, study=place + 1))
        found.append(image(seed, study=7))
        found.append(image(seed, study=6, pixels=bytes([place + 1]) * 128))
        found.append(of_patient(50 + seed, instance=place + 1, pesel=place != 1 or seed % 2 == 0, local=place > 0))
    return found


SHARES = [share(place) for place in range(PROCESSES)]
CONTENTS = {hashlib.sha256(each).hexdigest(): each for mine in SHARES for each in mine}


def content_of(archive: Archive, takeover: Takeover, ordinal: int) -> bytes:
    holding = archive.catalogue.holding(takeover.number, ordinal)
    return b"".join(archive.vault.open(*place_of(takeover, holding), warrant=EVERY))


def assert_told_truly(archive: Archive, takeover: Takeover, told: Sequence[Told]) -> None:
    """Whatever was acknowledged is there as it was told, and each content once."""
    assert [each.refused for each in told if each.refused] == []
    items = {item.ordinal: item for item in archive.catalogue.items(takeover.number)}
    assert sorted(items) == list(range(1, len(items) + 1))
    originals = {holding.sha256.hex(): holding.ordinal for holding in archive.catalogue.holdings(takeover.number)}
    assert len(originals) == archive.catalogue.counts(takeover.number).holdings
    for each in told:
        item = items[each.ordinal]
        assert (item.duplicate_of, item.conflicts_with) == (each.duplicate_of, each.conflicts_with)
        assert (item.disposition is Disposition.DUPLICATE) == bool(each.duplicate_of)
        assert originals[each.sha256] == (each.duplicate_of or each.ordinal)
    for digest, ordinal in originals.items():
        assert content_of(archive, takeover, ordinal) == CONTENTS[digest]


def assert_whole(archive: Archive, takeover: Takeover, *, holdings: int) -> None:
    """Closed, it balances; nothing else lies in the store, and all of it stands every examination."""
    closed = close_transfer(archive, takeover)
    tally = statement_of(archive, closed).tally
    assert (tally.holdings, tally.balances, closed.state in FINAL) == (holdings, True, True)
    assert_no_orphans(archive, closed)
    assert list(archive.log.audit()) == []
    assert list(verify(archive, VerifyOrder(level=Level.OPENED), progress=lambda _: None).findings) == []


def described(archive: Archive, takeover: Takeover) -> object:
    """What is known of a takeover, but for where and when it was sealed."""
    number, catalogue = takeover.number, archive.catalogue
    items = [
        (each.ordinal, each.disposition, each.duplicate_of, each.conflicts_with, each.size, each.reason)
        for each in catalogue.items(number)
    ]
    holdings = {
        each.ordinal: (each.patient, each.sha256, each.disposition, each.conflicts_with, each.description)
        for each in catalogue.holdings(number)
    }
    counts = catalogue.counts(number)
    return (
        sorted(items), holdings, catalogue.patients(number), (counts.patients, counts.studies, counts.instances),
        [(each.code, each.ordinal) if hasattr(each, "ordinal") else each for each in catalogue.findings(number)],
    )  # fmt: skip


def assert_as_by_one_process(archive: Archive, takeover: Takeover, folder: Path) -> None:
    """The same, pushed in the order of its ordinals to an archive that nobody else writes to."""
    holdings = {each.ordinal: each.sha256.hex() for each in archive.catalogue.holdings(takeover.number)}
    items = sorted(archive.catalogue.items(takeover.number), key=lambda each: each.ordinal)
    contents = [CONTENTS[holdings[each.duplicate_of or each.ordinal]] for each in items]
    folder.mkdir()
    with open_archive(new_home(folder)) as alone:
        other = opened_for_clinic(alone)
        with Transfers(alone) as transfers:
            for content in contents:
                pushed(alone, transfers, content)
        assert described(archive, takeover) == described(alone, other)


def all_told(found: Pushing) -> list[Told]:
    return [each for place in range(PROCESSES) for each in found.told(place)]


def test_all_are_acknowledged_and_what_is_kept_is_what_one_process_would_have_kept(
    archive: Archive, takeover: Takeover, tmp_path: Path
) -> None:
    with pushing(archive.settings, tmp_path, SHARES) as found:
        assert found.ended() == [0] * PROCESSES
        told = all_told(found)
    assert Counter(each.sha256 for each in told) == Counter(
        hashlib.sha256(each).hexdigest() for mine in SHARES for each in mine
    )
    assert sorted(each.ordinal for each in told) == list(range(1, PROCESSES * 40 + 1))
    assert_told_truly(archive, takeover, told)
    assert sum(not each.duplicate_of for each in told) == len(CONTENTS)
    assert sum(bool(each.conflicts_with) for each in told) == 10 * (PROCESSES - 1)
    patients = [each.number for each in archive.catalogue.patients(takeover.number)]
    assert patients == list(range(1, len(patients) + 1))
    assert 20 <= len(patients) <= 25  # five may come under a number of the clinic before anybody tells whose it is
    assert_as_by_one_process(archive, takeover, tmp_path / "alone")
    assert_whole(archive, takeover, holdings=len(CONTENTS))


DEATHS = [
    Death("inside a commit", "catalogue.depositing", "write", call=6, inside=True),
    Death("after a commit", "catalogue.depositing", "write", call=6, after=True),
    Death("after a pack is stored", "store", "put", "takeovers/", call=6, after=True),
]


@pytest.mark.parametrize("death", DEATHS, ids=str)
def test_when_one_dies_at_its_work_the_others_go_on(
    archive: Archive, takeover: Takeover, tmp_path: Path, death: Death
) -> None:
    with pushing(archive.settings, tmp_path, SHARES, deaths={0: death}) as found:
        assert found.ended() == [-signal.SIGKILL, 0, 0]
        told = all_told(found)
    assert_the_rest_may_be_pushed_again(archive, takeover, told)


def test_when_one_is_killed_at_any_time_the_others_go_on(archive: Archive, takeover: Takeover, tmp_path: Path) -> None:
    with pushing(archive.settings, tmp_path, SHARES) as found:
        assert eventually(lambda: len(found.told(0)) >= 8)
        found.processes[0].kill()
        assert found.ended()[1:] == [0, 0]
        told = all_told(found)
    assert_the_rest_may_be_pushed_again(archive, takeover, told)


def assert_the_rest_may_be_pushed_again(archive: Archive, takeover: Takeover, told: Sequence[Told]) -> None:
    assert len([each for each in told if not each.refused]) >= 2 * 40
    assert_told_truly(archive, takeover, told)
    with Transfers(archive) as transfers:
        again = pushed(archive, transfers, *SHARES[0])
    known = {each.sha256 for each in told}
    assert all(each.duplicate_of for each in again if each.sha256.hex() in known)
    assert_whole(archive, takeover, holdings=len(CONTENTS))
