"""What strangers send, whatever it is: answered or aborted in time, never repeated in logs, and nothing is left."""

import logging
import os
import random
import socket
import struct
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dicom_gateway.protocol import commands
from dicom_gateway.protocol.association import Association
from dicom_gateway.protocol.encoding import request
from dicom_gateway.protocol.errors import ConnectionEnds, ProtocolBroken
from dicom_gateway.protocol.messages import gathering
from dicom_gateway.protocol.negotiating import Agreed, Context, agreed, asked, discreet
from dicom_gateway.protocol.pdus import COMMAND, LAST, fragments, values
from dicom_gateway.protocol.wire import Patience, Wire
from repository.upkeep.checking import Level
from repository.upkeep.verifying import VerifyOrder, verify
from tests.dicom_gateway.conversations import mutated, recorded, replayed
from tests.dicom_gateway.gateways import CT, EXPLICIT, PATIENT, Door, opened
from tests.dicom_gateway.markers import MARKER, NAME
from tests.dicom_gateway.raw import asking, command, data, good, pdu, value
from tests.dicom_gateway.remaining import files_held, none_left
from tests.dicom_gateway.tempers import Temper
from tests.dicom_gateway.wrong import study_of

TIMES = 200
SHORT = Patience(acse=0.3, dimse=0.3, idle=0.3, network=0.3)
CONTEXTS = {1: Context(1, CT, EXPLICIT), 3: Context(3, "1.2.3", EXPLICIT)}
SEED = int(os.environ.get("EDM_ARCHIVE_FUZZ_SEED", random.SystemRandom().randrange(1 << 32)))


@pytest.fixture(scope="module")
def temper() -> Temper:
    return Temper(PATIENT)


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory, temper: Temper) -> Iterator[Door]:
    with opened(tmp_path_factory.mktemp("fuzzed"), patients=1, images=2, patience=temper) as door:
        yield door


def test_conversations_that_are_changed_by_chance_end_and_leave_nothing_behind(
    own: Door, temper: Temper, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    chance = random.Random(SEED)
    talks = recorded(own, study=study_of(own))
    assert all(len(each) > 2 for each in talks)
    caplog.set_level(logging.INFO)
    caplog.clear()
    with temper.being(SHORT):
        for number in range(TIMES):
            changed, closing = mutated(chance.choice(talks), talks, chance), number % 10 > 0
            assert replayed(own.port, changed, closing=closing), f"no end (seed {SEED}, the {number}th): {changed}"
        assert none_left(), f"seed {SEED}"
    assert good(own)
    assert files_held(own.archive.settings.home / "spool") == 0
    assert_discreet(caplog, capfd)
    assert list(own.archive.log.audit()) == []
    assert list(verify(own.archive, VerifyOrder(level=Level.OPENED), progress=lambda _: None).findings) == []


def assert_discreet(caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> None:
    """Every line is ours, and made of kinds of errors and codes alone."""
    told, (out, err) = caplog.text, capfd.readouterr()
    assert not [each.name for each in caplog.records if each.name.startswith(("pynetdicom", "pydicom"))]
    assert "Traceback" not in told + out + err
    for each in (MARKER.decode(), NAME.decode(), "1.2.840", "Invalid value"):
        assert each not in told + out + err
    failures = {each.getMessage() for each in caplog.records if "failed:" in each.getMessage()}
    assert not failures, "what a peer sends is foreseen"


def test_requests_that_are_changed_by_chance_are_read_or_refused_without_a_word(
    caplog: pytest.LogCaptureFixture, recwarn: pytest.WarningsRecorder
) -> None:
    discreet()
    chance, whole = random.Random(SEED), request(asking(title="JAWNY"))
    caplog.set_level(logging.DEBUG)
    for _ in range(2000):
        (changed,) = mutated([whole], [[whole]], chance)[:1] or [b""]
        try:
            found = asked(changed[6:])
        except ProtocolBroken:
            continue
        assert len({each.id for each in found.contexts}) == len(found.contexts)
        assert all(each.syntaxes for each in found.contexts)
    assert not caplog.records
    assert not {str(each.message) for each in recwarn if "nvalid" in str(each.message)}


@given(st.binary(max_size=400))
def test_an_answer_to_our_request_is_read_or_refused(content: bytes) -> None:
    discreet()
    try:
        found = agreed(content, asking())
    except ProtocolBroken:
        return
    assert found.contexts.keys() <= {each.id for each in asking().contexts}


Fragment = st.builds(
    value, st.sampled_from([1, 3, 5, 0, 255]), st.sampled_from([0, 1, 2, 3, 0xFF]),
    st.one_of(
        st.binary(max_size=60),
        st.sampled_from([commands.written(command(field, CT, has=has)) for field in (1, 0x20, 0x30, 0x8001, 0xFFF)
                         for has in (0x0101, 1)]),
    ),
    length=st.one_of(st.none(), st.none(), st.none(), st.sampled_from([0, 1, 2, 7, 1 << 20, 0xFFFFFFFF])),
)  # fmt: skip
Pdu = st.one_of(
    st.lists(Fragment, min_size=0, max_size=4).map(lambda each: data(*each)),
    st.builds(
        pdu,
        st.integers(0, 255),
        st.binary(max_size=40),
        length=st.one_of(st.none(), st.integers(0, 0xFFFFFFFF)),
    ),
    st.binary(max_size=20),
)


@settings(max_examples=300)
@given(st.lists(Pdu, max_size=8))
def test_an_association_comes_to_its_end_whatever_comes(coming: list[bytes]) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(b"".join(coming))
        theirs.shutdown(socket.SHUT_WR)
        association = Association(Wire(ours, patience=PATIENT), Agreed(contexts=CONTEXTS, longest=0))
        for _ in range(40):
            try:
                found = association.receive(gathering, patience=PATIENT.idle)
            except ConnectionEnds:
                return
            if found is None:
                return
            assert found.context in CONTEXTS.values()
        raise AssertionError("more messages than there can be")


@given(st.dictionaries(st.integers(1, 0xFFFF), st.binary(max_size=40), max_size=8))
def test_a_command_set_is_read_as_it_was_written(elements: dict[int, bytes]) -> None:
    elements[commands.FIELD] = b"\x30\0"
    content = b"".join(struct.pack("<HHI", 0, each, len(held)) + held for each, held in sorted(elements.items()))
    found = commands.read(content)
    assert {each: found._values[each] for each in elements} == elements
    assert found.field == 0x30


ELEMENTS = st.builds(
    lambda element, held: struct.pack("<HHI", 0, element, len(held)) + held,
    st.sampled_from([0, commands.FIELD, commands.STATUS, 0xFFFF]),
    st.binary(max_size=3),
)
SETS = st.lists(ELEMENTS | st.binary(max_size=12), max_size=4).map(b"".join)


@given(SETS)
def test_what_is_no_command_set_is_a_value_error(content: bytes) -> None:
    elements, rest = dict[int, bytes](), content
    while len(rest) >= 8 and rest[:2] == b"\0\0" and len(rest) >= 8 + int.from_bytes(rest[4:8], "little"):
        length = int.from_bytes(rest[4:8], "little")
        elements[int.from_bytes(rest[2:4], "little")], rest = rest[8 : 8 + length], rest[8 + length :]
    if rest or len(elements.get(commands.FIELD, b"")) != 2:
        with pytest.raises(ValueError, match="command"):
            commands.read(content)
    else:
        assert commands.read(content)._values == elements


@given(st.lists(st.binary(max_size=500), max_size=6), st.integers(64, 300))
def test_what_is_fragmented_is_whole_again(pieces: list[bytes], longest: int) -> None:
    sent = b"".join(bytes(each) for group in fragments(7, pieces, longest=longest) for each in group)
    held, last, at = b"", False, 0
    while at < len(sent):
        length = int.from_bytes(sent[at + 2 : at + 6])
        assert length <= longest
        for context, control, fragment in values(memoryview(sent[at + 6 : at + 6 + length])):
            assert not last, "nothing comes after the last"
            assert context == 7
            assert not control & COMMAND
            held, last = held + bytes(fragment), bool(control & LAST)
        at += 6 + length
    assert (held, last) == (b"".join(pieces), True)
