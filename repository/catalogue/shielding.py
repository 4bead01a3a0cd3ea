"""Who is under special protection (R463-10.2), for a search: all of them at once, as `guarding` says it of one.

They are few beside all patients, so that a search names them one by one rather than asks each row whose it is.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, and_, or_, select, tuple_

from repository.access.identity import names
from repository.catalogue.bulk import in_groups
from repository.catalogue.journal_tables import protection
from repository.catalogue.matching import ABOVE
from repository.catalogue.tables import patient_identifier
from repository.catalogue.text import identifier_key, key
from repository.domain.describing import Identifier

Pair = tuple[int, int]
Pairs = frozenset[Pair]
_HASHED, _START = 48 + 1 + 64, 48  # characters of a key that stands for a longer text, and those that it keeps
_ROW = (patient_identifier.c.takeover, patient_identifier.c.number, patient_identifier.c.root,
    patient_identifier.c.extension)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Flag:
    """`patient_key` of the patient, empty for a provider; `takeover` where it holds, empty for everywhere."""

    patient_key: str
    takeover: str


def flags_in_force(connection: Connection) -> tuple[Flag, ...]:
    there = protection.c
    rows = connection.execute(select(there.patient_key, there.takeover).where(there.until == "").distinct())
    return tuple(Flag(known, where) for known, where in rows)


def protected_by(
    connection: Connection, flags: Iterable[Flag], numbers: Mapping[str, int]
) -> tuple[Pairs, frozenset[int]]:
    """Protected records, by takeover and number, and protected takeovers. `numbers` of the takeovers in `flags`."""
    places: dict[str, set[int | None]] = defaultdict(set)  # key of a patient → where it is flagged, None: everywhere
    shut = set[int]()
    for flag in flags:
        where = numbers.get(flag.takeover)
        if flag.takeover and where is None:
            continue  # a takeover that is not here
        if flag.patient_key:
            places[flag.patient_key].add(where)
        elif where is not None:
            shut.add(where)
    if not places:
        return frozenset(), frozenset(shut)
    found = set[Pair]()
    people: dict[Pair, set[int | None]] = defaultdict(set)
    for pair, identifier in _by_keys(connection, list(places)):
        flagged = places.get(identifier_key(identifier), set())
        if not flagged.isdisjoint({None, pair[0]}):
            found.add(pair)
        if identifier.root and flagged:
            people[pair] |= flagged
    return frozenset(found | _known_otherwise(connection, people)), frozenset(shut)


def _known_otherwise(connection: Connection, people: Mapping[Pair, set[int | None]]) -> set[Pair]:
    """Records that share with a flagged one an identifier that names one person anywhere."""
    flagged: dict[Identifier, set[int | None]] = defaultdict(set)
    for group in in_groups(list(people)):
        for number, patient, root, extension in connection.execute(select(*_ROW).where(*of_records(group))):
            if names(identifier := Identifier(root, extension)):
                flagged[identifier] |= people[number, patient]
    shared = rows_of(connection, {each.extension for each in flagged})
    return {pair for pair, each in shared if not flagged.get(each, set()).isdisjoint({None, pair[0]})}


def of_records(pairs: Sequence[Pair]) -> list[ColumnElement[bool]]:
    """The identifier is of one of `pairs`, said so that SQLite looks it up."""
    there = patient_identifier.c
    apart = (there.takeover.in_({pair[0] for pair in pairs}), there.number.in_({pair[1] for pair in pairs}))
    return [*apart, tuple_(there.takeover, there.number).in_(pairs)]


def rows_of(connection: Connection, extensions: Iterable[str]) -> Iterator[tuple[Pair, Identifier]]:
    """Records with their identifiers of these extensions, whatever the root."""
    for group in in_groups(sorted({key(each) for each in extensions})):
        wanted = select(*_ROW).where(patient_identifier.c.extension_key.in_(group))
        for number, patient, root, extension in connection.execute(wanted):
            yield (number, patient), Identifier(root, extension)


def _by_keys(connection: Connection, keys: Sequence[str]) -> Iterator[tuple[Pair, Identifier]]:
    """Records and identifiers among which are all that have one of `keys`: a key is a root, `^` and an extension, and
    either may have a `^` of its own."""
    long = [each[:_START] for each in keys if len(each) == _HASHED and each[_START] == "\u2026"]
    cut = {each[place + 1 :] for each in keys for place, letter in enumerate(each) if letter == "^"}
    yield from rows_of(connection, cut)
    for start in long:
        for number, patient, root, extension in connection.execute(select(*_ROW).where(_begins(start))):
            yield (number, patient), Identifier(root, extension)


def _begins(start: str) -> ColumnElement[bool]:
    """Root and extension may be the long text that begins so. Hardly anybody has one."""
    there = patient_identifier.c
    found: list[ColumnElement[bool]] = [and_(there.root_key >= start, there.root_key < start + ABOVE)]
    for place, letter in enumerate(start):
        if letter == "^":
            rest = start[place + 1 :]
            within = and_(there.extension_key >= rest, there.extension_key < rest + ABOVE)
            found.append(and_(there.root_key == start[:place], within))
    return or_(*found)
