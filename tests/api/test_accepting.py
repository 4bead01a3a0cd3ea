"""Accept, read and answered as DICOMweb clients mean it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.accepting import MediaRange, Offer, chosen, ranges, rendered, wants_gzip
from api.errors import NotAcceptable, RequestNotUnderstood

LE, J2K, JPEG = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.4.50"
NAMES = st.sampled_from(["application/dicom", "image/jpeg", "image/*", "*/*", "multipart/related", "text/x-y+z"])
VALUES = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=30)
PARAMETERS = st.dictionaries(st.sampled_from(["type", "transfer-syntax", "charset", "a"]), VALUES, max_size=3)
RANGES = st.builds(MediaRange, NAMES, PARAMETERS, st.integers(0, 1000))

INSTANCE = (
    Offer("application/dicom", syntax=J2K, usual=False),
    Offer("application/dicom", multipart=True, syntax=J2K, usual=False),
    Offer("application/dicom", syntax=LE, stored=False),
    Offer("application/dicom", multipart=True, syntax=LE, stored=False),
)
PLAIN = (Offer("application/dicom", syntax=LE), Offer("application/dicom", multipart=True, syntax=LE))
FRAMES = (
    Offer("image/jp2", multipart=True, syntax=J2K),
    Offer("image/jp2", syntax=J2K),
    Offer("application/octet-stream", multipart=True, syntax=J2K, usual=False),
    Offer("application/octet-stream", multipart=True, syntax=LE, stored=False),
)


@given(st.lists(RANGES, min_size=1, max_size=5))
@settings(max_examples=150)
def test_what_is_rendered_is_read_again(accepted: list[MediaRange]) -> None:
    assert ranges(rendered(accepted)) == tuple(accepted)


@given(st.text(max_size=200) | st.text('",;=*/\\ \tq01.aZ', max_size=60))
@settings(max_examples=300)
def test_whatever_is_sent_is_read_or_passed_over(text: str) -> None:
    assert all(0 <= each.weight <= 1000 and "/" in each.name for each in ranges(text))


@pytest.mark.parametrize(
    ("accept", "offers", "wanted"),
    [
        # dicomweb-client 0.61
        ('multipart/related; type="application/dicom"; transfer-syntax=*', INSTANCE, INSTANCE[1]),
        ('multipart/related; type="application/dicom"', INSTANCE, INSTANCE[3]),
        # OHIF and cornerstone: unquoted, several at once
        ("multipart/related; type=application/octet-stream; transfer-syntax=*", FRAMES, FRAMES[2]),
        ('multipart/related; type="image/jls";q=1, multipart/related; type=image/jp2;q=0.9', FRAMES, FRAMES[0]),
        ("multipart/related; type=image/*", FRAMES, FRAMES[0]),
        # Orthanc as a client, and curl
        ("multipart/related; type=application/dicom", PLAIN, PLAIN[1]),
        ("*/*", PLAIN, PLAIN[0]),
        ("", PLAIN, PLAIN[0]),
        # Microsoft's client
        ('multipart/related; type="application/dicom"; transfer-syntax=' + J2K, INSTANCE, INSTANCE[1]),
        ("application/dicom; transfer-syntax=*", INSTANCE, INSTANCE[0]),
        # weights and exclusions
        ("application/dicom;q=0.1, multipart/related; type=application/dicom", PLAIN, PLAIN[1]),
        ("*/*, application/dicom;q=0", PLAIN, PLAIN[1]),
        ("text/html, */*;q=0.1", PLAIN, PLAIN[0]),
        ("image/jp2", FRAMES, FRAMES[1]),
        ("multipart/related", FRAMES, FRAMES[0]),
        ("nonsense, application/dicom", PLAIN, PLAIN[0]),
    ],
)
def test_clients_get_what_they_mean(accept: str, offers: tuple[Offer, ...], wanted: Offer) -> None:
    assert chosen(accept, offers) is wanted


@pytest.mark.parametrize(
    "accept", ["text/html", "application/dicom;q=0, multipart/*;q=0", "*/*;q=0", "nonsense", "*/dicom"]
)
def test_what_cannot_be_given_is_refused_with_what_can(accept: str) -> None:
    with pytest.raises(NotAcceptable) as refused:
        chosen(accept, PLAIN)
    assert 'multipart/related; type="application/dicom"' in str(refused.value.advice.en)


def test_the_query_parameter_stands_in_place_of_the_header() -> None:
    offers = (Offer("application/json"), Offer("application/dicom+json"))
    assert chosen("application/json", offers, parameter="application/dicom json") is offers[1]


def test_a_field_without_an_end_is_refused() -> None:
    with pytest.raises(RequestNotUnderstood):
        ranges("a/b," * 10_000)


@pytest.mark.parametrize(
    ("header", "wanted"),
    [
        ("gzip", True),
        ("gzip, deflate, br", True),
        ("*", True),
        ("", False),
        ("identity", False),
        ("gzip;q=0", False),
        ("*;q=0.5, gzip;q=0", False),
        ("br, GZIP;q=0.001", True),
        ("gzip;q=x", False),
    ],
)
def test_gzip_is_sent_to_those_who_ask(header: str, *, wanted: bool) -> None:
    assert wants_gzip(header) is wanted
