"""What may be seen, as conditions on the tables: they stand before every limit and within every count.

All of a study, its series and its images, is seen or is not: a decision knows of an image its patient, its study and
the study's date. Of a document it knows what its header says. What is neither is seen with the whole record only.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    String,
    Table,
    and_,
    any_,
    column,
    false,
    func,
    literal,
    not_,
    or_,
    select,
    true,
    tuple_,
)
from sqlalchemy.engine import Dialect

from repository.catalogue.grounding import Ground, Limit, Refusal
from repository.catalogue.scoping import covered, speaks_of, touched
from repository.catalogue.shielding import Pair
from repository.catalogue.tables import document, holding, instance, patient, series, study

Condition = ColumnElement[bool]
IMAGES = (study, series, instance)
NAMED_ONE_BY_ONE = 16


def of_patient(table: Table) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
    return table.c.takeover, table.c["number" if table is patient else "patient"]


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
        self._made: dict[Table, tuple[Condition, ...]] = {}
        self._beside: Sight | None = None

    @property
    def partial(self) -> bool:
        """Whether a patient may be seen of whom not everything may be."""
        return bool(self._ground.refusals) or any(each.scopes or each.author for each in self._ground.limits)

    @property
    def walks_takeovers(self) -> bool:
        """Whether one of the ways leads through several takeovers from end to end."""
        return not self._led and len(self._ground.takeovers or ()) > 1

    def beyond(self, takeover: int) -> "Sight":
        """The same, of takeovers with greater numbers. Its ways by records and parts are as they were."""
        there = frozenset(each for each in self._ground.takeovers or () if each > takeover)
        return Sight(replace(self._ground, takeovers=there), self._dialect, led=self._led)

    def among_others(self, table: Table) -> Sequence[Condition]:
        """As `ways`, for a question that already has a way of its own."""
        if self._beside is None:
            self._beside = Sight(self._ground, self._dialect, led=True)
        return self._beside.ways(table)

    def row(self, table: Table) -> Condition:
        return or_(false(), *self.ways(table))

    def ways(self, table: Table) -> Sequence[Condition]:
        """The ways to a row, one of which at least must be open; each can be gone along an index."""
        if table not in self._made:
            self._made[table] = tuple(self._ways(table))
        return self._made[table]

    def _ways(self, table: Table) -> list[Condition]:
        unmarked = [each for each in self._ground.limits if not each.scopes and each.author is None]
        found = [*self._whole(table), *(self._limited(each, table) for each in unmarked)]
        if table is patient or table is holding:
            return [*(and_(way, *self._not_in_part(table)) for way in found), *self._below(table)]
        limited = [self._limited(each, table) for each in self._limits_of(table)]
        if limited:
            found.append(or_(*limited))
        if self._led and found:
            found = [or_(*found)]
        return [and_(way, *self._not_refused(table)) for way in found]

    def _whole(self, table: Table) -> list[Condition]:
        ground = self._ground
        found: list[Condition] = []
        if ground.takeovers is None:
            found.append(and_(true(), *self._open(table)))
        elif ground.takeovers:
            found.append(and_(self._of_any(ground.takeovers, table), *self._open(table)))
        if ground.records:
            found.append(self._among(table, ground.records))
        return found

    def _of_any(self, takeovers: Iterable[int], table: Table) -> Condition:
        listed = sorted(takeovers)
        if self._dialect.name == "sqlite":
            return self._takeover(table).in_(listed)
        # One parameter, so that PostgreSQL plans one statement for all askers.
        return self._takeover(table) == any_(literal(listed, ARRAY(BigInteger)))

    def _takeover(self, table: Table) -> ColumnElement[Any]:
        return table.c.takeover + 0 if self._led else table.c.takeover

    def _limits_of(self, table: Table) -> list[Limit]:
        """Those that something of `table` can meet."""
        marked = [each for each in self._ground.limits if each.scopes or each.author is not None]
        if table is document:
            return [each for each in marked if not any(scope.specialties for scope in each.scopes)]
        return [each for each in marked if each.author is None and all(map(speaks_of, each.scopes))]

    def _limited(self, limit: Limit, table: Table) -> Condition:
        parts = self._of(limit, table) + self._open(table) + [covered(scope, table) for scope in limit.scopes]
        if limit.without:
            parts.append(not_(self._among(table, limit.without)))
        if limit.author is not None:
            parts += [
                document.c.author_extension == limit.author.extension,
                document.c.author_root == limit.author.root,
            ]
        return and_(true(), *parts)

    def _of(self, said: Limit | Refusal, table: Table) -> list[Condition]:
        if said.pairs is not None:
            return [self._among(table, said.pairs)]
        return [] if said.takeover is None else [self._takeover(table) == said.takeover]

    def _open(self, table: Table) -> list[Condition]:
        """What is neither of a takeover that is shut nor of a hidden patient."""
        ground = self._ground
        parts: list[Condition] = []
        reached = ground.takeovers
        shut = ground.shut if reached is None or ground.limits else ground.shut & reached
        hidden = ground.hidden
        if reached is not None and not ground.limits:
            hidden = frozenset(pair for pair in hidden if pair[0] in reached)
        if shut:
            elsewhere: Condition = table.c.takeover.not_in(sorted(shut))
            parts.append(or_(elsewhere, self._among(table, ground.excepted)) if ground.excepted else elsewhere)
        if hidden:
            parts.append(tuple_(*of_patient(table)).not_in(self._rows(sorted(hidden))))
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
        columns, listed = tuple_(*of_patient(table)), sorted(pairs)
        if not listed:
            return false()
        few = len(listed) == 1 if self._dialect.name == "sqlite" else len(listed) <= NAMED_ONE_BY_ONE
        return columns.in_(listed if few else self._rows(listed))  # SQLite looks up no list of tuples along an index

    def _rows(self, pairs: Sequence[Pair]) -> Any:
        """A query that gives `pairs`, however many, by one or two parameters."""
        if self._dialect.name == "sqlite":
            each = func.json_each(literal("[" + ",".join(f"[{a},{b}]" for a, b in pairs) + "]", String))
            rows = each.table_valued("value")
            return select(func.json_extract(rows.c.value, "$[0]"), func.json_extract(rows.c.value, "$[1]"))
        numbers = [literal([pair[place] for pair in pairs], ARRAY(BigInteger)) for place in (0, 1)]
        rows = (
            func.unnest(*numbers)
            .table_valued(column("takeover", BigInteger), column("number", BigInteger))
            .render_derived()
        )
        return select(rows.c.takeover, rows.c.number)
