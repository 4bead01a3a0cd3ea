"""The steps of a verification that concern the journal: its lines, its bundles, and what follows from it.

Lines are checked at every level: numbers without a gap, each true to its record, each where the log has it. Bundles
are checked as packs are, and at `opened` each must tell what the lines say. What follows from the lines is compared
from `sealed` on; it takes no key.
"""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from itertools import islice
from pathlib import Path
from typing import TypeAlias

from repository.catalogue.catalogue import Catalogue
from repository.catalogue.journal import Bundle, Line
from repository.evidence.deeds import is_true
from repository.findings import Finding
from repository.journal import FOLDER, KEY
from repository.runtime import Archive
from repository.upkeep.bundles import PREFIX, UNREADABLE, OpenedBundle, bundle_faults, opened_bundle, subject_of, unlike
from repository.upkeep.checking import Level
from repository.upkeep.pace import Pace
from repository.upkeep.replaying import contradictions_of_journal
from repository.upkeep.tally import Tally
from storage.objects.port import StoredObject
from storage.vault import Vault

STAGES = _LINES, _BUNDLES, _STRAYS, _FOLLOWING = ("lines", "bundles", "strays", "following")
_AT_ONCE = 2000


@dataclass(frozen=True, slots=True)
class Piece:
    """What one step found, and how much it looked at."""

    findings: tuple[Finding, ...] = ()
    deeds: int = 0
    bundles: int = 0
    bytes: int = 0

    def added_to(self, tally: Tally) -> Tally:
        return replace(
            tally,
            deeds=tally.deeds + self.deeds,
            bundles=tally.bundles + self.bundles,
            bytes=tally.bytes + self.bytes,
        )


@dataclass(frozen=True, slots=True)
class Step:
    """One piece of work. When it is done, the journal is checked up to (`number`, `stage`), both of the cursor."""

    name: str
    number: int
    stage: str
    work: Callable[[], Piece]


Sample: TypeAlias = Callable[[str], bool]


def journal_keys(catalogue: Catalogue) -> list[str]:
    """The record keys of the bundles, and the one that the next bundle will lie under."""
    used = {bundle.record_key for bundle in catalogue.journal.bundles()}
    return sorted(used | {catalogue.archive().get(KEY, "")} - {""})


class JournalSteps:
    """`vault` holds no key in memory that the store did not give in this run; `sample` picks bundles by object id."""

    def __init__(self, archive: Archive, vault: Vault, *, level: Level, pace: Pace, sample: Sample) -> None:
        self._archive, self._vault, self._level, self._pace, self._sample = archive, vault, level, pace, sample
        self._journal = archive.catalogue.journal

    def after(self, number: int, stage: str) -> Iterator[Step]:
        """The steps beyond a cursor; all of them for (0, "")."""
        done = STAGES.index(stage) if stage else 0
        if done == 0:
            yield from self._line_steps(number)
        if done <= 1:
            yield from self._bundle_steps(number if done == 1 else 0)
            yield Step(FOLDER, 0, _STRAYS, self._strays)
        if self._level is not Level.EXISTS and stage != _FOLLOWING:
            yield Step(FOLDER, 0, _FOLLOWING, self._following)

    def _line_steps(self, after: int) -> Iterator[Step]:
        """Some lines at a time, by how many there are: a number that was changed by hand may be of any size."""
        lines = self._journal.lines(after=after, last=self._journal.size())
        while group := list(islice(lines, _AT_ONCE)):
            until = group[-1].number
            yield Step(f"{FOLDER}/{after + 1}", until, _LINES, partial(self._check_lines, group, after))
            after = until

    def _check_lines(self, lines: Sequence[Line], after: int) -> Piece:
        found = list[Finding]()
        before = self._journal.index_of(after) if after else None
        for line in lines:
            if line.number > after + 1:
                found.append(Finding("VFY-JOURNAL-GAP", FOLDER, {"first": after + 1, "last": line.number - 1}))
            found.extend(Finding(code, f"{FOLDER}/{line.number}") for code in self._faults(line, before))
            after, before = line.number, line.log_index
        return Piece(tuple(found), deeds=len(lines))

    def _faults(self, line: Line, before: int | None) -> Iterator[str]:
        deed = line.deed
        if deed is None or not is_true(deed, archive=self._archive.id.hex):
            yield "VFY-JOURNAL-LINE"
        if deed is None or line.entry != deed.entry or (before is not None and line.log_index <= before):
            yield "VFY-JOURNAL-ENTRY"

    @cached_property
    def _listed(self) -> dict[str, StoredObject]:
        return {held.key: held for held in self._vault.store.list(PREFIX)}

    def _bundle_steps(self, after: int) -> Iterator[Step]:
        last = 0
        for row in self._journal.bundles():
            if row.first > after:
                work = partial(self._check_bundle, row, expected=last + 1)
                yield Step(subject_of(row.key), row.first, _BUNDLES, work)
            last = row.last

    def _check_bundle(self, row: Bundle, *, expected: int) -> Piece:
        level = self._level if self._is_chosen(row) else Level.EXISTS
        faults, read = bundle_faults(self._vault, row, self._listed.get(row.key), level=level, pace=self._pace)
        found = list(faults)
        if row.first != expected or row.last < row.first or row.last > self._journal.size():
            found.append(Finding("VFY-JOURNAL-BUNDLE", subject_of(row.key)))
        if level is Level.OPENED:
            found.extend(self._told(row))
        return Piece(tuple(found), bundles=1, bytes=read)

    def _is_chosen(self, row: Bundle) -> bool:
        try:
            return self._sample(row.key.rpartition("/")[2])
        except ValueError:  # a name that no object has: the row was changed by hand
            return True

    def _told(self, row: Bundle) -> Iterator[Finding]:
        try:
            opened = opened_bundle(self._vault, StoredObject(row.key, row.size, row.version))
        except UNREADABLE as error:
            yield Finding("VFY-JOURNAL-UNREAD", subject_of(row.key), {"reason": error.code})
            return
        said = opened.row
        if (said.first, said.last, said.record_key) != (row.first, row.last, row.record_key):
            yield Finding("VFY-JOURNAL-BUNDLE", subject_of(row.key))
        yield from self._compared(opened)

    def _compared(self, opened: OpenedBundle) -> Iterator[Finding]:
        if other := unlike(self._journal, opened):
            subject = subject_of(opened.row.key)
            yield Finding("VFY-JOURNAL-TOLD", subject, {"first": other[0], "count": len(other)})

    def _strays(self) -> Piece:
        """Bundles that no row knows. What a crash left is equal to the lines; at `opened` all else is found out."""
        held = list(self._vault.store.list(PREFIX))  # before the rows: what is made known meanwhile is no stray
        known, found = {row.key for row in self._journal.bundles()}, list[Finding]()
        for stray in (each for each in held if each.key not in known):
            found.append(Finding("VFY-STRAY", subject_of(stray.key)))
            if self._level is Level.OPENED:
                found.extend(self._strange(stray))
        return Piece(tuple(found))

    def _strange(self, stray: StoredObject) -> Iterator[Finding]:
        try:
            yield from self._compared(opened_bundle(self._vault, stray))
        except UNREADABLE:
            return  # not the journal's: somebody put it there, or the store lost a part of what nobody needs

    def _following(self) -> Piece:
        archive = self._archive
        with tempfile.TemporaryDirectory(prefix="verify-", dir=archive.settings.home) as folder:
            found = contradictions_of_journal(archive.catalogue, archive=archive.id.hex, folder=Path(folder))
            return Piece(tuple(found))
