"""What the archive reads from a sample package is what the sample says, without a finding."""

from collections import Counter
from pathlib import Path

import pytest
from pydicom import dcmread

from repository.domain.describing import Description, Kind
from repository.domain.identifiers import (
    PESEL_OID,
    check_nip,
    check_npwz_doctor,
    check_pesel,
    check_regon,
    check_rpwdl_book,
)
from repository.domain.takeover import Route
from repository.findings import Finding
from repository.formats.describe import describe
from repository.packages.package import HandoverPackage, open_package
from repository.samples import build_sample


def described(package: HandoverPackage) -> dict[str, Description]:
    """Every payload item that is there, by path."""
    found = {}
    for item in package.items():
        if item.size >= 0 and item.path.startswith("data/"):
            with package.open(item.path) as stream:
                content = stream.read()
            found[item.path] = describe(content, size=len(content), open_rest=lambda path=item.path: package.open(path))
    return found


def test_a_whole_package_is_read_without_a_finding(tmp_path: Path) -> None:
    summary = build_sample(tmp_path / "package")
    told: list[Finding] = []
    with open_package(tmp_path / "package") as package:
        patients = list(package.patients(report=told.append))
        found = described(package)
        items = [item for item in package.items() if item.path.startswith("data/")]
        assert package.rejection is None
        assert package.findings == ()
    assert told == []
    assert {path: description.findings for path, description in found.items() if description.findings} == {}
    assert Counter(description.kind for description in found.values()) == {
        Kind.CDA: summary.documents,
        Kind.DICOM: summary.images,
        Kind.PDF: 1,
        Kind.PNG: 1,
    }
    assert len(items) == summary.items
    assert all(item.declared and item.declared_digests for item in items)
    assert len(patients) == summary.patients


def test_documents_images_and_the_list_agree_on_every_patient(tmp_path: Path) -> None:
    build_sample(tmp_path / "package")
    with open_package(tmp_path / "package") as package:
        listed = {
            name.extension: (facts.name, facts.birth_date, facts.sex)
            for facts in package.patients()
            for name in facts.identifiers
            if name.root == PESEL_OID
        }
        found = described(package)
    assert len(listed) == 3
    seen = set()
    for path, description in found.items():
        if description.patient is not None:
            patient = description.patient
            pesel = next(name.extension for name in patient.identifiers if name.root == PESEL_OID)
            assert (patient.name, patient.birth_date, patient.sex) == listed[pesel], path
            verdict = check_pesel(pesel)
            assert verdict.valid
            assert (verdict.birth_date, verdict.sex) == (patient.birth_date, patient.sex)
            seen.add((pesel, description.kind))
    assert seen == {(pesel, kind) for pesel in listed for kind in (Kind.CDA, Kind.DICOM)}


def test_the_report_leads_to_its_imaging_study(tmp_path: Path) -> None:
    build_sample(tmp_path / "package", patients=1, images=1)
    with open_package(tmp_path / "package") as package:
        found = described(package)
    image = dcmread(next(tmp_path.rglob("*.dcm")), stop_before_pixels=True)
    reports = [d.document for path, d in found.items() if path.endswith("opis-badania.xml")]
    assert [report.study_uids for report in reports if report] == [(image.StudyInstanceUID,)]


def test_authors_and_the_provider_carry_valid_numbers(tmp_path: Path) -> None:
    build_sample(tmp_path / "package")
    with open_package(tmp_path / "package") as package:
        handover, found = package.handover, described(package)
    assert handover.route is Route.SUCCESSOR
    for provider in (handover.producer, handover.successor):
        assert provider is not None
        assert check_regon(provider.regon).valid
        assert check_nip(provider.nip).valid
        assert check_rpwdl_book(provider.rpwdl_book).valid
    authors = {d.document.author_id for d in found.values() if d.document}
    assert {author is not None and check_npwz_doctor(author.extension).valid for author in authors} == {True}


@pytest.mark.parametrize("seed", [1, 2])
def test_damage_is_visible_to_whoever_compares(tmp_path: Path, seed: int) -> None:
    damage = build_sample(tmp_path / "package", damage=True, seed=seed).damage
    with open_package(tmp_path / "package") as package:
        items = {item.path: item for item in package.items() if item.path.startswith("data/")}
    assert {path for path, item in items.items() if item.declared and item.size < 0} == set(damage.missing)
    assert {path for path, item in items.items() if not item.declared} == set(damage.unexpected)
    for copy, original in damage.duplicates:
        assert items[copy].declared_digests == items[original].declared_digests
    for copy, original in damage.conflicts:
        assert items[copy].declared_digests != items[original].declared_digests
        assert items[copy].size == items[original].size
