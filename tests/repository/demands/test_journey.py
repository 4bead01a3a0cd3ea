"""The nine steps, on both engines: what each wants, what it leaves, and what it refuses."""

import json
from base64 import b64decode
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from uuid import UUID

import pytest

from repository.access.decision import Decision
from repository.access.principal import PrincipalKind
from repository.access.purpose import Purpose
from repository.access.request import AccessRequest
from repository.access.subject import Operation, Scope
from repository.canonical import parse
from repository.catalogue.errors import CatalogueUnavailable
from repository.demands.errors import (
    ContentDiffers,
    ContentRefused,
    DemandConflict,
    DemandUnknown,
    DemandUnreadable,
    OtherWorker,
    WorkerIncomplete,
    WrongState,
)
from repository.demands.expiring import TIMES, expire_due
from repository.demands.moving import found
from repository.demands.preparing import frozen, prepare
from repository.demands.progress import confirmations, progress
from repository.demands.receiving import confirm, receive
from repository.demands.signing import PURPOSE, outgoing, seal_of, send, sign, to_be_signed
from repository.demands.submitting import ErrorList, Receipt, accept_or_reject, submit
from repository.demands.verifying import forward, queue, verify
from repository.domain.demand import FINAL, DemandState, Place
from repository.domain.describing import Identifier
from repository.evidence.signing import opened
from repository.evidence.worker_signature import SignatureRefused
from repository.runtime import Archive
from tests.builders.access import AT, HOUR, administrator, identification, worker
from tests.repository.demands.making import (
    PATIENT,
    TAKEOVER,
    Ticking,
    archivist,
    brought_to,
    order,
    permitting,
    refusing,
    requester,
    signature,
)

S = DemandState


@pytest.mark.requirement("R463-6.3")
@pytest.mark.requirement("R463-5.7")
@pytest.mark.requirement("R463-5.1")
def test_a_demand_goes_all_the_way(archive: Archive) -> None:
    demand = brought_to(archive, S.CONFIRMED)
    moves = progress(archive, demand.id)
    straight = [S.SUBMITTED, S.ACCEPTED, S.VERIFYING, S.VERIFIED, S.FORWARDED, S.PREPARED, S.SIGNED, S.SENT, S.RECEIVED]
    assert [move.state for move in moves] == [*straight, S.CONFIRMED]
    assert [move.at for move in moves] == sorted(move.at for move in moves)
    by = moves[5].by
    assert by is not None
    assert (by.given_name, by.surname, by.npwz) == ("Róża", "Brzęk-Łęcka", "5425740")
    assert UUID(demand.id).version == 7
    assert [each.place for each in confirmations(archive, demand.id)] == [Place.SIM, Place.PROVIDER]
    deeds = {deed.number: deed for deed in archive.catalogue.journal.deeds()}
    assert [deeds[move.deed].outcome for move in moves] == [move.state.value for move in moves]


@pytest.mark.requirement("R463-5.2")
def test_the_same_message_is_the_same_demand(archive: Archive, clock: Ticking) -> None:
    wanted = order()
    first = submit(archive, wanted)
    clock.later(HOUR)
    signed_in_again = identification(evidence="another session", at=AT + HOUR, until=AT + 2 * HOUR)
    again = replace(wanted, requester=replace(wanted.requester, identification=signed_in_again))
    assert submit(archive, again) == first
    assert archive.catalogue.journal.size() == 1 + 1  # and the custody


def test_a_message_id_is_not_used_twice(plain: Archive) -> None:
    wanted = order()
    first = submit(plain, wanted)
    for other in (
        replace(wanted, purpose=Purpose.CONTINUITY),
        replace(wanted, reason="other"),
        replace(wanted, patient=None),
    ):
        with pytest.raises(DemandConflict) as told:
            submit(plain, other)
        assert told.value.fields == {"demand": first.id}


def test_message_ids_belong_to_the_organisation_that_uses_them(plain: Archive) -> None:
    wanted = order()
    organisation = wanted.requester.organisation
    assert organisation is not None
    theirs = replace(organisation, identifier=Identifier(organisation.identifier.root, "000000999999"))
    other = replace(wanted, requester=replace(wanted.requester, organisation=theirs))
    assert submit(plain, wanted).id != submit(plain, other).id


@pytest.mark.requirement("R463-5.2")
@pytest.mark.requirement("R463-8.2")
def test_an_accepted_demand_has_a_receipt_and_no_errors(plain: Archive) -> None:
    demand = submit(plain, order())
    receipt = accept_or_reject(plain, demand.id)
    assert isinstance(receipt, Receipt)
    assert (receipt.demand, receipt.takeover) == (demand.id, TAKEOVER)
    assert accept_or_reject(plain, demand.id) == receipt
    assert found(plain, demand.id).takeover == TAKEOVER


@pytest.mark.requirement("R463-8.2")
@pytest.mark.parametrize(
    ("changes", "code", "path"),
    [
        ({"requester": worker(identification=None)}, "IDENT_INCOMPLETE", "requester"),
        ({"requester": worker(identification=identification(until=AT - HOUR))}, "IDENT_INCOMPLETE", "requester"),
        ({"requester": worker(npwz="")}, "IDENT_INCOMPLETE", "requester"),
        ({"requester": worker(surname=" ")}, "IDENT_INCOMPLETE", "requester"),
        ({"purpose": None}, "PURPOSE_MISSING", "purpose"),
        ({"purpose": Purpose.STATUTORY}, "BASIS_MISSING", "basis"),
        ({"purpose": Purpose.STATUTORY, "basis": "UPP-26.3.7"}, "BASIS_MISSING", "basis"),
        ({"purpose": Purpose.EMERGENCY}, "REASON_MISSING", "reason"),
        ({"basis": "UPP-99"}, "BASIS_UNKNOWN", "basis"),
        ({"patient": None}, "PATIENT_MISSING", "patient"),
        ({"patient": Identifier("", "123")}, "PATIENT_MISSING", "patient"),
        ({"scope": Scope(first_day="2024-01-01")}, "SCOPE_UNUSABLE", "scope"),
        ({"scope": Scope(first_day="20240102", last_day="20240101")}, "SCOPE_UNUSABLE", "scope"),
        ({"scope": Scope(studies=("",))}, "SCOPE_UNUSABLE", "scope"),
        ({"takeover": "takeover-two"}, "PROVIDER_UNKNOWN", "takeover"),
        ({"takeover": "takeover-o"}, "PROVIDER_UNKNOWN", "takeover"),
        ({"takeover": ""}, "PROVIDER_UNKNOWN", "provider"),
        ({"takeover": "", "provider": Identifier("2.1", "999")}, "PROVIDER_UNKNOWN", "provider"),
        ({"takeover": "", "provider": Identifier("2.1", "")}, "PROVIDER_UNKNOWN", "provider"),
        ({"provider": Identifier("2.1", "999")}, "PROVIDER_UNKNOWN", "takeover"),
    ],
)
def test_what_a_demand_lacks_is_named(plain: Archive, changes: dict[str, object], code: str, path: str) -> None:
    demand = submit(plain, order(**changes))
    errors = accept_or_reject(plain, demand.id)
    assert isinstance(errors, ErrorList)
    (fault,) = errors.faults
    assert (fault.code, fault.path, fault.severity) == (code, path, "error")
    assert fault.rule
    assert fault.rules
    assert fault.message.en != fault.message.pl
    assert found(plain, demand.id).state is S.REJECTED
    assert accept_or_reject(plain, demand.id) == errors
    with pytest.raises(WrongState):
        verify(plain, demand.id, decide=permitting, by=administrator())


@pytest.mark.requirement("R463-5.2")
def test_all_errors_are_listed_at_once(plain: Archive) -> None:
    demand = submit(plain, order(purpose=None, patient=None, takeover="", requester=worker(npwz="")))
    errors = accept_or_reject(plain, demand.id)
    assert isinstance(errors, ErrorList)
    codes = [fault.code for fault in errors.faults]
    assert codes == ["IDENT_INCOMPLETE", "PURPOSE_MISSING", "PATIENT_MISSING", "PROVIDER_UNKNOWN"]


def test_a_provider_is_found_by_its_number(archive: Archive) -> None:
    demand = submit(archive, order(takeover="", provider=Identifier("2.16.840.1.113883.3.4424.2.2.1", "000000001")))
    assert isinstance(accept_or_reject(archive, demand.id), ErrorList)
    number = archive.catalogue.takeover(TAKEOVER).handover.producer.regon
    demand = submit(archive, order(takeover="", provider=Identifier("2.16.840.1.113883.3.4424.2.2.1", number)))
    receipt = accept_or_reject(archive, demand.id)
    assert isinstance(receipt, Receipt)
    assert receipt.takeover == TAKEOVER


@pytest.mark.parametrize("patient", [PATIENT, Identifier(PATIENT.root, f"{77:011d}")])
def test_acceptance_does_not_tell_whether_the_patient_is_known(plain: Archive, patient: Identifier) -> None:
    demand = submit(plain, order(patient=patient))
    assert isinstance(accept_or_reject(plain, demand.id), Receipt)


@pytest.mark.requirement("R463-5.3")
def test_the_decision_is_asked_for_an_export_of_the_patients_record(plain: Archive) -> None:
    asked = list[AccessRequest]()

    def decide(request: AccessRequest) -> Decision:
        asked.append(request)
        return permitting(request)

    demand = brought_to(plain, S.ACCEPTED, order(scope=Scope(studies=("1.2.3",)), evidence="letter 7"))
    verify(plain, demand.id, decide=decide, by=administrator())
    (request,) = asked
    assert (request.operation, request.purpose, request.door) == (Operation.EXPORT, Purpose.TREATMENT, "cli")
    assert (request.subject.takeover, request.subject.patient, request.subject.study) == (TAKEOVER, 1, "1.2.3")
    assert PATIENT in request.subject.patient_identifiers
    assert request.evidence == f"demand {demand.id} letter 7"
    record = progress(plain, demand.id)[-1].detail["decision"]
    assert (record["permitted"], record["rules"], record["rule"]) == (True, "test-rules", "consent")
    assert record["inputs"]["purpose"] == "treatment"


def test_somebody_who_is_not_there_leads_to_nobody(plain: Archive) -> None:
    asked = list[AccessRequest]()
    demand = brought_to(plain, S.ACCEPTED, order(patient=Identifier(PATIENT.root, f"{77:011d}")))
    verify(plain, demand.id, decide=lambda request: asked.append(request) or refusing(request), by=administrator())  # type: ignore[func-returns-value]
    assert (asked[0].subject.patient, asked[0].subject.patient_identifiers) == (0, ())


@pytest.mark.requirement("R463-5.4")
@pytest.mark.requirement("R463-7.2")
def test_a_refused_demand_never_reaches_the_queue(archive: Archive) -> None:
    refused = brought_to(archive, S.ACCEPTED)
    verdict = verify(archive, refused.id, decide=refusing, by=administrator())
    assert (verdict.demand.state, verdict.decision.reason) == (S.REFUSED, "CONSENT_MISSING")
    assert progress(archive, refused.id)[-1].detail["decision"]["reasons"] == ["CONSENT_MISSING"]
    with pytest.raises(WrongState):
        forward(archive, refused.id, by=administrator())
    forwarded = brought_to(archive, S.FORWARDED)
    for state in (S.SUBMITTED, S.ACCEPTED, S.VERIFIED, S.PREPARED, S.CONFIRMED):
        brought_to(archive, state)
    assert [demand.id for demand in queue(archive, by=administrator())] == [forwarded.id]
    assert [demand.id for demand in queue(archive, takeover=TAKEOVER, by=administrator())] == [forwarded.id]
    assert queue(archive, takeover="takeover-two", by=administrator()) == []


@pytest.mark.requirement("R463-5.3")
def test_a_decision_that_cannot_be_made_permits_nothing(plain: Archive) -> None:
    def down(_: AccessRequest) -> Decision:
        raise CatalogueUnavailable(reason="down")

    demand = brought_to(plain, S.ACCEPTED)
    with pytest.raises(CatalogueUnavailable):
        verify(plain, demand.id, decide=down, by=administrator())
    assert found(plain, demand.id).state is S.VERIFYING
    with pytest.raises(WrongState):
        forward(plain, demand.id, by=administrator())
    assert verify(plain, demand.id, decide=refusing, by=administrator()).demand.state is S.REFUSED


@pytest.mark.requirement("R463-5.5")
def test_prepared_content_is_frozen_as_received(plain: Archive) -> None:
    demand = brought_to(plain, S.PREPARED)
    content, digest = frozen(plain, demand.id)
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
    assert paper["content_sha256"] == frozen(plain, demand.id)[1]
    assert paper["signature"] == detail["signature"]
    assert json.loads(text)["npwz"] == "5425740"
    assert outgoing(plain, demand.id)["content_sha256"] == paper["content_sha256"]


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
    assert record["content_sha256"] == frozen(plain, demand.id)[1]
    assert record["seal_sha256"] == sha256(seal_of(plain, demand.id)).hexdigest()


@pytest.mark.requirement("R463-5.8")
def test_only_the_frozen_content_is_received(plain: Archive) -> None:
    demand = brought_to(plain, S.SENT)
    digest = frozen(plain, demand.id)[1]
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
        lambda: accept_or_reject(plain, demand.id) and forward(plain, demand.id, by=administrator()),
        lambda: verify(plain, demand.id, decide=permitting, by=administrator()),
        lambda: send(plain, demand.id, by=administrator(), decide=permitting),
    ]
    for attempt in attempts:
        with pytest.raises(WrongState):
            attempt()
    assert confirm(plain, demand.id, place=Place.SIM, by=requester()).state is S.EXPIRED


def test_a_demand_that_is_not_there_is_unknown(plain: Archive) -> None:
    name, boss = "00000000-0000-7000-8000-000000000000", administrator()
    attempts: list[Callable[[], object]] = [
        lambda: found(plain, name),
        lambda: progress(plain, name),
        lambda: accept_or_reject(plain, name),
        lambda: forward(plain, name, by=boss),
        lambda: send(plain, name, by=boss, decide=permitting),
    ]
    for attempt in attempts:
        with pytest.raises(DemandUnknown):
            attempt()


@pytest.mark.parametrize("changes", [{"message_id": ""}, {"message_id": "x" * 257}, {"reason": "\ud800"}])
def test_what_no_message_could_say_is_not_submitted(plain: Archive, changes: dict[str, object]) -> None:
    with pytest.raises(DemandUnreadable):
        submit(plain, order(**changes))
    with pytest.raises(DemandUnreadable):
        submit(plain, order(requester=worker(id="", organisation=None)))


def test_errors_and_reprs_hold_no_person(plain: Archive) -> None:
    demand = brought_to(plain, S.FORWARDED)
    row = plain.catalogue.demands.demand(demand.id)
    with pytest.raises(WorkerIncomplete) as told:
        prepare(plain, demand.id, worker=archivist(npwz=""), holdings=[], decide=permitting)
    seen = f"{demand!r}{demand.order!r}{row!r}{told.value!r}{told.value.fields}{progress(plain, demand.id)!r}"
    for personal in (PATIENT.extension, "Żółkiewska", "Łucja", "Brzęk", demand.order.requester.npwz):
        assert personal not in seen
