"""Escaping is one to one, keys are bounded, names fold."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repository.catalogue.attributes import ALIKE, INSTANCE, SERIES, STUDY, column
from repository.catalogue.folding import date_key, folded, folded_name
from repository.catalogue.text import LONGEST_KEY, fit, key, packed, unfit, unpacked
from tests.repository.catalogue.strategies import ANY, TEXT

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)


@given(st.one_of(ANY, TEXT))
def test_any_text_fits_and_comes_back(text: str) -> None:
    stored = fit(text)
    assert unfit(stored) == text
    assert "\x00" not in stored
    stored.encode()


@given(VALUES)
def test_any_value_is_packed_and_comes_back(value: object) -> None:
    stored = packed(value)
    assert unpacked(stored) == value
    assert "\x00" not in stored
    stored.encode()


@given(st.dictionaries(TEXT, st.integers(), max_size=5))
def test_packing_does_not_depend_on_order(value: dict[str, int]) -> None:
    assert packed(value) == packed(dict(reversed(value.items())))


@given(st.text(max_size=600), st.text(max_size=600))
def test_keys_are_bounded_and_tell_texts_apart(one: str, two: str) -> None:
    assert len(key(one).encode("utf-8", "surrogatepass")) <= LONGEST_KEY + 16
    assert (key(one) == key(two)) == (one == two)
    assert (key(one) == one) is (len(one.encode()) <= LONGEST_KEY)


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("Łącka-Żółć^Anna", "lacka-zolc^anna"),
        ("KOWALSKI^JAN^^^", "kowalski^jan"),
        ("Groß^Øre", "gross^ore"),
        ("Yamada^Tarou=山田^太郎=やまだ^たろう", "yamada^tarou"),
        ("=山田^太郎", "山田^太郎"),
        ("  van  der   Meer ^ Jan ", "van der meer^jan"),
        ("", ""),
    ],
)
def test_names_are_folded(name: str, kept: str) -> None:
    assert folded_name(name) == kept


@given(ANY)
def test_folding_twice_is_folding_once(text: str) -> None:
    assert folded(folded(text)) == folded(text)


@pytest.mark.parametrize(
    ("date", "kept"),
    [("20200102", "20200102"), ("2020.01.02", "20200102"), ("2020-01-02T10:11", "20200102"),
        ("20200102101112+0100", "20200102"),
        ("202001", ""), ("", ""), ("soon", "")],
)  # fmt: skip
def test_dates_have_one_key(date: str, kept: str) -> None:
    assert date_key(date) == kept


def test_columns_are_named_as_the_standard_names_attributes() -> None:
    assert column("IssuerOfPatientID") == "issuer_of_patient_id"
    assert column("SOPInstanceUID") == "sop_instance_uid"
    assert column("NumberOfFrames") == "number_of_frames"
    assert set(STUDY) | set(SERIES) <= ALIKE
    assert not set(INSTANCE) & ALIKE


def test_every_catalogued_attribute_above_the_instance_is_kept_once_for_its_series() -> None:
    from repository.formats.dicom import attributes

    above = {each.keyword for each in attributes.ATTRIBUTES if each.level is not attributes.Level.INSTANCE}
    assert above <= ALIKE
