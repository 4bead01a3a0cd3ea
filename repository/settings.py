"""Settings: the environment, read in one place, and the home folder's own file.

`EDM_ARCHIVE_HOME` (default ./var/archive) holds `archive.json`: which archive this is, where its objects and its
catalogue lie. What opens the key ring comes from the environment alone: `EDM_ARCHIVE_KEY_FILE` or
`EDM_ARCHIVE_PASSPHRASE_FILE`, both files that only their owner can read. Nothing secret is ever taken from an argument.
Whose certificates are trusted is decided by a folder, `EDM_ARCHIVE_TRUST_FOLDER` (default HOME/trust).
"""

import json
import os
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from repository.accounting.collector_settings import Collector, collector_from
from repository.demand_times import TIMES, Times, times_from
from repository.errors import HomeDamaged, HomeForbidden, HomeMissing, SettingWrong
from repository.evidence.trust.settings import Revocation, revocation_from
from storage.errors import reason_of
from storage.keys.ring import write_private

FORMAT = "edm-archive home 1"
FILE = "archive.json"
PREFIX = "EDM_ARCHIVE_"
MOST_PROCESSES, MOST_BY_ITSELF = 256, 8  # of one door; each takes some 60 MB


@dataclass(frozen=True, slots=True)
class Settings:
    """Where the archive is and how much of the machine it may use."""

    home: Path
    key_file: Path | None = None
    passphrase_file: Path | None = None
    key_ring: Path | None = None  # default: HOME/keyring.json
    s3_access_key: str = ""
    s3_secret_key_file: Path | None = None
    broker: str = ""  # of Celery; empty means the embedded worker
    collector: Collector | None = None  # where accounts are sent
    workers: int = 2
    demand_times: Times = field(default_factory=lambda: dict(TIMES), hash=False)  # how long a demand stands in a state
    trust_folder: Path | None = None  # default: HOME/trust
    revocation: Revocation = Revocation.WHEN_PRESENT

    @property
    def ring_path(self) -> Path:
        return self.key_ring or self.home / "keyring.json"

    @property
    def trust_path(self) -> Path:
        return self.trust_folder or self.home / "trust"


def from_environment(environment: Mapping[str, str]) -> Settings:
    """The settings that the variables name. Raises `SettingWrong` for one that cannot be used."""

    def path(name: str) -> Path | None:
        value = environment.get(PREFIX + name)
        return Path(value) if value else None

    workers = environment.get(PREFIX + "WORKERS") or str(os.cpu_count() or 1)
    if not workers.isdecimal() or not 1 <= int(workers) <= 256:
        raise SettingWrong(setting=PREFIX + "WORKERS", reason="not a number from 1 to 256")
    return Settings(
        home=path("HOME") or Path("var/archive"),
        key_file=path("KEY_FILE"),
        passphrase_file=path("PASSPHRASE_FILE"),
        key_ring=path("KEY_RING"),
        s3_access_key=environment.get(PREFIX + "S3_ACCESS_KEY", ""),
        s3_secret_key_file=path("S3_SECRET_KEY_FILE"),
        broker=environment.get(PREFIX + "BROKER", ""),
        collector=collector_from(environment),
        workers=int(workers),
        demand_times=times_from(environment),
        trust_folder=path("TRUST_FOLDER"),
        revocation=revocation_from(environment),
    )


def processes_of(environment: Mapping[str, str], name: str) -> int:
    """How many processes a door is to have by the variable `name`: a number; `auto`, one for each processor that this
    process may use and at most `MOST_BY_ITSELF`; one unless told. Raises `SettingWrong`."""
    text = environment.get(name) or "1"
    if text == "auto":
        return min(len(os.sched_getaffinity(0)), MOST_BY_ITSELF)
    if not text.isascii() or not text.isdecimal() or not 1 <= int(text) <= MOST_PROCESSES:
        raise SettingWrong(setting=name, reason=f"neither auto nor a number from 1 to {MOST_PROCESSES}")
    return int(text)


@dataclass(frozen=True, slots=True)
class Home:
    """What `archive.json` says; locations are absolute once read."""

    archive: uuid.UUID
    store: str
    catalogue: str


def read_home(home: Path) -> Home:
    """The archive at `home`. Raises `HomeMissing`, `HomeDamaged`, and `HomeForbidden` where it may not be read."""
    file = home / FILE
    try:
        value = json.loads(file.read_bytes())
        if value["format"] != FORMAT:
            raise HomeDamaged(path=str(file), reason="another format")
        return located(
            home, archive=uuid.UUID(hex=value["archive"]), store=value["store"], catalogue=value["catalogue"]
        )
    except FileNotFoundError as error:
        raise HomeMissing(home=str(home)) from error
    except OSError as error:
        raise HomeForbidden(path=str(file), reason=reason_of(error)) from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise HomeDamaged(path=str(file), reason="not readable") from error


def located(home: Path, *, archive: uuid.UUID, store: str, catalogue: str) -> Home:
    """Where the parts of an archive lie; empty locations are those inside of `home`."""
    here = home.resolve()
    return Home(archive, store or f"file://{here / 'objects'}", catalogue or f"sqlite:///{here / 'catalogue.sqlite'}")


def write_home(home: Path, *, archive: uuid.UUID, store: str, catalogue: str) -> Home:
    """`home` is an archive's home; locations inside of it are written as empty, so that it may be moved."""
    value = {"format": FORMAT, "archive": archive.hex, "store": store, "catalogue": catalogue}
    write_private(home / FILE, json.dumps(value, indent=1).encode() + b"\n")
    return read_home(home)
