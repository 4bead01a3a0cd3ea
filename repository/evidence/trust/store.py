"""The trust folder: whom the operator trusts.

HOME/trust/                 anchors: what is issued under these certificates is trusted, whoever issued them
HOME/trust/intermediates/   certificates that help to find the way to an anchor, and are not trusted by themselves
HOME/trust/crl/             revocation lists

PEM or DER under any name; names that begin with a dot are left out, so that a file can be written and then renamed. One
file that cannot be read makes the whole folder unusable: to leave out a list would be to trust what it revokes.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from stat import S_IWOTH
from typing import TypeVar

from cryptography import x509

from repository.evidence.trust.errors import TrustUnusable
from repository.evidence.trust.reading import certificates_in, list_in, require_readable
from repository.evidence.trust.settings import Revocation

INTERMEDIATES, LISTS = "intermediates", "crl"
MOST_FILES = 2_000
LARGEST_CERTIFICATES, LARGEST_LIST = 4 << 20, 64 << 20  # bytes
Raw = TypeVar("Raw")
Read = TypeVar("Read")


@dataclass(frozen=True, slots=True)
class Filed:
    """A certificate with the file that it is in, as a path inside of the folder."""

    file: str
    certificate: x509.Certificate


@dataclass(frozen=True, slots=True)
class FiledList:
    file: str
    crl: x509.CertificateRevocationList


@dataclass(frozen=True, slots=True)
class TrustStore:
    """What the folder held when it was read."""

    folder: Path
    anchors: tuple[Filed, ...] = ()
    intermediates: tuple[Filed, ...] = ()
    lists: tuple[FiledList, ...] = ()
    revocation: Revocation = Revocation.WHEN_PRESENT


def read_store(folder: Path, *, revocation: Revocation) -> TrustStore:
    """The folder as it is now; one that is not there is empty. Raises `TrustUnusable`."""
    return TrustStore(
        folder,
        anchors=tuple(_certificates(folder, folder)),
        intermediates=tuple(_certificates(folder / INTERMEDIATES, folder)),
        lists=tuple(
            FiledList(name, one)
            for name, octets in _files(folder / LISTS, folder, largest=LARGEST_LIST)
            for one in [_read(list_in, octets, name)]
        ),
        revocation=revocation,
    )


def _certificates(folder: Path, root: Path) -> Iterator[Filed]:
    for name, octets in _files(folder, root, largest=LARGEST_CERTIFICATES):
        for each in _read(certificates_in, octets, name):
            _read(require_readable, each, name)
            yield Filed(name, each)


def _read(reader: Callable[[Raw], Read], value: Raw, name: str) -> Read:
    try:
        return reader(value)
    except ValueError:
        raise TrustUnusable(file=name, reason="neither PEM nor DER of what belongs there") from None


def _files(folder: Path, root: Path, *, largest: int) -> Iterator[tuple[str, bytes]]:
    """Name inside of `root`, and content. Links are followed: they are the operator's."""
    try:
        _require_ours(folder, root)
        found = sorted(each for each in folder.iterdir() if not each.name.startswith(".") and not each.is_dir())
        if len(found) > MOST_FILES:
            raise TrustUnusable(file=_name(folder, root), reason=f"more than {MOST_FILES} files")
        for file in found:
            _require_ours(file, root)
            if file.stat().st_size > largest:
                raise TrustUnusable(file=_name(file, root), reason="too large")
            yield _name(file, root), file.read_bytes()
    except FileNotFoundError as error:
        if Path(error.filename or folder) != folder:
            raise TrustUnusable(file=_name(Path(error.filename), root), reason="it went away") from None
    except OSError:
        raise TrustUnusable(file=_name(folder, root), reason="not readable") from None


def _require_ours(path: Path, root: Path) -> None:
    if path.stat().st_mode & S_IWOTH:
        raise TrustUnusable(file=_name(path, root), reason="everybody may write to it")


def _name(path: Path, root: Path) -> str:
    return str(path.relative_to(root)) if path != root else str(root)
