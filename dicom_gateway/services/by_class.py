"""One kind of request, served by the class that its presentation context is of."""

from collections.abc import Mapping

from dicom_gateway.protocol.messages import Sink
from dicom_gateway.services.call import Call, Service


class ByClass:
    """`usual` serves the classes that `others` does not name."""

    def __init__(self, usual: Service, others: Mapping[str, Service]) -> None:
        self._usual, self._others = usual, others

    def sink(self, call: Call) -> Sink:
        return self._of(call).sink(call)

    def serve(self, call: Call, data_set: Sink | None) -> None:
        self._of(call).serve(call, data_set)

    def _of(self, call: Call) -> Service:
        return self._others.get(call.context.abstract, self._usual)
