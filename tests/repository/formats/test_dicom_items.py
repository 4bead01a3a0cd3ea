"""What `describe` says of DICOM items."""

import struct
import zlib

import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from repository.domain.describing import Identifier, Kind
from repository.formats.dicom.classes import OF_NOBODY
from repository.formats.dicom.facts import is_oid
from repository.formats.dicom.heading import heading
from tests.builders import dicom
from tests.repository.formats.items import codes, described, described_from


@pytest.mark.parametrize("syntax", dicom.SYNTAXES)
@pytest.mark.parametrize("undefined", [True, False])
def test_every_encoding_gives_the_same_facts(syntax: str, undefined: bool) -> None:
    who = dicom.person(1)
    description = described(dicom.part10(dicom.data_set(1), syntax=syntax, undefined_lengths=undefined))
    assert (description.kind, description.findings) == (Kind.DICOM, ())
    assert description.patient is not None
    assert (description.patient.name, description.patient.birth_date) == (who.name, who.birth_date)
    assert description.patient.sex == who.sex
    assert description.patient.identifiers == (
        Identifier(dicom.PESEL_ROOT, who.pesel),
        Identifier("2.16.840.1.113883.3.4424.2.7.1.17.1", "L-1"),
    )
    assert description.dicom is not None
    assert description.dicom.transfer_syntax_uid == syntax
    assert description.dicom.sop_instance_uid == f"{dicom.UID_ROOT}.2.1.1.1"
    found = description.dicom.attributes
    assert (found["Rows"], found["ImageType"], found["StudyDescription"]) == (
        "8",
        "ORIGINAL\\PRIMARY\\AXIAL",
        "TK głowy",
    )
    assert found["RequestAttributesSequence.RequestedProcedureID"] == "R1"


@pytest.mark.parametrize("syntax", dicom.SYNTAXES[:3])
def test_a_data_set_without_preamble_is_read(syntax: str) -> None:
    description = described(dicom.bare(dicom.data_set(1), syntax=syntax))
    assert (description.kind, codes(description)) == (Kind.DICOM, ["DCM-003", "DCM-004"])
    assert description.dicom is not None
    assert description.dicom.transfer_syntax_uid == syntax


def test_a_file_without_transfer_syntax_is_read() -> None:
    body = dicom.bare(dicom.data_set(1))
    description = described(bytes(128) + b"DICM" + body)
    assert codes(description) == ["DCM-004"]
    assert description.dicom is not None


@pytest.mark.parametrize("keyword", ["StudyInstanceUID", "SeriesInstanceUID"])
@pytest.mark.parametrize("value", [None, ""])
def test_without_its_place_an_image_is_kept_and_not_placed(keyword: str, value: str | None) -> None:
    found = dicom.data_set(1)
    if value is None:
        delattr(found, keyword)
    else:
        setattr(found, keyword, value)
    description = described(dicom.part10(found))
    assert (description.kind, codes(description)) == (Kind.DICOM, ["DCM-005"])
    assert description.dicom is not None
    assert not description.dicom.placed
    assert description.dicom.sop_instance_uid == f"{dicom.UID_ROOT}.2.1.1.1"
    assert description.patient is not None
    assert description.patient.name == dicom.person(1).name


def test_a_sop_instance_uid_is_taken_from_the_file_meta_information() -> None:
    data = dicom.part10(dicom.data_set(1))
    uid = f"{dicom.UID_ROOT}.2.1.1.1".encode()
    at = data.rindex(uid[:20], 0, data.index(b"CT"))  # the one of the data set: meta information comes first
    description = described(
        data[: at - 8] + struct.pack("<HH2sH", 8, 0x19, b"UI", len(data[at:].split(b"\x08\0")[0])) + data[at:]
    )
    assert codes(description) == ["DCM-008"]
    assert description.dicom is not None
    assert description.dicom.sop_instance_uid == uid.decode()


def test_padding_of_uids_is_not_part_of_them() -> None:
    found = dicom.data_set(1)
    data = dicom.part10(found)
    uid = str(found.StudyInstanceUID).encode()
    padded = data.replace(uid + b"\0", uid + b" ") if uid + b"\0" in data else data.replace(uid, uid[:-2] + b" \0")
    description = described(padded)
    assert description.dicom is not None
    assert description.dicom.study_instance_uid == (uid if uid + b"\0" in data else uid[:-2]).decode()


@pytest.mark.parametrize(
    ("uid", "code", "placed"),
    [
        ("1.2.03", "DCM-006", True),
        ("abc", "DCM-006", True),
        ("1." + "2" * 64, "DCM-007", False),
        ("1.2\x01", "DCM-007", False),
    ],
)
def test_a_malformed_uid_is_reported(uid: str, code: str, placed: bool) -> None:
    found = dicom.data_set(1)
    dicom.put(found, "StudyInstanceUID", "LO", uid)
    description = described(dicom.part10(found))
    assert code in codes(description)
    assert description.dicom is not None
    assert description.dicom.placed is placed
    assert description.dicom.study_instance_uid == (uid if placed else "")


@pytest.mark.parametrize("keyword", ["SOPClassUID", "SOPInstanceUID"])
def test_what_does_not_say_which_instance_it_is_is_none(keyword: str) -> None:
    found = dicom.data_set(1)
    dicom.put(found, keyword, "LO", "1." + "2" * 64)
    assert described(dicom.part10(found)).dicom is None


@pytest.mark.parametrize("sop_class", sorted(OF_NOBODY))
def test_what_is_of_no_patient_by_its_class_lacks_nothing(sop_class: str) -> None:
    found = Dataset()
    found.SOPClassUID, found.SOPInstanceUID = sop_class, "1.2.3.4"
    description = described(dicom.part10(found))
    assert codes(description) == []
    assert description.dicom is not None
    assert not description.dicom.placed


@pytest.mark.parametrize("sop_class", ["1.2.840.10008.5.1.4.1.1.2", "1.3.6.1.4.1.99999.1"])
def test_what_is_of_no_patient_by_its_words_is_told_of_where_its_class_asks_for_one(sop_class: str) -> None:
    found = Dataset()
    found.SOPClassUID, found.SOPInstanceUID = sop_class, "1.2.3.4"
    assert {"DCM-005", "DCM-016"} <= set(codes(described(dicom.part10(found))))


@pytest.mark.parametrize(("syntax", "named"), [("1.2.840.10008.1.2.1", False), ("1.3.6.1.4.1.99999.7", True)])
@pytest.mark.parametrize("content", [bytes(range(200, 256)) * 20, bytes(4000)])
def test_what_cannot_be_read_is_what_its_heading_says_only_in_a_private_transfer_syntax(
    syntax: str, named: bool, content: bytes
) -> None:
    description = described(heading("1.2.840.10008.5.1.4.1.1.2", "1.2.3.4", syntax) + content)
    if not named:
        assert description.dicom is None
        return
    assert description.dicom is not None
    assert (description.dicom.sop_instance_uid, description.dicom.transfer_syntax_uid) == ("1.2.3.4", syntax)
    assert not description.dicom.placed
    assert described(heading("1.2.840.10008.5.1.4.1.1.2", "1.2.3.4", syntax)).dicom is None, "a heading of nothing"


def test_an_unknown_sop_class_is_kept_and_noted() -> None:
    found = dicom.data_set(1)
    found.SOPClassUID = "1.3.6.1.4.1.99999.1"
    description = described(dicom.part10(found))
    assert codes(description) == ["DCM-018"]
    assert description.dicom is not None


def test_dirty_values_stay_as_they_are_and_are_reported() -> None:
    found = dicom.data_set(1)
    dicom.put(found, "PatientBirthDate", "LO", "1958.02.30")
    dicom.put(found, "PatientSex", "CS", "K")
    description = described(dicom.part10(found))
    assert description.patient is not None
    assert (description.patient.birth_date, description.patient.sex) == ("1958.02.30", "K")
    assert {"DCM-013", "DCM-014", "DCM-015"} <= set(codes(description))


def test_a_number_under_another_value_representation_is_read_as_what_it_is() -> None:
    found = dicom.data_set(1)
    dicom.put(found, "Rows", "UL", 8)
    dicom.put(found, "InstanceNumber", "US", 7)
    description = described(dicom.part10(found))
    assert description.dicom is not None
    assert (description.dicom.attributes["Rows"], description.dicom.attributes["InstanceNumber"]) == ("8", "7")
    assert codes(description) == ["DCM-015", "DCM-015"]


def test_text_under_unknown_value_representation_is_read() -> None:
    found = dicom.data_set(1)
    dicom.put(found, "PatientName", "UN", b"Kowal^Jan")
    description = described(dicom.part10(found))
    assert description.patient is not None
    assert (description.patient.name, codes(description)) == ("Kowal^Jan", [])


def test_an_identifier_without_issuer_has_no_root_and_a_tag_is_no_text() -> None:
    found = dicom.data_set(1)
    del found.IssuerOfPatientID, found.IssuerOfPatientIDQualifiersSequence
    found.OtherPatientIDsSequence[0].TypeOfPatientID = "RFID"
    found.add_new(0x00101000, "LO", ["OLD-7", found.PatientID])
    description = described(dicom.part10(found))
    assert description.patient is not None
    assert description.patient.identifiers == (Identifier("", found.PatientID), Identifier("", "OLD-7"))


def test_the_word_pesel_and_an_oid_name_an_issuer() -> None:
    for issuer, root in (("pesel", dicom.PESEL_ROOT), ("1.2.3.4", "1.2.3.4"), ("SZPITAL", "")):
        found = dicom.data_set(1)
        del found.IssuerOfPatientIDQualifiersSequence, found.OtherPatientIDsSequence
        found.IssuerOfPatientID = issuer
        description = described(dicom.part10(found))
        assert description.patient is not None
        assert [one.root for one in description.patient.identifiers] == [root]


def test_a_pesel_that_contradicts_the_record_is_noted() -> None:
    found = dicom.data_set(1)
    found.PatientBirthDate = "20010101"
    assert codes(described(dicom.part10(found))) == ["FMT-005"]
    found = dicom.data_set(1)
    found.PatientID = found.PatientID[:-1] + str((int(found.PatientID[-1]) + 1) % 10)
    assert codes(described(dicom.part10(found))) == ["FMT-004"]
    found.PatientID = "123"
    assert "FMT-003" in codes(described(dicom.part10(found)))


@pytest.mark.parametrize("syntax", dicom.SYNTAXES)
def test_a_file_that_breaks_off_in_its_pixels_is_reported(syntax: str) -> None:
    data = dicom.part10(dicom.data_set(1), syntax=syntax)
    description = described(data[:-9])
    assert codes(description) == ["DCM-001"]
    assert description.dicom is not None


def test_encapsulated_pixels_that_break_off_are_reported() -> None:
    found = dicom.data_set(1)
    fragments = struct.pack("<HHI", 0xFFFE, 0xE000, 0) + struct.pack("<HHI", 0xFFFE, 0xE000, 64) + bytes(64)
    found.PixelData = fragments + struct.pack("<HHI", 0xFFFE, 0xE0DD, 0)
    found["PixelData"].is_undefined_length = True
    data = dicom.part10(found)
    at = data.rindex(b"OW\0\0")
    whole = data.replace(b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.1.2.5\0")
    assert at > 0
    assert codes(described(whole)) == []
    for cut in (1, 8, 9, 40, 79):
        assert codes(described(whole[:-cut])) == ["DCM-001"]


def test_a_header_longer_than_the_head_is_read_from_the_rest() -> None:
    found = dicom.data_set(1)
    found.private_block(0x0009, "SYNTHETIC", create=True).add_new(1, "OB", bytes(200_000))
    data = dicom.part10(found)
    assert described_from(data, head=4096) == described(data)
    assert described(data).dicom is not None


def test_pixels_behind_the_head_are_not_asked_for() -> None:
    found = dicom.data_set(1)
    found.PixelData = bytes(100_000)
    data = dicom.part10(found)
    opened = []
    from repository.formats.describe import describe

    description = describe(data[:4096], size=len(data), open_rest=lambda: opened.append(1))  # type: ignore[func-returns-value,arg-type,return-value]
    assert (codes(description), opened) == ([], [])
    assert codes(describe(data[:4096], size=len(data) - 2, open_rest=lambda: None)) == ["DCM-001"]  # type: ignore[arg-type,return-value]


def test_a_deflated_bomb_is_inflated_to_a_limit_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("repository.formats.dicom.reading.INFLATED_CAP", 1 << 20)
    engine = zlib.compressobj(9, wbits=-zlib.MAX_WBITS)
    bomb = engine.compress(bytes(64 << 20)) + engine.flush()
    head = dicom.part10(dicom.data_set(1), syntax=dicom.SYNTAXES[3])
    start = head.index(b"1.2.840.10008.1.2.1.99") + 22
    description = described(head[:start] + bomb)
    assert description.kind is Kind.DICOM
    assert description.dicom is None


def test_endless_nesting_is_kept_without_a_place() -> None:
    item = struct.pack("<HHI", 0xFFFE, 0xE000, 0xFFFFFFFF)
    sequence = struct.pack("<HH2sHI", 0x0008, 0x1140, b"SQ", 0, 0xFFFFFFFF)
    data = dicom.part10(dicom.data_set(1))
    start = data.index(b"\x08\0\x05\0CS")
    description = described(data[:start] + (sequence + item) * 20_000)
    assert (description.kind, description.dicom) == (Kind.DICOM, None)


def test_values_of_several_items_are_joined() -> None:
    found = dicom.data_set(1)
    second = Dataset()
    second.ScheduledProcedureStepID = "S2"
    found.RequestAttributesSequence = Sequence([found.RequestAttributesSequence[0], second])
    description = described(dicom.part10(found))
    assert description.dicom is not None
    assert description.dicom.attributes["RequestAttributesSequence.ScheduledProcedureStepID"] == "S1\\S2"


def test_an_oid_is_told_from_other_text() -> None:
    assert all(is_oid(text) for text in ("1.2", "2.16.840.1", "0.0.1"))
    assert not any(is_oid(text) for text in ("", "1", "1.", "1.02", "3.1", "1..2", "1.2 ", "1.2\n", "１.２"))
