"""A reach put in the numbers of this catalogue: takeovers, and patients by (takeover, number).

Done once for each search, before anything is asked: what is protected becomes a list of patients who are left out.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, select

from repository.access.extent import Objected, Part
from repository.access.reach import Reach
from repository.access.subject import Scope
from repository.catalogue.bulk import in_groups
from repository.catalogue.shielding import Pair, Pairs, flags_in_force, protected_by, rows_of
from repository.catalogue.tables import takeover
from repository.domain.describing import Identifier


@dataclass(frozen=True, slots=True)
class Limit:
    """Of `pairs`, or (None) of `takeover`, or (None both) anywhere, but not of those `without`: what is within `scopes`
    and written by `author`."""

    takeover: int | None
    pairs: Pairs | None
    without: Pairs
    scopes: tuple[Scope, ...]
    author: Identifier | None


@dataclass(frozen=True, slots=True)
class Refusal:
    """What may lie in `scope`, of `pairs` or (None) of all of `takeover`."""

    takeover: int | None
    pairs: Pairs | None
    scope: Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """`takeovers` (None: all) and `records` are seen whole, `limits` in part. Not seen are `hidden` records and those
    of takeovers that are `shut`, but for `excepted` ones."""

    takeovers: frozenset[int] | None = frozenset()
    records: Pairs = frozenset()
    limits: tuple[Limit, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    hidden: Pairs = frozenset()
    shut: frozenset[int] = frozenset()
    excepted: Pairs = frozenset()


@dataclass(frozen=True, slots=True)
class _Known:
    """What was looked up: numbers of takeovers by id, and records by identifier."""

    numbers: Mapping[str, int]
    records: Mapping[Identifier, set[Pair]]

    def pairs(self, identifiers: Iterable[Identifier], *, within: int | None) -> Pairs:
        """Records that are known by all of `identifiers`, of which there is one at least."""
        both = set.intersection(*(self.records.get(each, set()) for each in identifiers))
        return frozenset(pair for pair in both if within in {None, pair[0]})


def grounded(connection: Connection, reach: Reach) -> Ground:
    """`reach` as it stands in the catalogue now."""
    if reach.refused:
        return Ground()
    flags = flags_in_force(connection) if reach.hides_protected else ()
    known = _look_up(connection, reach, [each.takeover for each in flags])
    shielded, shut = protected_by(connection, flags, known.numbers)
    excepted = {(known.numbers[where], patient) for where, patient in reach.approved if where in known.numbers}
    excepted |= {pair for each in reach.sees_protected for pair in known.records.get(each, ())}
    refusals = tuple(_refusals(reach.objections, known))
    gone = frozenset[Pair]().union(*(each.pairs for each in refusals if each.pairs and each.scope.whole))
    hidden = (shielded - excepted) | gone
    whole, limits = _parts(reach.parts, known)
    named = reach.takeovers
    return Ground(
        takeovers=None if named is None else frozenset(known.numbers[each] for each in named & set(known.numbers)),
        records=frozenset(pair for pair in whole - hidden if pair[0] not in shut or pair in excepted),
        limits=tuple(limits),
        refusals=tuple(each for each in refusals if each.pairs is None or not each.scope.whole),
        hidden=hidden,
        shut=shut,
        excepted=frozenset(excepted),
    )


def _look_up(connection: Connection, reach: Reach, shut: Iterable[str]) -> _Known:
    named = {each.takeover for each in reach.parts} | {each.takeover for each in reach.objections} | set(shut)
    named |= (reach.takeovers or frozenset()) | {where for where, _ in reach.approved}
    numbers: dict[str, int] = {}
    for group in in_groups(list(filter(None, named))):
        asked = select(takeover.c.id, takeover.c.number).where(takeover.c.id.in_(group))
        numbers.update((known, number) for known, number in connection.execute(asked))
    wanted = {each for part in reach.parts for each in part.patients | part.without}
    wanted |= {each.patient for each in reach.objections if each.patient is not None} | set(reach.sees_protected)
    records: dict[Identifier, set[Pair]] = defaultdict(set)
    for pair, identifier in rows_of(connection, {each.extension for each in wanted}):
        if identifier in wanted:
            records[identifier].add(pair)
    return _Known(numbers, records)


def _parts(parts: Iterable[Part], known: _Known) -> tuple[Pairs, list[Limit]]:
    """Records that are seen whole, and all else; parts that say the same of several records are one."""
    grouped: dict[tuple[tuple[Scope, ...], Identifier | None], set[Pair]] = defaultdict(set)
    limits: list[Limit] = []
    for part in parts:
        where = known.numbers.get(part.takeover) if part.takeover else None
        if part.takeover and where is None:
            continue
        without = frozenset(pair for each in part.without for pair in known.records.get(each, ()))
        if part.patients:
            grouped[part.scopes, part.author] |= known.pairs(part.patients, within=where) - without
        else:
            limits.append(Limit(where, None, without, part.scopes, part.author))
    whole = frozenset(grouped.pop(((), None), ()))
    limits += [Limit(None, frozenset(of), frozenset(), *said) for said, of in grouped.items() if of]
    return whole, limits


def _refusals(said: Iterable[Objected], known: _Known) -> Iterator[Refusal]:
    """One for each scope, and for each takeover that is meant as a whole."""
    grouped: dict[Scope, set[Pair]] = defaultdict(set)
    for each in said:
        where = known.numbers.get(each.takeover) if each.takeover else None
        if each.takeover and where is None:
            continue
        if each.patient is None:
            yield Refusal(where, None, each.scope)
        else:
            grouped[each.scope] |= known.pairs((each.patient,), within=where)
    yield from (Refusal(None, frozenset(pairs), scope) for scope, pairs in grouped.items() if pairs)
