"""Processes that share a takeover, as far as their turns go."""

from repository.catalogue.turns import Turn
from repository.runtime import Archive
from repository.transfer.sharing import Sharing
from tests.repository.waiting import eventually

PATIENCE = 60.0


class Clock:
    def __init__(self) -> None:
        self.now = 0.0  # so that sums are exact

    def __call__(self) -> float:
        return self.now


class Process:
    """As one process: its `sharing`, its time, and each turn that it has opened."""

    def __init__(self, archive: Archive, number: int) -> None:
        self._archive, self._number = archive, number
        self.clock, self.turns = Clock(), list[Turn]()
        self.sharing = Sharing(self._turn, ticks=self.clock)

    def _turn(self) -> Turn:
        self.turns.append(self._archive.catalogue.depositing.turn(self._number))
        return self.turns[-1]

    def waited_for(self) -> bool:
        return eventually(self.turns[-1].wanted)

    def draining(self) -> bool:
        return self.sharing.draining

    def alone(self) -> bool:
        """One group from its beginning to its end, beside no other; whether others may have written before it."""
        try:
            return self.sharing.enter()
        finally:
            self.sharing.leave()


Both = tuple[Process, Process]
