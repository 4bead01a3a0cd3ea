"""Who may do what with a demand; what is asked again before content leaves; what a receipt does not tell."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from repository.access.decision import Decision
from repository.access.principal import Principal
from repository.access.request import AccessRequest
from repository.catalogue.catalogue import Catalogue
from repository.demands.errors import DemandUnknown, NoLongerEntitled
from repository.demands.expiring import expire_due
from repository.demands.moving import found
from repository.demands.preparing import frozen, prepare
from repository.demands.receiving import confirm, receive
from repository.demands.signing import send, sign, to_be_signed
from repository.demands.standing import listed
from repository.demands.submitting import Receipt, accept_or_reject, submit
from repository.demands.verifying import forward, queue, verify
from repository.domain.demand import DemandState, Place
from repository.domain.describing import Identifier
from repository.entitlement import give, give_custody, protect, withdraw
from repository.opening import decided
from repository.runtime import Archive
from tests.builders.access import HOUR, SUCCESSOR, THEIRS, administrator, consent, objection, organisation, worker
from tests.builders.holdings import image, opened, packed
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
REGON = "2.16.840.1.113883.3.4424.2.2.1"
WHAT = [(TAKEOVER, 1)]


def outsider(**changes: object) -> Principal:
    known = {"id": "outsider", "npwz": "1234563", "identifier": None, "organisation": organisation(THEIRS)}
    return worker(**known | changes)


def of_the_archive(archive: Archive) -> Principal:
    return archivist(id="keeper", organisation=organisation(archive.identifier, role="archive"))


def requester_in_custody() -> Principal:
    """The very person who asked, now signed in as a worker of the custodian."""
    return requester(id="another-account", organisation=organisation(SUCCESSOR))


@pytest.mark.parametrize("who", [outsider(), requester(), administrator(), requester_in_custody()])
def test_only_workers_who_keep_the_record_and_did_not_ask_prepare_and_sign(plain: Archive, who: Principal) -> None:
    demand = brought_to(plain, S.FORWARDED)
    if who.npwz:
        with pytest.raises(DemandUnknown):
            prepare(plain, demand.id, worker=who, holdings=WHAT, decide=permitting)
    assert found(plain, demand.id).state is S.FORWARDED
    keeper = of_the_archive(plain)
    prepare(plain, demand.id, worker=keeper, holdings=WHAT, decide=permitting)
    text = to_be_signed(plain, demand.id, worker=keeper)
    if who.npwz:
        with pytest.raises(DemandUnknown):
            sign(plain, demand.id, worker=who, signature=signature(text))


@pytest.mark.parametrize("who", [outsider(), requester()])
def test_only_staff_verifies_forwards_sends_and_expires(plain: Archive, clock: Ticking, who: Principal) -> None:
    asked = list[AccessRequest]()

    def decide(request: AccessRequest) -> Decision:
        asked.append(request)
        return permitting(request)

    attempts: dict[S, Callable[[str], object]] = {
        S.ACCEPTED: lambda name: verify(plain, name, decide=decide, by=who),
        S.VERIFIED: lambda name: forward(plain, name, by=who),
        S.SIGNED: lambda name: send(plain, name, by=who, decide=decide),
    }
    for state, attempt in attempts.items():
        demand = brought_to(plain, state)
        with pytest.raises(DemandUnknown):
            attempt(demand.id)
        assert found(plain, demand.id).state is state
    assert asked == []
    clock.later(timedelta(days=40))
    assert expire_due(plain, clock(), by=who) == []
    assert len(expire_due(plain, clock(), by=archivist())) == len(attempts)


def test_only_the_requester_receives_and_confirms_in_sim(plain: Archive) -> None:
    colleague = requester(id="colleague", npwz="1234563", identifier=None)
    demand = brought_to(plain, S.SENT)
    digest = frozen(plain, demand.id, by=archivist())[1]
    for who in (outsider(), archivist(), administrator(organisation=organisation(SUCCESSOR))):
        with pytest.raises(DemandUnknown):
            receive(plain, demand.id, content_sha256=digest, by=who)
    receive(plain, demand.id, content_sha256=digest, by=colleague)
    for who in (outsider(), archivist(), administrator(organisation=organisation(SUCCESSOR))):
        with pytest.raises(DemandUnknown):
            confirm(plain, demand.id, place=Place.SIM, by=who)
    with pytest.raises(DemandUnknown):
        confirm(plain, demand.id, place=Place.PROVIDER, by=outsider())
    confirm(plain, demand.id, place=Place.SIM, by=requester())
    assert confirm(plain, demand.id, place=Place.PROVIDER, by=archivist()).state is S.CONFIRMED


def test_who_is_neither_requester_nor_staff_sees_no_demand(plain: Archive) -> None:
    demand = brought_to(plain, S.FORWARDED)
    for who in (requester(), archivist(), administrator(), of_the_archive(plain)):
        assert [each.id for each in listed(plain, who)] == [each.id for each in queue(plain, by=who)] == [demand.id]
    assert listed(plain, outsider()) == queue(plain, by=outsider()) == []
    give_custody(plain, TAKEOVER, THEIRS, name="B")
    assert listed(plain, archivist()) == []
    assert [each.id for each in listed(plain, outsider())] == [demand.id]


@pytest.mark.requirement("R463-7.2")
@pytest.mark.parametrize("what", ["withdrawn", "objection", "protected"])
def test_what_has_changed_since_keeps_the_content_here(plain: Archive, what: str) -> None:
    given = give(plain, consent(id="", patient=PATIENT))

    def decide(request: AccessRequest) -> Decision:
        return decided(plain, request)

    waiting, signed = brought_to(plain, S.FORWARDED), brought_to(plain, S.SIGNED)
    verified = submit(plain, order())
    accept_or_reject(plain, verified.id, by=administrator())
    assert verify(plain, verified.id, decide=decide, by=archivist()).decision.permitted
    match what:
        case "withdrawn":
            withdraw(plain, given.id)
        case "objection":
            give(plain, objection(id="", patient=PATIENT))
        case _:
            protect(plain, PATIENT)
    with pytest.raises(NoLongerEntitled) as told:
        prepare(plain, waiting.id, worker=archivist(), holdings=WHAT, decide=decide)
    assert told.value.fields["reason"] == ("OBJECTION" if what == "objection" else "CONSENT_MISSING")
    with pytest.raises(NoLongerEntitled):
        send(plain, signed.id, by=archivist(), decide=decide)
    assert (found(plain, waiting.id).state, found(plain, signed.id).state) == (S.FORWARDED, S.SIGNED)


def test_a_session_that_has_ended_since_identifies_as_at_the_submission(plain: Archive, clock: Ticking) -> None:
    give(plain, consent(id="", patient=PATIENT))
    demand = brought_to(plain, S.ACCEPTED)
    clock.later(3 * HOUR)
    asked = list[AccessRequest]()

    def decide(request: AccessRequest) -> Decision:
        asked.append(request)
        return decided(plain, request)

    assert verify(plain, demand.id, decide=decide, by=archivist()).demand.state is S.VERIFIED
    known = asked[0].principal.identification
    assert known is not None
    assert demand.id in known.evidence
    assert asked[0].at < known.until


def older_and_newer(catalogue: Catalogue) -> str:
    """The second takeover of the provider keeps another patient's image; its id."""
    newer = opened(catalogue, "two")
    catalogue.record(newer.number, [packed("cc", image(1, patient=9))])
    return newer.id


@pytest.mark.parametrize("extension", [PATIENT.extension, f"{77:011d}"])
def test_a_receipt_names_the_newest_takeover_whoever_is_in_it(plain: Archive, extension: str) -> None:
    newer = older_and_newer(plain.catalogue)
    number = plain.catalogue.takeover(TAKEOVER).handover.producer.regon
    wanted = order(takeover="", provider=Identifier(REGON, number), patient=Identifier(PATIENT.root, extension))
    newest = max(TAKEOVER, newer)
    demand, asked = submit(plain, wanted), list[AccessRequest]()
    receipt = accept_or_reject(plain, demand.id, by=administrator())
    assert isinstance(receipt, Receipt)
    assert receipt.takeover == newest

    def decide(request: AccessRequest) -> Decision:
        asked.append(request)
        return permitting(request) if request.subject.patient else refusing(request)

    verdict = verify(plain, demand.id, decide=decide, by=administrator())
    there = extension == PATIENT.extension
    assert asked[0].subject.takeover == verdict.demand.takeover == (TAKEOVER if there else newest)
    assert found(plain, demand.id).takeover == verdict.demand.takeover
