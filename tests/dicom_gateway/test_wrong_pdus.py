"""Each state of an association, and each PDU that may not come in it: an abort with its reason, and nothing kept."""

import re
from collections.abc import Callable, Iterator

import pytest

from dicom_gateway.contexts import STUDY_FIND, STUDY_GET, STUDY_MOVE
from dicom_gateway.protocol import commands
from dicom_gateway.protocol.commands import written
from dicom_gateway.protocol.negotiating import request
from dicom_gateway.protocol.pdus import (
    ABORT,
    ASSOCIATE_RJ,
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
from dicom_gateway.protocol.wire import Patience
from tests.dicom_gateway import raw
from tests.dicom_gateway.gateways import CT, VERIFICATION, Door, opened
from tests.dicom_gateway.raw import (
    CT_ID,
    ECHO_ID,
    FIND_ID,
    GET_ID,
    MR,
    Raw,
    aborted,
    an_instance,
    asking,
    command,
    data,
    echo,
    getting,
    good,
    line,
    message,
    none_left,
    pdu,
    storing,
    value,
)

HASTY = Patience(acse=5, dimse=5, idle=20, network=5)


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """A door that nothing is ever kept behind, but for what a test says."""
    with opened(tmp_path_factory.mktemp("wrong"), patients=1, patience=HASTY) as door:
        yield door


def study_of(door: Door) -> str:
    assert door.sample is not None
    facts = (each.description.dicom for each in door.archive.catalogue.holdings(door.sample.number))
    return next(each.study_instance_uid for each in facts if each is not None)


def kept(door: Door) -> int:
    return len(list(door.archive.catalogue.holdings(door.open_one.number)))


def before(_peer: Raw, _door: Door) -> None: ...


def idle(peer: Raw, _door: Door) -> None:
    peer.associated()


def mid_command(peer: Raw, _door: Door) -> None:
    peer.associated()
    peer.send(data(value(CT_ID, COMMAND, b"\0\0\0\0")))


def mid_data_set(peer: Raw, _door: Door) -> None:
    peer.associated()
    made = an_instance(9)
    said = command(commands.C_STORE_RQ, MR, has=commands.DATA_SET, AFFECTED_INSTANCE=str(made.SOPInstanceUID))
    peer.send(data(value(CT_ID, COMMAND | LAST, written(said)), value(CT_ID, 0, raw.encoded(made)[:200])))


def mid_get(peer: Raw, door: Door) -> None:
    """An image has been given to the peer, which does not answer that it has it."""
    peer.associated()
    peer.send(getting(study_of(door)))
    found = peer.command()
    assert found is not None
    assert found.field == commands.C_STORE_RQ


STATES: tuple[Callable[[Raw, Door], None], ...] = (before, idle, mid_command, mid_data_set, mid_get)
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
    assert raw.files_held(own.archive.settings.home / "spool") == 0
    assert good(own)


def test_a_release_amid_a_retrieval_is_answered_and_ends_it(own: Door) -> None:
    with line(own, associated=False) as peer:
        mid_get(peer, own)
        peer.send(RELEASE_REQUEST)
        assert [kind for kind, _ in peer.rest()][-1:] == [RELEASE_RP]
        assert peer.rest() == []
    assert none_left()


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


@pytest.mark.parametrize("name", REQUESTS)
def test_a_request_that_is_none_is_aborted_or_rejected(own: Door, name: str) -> None:
    content = REQUESTS[name]
    assert content != request(asking())[6:], "the test changes nothing"
    with line(own, associated=False) as peer:
        peer.send(pdu(1, content))
        said = peer.rest()
    assert [kind for kind, _ in said] in ([ABORT], [ASSOCIATE_RJ]), said
    assert good(own)


def test_another_version_of_the_protocol_is_rejected_as_such(own: Door) -> None:
    with line(own, associated=False) as peer:
        peer.send(pdu(1, b"\0\2" + request(asking())[8:]))
        assert peer.rest() == [(ASSOCIATE_RJ, bytes((0, 1, 2, 2)))]


def test_what_is_no_command_set_ends_the_association(own: Door) -> None:
    none = (b"", b"abc", b"\x08\0\x18\0\4\0\0\0abcd", bytes(8), bytes(1 << 17), written({commands.MESSAGE_ID: 1}))
    for content in none:
        with line(own) as peer:
            peer.send(data(value(ECHO_ID, COMMAND | LAST, content)))
            assert aborted(peer.rest(), reason=INVALID_PARAMETER), content[:20]
    with line(own) as peer:  # that has no end
        for _ in range(20):
            peer.send(data(value(ECHO_ID, COMMAND, bytes(1 << 12))))
        assert aborted(peer.rest(), reason=INVALID_PARAMETER)


def test_a_response_that_nobody_asked_for_ends_the_association(own: Door) -> None:
    with line(own) as peer:
        peer.send(message(ECHO_ID, command(commands.C_ECHO_RQ | commands.RESPONSE, VERIFICATION)))
        assert aborted(peer.rest(), reason=UNEXPECTED_PDU)
    with line(own, associated=False) as peer:
        mid_get(peer, own)
        answer = {commands.FIELD: commands.C_STORE_RQ | commands.RESPONSE, commands.RESPONDS_TO: 4711}
        peer.send(message(raw.GIVEN_ID, answer | {commands.DATA_SET_TYPE: commands.NO_DATA_SET, commands.STATUS: 0}))
        assert aborted(peer.rest(), reason=UNEXPECTED_PDU)


def test_a_command_that_nobody_knows_is_answered_so_and_the_association_goes_on(own: Door) -> None:
    with line(own) as peer:
        for field in (0x0999, 0x7FFF, 0):
            peer.send(message(ECHO_ID, command(field, VERIFICATION)))
            assert peer.status() == 0x0211
        peer.send(message(ECHO_ID, command(0x0999, VERIFICATION, has=commands.DATA_SET), b"what"))
        assert peer.status() == 0x0211
        peer.send(echo())
        assert peer.status() == 0
        assert peer.released()


def test_to_cancel_what_is_not_going_on_changes_nothing_now_or_later(own: Door) -> None:
    with line(own) as peer:
        peer.send(raw.cancel(1) + raw.cancel(2, context=FIND_ID) + echo())
        assert peer.status() == 0
        peer.send(raw.finding(number=1))
        statuses = []
        while (status := peer.status()) is not None:
            statuses.append(status)
            if status & 0xFF00 != 0xFF00:
                break
        assert statuses[-1] == 0
        assert peer.released()


def test_a_retrieval_is_not_cancelled_by_what_cancelled_the_one_before(own: Door) -> None:
    """A cancel that came too late has the number of the next request: most peers number every request 1."""
    with line(own) as peer:
        for _ in range(2):
            peer.send(getting(study_of(own)))
            given = 0
            while (found := peer.command()) is not None and found.field == commands.C_STORE_RQ:
                given += 1
                peer.send(raw.stored_answer(found))
                if given == images(own):  # the last one: too late
                    peer.send(raw.cancel(1))
            assert found is not None
            assert (found.number(commands.STATUS), given) == (0, images(own))
        assert peer.released()


def images(door: Door) -> int:
    assert door.sample is not None
    study = study_of(door)
    facts = (each.description.dicom for each in door.archive.catalogue.holdings(door.sample.number))
    return sum(each is not None and each.study_instance_uid == study for each in facts)


def test_a_data_set_after_a_command_that_says_there_is_none_ends_the_association(own: Door) -> None:
    with line(own) as peer:
        peer.send(message(ECHO_ID, command(commands.C_ECHO_RQ, VERIFICATION), b"abc"))
        assert aborted(peer.rest(), reason=INVALID_PARAMETER)


def test_several_messages_in_one_pdu_are_answered_each(own: Door) -> None:
    two = [value(ECHO_ID, COMMAND | LAST, written(command(commands.C_ECHO_RQ, VERIFICATION, number=n))) for n in (1, 2)]
    with line(own) as peer:
        peer.send(data(*two))
        answers = [peer.command(), peer.command()]
        assert [each.number(commands.RESPONDS_TO) for each in answers if each] == [1, 2]
        assert peer.released()


@pytest.mark.parametrize(
    ("field", "context", "kind"),
    [
        (commands.C_ECHO_RQ, CT_ID, MR), (commands.C_STORE_RQ, ECHO_ID, VERIFICATION),
        (commands.C_STORE_RQ, FIND_ID, STUDY_FIND), (commands.C_MOVE_RQ, FIND_ID, STUDY_MOVE),
        (commands.C_GET_RQ, FIND_ID, STUDY_GET), (commands.C_FIND_RQ, GET_ID, STUDY_FIND),
        (commands.C_GET_RQ, ECHO_ID, VERIFICATION), (commands.C_STORE_RQ, CT_ID, CT),
        (commands.C_STORE_RQ, raw.GIVEN_ID, CT),
    ],
)  # fmt: skip
def test_a_request_on_a_context_of_another_class_is_not_served(own: Door, field: int, context: int, kind: str) -> None:
    """Or a peer that may only ask would move images by a context that it was given for questions."""
    made = an_instance(8, kind=kind)
    said = command(field, kind, has=commands.DATA_SET, AFFECTED_INSTANCE=str(made.SOPInstanceUID), DESTINATION="PACS")
    content = raw.encoded(made) if field == commands.C_STORE_RQ else raw.keys(study=study_of(own))
    with line(own) as peer:
        peer.send(message(context, said, content))
        assert peer.status() == 0x0122
        assert peer.released()
    assert kept(own) == 0


INSTANCE = an_instance(3)
WHOLE = raw.encoded(INSTANCE)
OTHER = an_instance(4)


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"", 0xC000), (b"abc", 0xC000), (bytes(4000), 0xC000), (raw.encoded(OTHER), 0xA900),
        (b"%PDF-1.7 and more", 0xC000), (WHOLE[:100], 0xC000),
    ],
)  # fmt: skip
def test_a_data_set_that_is_none_or_another_is_not_kept(own: Door, content: bytes, status: int) -> None:
    with line(own) as peer:
        peer.send(storing(INSTANCE, content=content))
        assert peer.status() == status
        peer.send(message(CT_ID, command(commands.C_STORE_RQ, MR, AFFECTED_INSTANCE=str(INSTANCE.SOPInstanceUID))))
        assert peer.status() == 0xC000  # there is none at all
        assert peer.released()
    assert kept(own) == 0


def test_a_data_set_that_ends_early_is_kept_as_it_came_and_told_of(tmp_path_factory: pytest.TempPathFactory) -> None:
    with opened(tmp_path_factory.mktemp("early")) as door:
        with line(door) as peer:
            peer.send(storing(INSTANCE, content=WHOLE[:-50]))
            assert peer.status() == 0xB007
            peer.send(storing(INSTANCE))
            assert peer.status() == 0
            assert peer.released()
        assert kept(door) == 2


def test_an_instance_in_fragments_of_two_bytes_is_kept_like_any_other(tmp_path_factory: pytest.TempPathFactory) -> None:
    with opened(tmp_path_factory.mktemp("tiny")) as door:
        made = an_instance(5, size=1 << 15)
        with line(door) as peer:
            peer.send(storing(made, piece=2))
            assert peer.status() == 0
            assert peer.released()
        (found,) = door.archive.catalogue.holdings(door.open_one.number)
        assert found.description.dicom is not None
        assert found.description.dicom.sop_instance_uid == made.SOPInstanceUID


def test_all_doors_of_this_file_are_still_good(own: Door) -> None:
    assert good(own)
    assert none_left()
