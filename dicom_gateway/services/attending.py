"""Whoever has something moved, heard while its destination is waited for: C-CANCEL, A-ABORT, the end of its connection.

What is on its way when a cancel comes may still be answered for a moment, so that nothing is given up that is as good
as taken; a destination that lets the moment pass is aborted, whatever it was doing. Also a retrieval that takes too
long ends amid a sub-operation, and whoever asked is told now and then that it goes on.
"""

import time

from dicom_gateway.protocol.errors import CalledOff, ConnectionEnds
from dicom_gateway.protocol.waiting import Beside
from dicom_gateway.services.call import Call
from dicom_gateway.services.retrieving import Tally, pending

MOMENT = 1.0  # seconds for what is on its way when a cancel comes


class Attending:
    """Of one C-MOVE. `beside`: for the connections to its destination. `lost`: how the connection of whoever asked has
    ended. `engaged`: the destination has taken the association, so that something may be on its way."""

    def __init__(self, call: Call, tally: Tally) -> None:
        self._call, self.tally = call, tally
        self.beside = Beside(call.association.wire.fileno(), self._look)
        self.lost: ConnectionEnds | None = None
        self.engaged = False
        self._cancelled_at: float | None = None

    @property
    def over(self) -> bool:
        """Whether it was cancelled, or whoever asked is gone, as far as was heard."""
        return self._cancelled_at is not None or self.lost is not None

    def ends(self) -> bool:
        """The same, after all that has come until now."""
        try:
            self._hear()
        except CalledOff:
            return True
        return self.over

    def tell(self) -> None:
        """Whoever asked was told how far it is, if it is time. Raises `CalledOff`."""
        if self.lost is not None:
            raise CalledOff
        try:
            if not self.over and self.tally.due():
                pending(self._call, self.tally)
        except ConnectionEnds as error:
            self.lost = error
            raise CalledOff from None

    def _hear(self) -> None:
        if self.lost is not None:
            raise CalledOff
        try:
            cancelled = self._call.association.cancelled(self._call.command.message_id)
        except ConnectionEnds as error:
            self.lost = error
            raise CalledOff from None
        if cancelled and self._cancelled_at is None:
            self._cancelled_at = time.monotonic()

    def _look(self) -> None:
        """Raises `CalledOff` where the waiting is to end."""
        self._hear()
        self.tell()
        if self._cancelled_at is not None:
            waited = time.monotonic() - self._cancelled_at
            if not self.engaged or waited >= MOMENT:
                raise CalledOff
        if self.tally.remaining and self.tally.overdue():
            raise CalledOff
