"""Where accounts are sent, from the environment: `EDM_ARCHIVE_AUDIT_COLLECTOR=tls://host:6514` and what TLS needs.

`..._AUDIT_CA_FILE` is mandatory: what the system trusts is not what a collector of accounts is known by.
`..._AUDIT_CERTIFICATE_FILE` and `..._AUDIT_KEY_FILE` are ours, where the collector wants to know us.
`..._AUDIT_CONFIRM` says what counts as read: `close` (default) or `silence`, see `Confirm`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit

from repository.accounting.errors import CollectorSettingWrong

PREFIX = "EDM_ARCHIVE_AUDIT_"
DEFAULT_PORT = 6514  # RFC 5425 4.1


class Confirm(StrEnum):
    CLOSE = "close"  # the collector answers our close_notify: its TLS has handed over all that came before
    SILENCE = "silence"  # it neither closed nor complained for a while: for collectors that just hang up


@dataclass(frozen=True, slots=True, kw_only=True)
class Collector:
    """`name` identifies it among those that this archive ever sent to: its host and port."""

    host: str
    port: int
    ca_file: Path
    certificate_file: Path | None = None
    key_file: Path | None = None
    confirm: Confirm = Confirm.CLOSE

    @property
    def name(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def collector_from(environment: Mapping[str, str]) -> Collector | None:
    """The collector that the variables name, None where they name none. Raises `CollectorSettingWrong`."""
    address = environment.get(PREFIX + "COLLECTOR", "")
    if not address:
        return None
    host, port = _place(address)
    ca_file = _file(environment, "CA_FILE")
    if ca_file is None:
        raise CollectorSettingWrong(setting=PREFIX + "CA_FILE", reason="needed with a collector")
    certificate, key = _file(environment, "CERTIFICATE_FILE"), _file(environment, "KEY_FILE")
    if (certificate is None) != (key is None):
        raise CollectorSettingWrong(
            setting=PREFIX + ("KEY_FILE" if key is None else "CERTIFICATE_FILE"), reason="one without the other"
        )
    confirm = environment.get(PREFIX + "CONFIRM") or Confirm.CLOSE.value
    if confirm not in tuple(Confirm):
        raise CollectorSettingWrong(setting=PREFIX + "CONFIRM", reason="neither close nor silence")
    return Collector(
        host=host, port=port, ca_file=ca_file, certificate_file=certificate, key_file=key, confirm=Confirm(confirm)
    )


def _place(address: str) -> tuple[str, int]:
    try:
        parts = urlsplit(address)
        host, port = parts.hostname or "", DEFAULT_PORT if parts.port is None else parts.port
    except ValueError as error:
        raise CollectorSettingWrong(setting=PREFIX + "COLLECTOR", reason="not an address") from error
    extra = parts.path.strip("/") or parts.query or parts.fragment or parts.username is not None
    if parts.scheme != "tls" or not host or not port or extra or not host.isprintable() or " " in host:
        raise CollectorSettingWrong(setting=PREFIX + "COLLECTOR", reason="not of the form tls://host:port")
    return host, port


def _file(environment: Mapping[str, str], name: str) -> Path | None:
    value = environment.get(PREFIX + name)
    if not value:
        return None
    path = Path(value)
    if not path.is_file():
        raise CollectorSettingWrong(setting=PREFIX + name, reason="no such file")
    return path
