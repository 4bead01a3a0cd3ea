"""C-GET (PS3.4 C.4.3): instances go back over the association on which they were asked for."""

from contextlib import closing

from dicom_gateway.protocol.messages import Gathered, Sink
from dicom_gateway.services.call import Call
from dicom_gateway.services.retrieval_keys import wanted_of
from dicom_gateway.services.retrieving import Tally, admitted, give, meanwhile, pending, told
from dicom_gateway.services.sendings import sendings


class Getting:
    def sink(self, call: Call) -> Sink:  # noqa: ARG002  each has its own
        return Gathered()

    def serve(self, call: Call, data_set: Sink | None) -> None:
        found = wanted_of(call, data_set)
        if found is None:
            return
        what = admitted(call.house.archive, call.caller.errand, found)
        tally, number = Tally(len(what), call.house.settings.retrieval), call.command.message_id
        line, patience = call.association, call.house.settings.for_an_image

        def between() -> None:
            meanwhile(tally, cancelled=line.cancelled(number))
            if tally.due():
                pending(call, tally)

        with closing(sendings(call.house, what, line.terms.contexts.values(), between=between)) as every:
            for at, each in enumerate(every):
                if line.cancelled(number):
                    told(call, tally, cancelled=True)
                    return
                if tally.overdue():
                    tally.give_up(what[at:])
                    break
                give(line, each, tally, patience=patience)
                if tally.due():
                    pending(call, tally)
        told(call, tally, cancelled=False)
