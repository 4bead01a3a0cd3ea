"""What the DICOM door is told by the environment, read in one place.

EDM_ARCHIVE_DICOM_LISTEN        host:port; without it the door stays closed
EDM_ARCHIVE_DICOM_AE_TITLE      the archive's AE title, for all that a peer may see; EDM-ARCHIVE unless told
EDM_ARCHIVE_DICOM_CERTIFICATE   PEM file of our certificate and chain; with _KEY the door speaks TLS, and nothing else
EDM_ARCHIVE_DICOM_KEY           PEM file of its private key, readable by its owner only
EDM_ARCHIVE_DICOM_CA            PEM file of authorities: peers must show a certificate of one of them, and those that we
                                call as well
EDM_ARCHIVE_DICOM_TLS           the lowest version: 1.2 or 1.3; 1.2 unless told (PS3.15 B.12)
EDM_ARCHIVE_DICOM_CIPHERS       of TLS 1.2, as OpenSSL lists them; those of PS3.15 B.12 unless told
EDM_ARCHIVE_DICOM_CLEAR         "allowed": others may reach the door without TLS
EDM_ARCHIVE_DICOM_PROCESSES     processes that answer: a number, or auto: one for each processor, at most 8; 1. What
                                follows is counted by each for itself
EDM_ARCHIVE_DICOM_ASSOCIATIONS  associations at one time; 200
EDM_ARCHIVE_DICOM_PEER_ASSOCIATIONS
                                of these, associations of one peer; 100
EDM_ARCHIVE_DICOM_UNIDENTIFIED  beside these, connections of whoever has not said yet who he is; 256
EDM_ARCHIVE_DICOM_ADDRESS_UNIDENTIFIED
                                of these, connections from one address; 200
EDM_ARCHIVE_DICOM_PDU           bytes of a PDU that we take, 16384 to 1048576; 262144
EDM_ARCHIVE_DICOM_ACSE          seconds for a request for an association, an answer to ours, a TLS handshake; 30
EDM_ARCHIVE_DICOM_DIMSE         seconds for a peer's answer to a request of ours; 120
EDM_ARCHIVE_DICOM_SUBOPERATION  the same, for each image of C-MOVE and C-GET; as _DIMSE unless told
EDM_ARCHIVE_DICOM_RETRIEVAL     seconds for a whole C-MOVE or C-GET; 14400
EDM_ARCHIVE_DICOM_IDLE          seconds that a peer may ask for nothing; 600
EDM_ARCHIVE_DICOM_NETWORK       seconds for the rest of what has begun to come, and for anything to be taken; 60
EDM_ARCHIVE_DICOM_GRACE         seconds that running operations have when the door is closed; 30
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path

from dicom_gateway.protocol.pdus import LARGEST
from dicom_gateway.protocol.wire import Patience
from repository.errors import SettingWrong
from repository.settings import PREFIX, processes_of

LISTEN, AE_TITLE = PREFIX + "DICOM_LISTEN", PREFIX + "DICOM_AE_TITLE"
CERTIFICATE, KEY, CA = (PREFIX + "DICOM_" + name for name in ("CERTIFICATE", "KEY", "CA"))
TLS, CIPHERS, CLEAR = (PREFIX + "DICOM_" + name for name in ("TLS", "CIPHERS", "CLEAR"))
PROCESSES, ASSOCIATIONS, PEER_ASSOCIATIONS, PDU, GRACE = (
    PREFIX + "DICOM_" + name for name in ("PROCESSES", "ASSOCIATIONS", "PEER_ASSOCIATIONS", "PDU", "GRACE")
)
UNIDENTIFIED, ADDRESS_UNIDENTIFIED = (PREFIX + "DICOM_" + name for name in ("UNIDENTIFIED", "ADDRESS_UNIDENTIFIED"))
ACSE, DIMSE, SUBOPERATION, RETRIEVAL, IDLE, NETWORK = (
    PREFIX + "DICOM_" + name for name in ("ACSE", "DIMSE", "SUBOPERATION", "RETRIEVAL", "IDLE", "NETWORK")
)
LEAST_PDU, MOST_PDU = 1 << 14, 1 << 20
_DAY = 86_400
DEFAULT_TITLE = "EDM-ARCHIVE"


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewaySettings:
    """Time-outs in seconds. `suboperation`: for a peer's answer to an image of C-MOVE or C-GET; None: as for any other
    answer; `retrieval`: for all of one; `pdu`: bytes that we take."""

    host: str = "127.0.0.1"
    port: int = 11112
    ae_title: str = DEFAULT_TITLE
    certificate: Path | None = None
    key: Path | None = None
    ca: Path | None = None
    tls_minimum: str = "1.2"
    ciphers: str = ""
    processes: int = 1
    associations: int = 200
    peer_associations: int = 100
    unidentified: int = 256
    address_unidentified: int = 200
    pdu: int = LARGEST
    suboperation: float | None = None
    retrieval: float = 14_400.0
    grace: int = 30
    patience: Patience = field(default_factory=Patience)

    @property
    def for_an_image(self) -> float:
        """Seconds for a peer's answer to an image that it is sent."""
        return self.patience.dimse if self.suboperation is None else self.suboperation


def from_environment(environment: Mapping[str, str]) -> GatewaySettings | None:
    """The settings that the variables name; None where the door stays closed. Raises `SettingWrong`."""
    return settings_of(environment) if environment.get(LISTEN) else None


def settings_of(environment: Mapping[str, str]) -> GatewaySettings:
    """The same, also where the door stays closed: for whoever calls peers. Raises `SettingWrong`."""
    host, _, port = (environment.get(LISTEN) or "127.0.0.1:11112").rpartition(":")
    if not host or not port.isascii() or not port.isdecimal() or int(port) > 0xFFFF:
        raise SettingWrong(setting=LISTEN, reason="not HOST:PORT")
    title = environment.get(AE_TITLE) or DEFAULT_TITLE
    if not 1 <= len(title) <= 16 or not title.isascii() or not title.isprintable() or "\\" in title:
        raise SettingWrong(setting=AE_TITLE, reason="not an AE title")
    if environment.get(TLS, "1.2") not in ("1.2", "1.3"):
        raise SettingWrong(setting=TLS, reason="not 1.2 or 1.3")
    settings = GatewaySettings(
        host=host.strip("[]"),
        port=int(port),
        ae_title=title,
        certificate=_path(environment, CERTIFICATE),
        key=_path(environment, KEY),
        ca=_path(environment, CA),
        tls_minimum=environment.get(TLS, "1.2"),
        ciphers=environment.get(CIPHERS, ""),
        processes=processes_of(environment, PROCESSES),
        associations=_number(environment, ASSOCIATIONS, 200),
        peer_associations=_number(environment, PEER_ASSOCIATIONS, 100),
        unidentified=_number(environment, UNIDENTIFIED, 256),
        address_unidentified=_number(environment, ADDRESS_UNIDENTIFIED, 200),
        pdu=_number(environment, PDU, LARGEST, least=LEAST_PDU, most=MOST_PDU),
        suboperation=_number(environment, SUBOPERATION, 120, most=_DAY) if environment.get(SUBOPERATION) else None,
        retrieval=_number(environment, RETRIEVAL, 14_400, most=7 * _DAY),
        grace=_number(environment, GRACE, 30, most=_DAY),
        patience=_patience(environment),
    )
    _require_whole(settings, clear=environment.get(CLEAR) == "allowed")
    return settings


def _require_whole(settings: GatewaySettings, *, clear: bool) -> None:
    """What belongs together is there together; nothing is open to others without TLS unless it is said."""
    if (settings.certificate is None) != (settings.key is None):
        raise SettingWrong(setting=CERTIFICATE, reason=f"it and {KEY} are set together or not at all")
    if settings.ca is not None and settings.certificate is None:
        raise SettingWrong(setting=CA, reason=f"without {CERTIFICATE} no peer shows a certificate")
    if settings.certificate is None and not clear and not _is_loopback(settings.host):
        reason = f"others can reach it: set {CERTIFICATE} and {KEY}, or {CLEAR}=allowed on a network of your own"
        raise SettingWrong(setting=LISTEN, reason=reason)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _path(environment: Mapping[str, str], name: str) -> Path | None:
    return Path(environment[name]) if environment.get(name) else None


def _patience(environment: Mapping[str, str]) -> Patience:
    return Patience(
        acse=_number(environment, ACSE, 30, most=_DAY),
        dimse=_number(environment, DIMSE, 120, most=_DAY),
        idle=_number(environment, IDLE, 600, most=_DAY),
        network=_number(environment, NETWORK, 60, most=_DAY),
    )


def _number(environment: Mapping[str, str], name: str, default: int, *, least: int = 1, most: int = 10_000) -> int:
    text = environment.get(name) or str(default)
    if not text.isascii() or not text.isdecimal() or len(text) > 9 or not least <= int(text) <= most:
        raise SettingWrong(setting=name, reason=f"not a number from {least} to {most}")
    return int(text)
