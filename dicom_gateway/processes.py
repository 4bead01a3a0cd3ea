"""The DICOM door as processes of its own that answer at one address; `repository.processes` watches them.

Never in a process that answers HTTP: whoever pushes there would wait for whoever pushes here, and the other way round.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from dicom_gateway.listening import Gateway, reserved
from dicom_gateway.securing import secured
from dicom_gateway.settings import GatewaySettings
from repository.measuring import told
from repository.processes import Crew, Hold, signalled
from repository.runtime import Archive
from storage.memory import settle

_LOOK = 0.5  # seconds between two looks for a signal that another thread was given


@contextmanager
def crew(settings: GatewaySettings) -> Iterator[Crew]:
    """`settings.processes` processes, whose address is reserved. Raises `DicomAddressNotFree`, `TlsUnfit`."""
    secured(settings)  # told once, here, and not by each that dies of it
    with reserved(settings) as found:
        yield Crew(
            name="dicom",
            count=found.processes,
            run=_answer,
            arguments=(found,),
            grace=found.grace,
            imports=("dicom_gateway.listening",),
        )


def _answer(archive: Archive, arguments: tuple[GatewaySettings], hold: Hold) -> None:
    (settings,) = arguments
    stopping = threading.Event()
    with (
        signalled(stopping),
        Gateway(archive, settings) as gateway,
        told(archive.settings.home, f"dicom-{hold.number}", gateway.measures.families, clock=archive.clock),
    ):
        settle()
        hold.ready()
        hold.released(stopping.set)
        while not stopping.wait(_LOOK):
            pass
