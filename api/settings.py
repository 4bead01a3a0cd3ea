"""What the HTTP door is told by the environment, read in one place.

EDM_ARCHIVE_HTTP_LISTEN        host:port; 127.0.0.1:8042 unless told
EDM_ARCHIVE_HTTP_PUBLIC_URL    what clients see before the path, where a proxy stands before the door
EDM_ARCHIVE_HTTP_CERTIFICATE   PEM file of the server's certificate and chain; with _KEY it speaks TLS
EDM_ARCHIVE_HTTP_KEY           PEM file of its private key, readable by its owner only
EDM_ARCHIVE_HTTP_CORS          origins that may read answers in a browser, by commas; none unless told
EDM_ARCHIVE_HTTP_RATE          requests a minute of one caller; 6000
EDM_ARCHIVE_HTTP_BODY          bytes of one request body; 8 GiB. Bodies that are no files have 16 MiB
EDM_ARCHIVE_HTTP_PROXIES       addresses of proxies whose X-Forwarded-For is believed, by commas; none unless told
EDM_ARCHIVE_HTTP_AT_ONCE       requests of one caller that are at work at one time; 32
EDM_ARCHIVE_HTTP_PROCESSES     processes that answer: a number, or auto: one for each processor, at most 8; 1
EDM_ARCHIVE_HTTP_GRACE         seconds that running answers have when the door is closed; 30
EDM_ARCHIVE_HTTP_PATIENCE      seconds that a client may be silent in a request, or read nothing of an answer; 20
EDM_ARCHIVE_HTTP_CLIENT_CA     PEM file of authorities; clients may then show a certificate that is of one of them
EDM_ARCHIVE_HTTP_CLIENT_CERTIFICATE_HEADER
                               header field in which the proxies of _PROXIES hand on the client's certificate
EDM_ARCHIVE_IDENTITY           the identity file (docs/serving.md); HOME/identity.json unless told
"""

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path
from urllib.parse import urlsplit

from api.callers.loopback import is_loopback
from repository.errors import SettingWrong
from repository.settings import PREFIX, processes_of

LISTEN, PUBLIC_URL = PREFIX + "HTTP_LISTEN", PREFIX + "HTTP_PUBLIC_URL"
CERTIFICATE, KEY = PREFIX + "HTTP_CERTIFICATE", PREFIX + "HTTP_KEY"
CORS, RATE, BODY, PROXIES = (PREFIX + "HTTP_" + name for name in ("CORS", "RATE", "BODY", "PROXIES"))
AT_ONCE, PROCESSES, GRACE, PATIENCE, CLIENT_CA, CLIENT_HEADER = (
    PREFIX + "HTTP_" + name
    for name in ("AT_ONCE", "PROCESSES", "GRACE", "PATIENCE", "CLIENT_CA", "CLIENT_CERTIFICATE_HEADER")
)
IDENTITY = PREFIX + "IDENTITY"
MOST_BODY = 8 << 30
MOST_WORDS = 16 << 20  # of a body that is read into memory: JSON, XML, a form


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpSettings:
    """Where the door listens, and its limits."""

    host: str = "127.0.0.1"
    port: int = 8042
    public_url: str = ""
    certificate: Path | None = None
    key: Path | None = None
    origins: tuple[str, ...] = ()
    rate: int = 6000
    most_body: int = MOST_BODY
    proxies: tuple[str, ...] = ()
    at_once: int = 32
    processes: int = 1
    grace: int = 30
    patience: int = 20
    client_ca: Path | None = None
    client_header: str = ""  # in lower case
    identity: Path | None = None

    @property
    def url(self) -> str:
        """What clients see before the path, without a slash at its end."""
        if self.public_url:
            return self.public_url.rstrip("/")
        shown = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.certificate else 'http'}://{shown}:{self.port}"


def from_environment(environment: Mapping[str, str]) -> HttpSettings:
    """The settings that the variables name. Raises `SettingWrong` for one that cannot be used, and for an address
    that others can reach without TLS and without a proxy that is said to have it."""
    host, port = _listen(environment.get(LISTEN) or "127.0.0.1:8042")
    settings = HttpSettings(
        host=host,
        port=port,
        public_url=_url(environment.get(PUBLIC_URL, "")),
        certificate=_path(environment, CERTIFICATE),
        key=_path(environment, KEY),
        origins=_listed(environment.get(CORS, "")),
        rate=_number(environment, RATE, 6000, most=1_000_000),
        most_body=_number(environment, BODY, MOST_BODY, most=1 << 50),
        proxies=_listed(environment.get(PROXIES, "")),
        at_once=_number(environment, AT_ONCE, 32, most=10_000),
        processes=processes_of(environment, PROCESSES),
        grace=_number(environment, GRACE, 30, most=86_400),
        patience=_number(environment, PATIENCE, 20, most=3_600),
        client_ca=_path(environment, CLIENT_CA),
        client_header=environment.get(CLIENT_HEADER, "").strip().lower(),
        identity=_path(environment, IDENTITY),
    )
    _require_whole(settings)
    return settings


def _require_whole(settings: HttpSettings) -> None:
    """What belongs together is there together. Raises `SettingWrong`."""
    if (settings.certificate is None) != (settings.key is None):
        raise SettingWrong(setting=CERTIFICATE, reason=f"it and {KEY} are set together or not at all")
    if settings.client_ca is not None and settings.certificate is None:
        raise SettingWrong(setting=CLIENT_CA, reason=f"without {CERTIFICATE} no client shows a certificate")
    if settings.client_header and not settings.proxies:
        raise SettingWrong(setting=CLIENT_HEADER, reason=f"without {PROXIES} nobody may send it")
    if not all(_is_network(each) for each in settings.proxies):
        raise SettingWrong(setting=PROXIES, reason="not addresses or networks by commas")
    if (
        not is_loopback(settings.host)
        and settings.certificate is None
        and not settings.public_url.startswith("https://")
    ):
        raise SettingWrong(
            setting=LISTEN,
            reason=f"others can reach it: set {CERTIFICATE} and {KEY}, or {PUBLIC_URL} of the proxy that speaks TLS",
        )


def _is_network(text: str) -> bool:
    try:
        ip_network(text, strict=False)
    except ValueError:
        return False
    return True


def _listen(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isascii() or not port.isdecimal() or not 0 <= int(port) <= 65535:
        raise SettingWrong(setting=LISTEN, reason="not HOST:PORT")
    return host.strip("[]"), int(port)


def _url(text: str) -> str:
    parts = urlsplit(text)
    if text and (parts.scheme not in ("http", "https") or not parts.netloc or parts.query or parts.fragment):
        raise SettingWrong(setting=PUBLIC_URL, reason="not an http or https address")
    return text


def _path(environment: Mapping[str, str], name: str) -> Path | None:
    return Path(environment[name]) if environment.get(name) else None


def _listed(text: str) -> tuple[str, ...]:
    return tuple(each.strip() for each in text.split(",") if each.strip())


def _number(environment: Mapping[str, str], name: str, default: int, *, most: int) -> int:
    text = environment.get(name) or str(default)
    if not text.isascii() or not text.isdecimal() or not 1 <= int(text) <= most:
        raise SettingWrong(setting=name, reason=f"not a number from 1 to {most}")
    return int(text)
