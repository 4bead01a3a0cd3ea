"""The public key of an archive's log: `HOME/log.pub`, one line that everybody may read and nothing secret leads to."""

import json
from pathlib import Path

from storage.errors import ArchiveError, KeyRingDamaged, Text

FILE = "log.pub"


class VerifierKeyMissing(ArchiveError):
    code = "PRF-010"
    exit_code = 2
    what = Text(
        en="There is no public key to check by: none was given, or its file cannot be read.",
        pl="Brak klucza publicznego do sprawdzenia: nie podano go albo nie można odczytać jego pliku.",
    )
    kept = Text(en="Nothing was checked.", pl="Niczego nie sprawdzono.")
    todo = Text(
        en="Give the archive's public key by --key or --key-file; `edm-archive init` and `keys show` print it.",
        pl="Podaj klucz publiczny archiwum przez --key lub --key-file; wypisują go `edm-archive init` i `keys show`.",
    )


def of_ring(ring: Path, *, archive: str) -> str:
    """The verifier key (C2SP signed-note) by the public part of a key ring, which is not sealed."""
    from repository.evidence.checkpoint import origin_of
    from repository.evidence.note import Verifier
    from storage.keys.ring import read_private

    try:
        public = bytes.fromhex(json.loads(read_private(ring))["signing"]["public"])
    except (ValueError, KeyError, TypeError) as error:
        raise KeyRingDamaged(path=str(ring)) from error
    return str(Verifier(origin_of(archive), public))


def publish(home: Path, verifier: str) -> None:
    """`HOME/log.pub` holds `verifier`, readable by everybody who may enter the folder."""
    draft = home / (FILE + ".new")
    draft.write_text(verifier + "\n", "ascii")
    draft.chmod(0o644)
    draft.replace(home / FILE)


def given(key: str, key_file: Path | None, *, home: Path) -> str:
    """The verifier key that was given, or that of the archive at `home`. Raises `VerifierKeyMissing`."""
    if key:
        return key.strip()
    file = key_file or home / FILE
    try:
        return file.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise VerifierKeyMissing from error
