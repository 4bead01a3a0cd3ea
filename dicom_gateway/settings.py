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
EDM_ARCHIVE_DICOM_ASSOCIATIONS  associations of one process at one time; 200
EDM_ARCHIVE_DICOM_GRACE         seconds that running operations have when the door is closed; 30
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path

from dicom_gateway.protocol.wire import Patience
from repository.domain.takeover import Takeover
from repository.errors import SettingWrong
from repository.settings import PREFIX

LISTEN, AE_TITLE = PREFIX + "DICOM_LISTEN", PREFIX + "DICOM_AE_TITLE"
CERTIFICATE, KEY, CA = (PREFIX + "DICOM_" + name for name in ("CERTIFICATE", "KEY", "CA"))
TLS, CIPHERS, CLEAR = (PREFIX + "DICOM_" + name for name in ("TLS", "CIPHERS", "CLEAR"))
ASSOCIATIONS, GRACE = PREFIX + "DICOM_ASSOCIATIONS", PREFIX + "DICOM_GRACE"
DEFAULT_TITLE = "EDM-ARCHIVE"


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewaySettings:
    host: str = "127.0.0.1"
    port: int = 11112
    ae_title: str = DEFAULT_TITLE
    certificate: Path | None = None
    key: Path | None = None
    ca: Path | None = None
    tls_minimum: str = "1.2"
    ciphers: str = ""
    associations: int = 200
    grace: int = 30
    patience: Patience = field(default_factory=Patience)


def title_of(takeover: Takeover) -> str:
    """The AE title by which a peer asks for that takeover alone: 16 characters, the most there may be."""
    return f"EDM-{takeover.id.replace('-', '')[-12:].upper()}"


def from_environment(environment: Mapping[str, str]) -> GatewaySettings | None:
    """The settings that the variables name; None where the door stays closed. Raises `SettingWrong`."""
    if not environment.get(LISTEN):
        return None
    host, _, port = environment[LISTEN].rpartition(":")
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
        associations=_number(environment, ASSOCIATIONS, 200),
        grace=_number(environment, GRACE, 30),
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


def _number(environment: Mapping[str, str], name: str, default: int) -> int:
    text = environment.get(name) or str(default)
    if not text.isascii() or not text.isdecimal() or not 1 <= int(text) <= 10_000:
        raise SettingWrong(setting=name, reason="not a number from 1 to 10000")
    return int(text)
