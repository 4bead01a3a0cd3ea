"""What the DICOM door is told by the environment, read in one place.

EDM_ARCHIVE_DICOM_LISTEN        host:port; without it the door stays closed
EDM_ARCHIVE_DICOM_AE_TITLE      the archive's AE title, for all that a peer may see; EDM-ARCHIVE unless told
EDM_ARCHIVE_DICOM_ASSOCIATIONS  associations of one process at one time; 200
EDM_ARCHIVE_DICOM_GRACE         seconds that running operations have when the door is closed; 30
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from dicom_gateway.protocol.wire import Patience
from repository.domain.takeover import Takeover
from repository.errors import SettingWrong
from repository.settings import PREFIX

LISTEN, AE_TITLE = PREFIX + "DICOM_LISTEN", PREFIX + "DICOM_AE_TITLE"
ASSOCIATIONS, GRACE = PREFIX + "DICOM_ASSOCIATIONS", PREFIX + "DICOM_GRACE"
DEFAULT_TITLE = "EDM-ARCHIVE"


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewaySettings:
    host: str = "127.0.0.1"
    port: int = 11112
    ae_title: str = DEFAULT_TITLE
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
    return GatewaySettings(
        host=host.strip("[]"),
        port=int(port),
        ae_title=title,
        associations=_number(environment, ASSOCIATIONS, 200),
        grace=_number(environment, GRACE, 30),
    )


def _number(environment: Mapping[str, str], name: str, default: int) -> int:
    text = environment.get(name) or str(default)
    if not text.isascii() or not text.isdecimal() or not 1 <= int(text) <= 10_000:
        raise SettingWrong(setting=name, reason="not a number from 1 to 10000")
    return int(text)
