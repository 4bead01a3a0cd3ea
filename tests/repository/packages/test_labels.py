import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from repository.packages.labels import label_of, label_of_text, raw_of, text_of


@given(raw=st.binary(max_size=60))
@example(raw=b"\\x80")
@example(raw=b"\x80")
@example(raw="\u202egpj.exe".encode())
def test_every_name_has_a_label_that_prints_and_leads_back_to_its_bytes(raw: bytes) -> None:
    label = label_of(raw)
    assert label.isprintable()
    assert raw_of(label) == raw


@given(text=st.text(max_size=40))
def test_every_text_has_a_label_that_leads_back(text: str) -> None:
    assert text_of(label_of_text(text)) == text


def test_an_ordinary_polish_name_is_its_own_label() -> None:
    assert label_of("Łódź/zażółć gęślą.xml".encode()) == "Łódź/zażółć gęślą.xml"


@pytest.mark.parametrize("wrong", ["\\", "a\\b", "\\x4", "\\#2", "\\u{}"])
def test_what_is_no_label_is_not_read_as_one(wrong: str) -> None:
    with pytest.raises(ValueError, match="not a label"):
        text_of(wrong)
