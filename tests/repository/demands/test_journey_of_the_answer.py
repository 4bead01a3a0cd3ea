"""From the queue to both confirmations: what is prepared, signed, sent, received and confirmed, or expires."""

import json
from base64 import b64decode
from collections.abc import Callable
from datetime import timedelta
from hashlib import sha256

import pytest

from repository.access.principal import PrincipalKind
from repository.access.subject import Scope
from repository.canonical import parse
from repository.demand_times import TIMES
from repository.demands.errors import (
    ContentDiffers,
    ContentRefused,
    OtherWorker,
    WorkerIncomplete,
    WrongState,
)
from repository.demands.expiring import expire_due
from repository.demands.moving import found
from repository.demands.preparing import frozen, prepare
from repository.demands.progress import confirmations, progress
from repository.demands.receiving import confirm, receive
from repository.demands.signing import PURPOSE, outgoing, seal_of, send, sign, to_be_signed
from repository.demands.submitting import accept_or_reject
from repository.demands.verifying import forward, verify
from repository.domain.demand import FINAL, DemandState, Place
from repository.domain.describing import Identifier
from repository.evidence.signing import opened
from repository.evidence.worker_signature import SignatureRefused
from repository.runtime import Archive
from tests.builders.access import administrator
from tests.repository.demands.making import (
    TAKEOVER,
    Ticking,
    archivist,
    brought_to,
    order,
    permitting,
    requester,
    signature,
)

S = DemandState


@pytest.mark.requirement("R463-5.5")
def test_prepared_content_is_frozen_as_received(plain: Archive) -> None:
    demand = brought_to(plain, S.PREPARED)
    content, digest = frozen(plain, demand.id, by=archivist())
    manifest = parse(content)
    assert sha256(content).hexdigest() == digest
    number = plain.catalogue.takeover(TAKEOVER).number
    for line, ordinal in zip(manifest["holdings"], (1, 2), strict=True):
        holding = plain.catalogue.holding(number, ordinal)
        kind = holding.description.kind.value
        assert (line["sha256"], line["size"], line["kind"]) == (holding.sha256.hex(), holding.size, kind)
        assert line["log_index"] == plain.catalogue.index_of(number, ordinal)


@pytest.mark.parametrize(
    ("holdings", "reason"),
    [
        ([], "none is named"),
        ([(TAKEOVER, 1), (TAKEOVER, 1)], "one is named twice"),
        ([("takeover-two", 1)], "it is of another takeover"),
        ([(TAKEOVER, 99)], "it is not the patient's"),
        ([(TAKEOVER, 2), (TAKEOVER, 3)], "it is not the patient's"),
        ([(TAKEOVER, 1), (TAKEOVER, 2)], "it is outside of what was demanded"),
    ],
)
def test_nothing_else_than_what_was_demanded_is_prepared(
    plain: Archive, holdings: list[tuple[str, int]], reason: str
) -> None:
    demand = brought_to(plain, S.FORWARDED, order(scope=Scope(documents=(Identifier("1.2.616.1", "doc-2"),))))
    with pytest.raises(ContentRefused) as told:
        prepare(plain, demand.id, worker=archivist(), holdings=holdings, decide=permitting)
    assert told.value.fields["reason"] == reason
    assert found(plain, demand.id).state is S.FORWARDED


@pytest.mark.requirement("R463-5.5")
@pytest.mark.parametrize(
    "changes", [{"given_name": ""}, {"surname": " "}, {"npwz": ""}, {"kind": PrincipalKind.ADMINISTRATOR}]
)
def test_only_a_medical_worker_with_names_and_npwz_prepares(plain: Archive, changes: dict[str, object]) -> None:
    demand = brought_to(plain, S.FORWARDED)
    with pytest.raises(WorkerIncomplete):
        prepare(plain, demand.id, worker=archivist(**changes), holdings=[(TAKEOVER, 1)], decide=permitting)


@pytest.mark.requirement("R463-5.6")
def test_the_worker_who_prepared_signs(plain: Archive) -> None:
    demand, other = brought_to(plain, S.PREPARED), archivist(id="archivist-2", npwz="1234563")
    text = to_be_signed(plain, demand.id, worker=archivist())
    with pytest.raises(OtherWorker):
        sign(plain, demand.id, worker=other, signature=signature(text, other))
    sign(plain, demand.id, worker=archivist(), signature=signature(text))
    detail = progress(plain, demand.id)[-1].detail
    assert b64decode(detail["signature"]["certificate"])
    paper = opened(seal_of(plain, demand.id), purpose=PURPOSE, public_key=plain.ring.signing_public_key())
    assert paper["content_sha256"] == frozen(plain, demand.id, by=archivist())[1]
    assert paper["signature"] == detail["signature"]
    assert json.loads(text)["npwz"] == "5425740"
    assert outgoing(plain, demand.id, by=archivist())["content_sha256"] == paper["content_sha256"]


@pytest.mark.requirement("R463-5.6")
def test_a_signature_over_something_else_signs_nothing(plain: Archive) -> None:
    demand = brought_to(plain, S.PREPARED)
    text = to_be_signed(plain, demand.id, worker=archivist())
    with pytest.raises(SignatureRefused):
        sign(plain, demand.id, worker=archivist(), signature=signature(text + b" "))
    with pytest.raises(WrongState):
        send(plain, demand.id, by=administrator(), decide=permitting)


@pytest.mark.requirement("R463-5.7")
def test_what_is_sent_to_whom_is_on_record(plain: Archive) -> None:
    demand = brought_to(plain, S.SENT)
    record = progress(plain, demand.id)[-1].detail["transmission"]
    assert record["recipient"] == demand.order.requester_key
    assert record["content_sha256"] == frozen(plain, demand.id, by=archivist())[1]
    assert record["seal_sha256"] == sha256(seal_of(plain, demand.id)).hexdigest()


@pytest.mark.requirement("R463-5.8")
def test_only_the_frozen_content_is_received(plain: Archive) -> None:
    demand = brought_to(plain, S.SENT)
    digest = frozen(plain, demand.id, by=archivist())[1]
    for other in ("", "0" * 64, digest[:-1], "ż"):
        with pytest.raises(ContentDiffers):
            receive(plain, demand.id, content_sha256=other, by=requester())
    assert found(plain, demand.id).state is S.SENT
    assert receive(plain, demand.id, content_sha256=digest.upper(), by=requester()).state is S.RECEIVED


@pytest.mark.requirement("R463-5.9")
@pytest.mark.parametrize("first", Place)
def test_confirmed_needs_both_confirmations(archive: Archive, first: Place) -> None:
    demand = brought_to(archive, S.RECEIVED)
    (second,) = set(Place) - {first}
    assert confirm(archive, demand.id, place=first, by=requester()).state is S.RECEIVED
    size = archive.catalogue.journal.size()
    assert confirm(archive, demand.id, place=first, by=requester()).state is S.RECEIVED
    assert archive.catalogue.journal.size() == size
    assert confirm(archive, demand.id, place=second, by=requester()).state is S.CONFIRMED
    size = archive.catalogue.journal.size()
    for place in Place:
        assert confirm(archive, demand.id, place=place, by=requester()).state is S.CONFIRMED
    assert archive.catalogue.journal.size() == size


def test_what_was_not_received_is_not_confirmed(archive: Archive) -> None:
    demand = brought_to(archive, S.SENT)
    with pytest.raises(WrongState):
        confirm(archive, demand.id, place=Place.SIM, by=requester())
    assert confirmations(archive, demand.id) == []


def test_what_waits_too_long_expires(archive: Archive, clock: Ticking) -> None:
    waiting = [brought_to(archive, state) for state in S if state not in FINAL | {S.VERIFYING}]
    confirmed = brought_to(archive, S.CONFIRMED)
    assert expire_due(archive, clock(), by=administrator()) == []
    clock.later(timedelta(days=8))
    expired = {demand.id for demand in expire_due(archive, clock(), by=administrator())}
    short = {state for state, time in TIMES.items() if time < timedelta(days=8)}
    assert expired == {demand.id for demand in waiting if demand.state in short}
    clock.later(timedelta(days=30))
    expired |= {
        demand.id for demand in expire_due(archive, clock(), by=administrator(), times={S.SENT: timedelta(days=9)})
    }
    assert expired == {demand.id for demand in waiting if demand.state in short | {S.SENT}}
    assert found(archive, confirmed.id).state is S.CONFIRMED
    assert expire_due(archive, clock(), by=administrator(), times={}) == []


def test_an_expired_demand_goes_nowhere(plain: Archive, clock: Ticking) -> None:
    demand = brought_to(plain, S.RECEIVED)
    confirm(plain, demand.id, place=Place.SIM, by=requester())
    clock.later(timedelta(days=31))
    expire_due(plain, clock(), by=administrator())
    attempts: list[Callable[[], object]] = [
        lambda: confirm(plain, demand.id, place=Place.PROVIDER, by=requester()),
        lambda: (
            accept_or_reject(plain, demand.id, by=administrator()) and forward(plain, demand.id, by=administrator())
        ),
        lambda: verify(plain, demand.id, decide=permitting, by=administrator()),
        lambda: send(plain, demand.id, by=administrator(), decide=permitting),
    ]
    for attempt in attempts:
        with pytest.raises(WrongState):
            attempt()
    assert confirm(plain, demand.id, place=Place.SIM, by=requester()).state is S.EXPIRED
