"""A sample package is a valid bag, reproducible, and damaged exactly as its summary says."""

import csv
import hashlib
import json
import os
import subprocess
from pathlib import Path

import pytest
from lxml import etree
from pydicom import dcmread

from repository.samples import Damage, build_sample
from repository.samples.errors import SampleNotWritten, SamplePlaceTaken
from tests.builders.shared import shared

CDA = {"h": "urn:hl7-org:v3"}
SAFE = etree.XMLParser(resolve_entities=False, no_network=True)


def digests(folder: Path) -> dict[str, str]:
    return {
        str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }


@pytest.fixture
def package(tmp_path: Path) -> Path:
    build_sample(tmp_path / "package")
    return tmp_path / "package"


def checked(folder: Path, manifest: str) -> dict[str, str]:
    """What the system's own checker says of each declared file: OK, FAILED or FAILED open or read."""
    asked = ["sha256sum", "--check", "--strict", manifest]
    answer = subprocess.run(
        asked,
        cwd=folder,
        env={"LC_ALL": "C.UTF-8", "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )
    return dict(line.rsplit(": ", 1) for line in answer.stdout.splitlines())


def test_the_package_is_a_whole_bag(package: Path) -> None:
    assert (package / "bagit.txt").is_file()
    payload = checked(package, "manifest-sha256.txt")
    assert set(payload.values()) == {"OK"}
    assert set(payload) == {f"data/{path}" for path in digests(package / "data")}
    tags = checked(package, "tagmanifest-sha256.txt")
    assert set(tags.values()) == {"OK"}
    assert {f"metadata/{name}" for name in ("handover.json", "patients.csv", "consents.csv")} < set(tags)


@pytest.mark.parametrize("damage", [False, True])
def test_the_same_seed_gives_the_same_bytes(tmp_path: Path, damage: bool) -> None:
    for name, seed in (("one", 7), ("two", 7), ("three", 8)):
        build_sample(tmp_path / name, patients=2, images=2, seed=seed, damage=damage)
    assert digests(tmp_path / "one") == digests(tmp_path / "two")
    assert digests(tmp_path / "one") != digests(tmp_path / "three")


def test_a_patient_is_the_same_whatever_else_is_in_the_package(tmp_path: Path) -> None:
    build_sample(tmp_path / "small", patients=1, images=1)
    build_sample(tmp_path / "large", patients=3, images=5)
    small = digests(tmp_path / "small" / "data" / "pacjent-00001")
    large = digests(tmp_path / "large" / "data" / "pacjent-00001")
    assert {path: digest for path, digest in large.items() if path in small and path != "zdjecie.png"} == {
        path: digest for path, digest in small.items() if path != "zdjecie.png"
    }


def test_the_declared_counts_are_those_of_the_files(package: Path) -> None:
    counts = json.loads((package / "metadata" / "handover.json").read_bytes())["declared_counts"]
    payload = [file for file in (package / "data").rglob("*") if file.is_file()]
    images = [dcmread(file, stop_before_pixels=True) for file in payload if file.suffix == ".dcm"]
    assert counts["items"] == len(payload)
    assert counts["bytes"] == sum(file.stat().st_size for file in payload)
    assert counts["documents"] == sum(file.suffix == ".xml" for file in payload) == 12
    assert counts["instances"] == len({image.SOPInstanceUID for image in images}) == 12
    assert counts["series"] == len({image.SeriesInstanceUID for image in images}) == 3
    assert counts["studies"] == len({image.StudyInstanceUID for image in images}) == 3
    assert counts["patients"] == len({image.PatientID for image in images}) == 3


def test_images_and_documents_of_a_folder_name_the_same_patient_as_the_list(package: Path) -> None:
    with (package / "metadata" / "patients.csv").open(encoding="utf-8", newline="") as file:
        listed = {row["pesel"]: row for row in csv.DictReader(file)}
    assert len(listed) == 3
    for folder in (package / "data").iterdir():
        image = dcmread(next(folder.rglob("*.dcm")))
        row = listed[image.PatientID]
        assert str(image.PatientName) == f"{row['family_name']} {row['given_names']}".replace(" ", "^")
        assert (
            f"{image.PatientBirthDate[:4]}-{image.PatientBirthDate[4:6]}-{image.PatientBirthDate[6:]}"
            == row["birth_date"]
        )
        assert image.IssuerOfPatientIDQualifiersSequence[0].UniversalEntityID == "2.16.840.1.113883.3.4424.1.1.616"
        assert len(image.PixelData) == image.Rows * image.Columns * 2
        for document in folder.glob("*.xml"):
            root = etree.parse(document, SAFE)
            role = root.find("h:recordTarget/h:patientRole", CDA)
            assert {row["pesel"], row["local_id"]} == {name.get("extension") for name in role.findall("h:id", CDA)}
            assert role.findtext("h:patient/h:name/h:family", namespaces=CDA) == row["family_name"]
            assert " ".join(given.text for given in role.findall("h:patient/h:name/h:given", CDA)) == row["given_names"]


def test_both_character_sets_occur(package: Path) -> None:
    found = {dcmread(file).SpecificCharacterSet for file in package.rglob("*.dcm")}
    assert found == {"ISO_IR 192", "ISO_IR 101"}


def test_the_report_names_the_imaging_study_and_its_order(package: Path) -> None:
    folders = list((package / "data").iterdir())
    assert len(folders) == 3
    for folder in folders:
        image = dcmread(next(folder.rglob("*.dcm")))
        root = etree.parse(folder / "opis-badania.xml", SAFE)
        services = {name.get("root") for name in root.findall("h:documentationOf/h:serviceEvent/h:id", CDA)}
        order = root.find("h:inFulfillmentOf/h:order/h:id", CDA)
        assert image.StudyInstanceUID in services
        assert order.get("extension") == image.AccessionNumber


def test_the_header_rules_that_a_schema_cannot_express_hold(package: Path) -> None:
    numbers = set()
    for file in package.rglob("*.xml"):
        root = etree.parse(file, SAFE).getroot()
        release = root.xpath("h:templateId[@extension]/@extension", namespaces=CDA)
        assert release == ["1.3.1"]
        assert f'href="CDA_PL_IG_{release[0]}.xsl" type="text/xsl"' == root.getprevious().text
        author, legal = root.find("h:author/h:time", CDA), root.find("h:legalAuthenticator/h:time", CDA)
        assert author.get("value") == legal.get("value")
        for reference in root.findall(".//h:observation/h:text/h:reference", CDA):
            assert root.xpath("//*[@ID=$name]", name=reference.get("value")[1:])
        numbers.add(root.find("h:id", CDA).get("extension"))
    assert len(numbers) == 12


def test_every_document_is_valid_against_the_national_schema(package: Path) -> None:
    schema = etree.XMLSchema(etree.parse(shared("data", "pik", "plcda-xsd-1.3.1", "extPL_r2.xsd"), SAFE))
    documents = sorted(package.rglob("*.xml"))
    assert len(documents) == 12
    for document in documents:
        schema.assertValid(etree.parse(document, SAFE))


def test_damage_is_done_exactly_as_the_summary_says(tmp_path: Path) -> None:
    build_sample(tmp_path / "whole", patients=2)
    summary = build_sample(tmp_path / "hurt", patients=2, damage=True)
    whole, hurt = digests(tmp_path / "whole" / "data"), digests(tmp_path / "hurt" / "data")
    damage = summary.damage
    copies = {f"data/{path}" for path in hurt.keys() - whole.keys()}
    assert copies == {pair[0] for pair in damage.duplicates + damage.conflicts} | set(damage.unexpected)
    assert {f"data/{path}" for path in whole.keys() - hurt.keys()} == set(damage.missing)
    changed = {f"data/{path}" for path in whole.keys() & hurt.keys() if whole[path] != hurt[path]}
    assert changed == set(damage.altered)
    assert all(len(kind) == 1 for kind in (damage.altered, damage.missing, damage.unexpected))
    assert len(damage.duplicates) == len(damage.conflicts) == 1


def test_a_checker_of_digests_finds_the_damage_and_nothing_else(tmp_path: Path) -> None:
    damage = build_sample(tmp_path / "hurt", damage=True).damage
    verdicts = checked(tmp_path / "hurt", "manifest-sha256.txt")
    assert {path for path, verdict in verdicts.items() if verdict == "FAILED"} == set(damage.altered)
    assert {path for path, verdict in verdicts.items() if verdict == "FAILED open or read"} == set(damage.missing)
    there = {f"data/{path}" for path in digests(tmp_path / "hurt" / "data")}
    assert there - verdicts.keys() == set(damage.unexpected)
    assert {pair[0] for pair in damage.duplicates + damage.conflicts} <= verdicts.keys()


def test_a_duplicate_has_the_same_bytes_and_a_conflict_only_the_same_name(tmp_path: Path) -> None:
    folder = tmp_path / "hurt"
    damage = build_sample(folder, damage=True).damage
    ((copy, original),) = damage.duplicates
    assert (folder / copy).read_bytes() == (folder / original).read_bytes()
    ((copy, original),) = damage.conflicts
    one, other = dcmread(folder / copy), dcmread(folder / original)
    assert one.SOPInstanceUID == other.SOPInstanceUID
    assert one.PixelData != other.PixelData


def test_the_altered_document_is_well_formed_and_of_the_same_size(tmp_path: Path) -> None:
    build_sample(tmp_path / "whole")
    damage = build_sample(tmp_path / "hurt", damage=True).damage
    (path,) = damage.altered
    before, after = (tmp_path / "whole" / path).read_bytes(), (tmp_path / "hurt" / path).read_bytes()
    assert len(before) == len(after)
    assert sum(one != other for one, other in zip(before, after, strict=True)) == 1
    assert etree.fromstring(after, SAFE).tag == "{urn:hl7-org:v3}ClinicalDocument"


def test_a_package_without_images_names_no_study(tmp_path: Path) -> None:
    summary = build_sample(tmp_path / "package", images=0, damage=True)
    assert summary.studies == summary.images == 0
    assert summary.damage.conflicts == ()
    assert not list(tmp_path.rglob("opis-badania.xml"))


@pytest.mark.parametrize(
    ("image_bytes", "rows", "columns"), [(512 * 1024, 512, 512), (2, 1, 1), (100, 7, 7), (12, 2, 3)]
)
def test_pixel_data_is_as_large_as_was_asked(tmp_path: Path, image_bytes: int, rows: int, columns: int) -> None:
    build_sample(tmp_path / "package", patients=1, images=1, image_bytes=image_bytes)
    image = dcmread(next(tmp_path.rglob("*.dcm")))
    assert (image.Rows, image.Columns) == (rows, columns)
    assert len(image.PixelData) == 2 * rows * columns


def test_progress_ends_at_its_total(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    summary = build_sample(
        tmp_path / "package", patients=2, images=1, progress=lambda done, total: told.append((done, total))
    )
    assert [done for done, _ in told] == list(range(1, summary.items + 1))
    assert {total for _, total in told} == {summary.items}


def test_nothing_is_written_over(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(SamplePlaceTaken):
        build_sample(tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["mine.txt"]


def test_a_place_that_cannot_be_made_is_told_in_words(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(SampleNotWritten) as caught:
        build_sample(tmp_path / "file" / "package")
    assert "Not a directory" in caught.value.message.en


@pytest.mark.parametrize("wrong", [{"patients": 0}, {"images": -1}, {"image_bytes": 1}])
def test_impossible_wishes_are_refused(tmp_path: Path, wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="at least one patient"):
        build_sample(tmp_path / "package", **wrong)
    assert not (tmp_path / "package").exists()


def test_without_damage_the_summary_lists_none(tmp_path: Path) -> None:
    assert build_sample(tmp_path / "package").damage == Damage()
