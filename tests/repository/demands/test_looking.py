"""What a demand holds is told to its requester and to staff, and each look has exactly one account."""

from collections.abc import Callable

import pytest

from repository.access.account import PERMITTED, REFUSED, Account
from repository.access.account_query import AccountQuery
from repository.access.principal import Principal
from repository.demands.errors import DemandUnknown, WrongState
from repository.demands.preparing import frozen
from repository.demands.signing import outgoing
from repository.demands.submitting import ErrorList, Receipt, accept_or_reject, submit
from repository.domain.demand import DemandState
from repository.opening import archive_itself
from repository.runtime import Archive
from tests.builders.access import THEIRS, administrator, organisation, the_archive
from tests.repository.demands.making import TAKEOVER, archivist, brought_to, order, requester

pytestmark = pytest.mark.requirement("R463-10.1.2")
S = DemandState
Look = Callable[[Archive, str, Principal], object]
LOOKS: dict[str, tuple[S, Look]] = {
    "frozen": (S.PREPARED, lambda archive, name, by: frozen(archive, name, by=by)),
    "outgoing": (S.SENT, lambda archive, name, by: outgoing(archive, name, by=by)),
    "answer": (S.SUBMITTED, lambda archive, name, by: accept_or_reject(archive, name, by=by)),
}


def outsider() -> Principal:
    return requester(id="outsider", npwz="1234563", identifier=None, organisation=organisation(THEIRS))


def accounts(archive: Archive, after: int) -> list[Account]:
    return archive.catalogue.accounts.search(AccountQuery(after=after))


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("who", [requester(), administrator()])
def test_a_look_by_requester_or_staff_has_one_account(plain: Archive, look: str, who: Principal) -> None:
    state, deed = LOOKS[look]
    demand = brought_to(plain, state)
    before = plain.catalogue.journal.size()
    deed(plain, demand.id, who)
    (account,) = accounts(plain, before)
    assert (account.outcome, account.rule, account.operation) == (PERMITTED, "demand", "search")
    assert (account.kind, account.id, account.surname) == (who.kind.value, who.id, who.surname)
    assert account.purpose == "treatment"
    assert account.evidence == f"demand {demand.id}"
    told = (TAKEOVER, 1) if look != "answer" else ("", 0)
    assert (account.takeover, account.patient) == told
    assert bool(account.patient_name) is (look != "answer")


@pytest.mark.parametrize("look", LOOKS)
def test_a_look_by_others_and_at_what_is_not_there_is_refused_and_accounted_for_alike(
    plain: Archive, look: str
) -> None:
    state, deed = LOOKS[look]
    demand = brought_to(plain, state)
    stranger_of_the_kind = the_archive(organisation=organisation(THEIRS))
    seen = []
    for name, who in ((demand.id, outsider()), ("nothing", outsider()), (demand.id, stranger_of_the_kind)):
        before = plain.catalogue.journal.size()
        with pytest.raises(DemandUnknown):
            deed(plain, name, who)
        (account,) = accounts(plain, before)
        assert account.id == who.id
        seen.append((account.outcome, account.reasons, account.takeover, account.patient, account.evidence))
    assert seen == [(REFUSED, ("NOT_FOUND",), "", 0, "")] * 3


def test_a_demand_that_has_nothing_to_show_yet_is_accounted_for_as_well(plain: Archive) -> None:
    demand = brought_to(plain, S.FORWARDED)
    for deed in (frozen, outgoing):
        before = plain.catalogue.journal.size()
        with pytest.raises(WrongState):
            deed(plain, demand.id, by=archivist())
        assert len(accounts(plain, before)) == 1


def test_the_archive_itself_answers_and_the_same_answer_has_an_account_each_time(plain: Archive) -> None:
    good, bad = submit(plain, order()), submit(plain, order(purpose=None))
    for demand, answer in ((good, Receipt), (bad, ErrorList)):
        before = plain.catalogue.journal.size()
        first = accept_or_reject(plain, demand.id, by=archive_itself(plain))
        assert isinstance(first, answer)
        assert accept_or_reject(plain, demand.id, by=requester()) == first
        assert [each.kind for each in accounts(plain, before)] == ["archive", "medical-worker"]


def test_a_look_is_no_disclosure(plain: Archive) -> None:
    from repository.reports.register import is_disclosure

    demand = brought_to(plain, S.SENT)
    before = plain.catalogue.journal.size()
    outgoing(plain, demand.id, by=archivist())
    assert not any(map(is_disclosure, accounts(plain, before)))
