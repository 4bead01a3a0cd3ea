"""What may be seen, as conditions on the tables: they stand before every limit and within every count.

All of a study, its series and its images, is seen or is not: a decision knows of an image its patient, its study and
the study's date. Of a document it knows what its header says. What is neither is seen with the whole record only.
"""

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Connection,
    Select,
    Table,
    and_,
    any_,
    false,
    literal,
    not_,
    or_,
    select,
    true,
    tuple_,
)
from sqlalchemy.engine import Dialect

from repository.catalogue.grounding import Ground, Limit, Refusal
from repository.catalogue.listing import rows_of
from repository.catalogue.prepared import Prepared, Values
from repository.catalogue.scoping import covered, speaks_of, touched
from repository.catalogue.shielding import Pair, Pairs
from repository.catalogue.tables import document, holding, instance, patient, series, study
from repository.catalogue.text import identifier_key

Condition = ColumnElement[bool]
IMAGES = (study, series, instance)
NAMED_ONE_BY_ONE = 16
ANY_TAKEOVER = 2**63 - 1
TOLD_AT_MOST = 500  # hidden records in a statement
_PLACES = 1 << 32  # more than a takeover has patients


def of_patient(table: Table) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
    return table.c.takeover, table.c["number" if table is patient else "patient"]


@dataclass(frozen=True, slots=True)
class Way:
    """A condition, and the takeovers between which all lies that it leads to."""

    condition: Condition
    first: int = 0
    last: int = ANY_TAKEOVER
    few: bool = False  # leads to those of some patients, along an index

    def also(self, *said: Condition) -> "Way":
        return replace(self, condition=and_(self.condition, *said))


def _joined(ways: Sequence[Way]) -> Way:
    condition = or_(*(each.condition for each in ways))
    return Way(condition, min(each.first for each in ways), max(each.last for each in ways))


def _of_pairs(condition: Condition, pairs: Pairs) -> Way:
    return Way(condition, min(pairs)[0], max(pairs)[0], few=len(pairs) <= NAMED_ONE_BY_ONE)


def _takeovers_of(limit: Limit) -> frozenset[int] | None:
    if limit.pairs is not None:
        return frozenset(takeover for takeover, _ in limit.pairs)
    return None if limit.takeover is None else frozenset({limit.takeover})


class Sight:
    """The conditions of a search. They hold for a row exactly if it may be seen.

    Each is made once, and used for every search that sees as much: making them takes as long as asking them.
    """

    def __init__(self, ground: Ground, dialect: Dialect, *, led: bool = False) -> None:
        """`led`: the question has an index of its own, along which it is answered (`conditions.leads`). Then what may
        be seen is one condition, and one that asks no index: SQLite would walk all of a takeover for what lies on one
        day, and either engine would answer the question once for each way."""
        self._ground = ground
        self._dialect = dialect
        self._led = led
        self._made: dict[Table, tuple[Way, ...]] = {}
        self._prepared: dict[Hashable, Prepared | None] = {}
        self._beside: Sight | None = None
        self._unhiding = self
        self.drops: Pairs = frozenset()
        """Whose rows are to be left out of what `ways` lead to, once they are read: a list so long takes longer to
        tell and to look up in a statement than the page takes that it is for."""
        if len(ground.hidden) > TOLD_AT_MOST:
            self.drops = ground.hidden
            self._unhiding = Sight(replace(ground, hidden=frozenset()), dialect, led=led)

    @property
    def partial(self) -> bool:
        """Whether a patient may be seen of whom not everything may be."""
        return bool(self._ground.refusals) or any(each.scopes or each.author for each in self._ground.limits)

    @property
    def walks_takeovers(self) -> bool:
        """Whether one of the ways leads through takeovers from end to end."""
        parts = any(each.takeover is not None for each in self._ground.limits)
        return not self._led and (parts or bool(self._ground.takeovers))

    def beyond(self, takeover: int) -> "Sight":
        """The same, of takeovers with greater numbers. Its ways by records and parts are as they were."""
        if self._ground.takeovers is None:
            return self
        there = frozenset(each for each in self._ground.takeovers if each > takeover)
        return Sight(replace(self._ground, takeovers=there), self._dialect, led=self._led)

    def among_others(self, table: Table) -> Sequence[Way]:
        """As `ways`, for a question that already has a way of its own."""
        if self._beside is None:
            self._beside = Sight(self._ground, self._dialect, led=True)
        return self._beside.ways(table)

    def asked(
        self, connection: Connection, name: Hashable, make: Callable[[], Select[Any]], *, values: Values
    ) -> Sequence[Any]:
        """Rows of the statement that `make` gives for this sight by `name`, of which there are few. It is made for good
        when it is asked for the second time: many an asker asks once."""
        made = self._prepared.get(name)
        if made is None and name in self._prepared:
            made = self._prepared[name] = Prepared(make())
        if made is not None:
            return made.all(connection, values)
        self._prepared[name] = None
        return connection.execute(make(), values).all()

    def row(self, table: Table) -> Condition:
        """As one condition, which leaves out whom `drops` names as well."""
        return or_(false(), *(each.condition for each in self._own(table)))

    def ways(self, table: Table) -> Sequence[Way]:
        """The ways to a row, one of which at least must be open; each can be gone along an index. What they lead to is
        seen unless it is of `drops`."""
        return self._unhiding._own(table)  # noqa: SLF001  one of these

    def _own(self, table: Table) -> Sequence[Way]:
        if table not in self._made:
            self._made[table] = tuple(self._ways(table))
        return self._made[table]

    def _ways(self, table: Table) -> list[Way]:
        unmarked = [each for each in self._ground.limits if not each.scopes and each.author is None]
        found = [*self._whole(table), *(self._limited(each, table) for each in unmarked)]
        if table is patient or table is holding:
            refused = self._not_in_part(table)
            return [*(way.also(*refused) for way in found), *map(Way, self._below(table))]
        limited = [self._limited(each, table) for each in self._limits_of(table)]
        if limited:
            found.append(_joined(limited))
        if self._led and found:
            found = [_joined(found)]
        return [way.also(*self._not_refused(table)) for way in found]

    def _whole(self, table: Table) -> list[Way]:
        ground = self._ground
        found: list[Way] = []
        if ground.takeovers is None:
            found.append(Way(and_(true(), *self._open(table, within=None))))
        elif ground.takeovers:
            there = and_(self._of_any(ground.takeovers, table), *self._open(table, within=ground.takeovers))
            found.append(Way(there, min(ground.takeovers), max(ground.takeovers)))
        if ground.records:
            found.append(_of_pairs(self._among(table, ground.records), ground.records))
        return found

    def _of_any(self, takeovers: Iterable[int], table: Table) -> Condition:
        listed = sorted(takeovers)
        # One parameter, so that one statement does for all askers: PostgreSQL plans it once.
        if self._dialect.name == "sqlite":
            return self._takeover(table).in_(rows_of([(each,) for each in listed], [table.c.takeover], self._dialect))
        return self._takeover(table) == any_(literal(listed, ARRAY(BigInteger)))

    def _takeover(self, table: Table) -> ColumnElement[Any]:
        return table.c.takeover + 0 if self._led else table.c.takeover

    def _limits_of(self, table: Table) -> list[Limit]:
        """Those that something of `table` can meet."""
        marked = [each for each in self._ground.limits if each.scopes or each.author is not None]
        if table is document:
            return [each for each in marked if not any(scope.specialties for scope in each.scopes)]
        return [each for each in marked if each.author is None and all(map(speaks_of, each.scopes))]

    def _limited(self, limit: Limit, table: Table) -> Way:
        parts = self._of(limit, table) + self._open(table, within=_takeovers_of(limit))
        parts += [covered(scope, table) for scope in limit.scopes]
        if limit.without:
            parts.append(self._outside(table, limit.without))
        if limit.author is not None:
            if not self._led:
                parts.append(document.c.author_key == identifier_key(limit.author))
            parts += [
                document.c.author_extension == limit.author.extension,
                document.c.author_root == limit.author.root,
            ]
        said = and_(true(), *parts)
        if limit.pairs:
            return _of_pairs(said, limit.pairs)
        return Way(said) if limit.takeover is None else Way(said, limit.takeover, limit.takeover)

    def _of(self, said: Limit | Refusal, table: Table) -> list[Condition]:
        if said.pairs is not None:
            return [self._among(table, said.pairs)]
        return [] if said.takeover is None else [self._takeover(table) == said.takeover]

    def _open(self, table: Table, *, within: frozenset[int] | None) -> list[Condition]:
        """What is neither of a takeover that is shut nor of a hidden patient. No others need to be told than those
        `within` takeovers into which the way leads (None: all of them)."""
        ground = self._ground
        parts: list[Condition] = []
        shut, hidden = ground.shut, ground.hidden
        if within is not None:
            shut = shut & within
            hidden = frozenset(pair for pair in hidden if pair[0] in within)
        if shut:
            elsewhere: Condition = table.c.takeover.not_in(sorted(shut))
            parts.append(or_(elsewhere, self._among(table, ground.excepted)) if ground.excepted else elsewhere)
        if hidden:
            parts.append(self._outside(table, hidden))
        return parts

    def _not_refused(self, table: Table) -> list[Condition]:
        return [
            not_(and_(true(), *self._of(each, table), touched(each.scope, table))) for each in self._ground.refusals
        ]

    def _not_in_part(self, table: Table) -> list[Condition]:
        """Nothing is refused of the patient. Where something is, what may be seen is looked up below."""
        return [not_(and_(true(), *self._of(each, table))) for each in self._ground.refusals]

    def _below(self, table: Table) -> list[Condition]:
        """Rows of patients or holdings that are seen because of a document or an image of theirs."""
        found: list[Condition] = []
        for below in (study if table is patient else instance, document):
            zones = [and_(true(), *self._of(each, below)) for each in self._limits_of(below)]
            zones += [and_(true(), *self._of(each, below)) for each in self._ground.refusals]
            if not zones:
                continue
            shared = of_patient(below) if table is patient else (below.c.takeover, below.c.ordinal)
            mine = of_patient(table) if table is patient else (table.c.takeover, table.c.ordinal)
            found.append(tuple_(*mine).in_(select(*shared).where(or_(*zones), self.row(below))))
        return found

    def _among(self, table: Table, pairs: Iterable[Pair]) -> Condition:
        (takeover, number), listed = of_patient(table), sorted(pairs)
        if not listed:
            return false()
        if len(listed) == 1:
            return and_(takeover == listed[0][0], number == listed[0][1])
        few = self._dialect.name != "sqlite" and len(listed) <= NAMED_ONE_BY_ONE
        # SQLite looks up no list of tuples along an index.
        return tuple_(takeover, number).in_(listed if few else self._rows(table, listed))

    def _outside(self, table: Table, pairs: Iterable[Pair]) -> Condition:
        """Of none of `pairs`. SQLite looks a single value up, and goes through a list of tuples for each row."""
        takeover, number = of_patient(table)
        if self._dialect.name != "sqlite":
            return tuple_(takeover, number).not_in(self._rows(table, sorted(pairs)))
        place = takeover * _PLACES + number
        return place.not_in(rows_of([(a * _PLACES + b,) for a, b in sorted(pairs)], [place], self._dialect))

    def _rows(self, table: Table, pairs: Sequence[Pair]) -> Select[Any]:
        return rows_of(pairs, of_patient(table), self._dialect)
