"""`takeover inventory`: what a takeover holds of images, as a DICOM file, for whoever may learn of it."""

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import typer
from pydicom import Dataset, dcmread
from typer.testing import Result

from cli import inventory
from cli.main import Doors
from repository.delivering import PlaceTaken
from repository.formats.dicom.inventory import CREATOR, INVENTORY_STORAGE
from repository.inventories import NoInventory
from repository.inventory_checking import InventoryNotRead
from tests.builders.access import OURS
from tests.builders.staff import Staff
from tests.cli.invoking import invoked
from tests.cli.running import Machine
from tests.cli.staff import signed_in

FOR = ("--purpose", "custody")
app = typer.Typer(cls=Doors)
app.command("inventory")(inventory.inventory)
app.add_typer(inventory.verbs, name="of")


@app.callback()
def _callback() -> None:
    """A group, as `takeover` is."""


def run(machine: Machine, *words: object, verb: tuple[str, ...] = ("inventory",)) -> Result:
    result = invoked([*verb, *words], env=machine.environment, program=app)
    assert "Traceback" not in result.output
    return result


def told(machine: Machine, *words: object) -> dict[str, Any]:
    result = run(machine, *words, "--json")
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def digests(found: Dataset) -> set[bytes]:
    return {
        instance.private_block(0x0009, CREATOR)[1].value
        for study in found.InventoriedStudiesSequence
        for series in study.InventoriedSeriesSequence
        for instance in series.InventoriedInstancesSequence
    }


def test_an_inventory_is_written_as_a_file_of_every_image(filled: Machine, takeover: str, tmp_path: Path) -> None:
    file = tmp_path / "inventory.dcm"
    row = told(filled, takeover[:13], *FOR, "--output", file)
    found = dcmread(file)
    assert (row["id"], row["sop_instance_uid"], row["file"]) == (takeover, found.SOPInstanceUID, str(file))
    assert (found.SOPClassUID, found.TotalNumberOfStudyRecords) == (INVENTORY_STORAGE, row["studies"])
    package = [each.read_bytes() for each in (filled.folder / "package").rglob("*") if each.is_file()]
    assert digests(found)
    assert digests(found) <= {hashlib.sha256(each).digest() for each in package}
    assert file.stat().st_mode & 0o777 == 0o600


def test_it_is_the_same_file_each_time(filled: Machine, takeover: str, tmp_path: Path) -> None:
    files = [tmp_path / "one.dcm", tmp_path / "two.dcm"]
    for file in files:
        run(filled, takeover, *FOR, "--output", file)
    assert files[0].read_bytes() == files[1].read_bytes()


def test_asked_for_again_in_the_same_place_it_is_there(filled: Machine, takeover: str, tmp_path: Path) -> None:
    file = tmp_path / "inventory.dcm"
    first = told(filled, takeover, *FOR, "--output", file)
    content = file.read_bytes()
    assert told(filled, takeover, *FOR, "--output", file) == first
    assert file.read_bytes() == content


def test_nothing_is_overwritten(filled: Machine, takeover: str, tmp_path: Path) -> None:
    file = tmp_path / "there.dcm"
    file.write_bytes(b"mine")
    result = run(filled, takeover, *FOR, "--output", file)
    assert (result.exit_code, file.read_bytes()) == (PlaceTaken.exit_code, b"mine")
    assert PlaceTaken.code in result.stderr
    assert [each.name for each in tmp_path.iterdir()] == ["there.dcm"]


def test_without_a_file_it_says_what_it_would_be(filled: Machine, takeover: str) -> None:
    row = told(filled, takeover, *FOR)
    assert set(row) == {"id", "sop_instance_uid", "studies"}
    assert row["sop_instance_uid"] in run(filled, takeover, *FOR, "--lang", "pl").stdout


def test_whoever_may_learn_of_nothing_gets_none(filled: Machine, takeover: str, tmp_path: Path) -> None:
    stranger = signed_in(filled, Staff(surname="Obca", house=OURS))
    result = run(stranger, takeover, *FOR, "--output", tmp_path / "none.dcm")
    assert result.exit_code == NoInventory.exit_code
    assert NoInventory.code in result.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("words", [(), ("--purpose", "curiosity")])
def test_there_is_none_without_a_purpose(filled: Machine, takeover: str, words: tuple[str, ...]) -> None:
    assert run(filled, takeover, *words).exit_code == 2


@pytest.fixture(scope="module")
def written(filled: Machine, takeover: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("written") / "inventory.dcm"
    run(filled, takeover, *FOR, "--output", file)
    return file


def checked(machine: Machine, file: Path, package: Path) -> tuple[int, dict[str, Any]]:
    result = run(machine, file, package, "--json", verb=("of", "check"))
    return result.exit_code, json.loads(result.stdout)


def test_a_package_is_whole_by_the_inventory_of_its_takeover(bare: Machine, filled: Machine, written: Path) -> None:
    code, told = checked(bare, written, filled.folder / "package")
    assert (code, told["whole"], told["missing"]) == (0, True, [])
    assert told["instances"] == len(digests(dcmread(written))) > 0
    assert told["others"] > 0


def test_an_image_that_is_missing_or_changed_is_named(
    bare: Machine, filled: Machine, written: Path, tmp_path: Path
) -> None:
    package = tmp_path / "package"
    shutil.copytree(filled.folder / "package", package)
    inside = digests(dcmread(written))
    gone, changed, *_ = [
        each
        for each in sorted(package.rglob("*"))
        if each.is_file() and hashlib.sha256(each.read_bytes()).digest() in inside
    ]
    uids = {str(dcmread(each).SOPInstanceUID) for each in (gone, changed)}
    gone.unlink()
    content = bytearray(changed.read_bytes())
    content[-1] ^= 1
    changed.write_bytes(content)
    code, told = checked(bare, written, package)
    assert (code, told["whole"], set(told["missing"])) == (5, False, uids)
    people = run(bare, written, package, verb=("of", "check"))
    assert (people.exit_code, uids.copy().pop() in people.stdout) == (5, True)


@pytest.mark.parametrize("content", [b"", b"nothing of the kind", b"\0" * 128 + b"DICM" + b"\0" * 100])
def test_what_is_no_inventory_checks_nothing(bare: Machine, content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(content)
    result = run(bare, file, tmp_path, verb=("of", "check"))
    assert (result.exit_code, InventoryNotRead.code in result.stderr) == (2, True)
    assert run(bare, tmp_path / "none", tmp_path, verb=("of", "check")).exit_code == 2


def test_half_an_inventory_checks_nothing(bare: Machine, filled: Machine, written: Path, tmp_path: Path) -> None:
    whole = written.read_bytes()
    for length in (len(whole) - 1, len(whole) - 30, len(whole) // 2, 700):
        half = tmp_path / "half.dcm"
        half.write_bytes(whole[:length])
        result = run(bare, half, filled.folder / "package", verb=("of", "check"))
        assert (result.exit_code, InventoryNotRead.code in result.stderr) == (2, True)
