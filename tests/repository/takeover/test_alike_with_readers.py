"""Packages made by chance, taken over without readers and with several: what is sealed is the same, pack for pack.

What the catalogue says follows from what is sealed, for it can be made again from that (`assert_told_by_the_store`).
"""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest

from repository.domain.takeover import Item, Takeover
from repository.intake import Order, receive, statement_of
from repository.runtime import Archive
from repository.takeover import packing, receiving, sorting
from repository.takeover.readers import Asked, Readers
from repository.upkeep.checking import Level
from repository.upkeep.rebuilding import rebuild
from repository.upkeep.recalling import recall
from repository.upkeep.verifying import VerifyOrder, verify
from tests.builders.archives import RawMember, raw_zip, tar_bytes, write_files
from tests.builders.catalogues import empty_catalogue
from tests.builders.cda import clinical_document
from tests.builders.dicom import data_set, part10, person
from tests.builders.homes import at_home, new_home

pytestmark = pytest.mark.requirement("R463-6.1")
OF_THE_RUN = frozenset(
    {"at", "archive", "facts_sha256", "length", "object", "offset", "salt", "sealed_sha256", "takeover"}
)
Files = dict[str, bytes]


def image(chance: Random, who: int, instance: int) -> bytes:
    """Of somebody, of nobody, or of two; sometimes cut off, sometimes another one under the same identifier."""
    made = data_set(who, instance=chance.choice((instance, instance, instance, 1)))
    made.PixelData = chance.randbytes(128)
    match chance.randrange(8):
        case 0:
            del made.PatientID, made.OtherPatientIDsSequence
        case 1:
            (other,) = made.OtherPatientIDsSequence
            other.PatientID = person(who + 1).pesel
            other.IssuerOfPatientIDQualifiersSequence = made.IssuerOfPatientIDQualifiersSequence
        case 2:
            return part10(made)[: chance.randrange(1, 900)]
        case 3:
            return part10(made) + chance.randbytes(chance.choice((2, 6000, 70_000)))
    return part10(made)


def document(chance: Random, who: int, number: int) -> bytes:
    encoding = chance.choice(("UTF-8", "ISO-8859-2", "UTF-16"))
    said = f"<text>{number} {'ąęć' * chance.randrange(500)}</text>"
    made = clinical_document(who, version=chance.randrange(1, 3), signed=number % 3 == 0, body=said, encoding=encoding)
    hostile = made.replace(b"<ClinicalDocument", b'<!DOCTYPE x [<!ENTITY a "a">]><ClinicalDocument', 1)
    return chance.choice((made, made, made, hostile, made[: chance.randrange(len(made))]))


def files_of(chance: Random) -> Files:
    """One patient after the other or all at once; documents, images, other things, and some of them again."""
    files, orderly = Files(), chance.random() < 0.5
    for number in range(150):
        who = number // 20 if orderly else chance.randrange(13)
        kind = chance.random()
        if kind < 0.6:
            content = image(chance, who, number)
        elif kind < 0.85:
            content = document(chance, who, number)
        elif kind < 0.92 and files:
            content = chance.choice(list(files.values()))
        else:
            content = chance.choice((b"", b"<a/>", b"%PDF-1.4", chance.randbytes(3000)))
        files[f"{chance.choice(('', 'zażółć/', 'd/e/'))}{number:03}"] = content
    return files


def in_zip(chance: Random, files: Files) -> bytes:
    """Some of its members are not what they are announced to be."""
    wrong = {name: 7 for name in files if chance.random() < 0.05}
    return raw_zip(RawMember(name.encode(), each, 8, 0x800, crc=wrong.get(name)) for name, each in files.items())


def packed(chance: Random, files: Files, at: Path) -> Path:
    match chance.randrange(3):
        case 0:
            return write_files(at, files)
        case 1:
            at.write_bytes(tar_bytes(files))
        case _:
            at.write_bytes(in_zip(chance, files))
    return at


def sealed(archive: Archive, takeover: Takeover) -> list[Any]:
    """What each pack tells of its items and its patient, but for what is each run's own."""
    told = []
    for held in archive.store.list(f"takeovers/{takeover.id}/"):
        says = recall(archive.vault, held).says
        for each in says.get("holdings", ()):
            each["record"] = {name: value for name, value in each["record"].items() if name not in OF_THE_RUN}
        told.append((says["kind"], says.get("patient"), says.get("holdings"), says.get("items"), says.get("findings")))
    return sorted(told, key=repr)


def assert_told_by_the_store(archive: Archive, folder: Path) -> None:
    """The catalogue is what the store makes of it anew, and a verification of everything finds nothing."""
    with closing(empty_catalogue(folder / "again.sqlite")) as fresh:
        assert rebuild(replace(archive, catalogue=fresh), fresh, progress=lambda _: None).findings == []
        (live,), (again,) = archive.catalogue.takeovers(), fresh.takeovers()
        assert list(archive.catalogue.dump(live.number)) == list(fresh.dump(again.number))
    assert list(verify(archive, VerifyOrder(level=Level.OPENED), progress=lambda _: None).findings) == []


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many items each batch had that a reader was asked for; packs end early, and little is remembered."""
    for room, name, value in (
        (packing, "WORTH", 4 << 10),
        (packing, "LEFT_BEHIND", 20),
        (packing, "PACK_MEMBERS", 30),
        (packing, "OPEN_PACKS", 8),
        (sorting, "REMEMBERED", 40),
        (receiving, "BATCH_ITEMS", 16),
    ):
        monkeypatch.setattr(room, name, value)
    sizes, ask = list[int](), Readers.ask

    def noting(self: Readers, batch: Sequence[Item]) -> Asked:
        sizes.append(len(batch))
        return ask(self, batch)

    monkeypatch.setattr(Readers, "ask", noting)
    return sizes


@pytest.mark.parametrize(("seed", "several"), [(1, 2), (2, 4), (3, 8)])
def test_what_is_sealed_does_not_depend_on_who_read_it(
    tmp_path: Path, asked: list[int], seed: int, several: int
) -> None:
    chance = Random(seed)
    package, outcomes = packed(chance, files_of(chance), tmp_path / "package"), []
    for workers in (1, several):
        place = tmp_path / str(workers)
        place.mkdir()
        with at_home(new_home(place, workers=workers)) as archive:
            takeover = receive(archive, Order(package), progress=lambda _: None, forking=True)
            outcomes.append((takeover.state, statement_of(archive, takeover), sealed(archive, takeover)))
            assert_told_by_the_store(archive, place)
            assert bool(asked) == (workers > 1)
    assert outcomes[0] == outcomes[1]
