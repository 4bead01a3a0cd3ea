"""Packages with too much, too little, or nothing in them: kept or named, never stopped by."""

import os
from pathlib import Path

import pytest

from repository.domain.takeover import State
from repository.findings import rules
from repository.intake import Order, receive
from repository.upkeep.verifying import Level, VerifyOrder, verify
from tests.builders.archives import RawMember, raw_zip, zip_bytes
from tests.builders.archives_at_rest import AtRest, at_rest, bare_package
from tests.builders.dicom import data_set, part10
from tests.builders.homes import assert_whole
from tests.repository.taken_over import FILES, GIVEN, LARGE, assert_given_back, lots, paper

pytestmark = pytest.mark.requirement("R463-6.1")


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> AtRest:
    return at_rest(tmp_path_factory.mktemp("empty"))


@pytest.fixture
def archive(empty: AtRest, tmp_path: Path) -> AtRest:
    return empty.copy(tmp_path / "archive")


@pytest.mark.requirement("R463-3.1.1")
def test_hostile_xml_is_refused_by_name_and_the_rest_is_kept(archive: AtRest, tmp_path: Path) -> None:
    bomb = b'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "ha">' + b"".join(
        b'<!ENTITY %c "&%c;&%c;">' % (98 + n, 97 + n, 97 + n) for n in range(20)
    )
    evil = {"bomb.xml": bomb + b"]><l>&u;</l>", "xxe.xml": b'<!DOCTYPE x SYSTEM "file:///etc/passwd"><x/>'}
    package = bare_package(tmp_path / "p", FILES | evil)
    with archive.open() as opened:
        takeover = receive(opened, Order(package, given=GIVEN), progress=lambda _: None)
        assert takeover.state is State.ACCEPTED_WITH_EXCEPTIONS
        exceptions = paper(opened, takeover)["statement"]["exceptions"]
        assert_given_back(opened, takeover, FILES)
    assert {each["path"]: each["disposition"] for each in exceptions} == dict.fromkeys(evil, "refused")
    assert all(each["reason"] in rules() for each in exceptions)


def test_a_package_of_opaque_and_empty_files_is_kept(archive: AtRest, tmp_path: Path) -> None:
    files = {"x": b"", "y": b"\xff" * 5000, "deep/er/z": b"\0", "żółć ✓.bin": b"z"}
    package = bare_package(tmp_path / "p", files)
    with archive.open() as opened:
        takeover = receive(opened, Order(package, given=GIVEN), progress=lambda _: None)
        assert takeover.state is State.ACCEPTED
        assert_given_back(opened, takeover, files)
        assert opened.catalogue.counts(takeover.number).patients == 0


def test_a_name_that_is_not_text_stops_nothing(archive: AtRest, tmp_path: Path) -> None:
    folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/p\xff"))
    folder.mkdir()
    (folder / os.fsdecode(b"n\xfe.txt")).write_bytes(b"content")
    with archive.open() as opened:
        takeover = receive(opened, Order(folder, given=GIVEN), progress=lambda _: None)
        assert takeover.state is State.ACCEPTED
        assert list(lots(opened, takeover)) == ["n\\xfe.txt"]
        assert verify(opened, VerifyOrder(level=Level.OPENED), progress=lambda _: None).whole


@pytest.mark.parametrize("kind", ["folder", "zip", "nonsense"])
def test_a_package_of_nothing_is_rejected_with_a_signed_protocol(archive: AtRest, tmp_path: Path, kind: str) -> None:
    path = tmp_path / "p"
    if kind == "folder":
        path.mkdir()
    else:
        path.write_bytes(zip_bytes({}) if kind == "zip" else b"not an archive at all")
    with archive.open() as opened:
        takeover = receive(opened, Order(path, given=GIVEN), progress=lambda _: None)
        assert takeover.state is State.REJECTED
        said = paper(opened, takeover)
        assert verify(opened, VerifyOrder(level=Level.OPENED), progress=lambda _: None).whole
    assert said["verdict"] == "rejected"
    assert said["statement"]["tally"]["holdings"] == 0
    assert {finding["code"] for finding in said["findings"]} & {"PKG-EMPTY", "PKG-NOT-A-PACKAGE"}


def test_a_package_of_which_nothing_can_be_kept_is_rejected(archive: AtRest, tmp_path: Path) -> None:
    package = bare_package(tmp_path / "p", {"x.xml": b'<!DOCTYPE x SYSTEM "file:///etc/passwd"><x/>'})
    with archive.open() as opened:
        takeover = receive(opened, Order(package, given=GIVEN), progress=lambda _: None)
        assert takeover.state is State.REJECTED
        assert paper(opened, takeover)["statement"]["exceptions"][0]["disposition"] == "refused"


def test_what_the_package_lacks_is_given_by_hand(archive: AtRest, tmp_path: Path) -> None:
    package = bare_package(tmp_path / "p", FILES)
    takeover = archive.receive(package, given=GIVEN)
    with archive.open() as opened:
        assert paper(opened, takeover)["handover"]["producer"]["name"] == "Przychodnia"


def test_what_is_wrong_with_the_list_of_patients_is_in_the_protocol(archive: AtRest, tmp_path: Path) -> None:
    files = FILES | {"metadata/patients.csv": b"local_id,family_name\n,Nikt\nP-1,Nieobecny\n"}
    takeover = archive.receive(bare_package(tmp_path / "p", files))
    with archive.open() as opened:
        codes = {finding["code"] for finding in paper(opened, takeover)["findings"]}
        assert "PKG-PATIENTS-NOBODY" in codes
        assert opened.catalogue.counts(takeover.number).patients == 3
        assert verify(opened, VerifyOrder(level=Level.OPENED), progress=lambda _: None).whole


def test_large_items_are_streamed_and_their_twins_counted(archive: AtRest, tmp_path: Path) -> None:
    """Their bytes are known only after sealing: also of those that are sealed at the same time."""
    files = {f"{n}.bin": LARGE + bytes((n // 4,)) for n in range(8)} | {"s.txt": b"small"}
    package = bare_package(tmp_path / "p", files)
    with archive.open() as opened:
        takeover = receive(opened, Order(package, given=GIVEN), progress=lambda _: None)
        assert takeover.state is State.ACCEPTED
        found = [item.duplicate_of for item in opened.catalogue.items(takeover.number)]
        assert found == [0, 1, 1, 1, 0, 5, 5, 5, 0]
        assert_whole(opened, takeover, package)


def test_a_large_item_that_is_damaged_behind_its_beginning_is_named_and_stops_nothing(
    archive: AtRest, tmp_path: Path
) -> None:
    image = part10(data_set(4)) + LARGE
    members = [
        RawMember(b"broken.bin", LARGE, crc=1),
        RawMember(b"broken.dcm", image, crc=1),
        RawMember(b"whole.bin", LARGE),
    ]
    (tmp_path / "p.zip").write_bytes(raw_zip([*members, RawMember(b"ok.txt", b"ok")]))
    with archive.open() as opened:
        takeover = receive(opened, Order(tmp_path / "p.zip", given=GIVEN), progress=lambda _: None)
        assert takeover.state is State.ACCEPTED_WITH_EXCEPTIONS
        exceptions = paper(opened, takeover)["statement"]["exceptions"]
        assert_given_back(opened, takeover, {"whole.bin": LARGE, "ok.txt": b"ok"})
        assert verify(opened, VerifyOrder(level=Level.OPENED), progress=lambda _: None).findings == ()
    assert {(each["path"], each["disposition"], each["reason"]) for each in exceptions} == {
        (f"broken.{end}", "missing", "TKO-UNREADABLE") for end in ("bin", "dcm")
    }


def test_patients_of_the_list_have_a_row_though_their_only_item_is_unreadable(archive: AtRest, tmp_path: Path) -> None:
    image = part10(data_set(4)) + LARGE
    patients = f"pesel,family_name\n{data_set(4).PatientID},Nowak\n".encode()
    members = [RawMember(b"broken.dcm", image, crc=1), RawMember(b"metadata/patients.csv", patients)]
    (tmp_path / "p.zip").write_bytes(raw_zip(members))
    with archive.open() as opened:
        takeover = receive(opened, Order(tmp_path / "p.zip", given=GIVEN), progress=lambda _: None)
        assert [each.number for each in opened.catalogue.patients(takeover.number)] == [1]
        assert verify(opened, VerifyOrder(level=Level.OPENED), progress=lambda _: None).findings == ()


def test_an_ambiguous_item_leads_from_nobody_to_nobody(archive: AtRest, tmp_path: Path) -> None:
    """An item that names two patients is put with the first; the second's number must not find the first's papers."""
    both = data_set(2)
    both.OtherPatientIDsSequence[0].PatientID = data_set(1).PatientID
    both.OtherPatientIDsSequence[0].IssuerOfPatientIDQualifiersSequence = both.IssuerOfPatientIDQualifiersSequence
    both.SOPInstanceUID += ".9"
    files = {
        "1.dcm": part10(data_set(1)),
        "2.dcm": part10(data_set(2)),
        "3.dcm": part10(both),
        "4.dcm": part10(data_set(1, instance=8)),
    }
    takeover = archive.receive(bare_package(tmp_path / "p", files))
    with archive.open() as opened:
        known = opened.catalogue
        whose = {holding.path: holding.patient for holding in known.holdings(takeover.number)}
        assert whose == {"1.dcm": 1, "2.dcm": 2, "3.dcm": 2, "4.dcm": 1}
        owners: dict[tuple[str, str], set[int]] = {}
        for patient in known.patients(takeover.number):
            for identifier in patient.facts.identifiers:
                owners.setdefault((identifier.root, identifier.extension), set()).add(patient.number)
        assert sorted(map(sorted, owners.values())) == [[1], [1], [2], [2]]
        assert "TKO-PATIENT-AMBIGUOUS" in {
            f.code for h in known.holdings(takeover.number) for f in h.description.findings
        }
