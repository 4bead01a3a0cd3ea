"""C-GET (PS3.4 C.4.3): instances go back over the association on which they were asked for.

What is promised of a C-CANCEL (PS3.7 9.1.3, 9.3.3.3), whole or in pieces: it is heard between and amid the PDUs of an
image, while one is decoded, and while an answer is waited for. Nothing is sent then of an image that was not begun. One
that was is finished, for a message has no other end on its association, and its answer is waited for; then the whole
operation ends, with what remains. Nothing else is opened or decoded before that.

What is promised of the time that all of it may take: when it is over nothing more is begun, and what is left is told of
as failed. An image on its way has the network's patience to come to its end and be answered, however little of it the
peer takes at a time; then the association is aborted, for amid an image nothing can be told.
"""

from collections import deque
from collections.abc import Sequence
from contextlib import closing

from dicom_gateway.protocol.messages import Gathered, Sink
from dicom_gateway.services.call import Call
from dicom_gateway.services.retrieval_keys import wanted_of
from dicom_gateway.services.retrieving import Tally, admitted, give, meanwhile, pending, told
from dicom_gateway.services.sendings import sendings
from repository.opening import Admitted


class Getting:
    def sink(self, call: Call) -> Sink:  # noqa: ARG002  each has its own
        return Gathered()

    def serve(self, call: Call, data_set: Sink | None) -> None:
        found = wanted_of(call, data_set)
        if found is None:
            return
        what = admitted(call.house.archive, call.caller.errand, found)
        tally = Tally(len(what), call.house.settings.retrieval)
        told(call, tally, cancelled=_given(call, tally, what))


def _given(call: Call, tally: Tally, what: Sequence[Admitted]) -> bool:
    """Each is settled, unless the retrieval was cancelled; whether it was so. Raises `ConnectionEnds`."""
    line, number, patience = call.association, call.command.message_id, call.house.settings.for_an_image
    waiting = deque(what)

    def over() -> bool:
        return line.cancelled(number) or tally.overdue()

    def between() -> None:
        meanwhile(tally, cancelled=line.cancelled(number))
        if tally.due():
            pending(call, tally)

    with closing(sendings(call.house, what, line.terms.contexts.values(), between=between)) as every:
        while waiting and not over():
            each = next(every, None)
            if each is None or over():  # it may have taken long to make
                break
            waiting.popleft()
            with line.wire.ending(tally.until + line.wire.patience.network):
                give(line, each, tally, patience=patience)
            if tally.due():
                pending(call, tally)
    if waiting and line.cancelled(number):
        return True
    tally.give_up(waiting)
    return False
