"""Each state of an association, and each PDU that may not come in it: an abort with its reason, and nothing kept."""

from collections.abc import Callable

import pytest

from dicom_gateway.protocol import commands
from dicom_gateway.protocol.commands import written
from dicom_gateway.protocol.encoding import request
from dicom_gateway.protocol.pdus import (
    COMMAND,
    INVALID_PARAMETER,
    LAST,
    P_DATA,
    RELEASE_REQUEST,
    RELEASE_RESPONSE,
    RELEASE_RP,
    UNEXPECTED_PDU,
    UNKNOWN_PDU,
    abort,
    reject,
)
from tests.dicom_gateway import remaining
from tests.dicom_gateway.gateways import VERIFICATION, Door
from tests.dicom_gateway.raw import (
    CT_ID,
    ECHO_ID,
    FIND_ID,
    Raw,
    aborted,
    asking,
    command,
    data,
    echo,
    good,
    line,
    pdu,
    value,
)
from tests.dicom_gateway.remaining import none_left
from tests.dicom_gateway.wrong import STATES, before, idle, kept, mid_command, mid_data_set, mid_get

ALWAYS = {
    "an unknown kind": (pdu(0x55, b"abcd"), UNKNOWN_PDU),
    "the kind zero": (pdu(0, b""), UNKNOWN_PDU),
    "a rejection": (reject(1, 1, 3), UNEXPECTED_PDU),
    "an acceptance": (pdu(2, bytes(68)), UNEXPECTED_PDU),
    "the response to no release": (RELEASE_RESPONSE, UNEXPECTED_PDU),
    "more than was agreed": (pdu(P_DATA, b"", length=0xFFFFFFFF), INVALID_PARAMETER),
}
ASSOCIATED = {
    "a second request": (request(asking()), UNEXPECTED_PDU),
    "no value": (pdu(P_DATA, b""), INVALID_PARAMETER),
    "a value beyond its PDU": (data(value(CT_ID, 0, b"abc", length=9)), INVALID_PARAMETER),
    "a value without its header": (data(value(CT_ID, 0, b"", length=1)), INVALID_PARAMETER),
    "half a value's header": (pdu(P_DATA, b"\0\0\0"), INVALID_PARAMETER),
    "an empty fragment that is not the last": (data(value(CT_ID, COMMAND)), INVALID_PARAMETER),
    "a context that was not agreed": (data(value(99, COMMAND | LAST, b"")), INVALID_PARAMETER),
    "a context with an even id": (data(value(4, 0, b"abc")), INVALID_PARAMETER),
}
MIDST = {
    "a release": (RELEASE_REQUEST, UNEXPECTED_PDU),
    "a command of another context": (echo(), INVALID_PARAMETER),
    "a fragment of another context": (data(value(FIND_ID, 0, b"abc")), INVALID_PARAMETER),
}
CASES = [
    *((state, name) for state in STATES for name in ALWAYS),
    *((state, name) for state in STATES[1:] for name in ASSOCIATED),
    *((state, name) for state in (mid_command, mid_data_set) for name in MIDST),
    (mid_command, "data instead of the rest of a command"),
    (mid_data_set, "a command instead of the rest of a data set"),
    (idle, "data without a command"),
    (before, "data before an association"),
    (before, "a release before an association"),
]
WRONG = ALWAYS | ASSOCIATED | MIDST | {
    "data instead of the rest of a command": (data(value(CT_ID, 0, b"abc")), INVALID_PARAMETER),
    "a command instead of the rest of a data set": (data(value(CT_ID, COMMAND | LAST, b"abc")), INVALID_PARAMETER),
    "data without a command": (data(value(CT_ID, LAST, b"abc")), INVALID_PARAMETER),
    "data before an association": (echo(), UNEXPECTED_PDU),
    "a release before an association": (RELEASE_REQUEST, UNEXPECTED_PDU),
}  # fmt: skip


@pytest.mark.parametrize(("state", "wrong"), CASES, ids=lambda each: getattr(each, "__name__", each))
def test_what_may_not_come_ends_the_association_with_its_reason(
    own: Door, state: Callable[[Raw, Door], None], wrong: str
) -> None:
    content, reason = WRONG[wrong]
    with line(own, associated=False) as peer:
        state(peer, own)
        peer.send(content)
        said = peer.rest()
    assert aborted(said, reason=reason), said[-1:]
    assert none_left()
    assert kept(own) == 0
    assert good(own)


@pytest.mark.parametrize("state", STATES, ids=lambda each: each.__name__)
@pytest.mark.parametrize("end", ["aborts", "closes", "vanishes", "closes amid a PDU"])
def test_whoever_goes_in_any_state_leaves_nothing_behind(
    own: Door, state: Callable[[Raw, Door], None], end: str
) -> None:
    with line(own, associated=False) as peer:
        state(peer, own)
        if end == "aborts":
            peer.send(abort())
            assert {kind for kind, _ in peer.rest()} <= {P_DATA}, "nothing but what was on its way is said to it"
        elif end == "vanishes":
            peer.vanish()
        elif end == "closes amid a PDU":
            peer.send(pdu(P_DATA, b"abc", length=500))
    assert none_left()
    assert kept(own) == 0
    assert remaining.files_held(own.archive.settings.home / "spool") == 0
    assert good(own)


def test_a_release_amid_a_retrieval_is_answered_and_ends_it(own: Door) -> None:
    with line(own, associated=False) as peer:
        mid_get(peer, own)
        peer.send(RELEASE_REQUEST)
        assert [kind for kind, _ in peer.rest()][-1:] == [RELEASE_RP]
        assert peer.rest() == []
    assert none_left()


def test_several_messages_in_one_pdu_are_answered_each(own: Door) -> None:
    two = [value(ECHO_ID, COMMAND | LAST, written(command(commands.C_ECHO_RQ, VERIFICATION, number=n))) for n in (1, 2)]
    with line(own) as peer:
        peer.send(data(*two))
        answers = [peer.command(), peer.command()]
        assert [each.number(commands.RESPONDS_TO) for each in answers if each] == [1, 2]
        assert peer.released()


def test_all_doors_of_this_file_are_still_good(own: Door) -> None:
    assert good(own)
    assert none_left()
