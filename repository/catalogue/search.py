"""Searching: one page at a time, in the order of keys, so that a page never repeats or skips what was there before."""

import threading
from collections import OrderedDict
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Row
from sqlalchemy.engine import Dialect

from repository.access.reach import Reach
from repository.catalogue.conditions import leads
from repository.catalogue.desk import Clock, Desk, utc_now
from repository.catalogue.engine import Room
from repository.catalogue.grounding import Ground, grounded
from repository.catalogue.paging import Found, PageLayouts, mark_of, page, page_size
from repository.catalogue.query import MOST_SKIPPED, Page, Query
from repository.catalogue.remembering import Memory, state_known, state_of
from repository.catalogue.seeing import Sight
from repository.catalogue.telling import Telling

AnyRow = Row[*tuple[Any, ...]]
REMEMBERED = 64  # reaches: askers with their purposes, at one time


class Sights:
    """What a reach lets be seen, as things stand: for questions that lead along an index, and for others."""

    def __init__(self, connection: Connection, reach: Reach) -> None:
        self.ground = grounded(connection, reach)
        self._led, self._unled = (Sight(self.ground, connection.dialect, led=led) for led in (True, False))
        self._layouts = {led: PageLayouts() for led in (True, False)}

    def of(self, query: Query, dialect: Dialect) -> Sight:
        return self._led if leads(query, dialect) else self._unled

    def page(self, query: Query, connection: Connection, *, with_state: bool = False) -> tuple[Sight, Found]:
        led = leads(query, connection.dialect)
        sight = self._led if led else self._unled
        return sight, page(query, connection, sight, with_state=with_state, layouts=self._layouts[led])


class Search(Desk):
    def __init__(self, room: Room, *, now: Clock = utc_now) -> None:
        super().__init__(room, now=now)
        self._sights: Memory[Reach, Sights] = Memory(REMEMBERED)
        self._grounds: OrderedDict[Ground, Sights] = OrderedDict()
        self._turn = threading.Lock()
        self._everything = PageLayouts()

    def _seen(self, connection: Connection, query: Query, reach: Reach) -> tuple[Sight, list[AnyRow]]:
        """What `reach` lets be seen in the state that `connection` sees, and the rows of a page by that."""
        if reach.refused:
            nothing = Sight(Ground(), connection.dialect)
            return nothing, page(query, connection, nothing).rows  # a mark is refused alike by whoever asks
        state, last = None, self._sights.last(reach)
        if last is not None and not state_known(connection):  # most often it is still so; what it was asked of tells
            sight, found = last[1].page(query, connection, with_state=True)
            state = found.state or state_of(connection)
            if state == last[0]:
                return sight, found.rows
        now = state or state_of(connection)
        sights = self._sights.recall(reach, now, lambda: self._grounded(connection, reach))
        sight, found = sights.page(query, connection)
        return sight, found.rows

    def _grounded(self, connection: Connection, reach: Reach) -> Sights:
        """Those of before where all is as it was: most of what happens changes nothing for most askers, and their
        statements are made already."""
        made = Sights(connection, reach)
        with self._turn:
            known = self._grounds.setdefault(made.ground, made)
            self._grounds.move_to_end(made.ground)
            while len(self._grounds) > REMEMBERED:
                self._grounds.popitem(last=False)
        return known

    def search(self, query: Query, reach: Reach | None = None) -> Page:
        """A page of matches at the level of the query, of what lies within `reach`: what does not is nowhere in hits,
        counts, modalities, identifiers or marks, and nothing is found by it. Without a reach it is everything, which
        is for the archive's own upkeep. Raises `BadCursor` for a mark that no search gave."""
        with self._room.reading_one_state() as connection:
            begun = self._skipped(connection, query, reach)
            if begun is None:
                return Page((), "")
            sight, rows = self._found(connection, begun, reach)
            most = page_size(begun)
            hits = Telling(connection, begun, sight).hits(rows[:most])
        return Page(tuple(hits), mark_of(query, rows[most - 1]) if len(rows) > most else "")

    def _found(self, connection: Connection, query: Query, reach: Reach | None) -> tuple[Sight | None, list[AnyRow]]:
        if reach is None:
            return None, page(query, connection, None, layouts=self._everything).rows
        return self._seen(connection, query, reach)

    def _skipped(self, connection: Connection, query: Query, reach: Reach | None) -> Query | None:
        """`query` from behind as many hits as it leaves out; None where there is nothing behind them."""
        left = min(query.skip, MOST_SKIPPED)
        while left > 0:
            step = replace(query, limit=left)
            size = page_size(step)
            _, rows = self._found(connection, step, reach)
            if len(rows) <= size:
                return None
            query = replace(query, after=mark_of(query, rows[size - 1]))
            left -= size
        return query
