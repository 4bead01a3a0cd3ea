"""C-MOVE (PS3.4 C.4.2): instances go to a registered peer over an association that we ask it for.

Whoever asks must be entitled, and the destination as well: each has its own decision and account. A destination that
is dead holds up nobody but whoever asked for it, who may cancel at any time (`destinations`).
"""

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from functools import partial
from itertools import groupby
from operator import itemgetter

from dicom_gateway.callers import within
from dicom_gateway.contexts import EXPLICIT, IMPLICIT
from dicom_gateway.protocol.association import Association
from dicom_gateway.protocol.messages import Gathered, Sink
from dicom_gateway.protocol.negotiating import Proposed
from dicom_gateway.services.attending import Attending
from dicom_gateway.services.call import Call
from dicom_gateway.services.destinations import destination_of, errand_of, reached
from dicom_gateway.services.retrieval_keys import wanted_of
from dicom_gateway.services.retrieving import Tally, admitted, give, meanwhile, told
from dicom_gateway.services.sendings import sendings
from repository.dicom_retrieval import Wanted
from repository.imaging import UNCOMPRESSED
from repository.opening import Admitted
from repository.peers.peer import Peer
from repository.rendering.decoding import DECODABLE

_MOST_CONTEXTS = 128


class Moving:
    def sink(self, call: Call) -> Sink:  # noqa: ARG002
        return Gathered()

    def serve(self, call: Call, data_set: Sink | None) -> None:
        destination = destination_of(call)
        found = None if destination is None else wanted_of(call, data_set)
        if destination is None or found is None:
            return
        what = _for_both(call, destination, found)
        attending = Attending(call, Tally(len(what), call.house.settings.retrieval))
        cancelled = any(_moved(call, attending, destination, group) for group in _groups(what))
        if attending.lost is not None:
            raise attending.lost
        told(call, attending.tally, cancelled=cancelled)


def _for_both(call: Call, destination: Peer, found: Wanted) -> list[Admitted]:
    """What whoever asks and the destination may both read."""
    archive = call.house.archive
    what = admitted(archive, call.caller.errand, found)
    if destination.ae_title == call.caller.peer.ae_title or not what:
        return what
    own = {each.found.name for each in what}
    narrowed = replace(found, takeovers=within(destination, found.takeovers))
    return [each for each in admitted(archive, errand_of(call, destination), narrowed) if each.found.name in own]


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


def _moved(call: Call, attending: Attending, destination: Peer, group: Sequence[Admitted]) -> bool:
    """Each is settled, unless the retrieval was cancelled or whoever asked is gone; whether it was so. Then what was on
    its way has failed: nobody knows whether it is there."""
    if attending.ends():
        return True
    waiting, whole = {id(each): each for each in group}, False
    if not attending.tally.overdue():
        contexts, send = _contexts(group), partial(_sent, call, attending, waiting=waiting)
        whole = reached(call, destination, contexts, attending=attending, send=send)
    if attending.over:
        return bool(waiting) or not whole  # else all was done when it came
    attending.tally.give_up(waiting.values())
    return False


def _sent(call: Call, attending: Attending, line: Association, *, waiting: dict[int, Admitted]) -> None:
    """Each of `waiting` was sent and settled, and is not in it any more, until there was an end. Raises
    `ConnectionEnds`; then what was on its way is settled as failed."""
    tally, origin = attending.tally, (call.caller.peer.ae_title, call.command.message_id)
    patience = call.house.settings.for_an_image

    def between() -> None:
        meanwhile(tally, cancelled=attending.ends())
        attending.tell()

    def over() -> bool:
        return attending.ends() or tally.overdue()

    what = list(waiting.values())
    with closing(sendings(call.house, what, line.terms.contexts.values(), between=between)) as every:
        while not over():
            each = next(every, None)
            if each is None or over():  # it may have taken long to make
                return
            waiting.pop(id(each.admitted), None)
            give(line, each, tally, originator=origin, patience=patience)
            attending.tell()


def _contexts(group: Sequence[Admitted]) -> list[Proposed]:
    """For each class one in each stored syntax, and another in those that everybody takes, for what can be encoded in
    them."""
    found: list[Proposed] = []
    for abstract, kinds in groupby(sorted({_kind(each) for each in group}), key=itemgetter(0)):
        stored = [syntax for _, syntax in kinds]
        for syntax in stored:
            found.append(Proposed(2 * len(found) + 1, abstract, (syntax,)))
        usual = tuple(each for each in (EXPLICIT, IMPLICIT) if each not in stored)
        if usual and not (UNCOMPRESSED | DECODABLE).isdisjoint(stored):
            found.append(Proposed(2 * len(found) + 1, abstract, usual))
    return found
