"""Images that can be told wherever they are in clear, and a look into every place where they might be."""

from contextlib import suppress
from pathlib import Path

from pydicom import Dataset

from tests.dicom_gateway.raw import MR, an_instance

MARKER = b"IN-CLEAR-THIS-IS-AN-IMAGE"  # of 25 bytes: at any place in a block
NAME = b"Jawnicka"
SHARED = Path("/dev/shm")


def marked(seed: int, *, instance: int = 1, size: int = 1 << 15, kind: str = MR) -> Dataset:
    """An image with the marker over and over in its pixels, of a patient whose name is one as well."""
    made = an_instance(seed, kind=kind, instance=instance, marker=MARKER, size=size)
    made.PatientName = f"{NAME.decode()}^{seed}"
    return made


def assert_nowhere(home: Path, *others: Path, pid: "int | str" = "self") -> None:
    """In no file of these folders, and none that the process has open, whether it has a name or not; nor, directly in
    memory that is shared, in any that this account may read. The catalogue knows names, and it alone; it is told from
    other files by its own."""
    assert home.is_dir()
    files = [each for folder in (home, *others) for each in folder.rglob("*") if each.is_file()]
    assert files
    shared = [each for each in SHARED.iterdir() if each.is_file()] if SHARED.is_dir() else []
    held = [each for each in Path(f"/proc/{pid}/fd").iterdir() if _is_plain(each)]
    for each in (*files, *shared, *held):
        content = _content(each)
        assert MARKER not in content, each
        if "catalogue" not in str(_real(each)):
            assert NAME not in content, each


def _real(file: Path) -> Path:
    with suppress(OSError):
        return file.readlink()
    return file


def _is_plain(file: Path) -> bool:
    try:
        return file.is_file()
    except OSError:
        return False


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:  # gone in the meantime, or not ours
        return b""
