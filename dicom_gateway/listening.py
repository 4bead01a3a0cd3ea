"""The DICOM door, listening: a thread for each association, up to a limit; running operations finished when it stops.

Several processes may listen at one address (SO_REUSEPORT): the system shares out connections among them.
"""

import logging
import socket
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from types import TracebackType
from typing import Self

from dicom_gateway.errors import DicomAddressNotFree
from dicom_gateway.measures import REJECTED, Measures
from dicom_gateway.places import Places
from dicom_gateway.protocol.errors import PeerGone
from dicom_gateway.protocol.negotiating import discreet
from dicom_gateway.protocol.pdus import reject
from dicom_gateway.protocol.waiting import READING, TICK, ready, shaken
from dicom_gateway.rejecting import TOO_MANY, Why
from dicom_gateway.reporting import Reporting
from dicom_gateway.securing import ended, fingerprint, secured, wrapped
from dicom_gateway.services.call import House
from dicom_gateway.serving import Arrival, serve
from dicom_gateway.settings import GatewaySettings
from dicom_gateway.unidentified import Guest, Unidentified
from repository.rendering.pool import Pool, sensible_workers
from repository.rendering.rationing import Ration
from repository.runtime import Archive
from repository.transfer.transfers import Transfers

BACKLOG = 512
RECEIVED = 4 << 20  # bytes that the system takes for us before we read them
DECODED = 256 << 20  # bytes of decoded frames that wait for peers to take them
_REJECTED, _READING = 64, 2.0  # connections that are rejected, and seconds for each to read it
SILENT = "silent"  # label of those that had to go before they said who they are
_log = logging.getLogger("dicom_gateway")


class Gateway:
    """The door of an archive in this process: open from `__enter__` to `__exit__`. The archive outlives it."""

    def __init__(self, archive: Archive, settings: GatewaySettings, *, pool: Pool | None = None) -> None:
        """`pool`: decodes pixels; one of its own unless told, whose processes start when they are first needed."""
        self._archive, self._settings = archive, settings
        # each association asks for one frame at a time: no more wait than there may be of them
        self._pool = pool or Pool(sensible_workers(), waiting=settings.associations)
        self._stopping = threading.Event()
        self._live: dict[threading.Thread, socket.socket] = {}
        self._turn = threading.Lock()
        self._full = self._crowded = False
        self.measures = Measures(limit=settings.associations)

    def __enter__(self) -> Self:
        """Raises `DicomAddressNotFree`, `TlsUnfit`."""
        discreet()
        tls = secured(self._settings)
        self._socket = bound(self._settings)
        self._socket.settimeout(_READING / 4)
        self.port = int(self._socket.getsockname()[1])
        places = Places(most=self._settings.associations, of_one=self._settings.peer_associations)
        self._unidentified = Unidentified(most=self._settings.unidentified, of_one=self._settings.address_unidentified)
        self._house = House(
            self._archive,
            self._settings,
            Transfers(self._archive),
            tls,
            places,
            self.measures,
            self._pool,
            Ration(DECODED, patience=self._settings.for_an_image),
        )
        self._accepting = threading.Thread(target=self._accept, name="dicom")
        self._accepting.start()
        self._reporting = Reporting(self._archive, self._settings)
        self._reporting.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """No new association; those that ask for nothing end, the others finish within the grace, or are cut off."""
        self._stopping.set()
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._accepting.join()
        self._socket.close()
        self._unidentified.close()
        self._reporting.stop()
        until = time.monotonic() + self._settings.grace
        for thread in self._running():
            thread.join(max(0.0, until - time.monotonic()))
        with self._turn:
            for connection in self._live.values():
                ended(connection)
        self._pool.close()  # who waits for a frame waits no longer
        for thread in self._running():
            thread.join()
        self._pool.close()  # of one that was begun at that moment
        self._reporting.join()
        self._house.transfers.close()

    def _running(self) -> list[threading.Thread]:
        with self._turn:
            return list(self._live)

    def _accept(self) -> None:
        leaving = _Leaving()
        try:
            while not self._stopping.is_set():
                leaving.close(until=time.monotonic())
                try:
                    connection, address = self._socket.accept()
                except TimeoutError:
                    continue
                except OSError:
                    if self._stopping.wait(0.05):  # too many files are open: others end in the meantime
                        return
                    continue
                begun = self._begin(connection, str(address[0]))
                if not begun:
                    leaving.add(connection, said=self._house.secured.accepting is None)
                self._count(full=not begun)
        finally:
            leaving.close()

    def _count(self, *, full: bool) -> None:
        """The log has one line for each time that the door is full, or that silent ones crowd there, however many come
        then."""
        if full:
            self.measures.counters.add(REJECTED, Why.LIMIT.shown)
            if not self._full:
                _log.warning("as many associations as there may be: others are rejected")
        self._full = full
        gone, self._unidentified.crowded_out = self._unidentified.crowded_out, 0
        if gone:
            self.measures.counters.add(REJECTED, SILENT, value=gone)
            if not self._crowded:
                _log.warning("as many silent connections as there may be: the oldest are closed")
        self._crowded = bool(gone)

    def _begin(self, connection: socket.socket, address: str) -> bool:
        """False where there are as many associations as there may be, or nobody who has a place at the door can go, or
        the system has no thread for another."""
        if self._house.places.full:
            return False
        guest = self._unidentified.let_in(connection, address)
        if guest is None:
            return False
        thread = threading.Thread(target=self._serve, args=(guest, address), name="association")
        with self._turn:
            self._live[thread] = connection
        try:
            thread.start()
        except RuntimeError:
            with self._turn:
                self._live.pop(thread)
            self._unidentified.leave(guest)
            return False
        return True

    def _serve(self, guest: Guest, address: str) -> None:
        """In the thread of the association."""
        try:
            certificate = self._heard(guest)
            with self._turn:
                self._live[threading.current_thread()] = guest.connection
            serve(
                self._house,
                guest.connection,
                Arrival(address, certificate, lambda: self._unidentified.leave(guest)),
                stopping=self._stopping.is_set,
            )
        except PeerGone:
            self._unidentified.leave(guest)  # first: whether others have something to say is looked at by their sockets
            guest.connection.close()
        finally:
            self._unidentified.leave(guest)
            with self._turn:
                self._live.pop(threading.current_thread(), None)

    def _heard(self, guest: Guest) -> str:
        """Something has come, with TLS where the door speaks it: the certificate that was shown. Raises `PeerGone`."""
        patience, context = self._settings.patience.acse, self._house.secured.accepting
        until = time.monotonic() + patience
        try:
            while not ready(guest.connection, READING, seconds=TICK, beside=None):
                if time.monotonic() > until:
                    raise PeerGone
            self._unidentified.spoke(guest)
            if context is None:
                return ""
            secured = wrapped(guest.connection, context)
            self._unidentified.becomes(guest, secured)
            shaken(secured, seconds=until - time.monotonic(), beside=None)
        except (OSError, ValueError):
            raise PeerGone from None
        return fingerprint(secured)


class _Leaving:
    """Connections that are rejected at once. They stay a while: one that is closed with a request unread is reset, and
    the peer might never see why. Whoever has not shaken hands cannot be told: it would take it for noise."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[float, socket.socket]] = deque()

    def add(self, connection: socket.socket, *, said: bool) -> None:
        with suppress(OSError):
            connection.settimeout(0)  # ten bytes: they go at once, or not at all
            if said:
                connection.send(reject(*TOO_MANY))
            connection.shutdown(socket.SHUT_WR)
        self._waiting.append((time.monotonic() + _READING, connection))
        if len(self._waiting) > _REJECTED:
            self._waiting.popleft()[1].close()

    def close(self, *, until: float = float("inf")) -> None:
        """Those that have had their time by then."""
        while self._waiting and self._waiting[0][0] <= until:
            self._waiting.popleft()[1].close()


@contextmanager
def reserved(settings: GatewaySettings) -> Iterator[GatewaySettings]:
    """The settings with a port that nobody else has, nor gets meanwhile: several processes may be `bound` there. Taken
    without SO_REUSEPORT first, with which another archive's door would go unnoticed and have every other peer. Raises
    `DicomAddressNotFree`."""
    with _at(settings, shared=False) as alone:
        port = int(alone.getsockname()[1])
    found = replace(settings, port=port)
    with _at(found, shared=True):  # it does not listen: it is given no connection
        yield found


def bound(settings: GatewaySettings) -> socket.socket:
    """A socket at the address, which other processes of this machine may share. Each has connections of its own: with
    one socket for all, of several that come at once nearly all went to the same process. Raises `DicomAddressNotFree`.
    """
    made = _at(settings, shared=True)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVED)  # inherited by each connection
        made.listen(BACKLOG)
    except OSError as error:
        made.close()
        raise _not_free(settings, error) from error
    return made


def _at(settings: GatewaySettings, *, shared: bool) -> socket.socket:
    made = socket.socket(socket.AF_INET6 if ":" in settings.host else socket.AF_INET, socket.SOCK_STREAM)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        made.bind((settings.host, settings.port))
    except OSError as error:
        made.close()
        raise _not_free(settings, error) from error
    return made


def _not_free(settings: GatewaySettings, error: OSError) -> DicomAddressNotFree:
    reason = error.strerror or type(error).__name__
    return DicomAddressNotFree(address=f"{settings.host}:{settings.port}", reason=reason)
