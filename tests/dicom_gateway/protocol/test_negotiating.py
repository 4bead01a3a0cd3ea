"""What is asked for and agreed to: read as it was written, again and again, and of nobody's passcode a trace."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pynetdicom.pdu import A_ASSOCIATE_RQ
from pynetdicom.pdu_primitives import UserIdentityNegotiation

from dicom_gateway.protocol import encoding, negotiating
from dicom_gateway.protocol.encoding import acceptance, request
from dicom_gateway.protocol.latest import Latest
from dicom_gateway.protocol.negotiating import ACCEPTED, Agreed, Asked, Context, Proposed, agreed, asked

CT, MR = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.4"
SYNTAXES = ("1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.4.90")
UIDS = st.sampled_from([CT, MR, "1.2.3.4", "2.25.17"])
TITLES = st.text(st.sampled_from("ABCXYZ19-_"), min_size=1, max_size=16)
SYNTAX = st.lists(st.sampled_from(SYNTAXES), min_size=1, max_size=3, unique=True).map(tuple)
NO_HEADER = 6


@st.composite
def questions(draw: st.DrawFn) -> Asked:
    classes = draw(st.lists(UIDS, min_size=1, max_size=6))
    contexts = [Proposed(2 * at + 1, uid, draw(SYNTAX)) for at, uid in enumerate(classes)]
    roles = draw(st.dictionaries(st.sampled_from(classes), st.sampled_from([(True, True), (False, True)]), max_size=2))
    extended = draw(st.dictionaries(st.sampled_from(classes), st.binary(min_size=1, max_size=5), max_size=2))
    return Asked(
        calling=draw(TITLES),
        called=draw(TITLES),
        contexts=contexts,
        roles=roles,
        extended=extended,
        longest=draw(st.sampled_from([16384, 1 << 18])),
        implementation=negotiating.IMPLEMENTATION_VERSION,
    )


@settings(max_examples=60, deadline=None)
@given(questions())
def test_what_is_asked_for_is_read_as_it_was_written_the_first_time_and_again(what: Asked) -> None:
    raw = request(what)[NO_HEADER:]
    assert asked(raw) == asked(memoryview(raw)) == negotiating._read(raw) == what


@settings(max_examples=60, deadline=None)
@given(questions(), st.data())
def test_an_answer_is_the_same_the_second_time_and_says_what_was_agreed_to(what: Asked, data: st.DataObject) -> None:
    refused = {each.id: 3 for each in what.contexts if data.draw(st.booleans())}
    contexts = [
        Context(each.id, each.abstract, data.draw(st.sampled_from(each.syntaxes)))
        for each in what.contexts
        if each.id not in refused
    ]
    first = acceptance(what, contexts, refused=refused, extended=what.extended)
    encoding._written.cache_clear()
    assert first == acceptance(what, contexts, refused=refused, extended=what.extended)
    assert first == acceptance(what, contexts, refused=refused, extended=what.extended)
    said: Agreed = agreed(first[NO_HEADER:], what)
    assert {each.id: each.syntax for each in said.contexts.values()} == {each.id: each.syntax for each in contexts}
    assert said.extended == what.extended


def with_passcode(what: Asked) -> bytes:
    pdu = A_ASSOCIATE_RQ()
    pdu.decode(request(what))
    primitive, identity = pdu.to_primitive(), UserIdentityNegotiation()
    identity.user_identity_type, identity.primary_field, identity.secondary_field = 2, b"kowalska", b"pass"
    primitive.user_information = [*primitive.user_information, identity]
    return bytes(A_ASSOCIATE_RQ(primitive).encode())[NO_HEADER:]


def test_of_somebody_who_says_who_he_is_nothing_is_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(negotiating, "_requests", Latest[bytes, Asked](4))
    what = Asked(calling="PACS1", called="EDM", contexts=[Proposed(1, CT, SYNTAXES)], longest=16384)
    for _ in range(2):
        found = asked(with_passcode(what))
        assert found.identity is not None
        assert found.identity.secondary == b"pass"
    assert len(negotiating._requests) == 0
    encoding._written.cache_clear()
    answer = acceptance(what, [Context(1, CT, SYNTAXES[0])], refused={}, extended={}, identity=b"token")
    assert b"token" in answer
    assert encoding._written.cache_info().currsize == 0
    asked(request(what)[NO_HEADER:])
    assert len(negotiating._requests) == 1


def test_a_request_that_is_too_long_is_read_and_not_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(negotiating, "_requests", Latest[bytes, Asked](4))
    monkeypatch.setattr(negotiating, "LONGEST_REMEMBERED", 100)
    what = Asked(calling="PACS1", called="EDM", contexts=[Proposed(1, CT, SYNTAXES)], longest=16384)
    assert asked(request(what)[NO_HEADER:]).calling == "PACS1"
    assert len(negotiating._requests) == 0


def test_what_was_asked_for_longest_ago_is_forgotten_first() -> None:
    latest = Latest[int, str](2)
    latest.keep(1, "one")
    latest.keep(2, "two")
    assert latest.get(1) == "one"
    latest.keep(3, "three")
    assert [latest.get(each) for each in (1, 2, 3)] == ["one", None, "three"]
    latest.keep(3, "another")
    assert (latest.get(1), latest.get(3), len(latest)) == ("one", "another", 2)


def test_a_refusal_is_said_with_its_reason() -> None:
    what = Asked(calling="PACS1", called="EDM", contexts=[Proposed(1, CT, SYNTAXES), Proposed(3, MR, SYNTAXES)])
    answer = acceptance(what, [Context(1, CT, SYNTAXES[1])], refused={3: 4}, extended={})
    assert {each.id for each in agreed(answer[NO_HEADER:], what).contexts.values()} == {1}
    assert acceptance(what, [Context(1, CT, SYNTAXES[1])], refused={3: 3}, extended={}) != answer
    assert ACCEPTED == 0
