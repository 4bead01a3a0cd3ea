"""pydicom, another implementation, reads back what our writer writes."""

from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import dcmread
from pydicom.dataset import FileDataset

from repository.samples.images import CT_IMAGE_STORAGE, derived_uid
from repository.samples.part10 import EXPLICIT_LITTLE_ENDIAN, element, file_head, sequence

UID = derived_uid("a test")


def read(*elements: bytes) -> FileDataset:
    return dcmread(BytesIO(file_head(CT_IMAGE_STORAGE, UID) + b"".join(elements)))


def test_the_file_meta_information_is_complete() -> None:
    found = read(element(0x0008_0018, "UI", UID))
    assert found.file_meta.MediaStorageSOPClassUID == CT_IMAGE_STORAGE
    assert found.file_meta.MediaStorageSOPInstanceUID == found.SOPInstanceUID == UID
    assert found.file_meta.TransferSyntaxUID == EXPLICIT_LITTLE_ENDIAN
    assert found.preamble == bytes(128)


@given(
    name=st.text("aąbcćdeęłńóśźżĄĆĘŁŃÓŚŹŻ", min_size=1, max_size=20), charset=st.sampled_from(("utf-8", "iso8859-2"))
)
def test_polish_names_come_back_in_both_character_sets(name: str, charset: str) -> None:
    declared = {"utf-8": "ISO_IR 192", "iso8859-2": "ISO_IR 101"}[charset]
    found = read(element(0x0008_0005, "CS", declared), element(0x0010_0010, "PN", f"{name}^Łucja", codec=charset))
    assert str(found.PatientName) == f"{name}^Łucja"


@given(number=st.integers(0, 65535), pixels=st.binary(min_size=1, max_size=101))
def test_numbers_and_pixels_come_back(number: int, pixels: bytes) -> None:
    found = read(element(0x0028_0010, "US", number), element(0x7FE0_0010, "OW", pixels))
    assert found.Rows == number
    assert found.PixelData == pixels + b"\0" * (len(pixels) % 2)


def test_a_sequence_keeps_its_items() -> None:
    items = [element(0x0040_0032, "UT", f"1.2.{number}") for number in range(3)]
    found = read(sequence(0x0010_0024, items), element(0x0010_0040, "CS", "F"))
    assert [item.UniversalEntityID for item in found.IssuerOfPatientIDQualifiersSequence] == ["1.2.0", "1.2.1", "1.2.2"]
    assert found.PatientSex == "F"


def test_a_number_under_a_text_representation_is_a_bug() -> None:
    with pytest.raises(ValueError, match="US"):
        element(0x0020_0013, "IS", 7)


def test_derived_uids_are_valid_and_depend_on_every_name() -> None:
    made = {derived_uid("study", seed, number) for seed in range(20) for number in range(20)}
    assert len(made) == 400
    assert all(len(uid) <= 64 and uid.startswith("2.25.") and not uid.startswith("2.25.0") for uid in made)
