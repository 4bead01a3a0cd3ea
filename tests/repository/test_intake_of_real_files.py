"""Real files, real stores, real sizes: what the journey in does with what it did not make itself."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pydicom
import pytest

from repository.domain.describing import Kind
from repository.domain.takeover import State
from repository.intake import Order, receive
from repository.runtime import create_archive, open_archive
from repository.samples.building import build_sample
from repository.settings import Settings
from repository.upkeep.verifying import Level, VerifyOrder, verify
from storage.keys.protection import by_key_file, new_key_file
from storage.keys.ring import write_private
from tests.builders.archives import write_files
from tests.builders.archives_at_rest import AtRest, at_rest
from tests.builders.cda import clinical_document
from tests.builders.homes import assert_whole
from tests.builders.shared import official_examples
from tests.peers import rclone
from tests.repository.taken_over import GIVEN, LARGE, assert_given_back

pytestmark = pytest.mark.requirement("R463-6.1")
PYDICOM_FILES = Path(pydicom.__file__).parent / "data"


@pytest.fixture
def archive(tmp_path: Path) -> AtRest:
    return at_rest(tmp_path / "archive")


@pytest.mark.requirement("R463-3.1.1")
def test_the_official_examples_are_taken_over_and_come_back(archive: AtRest) -> None:
    examples = official_examples()
    contents = {path.name: path.read_bytes() for path in examples.iterdir() if path.suffix == ".xml"}
    assert len(contents) >= 31
    with archive.open() as opened:
        takeover = receive(opened, Order(examples, given=GIVEN), progress=lambda _: None)
        assert_given_back(opened, takeover, contents)
        kinds = {h.path: h.description.kind for h in opened.catalogue.holdings(takeover.number)}
        assert {kind for path, kind in kinds.items() if path in contents} == {Kind.CDA}
        assert opened.catalogue.counts(takeover.number).documents == len(contents)


@pytest.mark.requirement("R463-3.1.2")
def test_every_file_that_pydicom_ships_is_taken_over_and_comes_back(archive: AtRest) -> None:
    """Real and odd DICOM files: without preamble, deflated, big endian, truncated, DICOMDIRs. Nothing is downloaded."""
    with archive.open() as opened:
        takeover = receive(opened, Order(PYDICOM_FILES, given=GIVEN), progress=lambda _: None)
        contents = {
            str(path.relative_to(PYDICOM_FILES)): path.read_bytes()
            for path in PYDICOM_FILES.rglob("*")
            if path.is_file() and not path.is_symlink()
        }
        assert len([name for name in contents if name.endswith(".dcm")]) > 60
        assert_given_back(opened, takeover, contents)
        assert opened.catalogue.counts(takeover.number).instances > 50
        assert verify(opened, VerifyOrder(level=Level.OPENED), progress=lambda _: None).findings == ()


@contextmanager
def a_store(kind: str, folder: Path) -> Iterator[tuple[str, str, Path | None]]:
    """Address, access key and file of the secret key of an empty store."""
    if kind == "memory":
        yield "memory:", "", None
    elif kind == "file":
        yield "", "", None
    else:
        secret = folder / "secret"
        write_private(secret, rclone.SECRET_KEY.encode())
        with rclone.serving(folder / "s3") as endpoint:
            yield f"s3://archive?endpoint=http://{endpoint}", rclone.ACCESS_KEY, secret


@pytest.mark.parametrize("kind", ["memory", "file", "s3"])
def test_the_journey_is_the_same_on_every_store(tmp_path: Path, kind: str) -> None:
    key_file = tmp_path / "key"
    write_private(key_file, new_key_file())
    with a_store(kind, tmp_path) as (address, access, secret):
        settings = Settings(tmp_path / "home", key_file=key_file, s3_access_key=access, s3_secret_key_file=secret)
        create_archive(settings, protection=by_key_file(key_file.read_bytes()), store=address, versioned=False)
        package = build_sample(tmp_path / "bag", damage=True).folder
        with open_archive(settings) as opened:
            takeover = receive(opened, Order(package), progress=lambda _: None)
            assert takeover.state is State.ACCEPTED_WITH_EXCEPTIONS
            assert_whole(opened, takeover, package)
            for level in Level:
                assert verify(opened, VerifyOrder(level=level), progress=lambda _: None).findings == ()


_GREEDY = """
import resource, sys
from pathlib import Path
from repository.domain.takeover import Handover, Producer
from repository.intake import Order, receive
from repository.runtime import open_archive
from repository.settings import Settings

home, key, small, large = map(Path, sys.argv[1:])
with open_archive(Settings(home, key_file=key)) as archive:
    given = Handover(producer=Producer(name="Przychodnia", regon="123456785"))
    receive(archive, Order(small, given=given), progress=lambda _: None)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    takeover = receive(archive, Order(large, given=given), progress=lambda _: None)
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(takeover.state.value, after - before)
"""


def test_memory_does_not_grow_with_the_size_of_a_file(tmp_path: Path) -> None:
    """96 MiB in one file, then 96 MiB more: the peak of the process grows by a part of one of them (KiB, Linux)."""
    key_file = tmp_path / "key"
    write_private(key_file, new_key_file())
    settings = Settings(tmp_path / "home", key_file=key_file)
    create_archive(settings, protection=by_key_file(key_file.read_bytes()))
    small, large = tmp_path / "small", tmp_path / "large"
    write_files(small, {"a.bin": LARGE, "b.txt": b"b", "c.xml": clinical_document(1)})
    large.mkdir()
    for name in ("one.bin", "two.bin"):
        with (large / name).open("wb") as out:
            for part in range(96):
                out.write(os.urandom(1 << 19) + bytes((part,)) * (1 << 19))
    command = [sys.executable, "-c", _GREEDY, *map(str, (settings.home, key_file, small, large))]
    done = subprocess.run(
        command, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=True, timeout=150
    )
    state, grown = done.stdout.split()
    assert state == "accepted"
    assert int(grown) < 40 << 10
