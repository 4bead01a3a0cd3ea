"""Who may push into which open takeover, asked once and remembered for a moment.

Asked for each image it was a tenth of what keeping a small one costs: another connection has written meanwhile, so that
nothing of the database is at hand any more. What is remembered lets nobody in who was shut out: the transaction that
keeps what was pushed looks whether the binding stands as it did (`BindingOver`). It may be out of date only in not
knowing that somebody has been bound to a second takeover.
"""

import time
from collections import OrderedDict
from dataclasses import dataclass, replace
from threading import Lock

from repository.access.principal import Principal
from repository.clock import instant
from repository.runtime import Archive
from repository.transfer.opening import Depositor, admitted_to

LASTS = 2.0  # seconds
MOST = 256


@dataclass(frozen=True, slots=True)
class _Asked:
    principal: Principal
    door: str
    wanted: str


class Admissions:
    """Safe to share between threads."""

    def __init__(self, archive: Archive) -> None:
        self._archive, self._lock = archive, Lock()
        self._known: OrderedDict[_Asked, tuple[float, Depositor]] = OrderedDict()
        # Who asked last: on one association that is the same principal again, whom to look at all over takes longer.
        self._last: tuple[Principal, str, str, float, Depositor] | None = None

    def admitted(self, principal: Principal, *, door: str, wanted: str = "") -> Depositor:
        """As `admitted_to`."""
        moment, last = time.monotonic(), self._last
        same = last is not None and last[0] is principal and (door, wanted) == last[1:3]
        if last is not None and same and moment < last[3] and self._still(principal, last[4]):
            return last[4]
        asked = _Asked(principal, door, wanted)
        with self._lock:
            until, known = self._known.get(asked, (0.0, None))
            if known is not None and moment < until:
                self._last = principal, door, wanted, until, known
        if known is not None and moment < until and self._still(principal, known):
            return known
        found = admitted_to(self._archive, principal, door=door, wanted=wanted)
        with self._lock:
            self._known[asked] = (moment + LASTS, replace(found, remembered=True))
            self._known.move_to_end(asked)
            if len(self._known) > MOST:
                self._known.popitem(last=False)
        return found

    def forget(self) -> None:
        """Whoever asks next is told what is so then."""
        with self._lock:
            self._known.clear()
            self._last = None

    def _still(self, principal: Principal, known: Depositor) -> bool:
        """Neither the binding nor what says who it is has come to its time."""
        now, evidence = self._archive.clock(), principal.identification
        return evidence is not None and evidence.at <= now < evidence.until and instant(now) < known.until
