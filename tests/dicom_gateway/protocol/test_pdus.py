import pytest
from hypothesis import given
from hypothesis import strategies as st
from pynetdicom.pdu import A_ABORT_RQ, A_ASSOCIATE_RJ, A_RELEASE_RP, A_RELEASE_RQ, P_DATA_TF

from dicom_gateway.protocol import pdus
from dicom_gateway.protocol.pdus import COMMAND, LAST, P_DATA, abort, fragments, header, reject, values

PIECES = st.lists(st.binary(max_size=300), max_size=6)


def sent(pieces: list[bytes], **more: object) -> list[bytes]:
    """PDUs, one by one, as they go to the socket."""
    stream = b"".join(bytes(part) for group in fragments(7, pieces, **more) for part in group)  # type: ignore[arg-type]
    found = []
    while stream:
        kind, length = header(stream)
        assert kind == P_DATA
        found.append(stream[: 6 + length])
        stream = stream[6 + length :]
    return found


@given(PIECES, st.integers(64, 400), st.booleans())
def test_what_is_sent_is_what_came_within_the_length_that_the_peer_takes(
    pieces: list[bytes], longest: int, command: bool
) -> None:
    whole, controls = b"", []
    for each in sent(pieces, longest=longest, command=command):
        assert len(each) - 6 <= longest
        for context, control, fragment in values(memoryview(each)[6:]):
            assert context == 7
            assert bool(control & COMMAND) is command
            controls.append(control & LAST)
            whole += fragment
    assert whole == b"".join(pieces)
    assert controls[-1] == LAST
    assert not any(controls[:-1])


@given(PIECES)
def test_pynetdicom_reads_what_is_sent(pieces: list[bytes]) -> None:
    whole = b""
    for each in sent(pieces, longest=128):
        pdu = P_DATA_TF()
        pdu.decode(each)
        for item in pdu.presentation_data_value_items:
            assert item.presentation_context_id == 7
            whole += (item.presentation_data_value or b"\0")[1:]
    assert whole == b"".join(pieces)


def test_what_says_that_there_is_no_limit_is_sent_bounded_pdus() -> None:
    assert max(len(each) for each in sent([bytes(3 * pdus.LARGEST)], longest=0)) == pdus.LARGEST + 6


@pytest.mark.parametrize(
    "content", [b"", b"\0", b"\0\0\0\1\7", b"\0\0\0\x09\7\3abc", b"\0\0\0\x05\7\3abc\0\0"], ids=repr
)
def test_values_that_do_not_fit_into_their_pdu_are_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match="value"):
        list(values(memoryview(content)))


def test_pynetdicom_reads_what_ends_an_association() -> None:
    found = A_ABORT_RQ()
    found.decode(abort(source=2, reason=5))
    assert (found.source, found.reason_diagnostic) == (2, 5)
    refused = A_ASSOCIATE_RJ()
    refused.decode(reject(2, 3, 2))
    assert (refused.result, refused.source, refused.reason_diagnostic) == (2, 3, 2)
    assert A_RELEASE_RQ().encode() == pdus.RELEASE_REQUEST
    assert A_RELEASE_RP().encode() == pdus.RELEASE_RESPONSE
