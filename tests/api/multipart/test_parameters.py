"""Media types as clients write them, quoted or not; a boundary is one that RFC 2046 allows."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.multipart.errors import BoundaryMissing
from api.multipart.parameters import MediaType, boundary_of, read_media_type


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("application/dicom", MediaType("application/dicom", {})),
        ("Application/DICOM;", MediaType("application/dicom", {})),
        (
            'multipart/related; type="application/dicom"; boundary="a b"',
            MediaType("multipart/related", {"type": "application/dicom", "boundary": "a b"}),
        ),
        (
            "multipart/related;type=application/dicom;BOUNDARY=x",
            MediaType("multipart/related", {"type": "application/dicom", "boundary": "x"}),
        ),
        (r'a/b; c="d\"e;f"', MediaType("a/b", {"c": 'd"e;f'})),
        ("a/b; c=1; C=2", MediaType("a/b", {"c": "1"})),
        ("a/b ; ; c = 1", MediaType("a/b", {"c": "1"})),
        ("", None),
        ("a", None),
        ("a/b c", None),
        ("a/b; c", None),
        ('a/b; c="d', None),
        ("a/b" + ";" * 5000, None),
    ],
)
def test_media_types(text: str, read: MediaType | None) -> None:
    assert read_media_type(text) == read


@pytest.mark.parametrize("boundary", ["", "x" * 129, "a\tb", "ends ", "ä", "a;b", 'a"b'])
def test_a_boundary_that_is_none(boundary: str) -> None:
    with pytest.raises(BoundaryMissing):
        boundary_of(MediaType("multipart/related", {"boundary": boundary}))


def test_no_boundary_at_all() -> None:
    with pytest.raises(BoundaryMissing):
        boundary_of(MediaType("multipart/related", {}))


@given(st.text(max_size=80))
def test_whatever_is_sent_is_read_or_is_none(text: str) -> None:
    found = read_media_type("multipart/related; " + text)
    assert found is None or found.name == "multipart/related"
