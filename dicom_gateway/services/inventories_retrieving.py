"""Inventory GET and MOVE (PS3.4 JJ): inventories by their UIDs, made while they are sent.

An inventory follows from what somebody may learn of. So one is moved to another peer only where it is the inventory of
that peer as well; the accounts of its content are then that peer's.
"""

import logging
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

from dicom_gateway.callers import within
from dicom_gateway.contexts import INVENTORY_STORAGE
from dicom_gateway.protocol.association import Association
from dicom_gateway.protocol.commands import (
    AFFECTED_CLASS,
    AFFECTED_INSTANCE,
    C_STORE_RQ,
    DATA_SET,
    DATA_SET_TYPE,
    FIELD,
    MESSAGE_ID,
    ORIGINATOR,
    ORIGINATOR_ID,
    PRIORITY,
)
from dicom_gateway.protocol.messages import Gathered, Sink
from dicom_gateway.protocol.negotiating import Context, Proposed
from dicom_gateway.services.attending import Attending
from dicom_gateway.services.call import Call
from dicom_gateway.services.destinations import destination_of, errand_of, reached
from dicom_gateway.services.retrieving import Tally, told
from dicom_gateway.statuses import DATA_SET_MISMATCH, Status
from repository.errand import Errand
from repository.formats.dicom.identifiers import IdentifierUnreadable, read_identifier
from repository.formats.dicom.inventory import SYNTAXES
from repository.inventories import Inventory, inventories, written
from repository.peers.peer import Peer
from storage.errors import ArchiveError

_log = logging.getLogger("dicom_gateway")


class GettingInventories:
    def sink(self, call: Call) -> Sink:  # noqa: ARG002
        return Gathered()

    def serve(self, call: Call, data_set: Sink | None) -> None:
        uids = _uids_of(call, data_set)
        if uids is None:
            return
        every = inventories(call.house.archive, call.caller.errand, call.caller.within)
        what = [each for each in every if each.uid in uids]
        tally = Tally(len(what), call.house.settings.retrieval)
        line = _Line(call, call.association, call.caller.errand)
        cancelled = line.give(what, tally)
        told(call, tally, cancelled=cancelled)


class MovingInventories:
    def sink(self, call: Call) -> Sink:  # noqa: ARG002
        return Gathered()

    def serve(self, call: Call, data_set: Sink | None) -> None:
        destination = destination_of(call)
        uids = None if destination is None else _uids_of(call, data_set)
        if destination is None or uids is None:
            return
        archive, errand = call.house.archive, errand_of(call, destination)
        what = [each for each in inventories(archive, call.caller.errand, call.caller.within) if each.uid in uids]
        if what:
            theirs = inventories(archive, errand, within(destination, {each.takeover.id for each in what}))
            what = [each for each in theirs if each.uid in uids]
        attending = Attending(call, Tally(len(what), call.house.settings.retrieval))
        cancelled = bool(what) and _moved(call, destination, errand, what=what, attending=attending)
        if attending.lost is not None:
            raise attending.lost
        told(call, attending.tally, cancelled=cancelled)


def _uids_of(call: Call, data_set: Sink | None) -> frozenset[str] | None:
    """Those that are asked for; None after the answer that there are none."""
    content = data_set.content if isinstance(data_set, Gathered) else b""
    try:
        said = read_identifier(content, syntax=call.context.syntax).keys.get("SOPInstanceUID", "")
    except IdentifierUnreadable:
        call.answer(Status(DATA_SET_MISMATCH, "the identifier is not a data set"))
        return None
    uids = frozenset(filter(None, (each.strip() for each in said.split("\\"))))
    if not uids or any("*" in each or "?" in each for each in uids):
        call.answer(Status(DATA_SET_MISMATCH, "SOPInstanceUID"))
        return None
    return uids


def _moved(call: Call, destination: Peer, errand: Errand, *, what: Sequence[Inventory], attending: Attending) -> bool:
    """Each is settled, unless the retrieval was cancelled or whoever asked is gone; whether it was so."""
    waiting = list(what)

    def send(line: Association) -> None:
        _Line(call, line, errand, attending).give(what, attending.tally, waiting=waiting)

    contexts = [Proposed(2 * at + 1, INVENTORY_STORAGE, (each,)) for at, each in enumerate(SYNTAXES)]
    whole = reached(call, destination, contexts, attending=attending, send=send)
    if attending.over:
        return bool(waiting) or not whole
    for each in waiting:
        attending.tally.settle(each.uid, None)
    return False


@dataclass(frozen=True, slots=True)
class _Line:
    """Where inventories go, and for whom they are made. `attending`: to whoever has them moved."""

    call: Call
    association: Association
    errand: Errand
    attending: Attending | None = None

    def give(self, what: Sequence[Inventory], tally: Tally, *, waiting: list[Inventory] | None = None) -> bool:
        """Each that was tried is settled, and not in `waiting` any more; whether the retrieval was cancelled. Raises
        `ConnectionEnds`; then what was on its way is settled as failed."""
        context = self._context()
        for each in what:
            if self._cancelled():
                return True
            status: int | None = None
            try:
                if context is not None and not tally.overdue():
                    with self._ending(tally):
                        status = self._stored(each, context)
            finally:
                tally.settle(each.uid, status)
                if waiting is not None:
                    waiting.remove(each)
        return False

    def _cancelled(self) -> bool:
        if self.attending is not None:
            return self.attending.ends()
        return self.call.association.cancelled(self.call.command.message_id)

    def _context(self) -> Context | None:
        own = [
            each
            for each in self.association.terms.contexts.values()
            if each.requests and each.abstract == INVENTORY_STORAGE and each.syntax in SYNTAXES
        ]
        return min(own, key=lambda each: SYNTAXES.index(each.syntax), default=None)

    def _pieces(self, what: Inventory, context: Context) -> Iterator[bytes]:
        """Whoever has it moved is told now and then that it goes on; on the association of C-GET nothing comes between
        two pieces."""
        for piece in written(self.call.house.archive, self.errand, what, syntax=context.syntax):
            if self.attending is not None:
                self.attending.beside.turn(came=True)
            yield piece

    def _stored(self, what: Inventory, context: Context) -> int | None:
        """The status that the receiver answers with; None where nothing was sent. Raises `ConnectionEnds`, also where
        it was overtaken amid its way."""
        number = self.association.next_id()
        command: dict[int, int | str] = {
            AFFECTED_CLASS: INVENTORY_STORAGE, FIELD: C_STORE_RQ, MESSAGE_ID: number, PRIORITY: 0,
            DATA_SET_TYPE: DATA_SET, AFFECTED_INSTANCE: what.uid,
        }  # fmt: skip
        asker = self.attending is None  # who is given it
        if not asker:
            command |= {ORIGINATOR: self.call.caller.peer.ae_title, ORIGINATOR_ID: self.call.command.message_id}
        try:
            self.association.send(context, command, self._pieces(what, context), heed=asker)
        except ArchiveError as error:
            _log.error("an inventory cannot be given out: %s", error.code)
            return None
        patience = self.call.house.settings.for_an_image
        return self.association.response(number, patience=patience).command.status

    def _ending(self, tally: Tally) -> AbstractContextManager[None]:
        """As C-GET of images (`getting`)."""
        wire = self.association.wire
        return nullcontext() if self.attending is not None else wire.ending(tally.until + wire.patience.network)
