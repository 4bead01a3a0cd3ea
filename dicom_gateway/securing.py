"""TLS of the DICOM door (PS3.15 B.12, B.13): contexts for those who call and those who are called."""

import hashlib
import socket
import ssl
from contextlib import suppress
from dataclasses import dataclass

from dicom_gateway.errors import TlsUnfit
from dicom_gateway.settings import GatewaySettings

CIPHERS = (
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES128-GCM-SHA256:"
    "ECDHE-RSA-AES128-GCM-SHA256:DHE-RSA-AES256-GCM-SHA384:DHE-RSA-AES128-GCM-SHA256"
)
"""Of TLS 1.2: those of the BCP 195 profiles (PS3.15 B.12), which all keep what was said secret if a key is lost."""

_VERSIONS = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}


@dataclass(frozen=True, slots=True)
class Secured:
    """`accepting` None: the door is in clear. `calling`: for peers that listen with TLS."""

    accepting: ssl.SSLContext | None
    calling: ssl.SSLContext


def secured(settings: GatewaySettings) -> Secured:
    """Raises `TlsUnfit`."""
    try:
        calling = _limited(ssl.create_default_context(cafile=settings.ca), settings)
        # A peer is known by its authority and, where one is registered, by its certificate; few have a name in it.
        calling.check_hostname = False
        if settings.certificate is None:
            return Secured(None, calling)
        calling.load_cert_chain(settings.certificate, settings.key)
        accepting = _limited(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), settings)
        accepting.load_cert_chain(settings.certificate, settings.key)
        if settings.ca is not None:
            accepting.load_verify_locations(settings.ca)
            accepting.verify_mode = ssl.CERT_REQUIRED
    except (OSError, ssl.SSLError) as error:
        raise TlsUnfit(reason=getattr(error, "reason", None) or error.strerror or type(error).__name__) from error
    return Secured(accepting, calling)


def wrapped(connection: socket.socket, context: ssl.SSLContext) -> ssl.SSLSocket:
    """The connection with TLS, that does not block; no hands were shaken yet. Raises `OSError`, `ValueError`."""
    connection.settimeout(0)
    return context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)


def fingerprint(connection: ssl.SSLSocket) -> str:
    """The SHA-256 of the certificate that the peer has shown, in hex, or nothing."""
    shown = connection.getpeercert(binary_form=True)
    return hashlib.sha256(shown).hexdigest() if shown else ""


def ended(connection: socket.socket) -> None:
    """Nothing more is said or heard on the connection, and whoever waits for it is woken. By the plain method, so that
    any thread may: that of TLS takes the keys from the thread that is using them, which might then send in clear."""
    with suppress(OSError):
        socket.socket.shutdown(connection, socket.SHUT_RDWR)


def _limited(context: ssl.SSLContext, settings: GatewaySettings) -> ssl.SSLContext:
    context.minimum_version = _VERSIONS[settings.tls_minimum]
    context.set_ciphers(settings.ciphers or CIPHERS)
    return context
