"""C-ECHO (PS3.4 A)."""

from dicom_gateway.protocol.messages import Gathered, Sink
from dicom_gateway.services.call import Call
from dicom_gateway.statuses import SUCCESS, Status


class Echo:
    def sink(self, call: Call) -> Sink:  # noqa: ARG002  there is none; what comes is bounded
        return Gathered()

    def serve(self, call: Call, data_set: Sink | None) -> None:  # noqa: ARG002
        call.answer(Status(SUCCESS))
