"""Syslog messages (RFC 5424) and their way over TLS (RFC 5425) to one collector, as ATNA has it (ITI-20).

Syslog knows no acknowledgement. A batch has a connection of its own, which is ended by close_notify: the collector's
answer comes after all that we sent, so it says that its TLS has handed over the whole batch (RFC 5425 4.4 demands the
answer). Anything else means: not known, and the same batch is sent again.
"""

import re
import socket
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from repository.access.account import Account
from repository.accounting.collector_settings import PREFIX, Collector, Confirm
from repository.accounting.errors import (
    CollectorError,
    CollectorLost,
    CollectorNotTrusted,
    CollectorSettingWrong,
    CollectorUnreachable,
)
from repository.accounting.tls_line import TlsLine

PRIORITY = 10 * 8 + 5  # facility 10 (security), severity 5 (notice): as ITI TF-2 3.20 has it
APP_NAME = "edm-archive"
MESSAGE_ID = "DICOM+RFC3881"  # PS3.15 A.6.1
ELEMENT = "account@32473"  # 32473 is IANA's number for those that have none (RFC 5612)
BOM = b"\xef\xbb\xbf"
_UNFIT = re.compile(r"[^!-~]+")
_ESCAPED = re.compile(r'(["\\\]])')


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """Seconds: to connect and shake hands, for each write, for the answer to close_notify, and of silence."""

    connect: float = 10.0
    write: float = 30.0
    answer: float = 20.0
    silence: float = 5.0


def syslog_message(account: Account, *, host: str, archive: str, message: bytes) -> bytes:
    """The audit message in its envelope. Archive and number name it for good: a collector can drop what comes twice."""
    where = _UNFIT.sub("-", host)[:255] or "-"
    named = _ESCAPED.sub(r"\\\1", archive)
    number = f'[{ELEMENT} number="{account.number}" archive="{named}"]'
    header = f"<{PRIORITY}>1 {account.at} {where} {APP_NAME} - {MESSAGE_ID} {number} "
    return header.encode() + BOM + message


def framed(message: bytes) -> bytes:
    """RFC 5425 4.3: the length in octets, a space, the message."""
    return b"%d %b" % (len(message), message)


class SyslogTls:
    """Sends batches to one collector: TLS 1.2 or later, the collector known by `ca_file` and by its name."""

    def __init__(self, collector: Collector, *, patience: Patience | None = None) -> None:
        self._collector = collector
        self._patience = patience or Patience()

    def send(self, messages: Sequence[bytes]) -> None:
        """The collector has read all of `messages`, in order. Raises `CollectorUnreachable`, `CollectorNotTrusted` (in
        both cases nothing was sent), `CollectorLost` (some or all may have arrived), `CollectorSettingWrong`."""
        with self._connected(self._context()) as line:
            try:
                line.write(b"".join(map(framed, messages)), seconds=self._patience.write)
                if self._collector.confirm is Confirm.CLOSE:
                    line.close_answered(seconds=self._patience.answer)
                elif not line.stays_silent(seconds=self._patience.silence):
                    raise CollectorLost(collector=self._collector.name, reason="closed")
            except OSError as error:
                raise self._lost(error) from error

    def _context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        collector = self._collector
        try:
            context.load_verify_locations(cafile=collector.ca_file)
        except OSError as error:
            raise CollectorSettingWrong(setting=PREFIX + "CA_FILE", reason="no certificate can be read") from error
        if collector.certificate_file:
            try:
                context.load_cert_chain(collector.certificate_file, collector.key_file, password="")
            except OSError as error:
                reason = "certificate and key cannot be read together"
                raise CollectorSettingWrong(setting=PREFIX + "CERTIFICATE_FILE", reason=reason) from error
        return context

    @contextmanager
    def _connected(self, context: ssl.SSLContext) -> Iterator[TlsLine]:
        collector, seconds = self._collector, self._patience.connect
        try:
            plain = socket.create_connection((collector.host, collector.port), timeout=seconds)
        except (OSError, UnicodeError) as error:
            raise self._unreachable(error) from error
        with plain:
            try:
                line = TlsLine(plain, context, host=collector.host, seconds=seconds)
            except ssl.SSLError as error:
                raise CollectorNotTrusted(collector=collector.name, reason=_reason(error)) from error
            except (OSError, ValueError) as error:
                raise self._unreachable(error) from error
            yield line

    def _unreachable(self, error: Exception) -> CollectorError:
        return CollectorUnreachable(collector=self._collector.name, reason=_reason(error))

    def _lost(self, error: OSError) -> CollectorError:
        """With TLS 1.3 a collector that refuses our certificate says so only after the handshake."""
        reason = _reason(error)
        kind = CollectorNotTrusted if isinstance(error, ssl.SSLError) and "CERTIFICATE" in reason else CollectorLost
        return kind(collector=self._collector.name, reason=reason)


def _reason(error: Exception) -> str:
    """In the words of OpenSSL or the system, which hold no data of ours."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return str(error.verify_message)
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, ssl.SSLError):
        return str(error.reason or type(error).__name__)
    if isinstance(error, ConnectionResetError) and error.errno is None:
        return "closed"
    return (error.strerror if isinstance(error, OSError) else None) or type(error).__name__
