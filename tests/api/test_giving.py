"""Under which name a holding is offered to whoever saves it."""

from email.message import Message

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from api.giving import _disposition
from repository.delivering import file_name


@given(st.text())
@example('../../etc/"passwd"\\\r\nSet-Cookie: a')
@example("⅓⑴℀／＂")
@example("%41.xml")
def test_a_name_is_said_in_ascii_and_in_full_and_escapes_from_neither(path: str) -> None:
    name = file_name(7, path)
    said = _disposition(name)
    assert said.isascii()
    assert said.isprintable()
    first, plain, full = said.split("; ")
    assert first == "attachment"
    inside = plain.removeprefix('filename="').removesuffix('"')
    assert all(one.isalnum() or one in "._-" for one in inside)
    assert inside.startswith("000007-")
    read = Message()
    read["Content-Disposition"] = f"{first}; {full}"
    assert read.get_filename() == name


@pytest.mark.parametrize(
    ("path", "plain"),
    [("Zażółć gęślą.xml", "Zazolc_gesla.xml"), ("IM0001", "IM0001"), ("Łódź.pdf", "Lodz.pdf"), ("文.dcm", "_.dcm")],
)
def test_polish_letters_lose_their_accents_for_those_that_read_ascii_alone(path: str, plain: str) -> None:
    assert f'filename="000001-{plain}"; ' in _disposition(file_name(1, path))
