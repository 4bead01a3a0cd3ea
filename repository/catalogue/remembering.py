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

from sqlalchemy import Connection, TextClause, text

from repository.catalogue.projecting import PROJECTIONS

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
SILENT = frozenset({"account", "review", "first-copy", "demand", "demand-step", "demand-confirmation", "person"})
"""Deeds from which nothing follows that a search asks about. Any kind that is not named here makes it forget."""


@dataclass(frozen=True, slots=True)
class State:
    """`deed`: number of the last that bears on a search. `recorded`: how many entries of the log are no deeds.
    `takeovers`: number of the last. `restored`: entries wait to be claimed by holdings, which then add no entry."""

    deed: int
    recorded: int
    takeovers: int
    restored: bool


@cache
def _statement() -> TextClause:
    """Each part of it is one step into an index."""
    kinds = " UNION ALL ".join(
        f"SELECT max(number) AS number FROM journal WHERE kind = '{kind}'"  # noqa: S608  kinds are ours
        for kind in sorted(set(PROJECTIONS) - SILENT)
    )
    return text(
        f"SELECT (SELECT max(number) FROM ({kinds}) AS bearing),"  # noqa: S608  as above
        ' coalesce((SELECT max("index") + 1 FROM log_entry), 0) - coalesce((SELECT max(number) FROM journal), 0),'
        " (SELECT max(number) FROM takeover), EXISTS (SELECT 1 FROM log_entry WHERE claimed = 0)"
    )


def state_of(connection: Connection) -> State:
    """As the transaction of `connection` sees it: what it reads next is of this state only if it sees one."""
    deed, recorded, takeovers, restored = connection.execute(_statement()).one()
    return State(deed or 0, recorded, takeovers or 0, bool(restored))


class Memory(Generic[K, V]):
    """Up to `most` things of one state, those used last. Safe to share between threads."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._state: State | None = None
        self._kept: OrderedDict[K, V] = OrderedDict()
        self._turn = threading.Lock()

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
