"""The nine steps from the message to the queue, on both engines: what each wants, leaves and refuses."""

from collections.abc import Callable
from dataclasses import replace
from uuid import UUID

import pytest

from repository.access.decision import Decision
from repository.access.purpose import Purpose
from repository.access.request import AccessRequest
from repository.access.subject import Operation, Scope
from repository.catalogue.errors import CatalogueUnavailable
from repository.demands.errors import (
    DemandConflict,
    DemandUnknown,
    DemandUnreadable,
    WorkerIncomplete,
    WrongState,
)
from repository.demands.moving import found
from repository.demands.preparing import prepare
from repository.demands.progress import confirmations, progress
from repository.demands.signing import send
from repository.demands.submitting import ErrorList, Receipt, accept_or_reject, submit
from repository.demands.verifying import forward, queue, verify
from repository.domain.demand import DemandState, Place
from repository.domain.describing import Identifier
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
    first, second = submit(plain, wanted), submit(plain, other)
    assert first.id != second.id
    assert (submit(plain, wanted).id, submit(plain, other).id) == (first.id, second.id)


@pytest.mark.requirement("R463-5.2")
@pytest.mark.requirement("R463-8.2")
def test_an_accepted_demand_has_a_receipt_and_no_errors(plain: Archive) -> None:
    demand = submit(plain, order())
    receipt = accept_or_reject(plain, demand.id, by=administrator())
    assert isinstance(receipt, Receipt)
    assert (receipt.demand, receipt.takeover) == (demand.id, TAKEOVER)
    assert accept_or_reject(plain, demand.id, by=administrator()) == receipt
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
    errors = accept_or_reject(plain, demand.id, by=administrator())
    assert isinstance(errors, ErrorList)
    (fault,) = errors.faults
    assert (fault.code, fault.path, fault.severity) == (code, path, "error")
    assert fault.rule
    assert fault.rules
    assert fault.message.en != fault.message.pl
    assert found(plain, demand.id).state is S.REJECTED
    assert accept_or_reject(plain, demand.id, by=administrator()) == errors
    with pytest.raises(WrongState):
        verify(plain, demand.id, decide=permitting, by=administrator())


@pytest.mark.requirement("R463-5.2")
def test_all_errors_are_listed_at_once(plain: Archive) -> None:
    demand = submit(plain, order(purpose=None, patient=None, takeover="", requester=worker(npwz="")))
    errors = accept_or_reject(plain, demand.id, by=administrator())
    assert isinstance(errors, ErrorList)
    codes = [fault.code for fault in errors.faults]
    assert codes == ["IDENT_INCOMPLETE", "PURPOSE_MISSING", "PATIENT_MISSING", "PROVIDER_UNKNOWN"]


def test_a_provider_is_found_by_its_number(archive: Archive) -> None:
    demand = submit(archive, order(takeover="", provider=Identifier("2.16.840.1.113883.3.4424.2.2.1", "000000001")))
    assert isinstance(accept_or_reject(archive, demand.id, by=administrator()), ErrorList)
    number = archive.catalogue.takeover(TAKEOVER).handover.producer.regon
    demand = submit(archive, order(takeover="", provider=Identifier("2.16.840.1.113883.3.4424.2.2.1", number)))
    receipt = accept_or_reject(archive, demand.id, by=administrator())
    assert isinstance(receipt, Receipt)
    assert receipt.takeover == TAKEOVER


@pytest.mark.parametrize("patient", [PATIENT, Identifier(PATIENT.root, f"{77:011d}")])
def test_acceptance_does_not_tell_whether_the_patient_is_known(plain: Archive, patient: Identifier) -> None:
    demand = submit(plain, order(patient=patient))
    receipt = accept_or_reject(plain, demand.id, by=administrator())
    assert isinstance(receipt, Receipt)
    assert (receipt.demand, receipt.takeover) == (demand.id, TAKEOVER)
    assert found(plain, demand.id).state is S.ACCEPTED


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


def test_a_demand_that_is_not_there_is_unknown(plain: Archive) -> None:
    name, boss = "00000000-0000-7000-8000-000000000000", administrator()
    attempts: list[Callable[[], object]] = [
        lambda: found(plain, name),
        lambda: progress(plain, name),
        lambda: accept_or_reject(plain, name, by=administrator()),
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
