"""Damage on purpose, each kind once, so that a statement can be compared with what was really done."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from repository.samples.contents import DISCHARGE, LABORATORY, LETTER, SampleFile, Wanted, folder_of, image_path

UNDECLARED = "notatka.txt"
NOTE = "Notatka odręczna dołączona po sporządzeniu spisu.\n"


@dataclass(frozen=True, slots=True)
class Damage:
    """What is wrong with the package, by path. A pair is the later file and the one it repeats or contradicts.

    The copies of `duplicates` and `conflicts` are declared in the manifest with their own digests; `unexpected` is
    not declared, `missing` is declared and absent, and `altered` has the declared size and another digest.
    """

    altered: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    unexpected: tuple[str, ...] = ()
    duplicates: tuple[tuple[str, str], ...] = ()
    conflicts: tuple[tuple[str, str], ...] = ()


def plan_damage(wanted: Wanted) -> Damage:
    """Five different files are hit; without images there is nothing to conflict with."""
    first, last = folder_of(1), folder_of(wanted.patients)
    card, image = f"{first}/{DISCHARGE}", image_path(1, 1)
    return Damage(
        altered=(f"{first}/{LABORATORY}",),
        missing=(f"{last}/{LETTER}",),
        unexpected=(f"{first}/{UNDECLARED}",),
        duplicates=((card.replace(".xml", "-kopia.xml"), card),),
        conflicts=((image.replace(".dcm", "-inny.dcm"), image),) if wanted.images else (),
    )


def damage_before_manifest(folder: Path, damage: Damage, write: Callable[[SampleFile], None]) -> None:
    """Writes the declared copies: the same bytes again, and the same identifier with another last pixel."""
    for copy, original in damage.duplicates:
        write(SampleFile(copy, [(folder / original).read_bytes()]))
    for copy, original in damage.conflicts:
        content = (folder / original).read_bytes()
        write(SampleFile(copy, [content[:-2], bytes((content[-2] ^ 0x55, content[-1]))]))


def damage_after_manifest(folder: Path, damage: Damage, write: Callable[[SampleFile], None]) -> None:
    """Changes one figure of a laboratory result, takes one file away, and adds one that nobody declared."""
    for path in damage.altered:
        file = folder / path
        file.write_bytes(_with_another_result(file.read_bytes()))
    for path in damage.missing:
        (folder / path).unlink()
    for path in damage.unexpected:
        write(SampleFile(path, [NOTE.encode()]))


def _with_another_result(document: bytes) -> bytes:
    """The same length, well-formed still, and another first figure in the first measured value."""
    mark = b'xsi:type="PQ" value="'
    place = document.index(mark) + len(mark)
    figure = b"2" if document[place : place + 1] != b"2" else b"3"
    return document[:place] + figure + document[place + 1 :]
