"""What every service is given, and what it is."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from dicom_gateway.callers import Caller
from dicom_gateway.measures import Measures
from dicom_gateway.places import Places
from dicom_gateway.protocol import commands
from dicom_gateway.protocol.association import Association
from dicom_gateway.protocol.commands import Command, response_to
from dicom_gateway.protocol.messages import Sink
from dicom_gateway.protocol.negotiating import Context
from dicom_gateway.securing import Secured
from dicom_gateway.settings import GatewaySettings
from dicom_gateway.statuses import Status
from repository.rendering.pool import Pool
from repository.rendering.rationing import Ration
from repository.runtime import Archive
from repository.transfer.transfers import Transfers


@dataclass(frozen=True, slots=True)
class House:
    """What all associations of a gateway share. `pool`: decodes pixels; `ration`: of what it made and nobody has taken
    yet."""

    archive: Archive
    settings: GatewaySettings
    transfers: Transfers
    secured: Secured
    places: Places
    measures: Measures
    pool: Pool
    ration: Ration


@dataclass(frozen=True, slots=True)
class Call:
    """A request of a peer."""

    house: House
    caller: Caller
    association: Association
    context: Context
    command: Command

    def answer(self, status: Status, more: Mapping[int, int | str] | None = None) -> None:
        """The response, without a data set."""
        self.association.send(self.context, self.response(status, more))

    def response(self, status: Status, more: Mapping[int, int | str] | None = None) -> dict[int, int | str]:
        said = response_to(self.command, status.code, more)
        if status.comment:
            said[commands.ERROR_COMMENT] = status.comment
        return said


class Service(Protocol):
    """`sink`: for the data set, before it comes. `serve`: all of it has come; every response is sent afterwards."""

    def sink(self, call: Call) -> Sink: ...

    def serve(self, call: Call, data_set: Sink | None) -> None: ...
