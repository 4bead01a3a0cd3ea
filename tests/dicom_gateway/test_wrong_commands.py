"""Command sets that are none, that nobody knows, or that come where they may not."""

import pytest

from dicom_gateway.contexts import STUDY_FIND, STUDY_GET, STUDY_MOVE
from dicom_gateway.protocol import commands
from dicom_gateway.protocol.commands import written
from dicom_gateway.protocol.pdus import (
    COMMAND,
    INVALID_PARAMETER,
    LAST,
    UNEXPECTED_PDU,
)
from tests.dicom_gateway import raw
from tests.dicom_gateway.gateways import CT, VERIFICATION, Door
from tests.dicom_gateway.raw import (
    CT_ID,
    ECHO_ID,
    FIND_ID,
    GET_ID,
    MR,
    aborted,
    an_instance,
    command,
    data,
    echo,
    getting,
    line,
    message,
    value,
)
from tests.dicom_gateway.wrong import images, kept, mid_get, study_of


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


def test_a_data_set_after_a_command_that_says_there_is_none_ends_the_association(own: Door) -> None:
    with line(own) as peer:
        peer.send(message(ECHO_ID, command(commands.C_ECHO_RQ, VERIFICATION), b"abc"))
        assert aborted(peer.rest(), reason=INVALID_PARAMETER)


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
