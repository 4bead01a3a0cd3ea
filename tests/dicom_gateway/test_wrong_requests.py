"""Requests for an association that are none."""

import re

import pytest

from dicom_gateway.protocol.encoding import request
from dicom_gateway.protocol.pdus import (
    ABORT,
    ASSOCIATE_RJ,
)
from tests.dicom_gateway.gateways import Door
from tests.dicom_gateway.raw import (
    asking,
    good,
    line,
    pdu,
)


def with_id(id: int) -> bytes:  # noqa: A002  the standard's word
    """The request with its second context under another id."""
    return re.sub(rb"(\x20\0..)\x03\0", rb"\g<1>" + bytes((id, 0)), request(asking())[6:], count=1, flags=re.DOTALL)


REQUESTS = {
    "nothing": b"",
    "noise": bytes(range(200)),
    "one that ends amid its titles": request(asking())[6:40],
    "two contexts of one id": with_id(1),
    "a context with an even id": with_id(4),
    "an item that is longer than all": request(asking())[6:].replace(b"\x10\x00\x00\x15", b"\x10\x00\xff\xff"),
    "a peer that takes eight bytes": request(asking())[6:].replace(
        b"\x51\x00\x00\x04\x00\x04\x00\x00", b"\x51\x00\x00\x04\x00\x00\x00\x08"
    ),
}


INVALID = (ABORT, bytes((0, 0, 2, 6)))  # by the provider: a parameter's value (PS3.8 9.3.8)
NO_APPLICATION = (ASSOCIATE_RJ, bytes((0, 1, 1, 2)))  # an application context is nowhere in it (PS3.8 9.3.4)


@pytest.mark.parametrize("name", REQUESTS)
def test_a_request_that_is_none_is_aborted_or_rejected(own: Door, name: str) -> None:
    content = REQUESTS[name]
    assert content != request(asking())[6:], "the test changes nothing"
    with line(own, associated=False) as peer:
        peer.send(pdu(1, content))
        said = peer.rest()
    assert said == [NO_APPLICATION if name == "one that ends amid its titles" else INVALID]
    assert good(own)


def test_another_version_of_the_protocol_is_rejected_as_such(own: Door) -> None:
    with line(own, associated=False) as peer:
        peer.send(pdu(1, b"\0\2" + request(asking())[8:]))
        assert peer.rest() == [(ASSOCIATE_RJ, bytes((0, 1, 2, 2)))]
