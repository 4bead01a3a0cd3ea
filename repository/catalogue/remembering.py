"""What was gathered for searches, remembered for exactly as long as it is so.

All of it follows from deeds that bear on who may read what, from holdings (each is an entry of the log, as each deed
is) and from takeovers. The numbers of the last of these are the `State`; what was gathered in another one is forgotten.
So a search that writes nothing but its own account finds what the search before it has gathered.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from functools import cache
from typing import Generic, TypeVar

from sqlalchemy import ColumnElement, Connection, String, literal_column

from repository.catalogue.beginning import ONE_STATE
from repository.catalogue.prepared import told
from repository.catalogue.projecting import PROJECTIONS

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
SILENT = frozenset(
    {
        "account", "review", "first-copy", "demand", "demand-step", "demand-confirmation", "person", "transfer", "peer",
        "deposit", "sign-in-refused", "commitment",
    }
)  # fmt: skip
"""Deeds from which nothing follows that a search asks about. Any kind that is not named here makes it forget."""


STATE = "state_"  # name of the column that tells it


@dataclass(frozen=True, slots=True)
class State:
    """`deed`: number of the last that bears on a search. `recorded`: how many entries of the log are no deeds.
    `takeovers`: number of the last. `restored`: entries wait to be claimed by holdings, which then add no entry."""

    deed: int
    recorded: int
    takeovers: int
    restored: bool


def _last(number: str, table: str, where: str = "") -> str:
    """The greatest: PostgreSQL plans this in half the time of `max`, and these stand in what it plans each time."""
    return f"(SELECT {number} FROM {table} {where} ORDER BY {number} DESC LIMIT 1)"  # noqa: S608  names are ours


@cache
def state_column() -> ColumnElement[str]:
    """The state as one text, in whatever statement it stands: each part of it is one step into an index."""
    kinds = ", ".join(f"('{kind}')" for kind in sorted(set(PROJECTIONS) - SILENT))
    index = '"index"'
    bearing = _last("number", "journal", "WHERE journal.kind = bearing.column1")
    parts = (
        f"(SELECT max({bearing}) FROM (VALUES {kinds}) AS bearing)",  # noqa: S608  kinds are ours
        f"coalesce({_last(index, 'log_entry')} + 1, 0) - coalesce({_last('number', 'journal')}, 0)",
        _last("number", "takeover"),
        "cast(EXISTS (SELECT 1 FROM log_entry WHERE claimed = 0) AS integer)",
    )
    text = " || ':' || ".join(f"cast(coalesce({part}, 0) AS text)" for part in parts)
    return literal_column(f"({text})", String).label(STATE)


def read_state(text: str) -> State:
    deed, recorded, takeovers, waiting = map(int, text.split(":"))
    return State(deed, recorded, takeovers, bool(waiting))


@cache
def _statement() -> str:
    return f"SELECT {state_column().element}"


def state_of(connection: Connection) -> State:
    """As the transaction of `connection` sees it: what it reads next is of this state only if it sees one. Where that
    is known to last (`Room.together`), it is asked once."""
    known: dict[str, State] | None = connection.info.get(ONE_STATE)
    if known is None:
        return read_state(told(connection, _statement()))
    if STATE not in known:
        known[STATE] = read_state(told(connection, _statement()))
    return known[STATE]


def state_known(connection: Connection) -> bool:
    """Whether `state_of` has been asked in the one state that the transaction sees."""
    return STATE in (connection.info.get(ONE_STATE) or ())


class Memory(Generic[K, V]):
    """Up to `most` things of one state, those used last. Safe to share between threads."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._state: State | None = None
        self._kept: OrderedDict[K, V] = OrderedDict()
        self._turn = threading.Lock()

    def last(self, key: K) -> tuple[State, V] | None:
        """What is remembered, and of which state: whether that is still so has yet to be asked."""
        with self._turn:
            if self._state is None or key not in self._kept:
                return None
            self._kept.move_to_end(key)
            return self._state, self._kept[key]

    def recall(self, key: K, state: State, make: Callable[[], V]) -> V:
        """What `make` gives in `state`; it is called where that is not known. Nothing is kept while a log is being
        claimed. A transaction that still sees an older state is told what was so in that one."""
        if state.restored:
            return make()
        with self._turn:
            if self._state == state and key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        made = make()
        with self._turn:
            if self._state != state:
                self._state = state
                self._kept.clear()
            self._kept[key] = made
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return made
