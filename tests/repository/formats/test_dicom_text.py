"""Text of DICOM headers: declared, undeclared and wrongly declared character sets."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom import dcmread

from repository.formats.dicom.charsets import declared, settle
from repository.formats.dicom.values import text_of
from tests.builders import dicom
from tests.repository.formats.items import codes, described, shipped

NAME = "Źrebięcki^Święcisława"


def named(raw: bytes, charset: str | None) -> tuple[str, list[str]]:
    """The name and the findings of an image whose name is these bytes, under this declared character set."""
    found = dicom.data_set(1, charset="ISO_IR 100")
    found.StudyDescription = "TK"
    dicom.put(found, "PatientName", "PN", "X" * len(raw))
    if charset is None:
        del found.SpecificCharacterSet
    else:
        dicom.put(found, "SpecificCharacterSet", "CS", charset.split("\\"))
    description = described(dicom.part10(found).replace(b"X" * len(raw), raw))
    assert description.patient is not None
    return description.patient.name, codes(description)


@pytest.mark.parametrize(
    ("charset", "codec"),
    [
        ("ISO_IR 101", "iso8859_2"),
        ("ISO_IR 192", "utf-8"),
        ("ISO 2022 IR 101", "iso8859_2"),
        ("ISO-IR 101", "iso8859_2"),
        ("ISO_IR_192", "utf-8"),
    ],
)
def test_declared_polish_is_read(charset: str, codec: str) -> None:
    assert named(NAME.encode(codec), charset) == (NAME, [])


@pytest.mark.parametrize("charset", ["ISO_IR 100", "ISO_IR 101", "ISO_IR 6", "", None])
@pytest.mark.parametrize("name", [NAME, "Święcka^Śława", "Gąsior^Ździsław", "Bąk^Michał"])
def test_windows_1250_under_another_name_is_noticed_and_read(charset: str | None, name: str) -> None:
    found, noticed = named(name.encode("cp1250"), charset)
    assert (found, noticed) == (name, ["DCM-010"])


@pytest.mark.parametrize("charset", ["ISO_IR 100", "", None])
@pytest.mark.parametrize("name", ["Wójcik^Małgorzata", "Bąk^Święcisława", "Żak^Łucja"])
def test_latin_2_under_another_name_is_noticed_and_read(charset: str | None, name: str) -> None:
    assert named(name.encode("iso8859_2"), charset) == (name, ["DCM-010"])


@pytest.mark.parametrize("charset", ["ISO_IR 100", "ISO_IR 101", "", None])
def test_utf_8_under_another_name_is_noticed_and_read(charset: str | None) -> None:
    assert named(NAME.encode(), charset) == (NAME, ["DCM-010"])


def test_windows_1250_declared_as_utf_8_is_noticed_and_read() -> None:
    assert named(NAME.encode("cp1250"), "ISO_IR 192") == (NAME, ["DCM-010"])


@pytest.mark.parametrize(
    ("name", "charset", "codec"),
    [
        ("Müller^Jürgen", "ISO_IR 100", "latin_1"),
        ("García Núñez^José", "ISO_IR 100", "latin_1"),
        ("Tomášek^Jiří", "ISO_IR 101", "iso8859_2"),
        ("Šimek^Ondřej", "ISO_IR 101", "iso8859_2"),
        ("Люкceмбypг", "ISO_IR 144", "iso8859_5"),
    ],
)
def test_foreign_names_are_not_taken_for_polish(name: str, charset: str, codec: str) -> None:
    assert named(name.encode(codec), charset) == (name, [])


def test_a_sign_in_a_description_is_not_taken_for_a_letter() -> None:
    found = dicom.data_set(1, charset="ISO_IR 100")
    found.PatientName, found.StudyDescription = "Kowal^Jan", "objetosc 12 cm³ ± 1"
    description = described(dicom.part10(found))
    assert description.dicom is not None
    assert (description.dicom.attributes["StudyDescription"], codes(description)) == ("objetosc 12 cm³ ± 1", [])


def test_an_unknown_character_set_is_reported() -> None:
    name, noticed = named(b"Kowal^Jan", "KLINGON")
    assert (name, noticed) == ("Kowal^Jan", ["DCM-011"])
    assert named(NAME.encode("iso8859_2"), "KLINGON") == (NAME, ["DCM-011", "DCM-010"])


def test_bytes_that_are_no_text_are_shown_as_such() -> None:
    name, noticed = named(b"\x81\x81 \x9c", "ISO_IR 101")
    assert (name, noticed) == ("\ufffd\ufffd ś", ["DCM-010", "DCM-012"])  # the last byte is Windows-1250


def test_an_embedded_null_never_reaches_the_catalogue() -> None:
    name, _ = named(b"Kowal\0^Jan", "ISO_IR 192")
    assert name == "Kowal\ufffd^Jan"


@pytest.mark.parametrize(
    "path", [path for path in shipped() if path.parent.name == "charset_files"], ids=lambda p: p.name
)
def test_names_are_read_as_pydicom_reads_them(path: object) -> None:
    expected = dcmread(str(path), force=True)
    description = described(open(str(path), "rb").read())  # noqa: PTH123, SIM115 - one read of a small file
    assert description.patient is not None
    if "PatientName" in expected:
        name = expected.PatientName
        assert description.patient.name == (str(name.alphabetic) or str(name.ideographic))


TEXT = st.text("ABCżółwĄŚŹ 0123456789^-.", max_size=24)


@settings(max_examples=80, deadline=None)
@given(TEXT, st.sampled_from(["PN", "LO", "SH", "LT"]), st.sampled_from(["ISO_IR 192", "ISO_IR 101"]))
def test_text_is_read_as_it_was_written(text: str, vr: str, charset: str) -> None:
    raw = text.encode(declared(charset.encode())[0][0])
    found = text_of(raw + b" " * (len(raw) % 2), vr, settle(charset.encode(), names=(), texts=()))
    assert found == (text.rstrip() if vr == "LT" else text.strip())


def test_values_of_any_multiplicity_lose_their_padding_only() -> None:
    plain = settle(b"", names=(), texts=())
    assert text_of(b"A \\ B\\C\0", "CS", plain) == "A\\B\\C"
    assert text_of(b"  two\\ lines ", "LT", plain) == "  two\\ lines"
    assert text_of(b"A^B=C^D=E", "PN", plain) == "A^B"
    assert text_of(b"^=C^D", "PN", plain) == "C^D"
    assert text_of(b"\1\0\2\0\3", "US", plain) == "1\\2"
    assert text_of(b"", "US", plain) == ""


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=40), st.binary(max_size=60), st.sampled_from(["PN", "LO", "LT", "CS", "US", "UI"]))
def test_no_bytes_stop_the_reading_of_text(charset: bytes, raw: bytes, vr: str) -> None:
    text = text_of(raw, vr, settle(charset, names=[raw], texts=[raw]))
    assert "\0" not in text
