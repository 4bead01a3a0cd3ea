"""C-MOVE (PS3.4 C.4.2): instances go to a registered peer over an association that we ask it for.

Whoever asks must be entitled, and the destination as well: each has its own decision and account. A destination that
is dead holds up nobody but whoever asked for it.
"""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import replace

from dicom_gateway.callers import DOOR
from dicom_gateway.contexts import EXPLICIT, IMPLICIT
from dicom_gateway.protocol.association import Association
from dicom_gateway.protocol.commands import DESTINATION
from dicom_gateway.protocol.errors import ConnectionEnds
from dicom_gateway.protocol.messages import Gathered, Sink
from dicom_gateway.protocol.negotiating import Asked, Context, Proposed
from dicom_gateway.protocol.requesting import Address, associated
from dicom_gateway.services.call import Call
from dicom_gateway.services.retrieval_keys import wanted_of
from dicom_gateway.services.retrieving import Sending, Tally, admitted, pending, sendings, store, told, uid_of
from dicom_gateway.statuses import UNKNOWN_DESTINATION, Status
from repository.dicom_retrieval import Wanted
from repository.imaging import UNCOMPRESSED
from repository.opening import Admitted, Errand
from repository.peers.peer import Peer
from repository.peers.registering import registered

_MOST_CONTEXTS = 128
_log = logging.getLogger("dicom_gateway")


class Moving:
    def sink(self, call: Call) -> Sink:  # noqa: ARG002
        return Gathered()

    def serve(self, call: Call, data_set: Sink | None) -> None:
        destination = registered(call.house.archive, call.command.text(DESTINATION))
        if destination is None or not (destination.host and destination.port):
            call.answer(Status(UNKNOWN_DESTINATION))
            return
        found = wanted_of(call, data_set)
        if found is None:
            return
        what = _for_both(call, destination, found)
        tally = Tally(len(what), call.house.settings.retrieval)
        try:
            cancelled = any(_moved(call, destination, group, tally) for group in _groups(what))
        except _CallerEnds as ends:
            raise ends.error from None
        told(call, tally, cancelled=cancelled)


def _for_both(call: Call, destination: Peer, found: Wanted) -> list[Admitted]:
    """What whoever asks and the destination may both read."""
    archive = call.house.archive
    what = admitted(archive, call.caller.errand, found)
    if destination.ae_title == call.caller.peer.ae_title or not what:
        return what
    principal = destination.principal(address=destination.host, certificate="", at=archive.clock())
    errand = Errand(
        principal=principal, purpose=destination.purpose, door=DOOR, basis=destination.basis, manner="electronic"
    )
    own = {each.found.name for each in what}
    narrowed = found if not destination.takeovers else replace(found, takeovers=_both(found, destination))
    return [each for each in admitted(archive, errand, narrowed) if each.found.name in own]


def _both(found: Wanted, destination: Peer) -> frozenset[str]:
    known = frozenset(destination.takeovers)
    return known if found.takeovers is None else known & frozenset(found.takeovers)


def _groups(what: Sequence[Admitted]) -> Iterator[list[Admitted]]:
    """By as many classes and syntaxes as one association can have contexts for."""
    group: list[Admitted] = []
    kinds: set[tuple[str, str]] = set()
    for each in what:
        kind = _kind(each)
        if group and len(kinds | {kind}) * 2 > _MOST_CONTEXTS:
            yield group
            group, kinds = [], set()
        group.append(each)
        kinds.add(kind)
    if group:
        yield group


def _kind(each: Admitted) -> tuple[str, str]:
    facts = each.found.holding.description.dicom
    return (facts.sop_class_uid, facts.transfer_syntax_uid) if facts is not None else ("", "")


def _moved(call: Call, destination: Peer, group: Sequence[Admitted], tally: Tally) -> bool:
    """Each is settled, unless the retrieval was cancelled; whether it was."""
    settings = call.house.settings
    if tally.overdue():
        tally.give_up(group)
        return False
    waiting = {id(each): each for each in group}
    what = Asked(calling=settings.ae_title, called=destination.ae_title, contexts=_contexts(group))
    at = Address(destination.host, destination.port, call.house.secured.calling if destination.tls else None)
    try:
        with associated(what, at, patience=settings.patience) as line:
            for each in sendings(call.house.archive, group, _agreed(line)):
                if _cancelled(call):
                    return True
                if tally.overdue():
                    break
                settled = each.admitted if isinstance(each, Sending) else each
                tally.settle(uid_of(settled), _status(call, line, each))
                waiting.pop(id(settled), None)
                _tell(call, tally)
    except ConnectionEnds as error:
        _log.info("destination %s failed: %s", destination.ae_title, type(error).__name__)
    tally.give_up(waiting.values())
    return False


class _CallerEnds(Exception):
    """Internal signal: whoever asked is gone, not the destination."""

    def __init__(self, error: ConnectionEnds) -> None:
        super().__init__(type(error).__name__)
        self.error = error


def _cancelled(call: Call) -> bool:
    try:
        return call.association.cancelled(call.command.message_id)
    except ConnectionEnds as error:
        raise _CallerEnds(error) from error


def _tell(call: Call, tally: Tally) -> None:
    try:
        if tally.due():
            pending(call, tally)
    except ConnectionEnds as error:
        raise _CallerEnds(error) from error


def _status(call: Call, line: Association, each: Sending | Admitted) -> int | None:
    if not isinstance(each, Sending):
        return None
    origin = call.caller.peer.ae_title, call.command.message_id
    return store(line, each, originator=origin, patience=call.house.settings.for_an_image)


def _contexts(group: Sequence[Admitted]) -> list[Proposed]:
    """One for each class in each stored syntax; of uncompressed ones another, in those that everybody takes."""
    found: list[Proposed] = []
    for abstract, syntax in dict.fromkeys(_kind(each) for each in group):
        found.append(Proposed(2 * len(found) + 1, abstract, (syntax,)))
        if syntax in UNCOMPRESSED:
            usual = tuple(each for each in (EXPLICIT, IMPLICIT) if each != syntax)
            found.append(Proposed(2 * len(found) + 1, abstract, usual))
    return found


def _agreed(line: Association) -> dict[str, list[Context]]:
    found: dict[str, list[Context]] = {}
    for context in line.terms.contexts.values():
        if context.requests:
            found.setdefault(context.abstract, []).append(context)
    return found
