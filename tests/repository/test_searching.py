"""Searching as somebody: one account for each search, which says what was asked and on which ground; and no trace of
what is not for whoever asked."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from repository.access.account import PERMITTED, REFUSED, Account
from repository.access.account_query import AccountQuery
from repository.access.purpose import Purpose
from repository.access.subject import Scope
from repository.catalogue.errors import BadCursor
from repository.catalogue.query import Level, Page, Query
from repository.domain.describing import Identifier
from repository.domain.takeover import Takeover
from repository.entitlement import give, give_custody, protect, unprotect, withdraw
from repository.evidence.signing import opened
from repository.intake import Order, receive
from repository.opening import Errand
from repository.reports.asking import errand_of
from repository.reports.paper import Paper
from repository.reports.special import special_report
from repository.reports.who_looked import who_looked
from repository.runtime import Archive
from repository.searching import search
from tests.builders.access import (
    OURS,
    THEIRS,
    acting,
    consent,
    organisation,
    patient,
    special_service,
)
from tests.builders.errands import NOW, Clock, errand
from tests.builders.homes import at_home, clinic_package, new_home

PATIENTS, DOCUMENTS = Query(level=Level.PATIENT), Query(level=Level.DOCUMENT)


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    with at_home(new_home(tmp_path), clock=Clock()) as made:
        yield made


@pytest.fixture
def takeover(archive: Archive, tmp_path: Path) -> Takeover:
    """Three patients with a document each, and two files of nobody."""
    return receive(archive, Order(clinic_package(tmp_path / "package", patients=3, others=2)), progress=lambda _: None)


def emergency() -> Errand:
    return errand(purpose=Purpose.EMERGENCY, reason="unconscious")


def searched(archive: Archive, mine: Errand, *queries: Query) -> tuple[list[Page], Account]:
    """The pages, and the one account that the search has."""
    before = archive.catalogue.journal.size()
    pages = search(archive, mine, queries)
    assert archive.catalogue.journal.size() == before + 1
    (account,) = archive.catalogue.accounts.search(AccountQuery(after=before))
    assert account.operation == "search"
    return pages, account


def patients(page: Page) -> set[int]:
    return {hit.patient for hit in page.hits}


def whose(archive: Archive, takeover: Takeover, number: int) -> Identifier:
    return archive.catalogue.entitling.identifiers_of(takeover.number, number)[0]


def permit(archive: Archive, takeover: Takeover, number: int, scope: Scope | None = None) -> str:
    given = consent(patient=whose(archive, takeover, number), scope=scope or Scope(), valid_from=NOW, valid_to=None)
    return give(archive, given).id


def test_a_search_has_one_account_however_many_levels_it_looks_at(archive: Archive, takeover: Takeover) -> None:
    give_custody(archive, takeover.id, OURS, name="NZOZ Zdrowie")
    pages, account = searched(archive, errand(), *(Query(level=level) for level in Level))
    assert sum(len(page.hits) for page in pages) == account.count
    found = {page.hits[0].level: len(page.hits) for page in pages if page.hits}
    assert found == {Level.PATIENT: 3, Level.DOCUMENT: 3, Level.HOLDING: 5}
    assert (account.outcome, account.duties) == (PERMITTED, ())
    assert account.rule == "author custodian-treats"  # a doctor finds what she wrote; the custody opens the rest
    assert (account.surname, account.purpose, account.door) == ("Żółkiewska", "treatment", "cli")


def test_the_account_says_what_was_asked(archive: Archive, takeover: Takeover) -> None:
    give_custody(archive, takeover.id, OURS, name="NZOZ Zdrowie")
    asked = Query(level=Level.DOCUMENT, dates="20240506", class_code="06.00", limit=7)
    _, account = searched(archive, errand(), asked, replace(asked, level=Level.PATIENT))
    assert account.query == "class_code=06.00 dates=20240506"


def test_a_search_that_finds_one_patient_alone_is_about_that_patient(archive: Archive, takeover: Takeover) -> None:
    give_custody(archive, takeover.id, OURS, name="NZOZ Zdrowie")
    known = whose(archive, takeover, 2)
    _, account = searched(archive, errand(), replace(PATIENTS, patient_id=known.extension), DOCUMENTS)
    assert (account.takeover, account.patient) == ("", 0)  # documents of all three
    by_id = [replace(each, patient_id=known.extension) for each in (PATIENTS, DOCUMENTS)]
    (people, documents), account = searched(archive, errand(), *by_id)
    assert patients(people) == patients(documents) == {2}
    assert (account.takeover, account.patient, account.count) == (takeover.id, 2, 2)
    assert account.patients == ((takeover.id, 2),)


def test_a_search_names_every_patient_of_whom_it_has_shown_something_and_nobody_else(
    archive: Archive, takeover: Takeover
) -> None:
    give_custody(archive, takeover.id, OURS, name="NZOZ Zdrowie")
    _, account = searched(archive, errand(), *(Query(level=level) for level in Level))
    assert account.patients == tuple((takeover.id, n) for n in (1, 2, 3))  # the holdings of nobody are nobody's
    _, account = searched(archive, errand(), replace(PATIENTS, limit=1))
    assert account.patients == ((takeover.id, account.patient),)  # what another page has is told by another search
    _, account = searched(archive, errand(), replace(PATIENTS, patient_id="44051401359"))
    assert account.patients == ()
    protect(archive, whose(archive, takeover, 2))
    _, account = searched(archive, errand(), PATIENTS)
    assert account.patients == ((takeover.id, 1), (takeover.id, 3))


def rows_of(archive: Archive, paper: Paper) -> list[dict[str, object]]:
    value = opened(paper.signed, purpose=paper.kind.purpose, public_key=archive.ring.signing_public_key())
    return [row for row in value["rows"] if row.get("what", "search") == "search"]


@pytest.mark.requirement("R463-10.1.1", "R463-10.1.3")
def test_the_patient_learns_who_looked_by_searching_in_every_takeover_however_many_others_were_found(
    archive: Archive, takeover: Takeover, tmp_path: Path
) -> None:
    folder = clinic_package(tmp_path / "later", patients=3)
    (folder / "more.bin").write_bytes(b"so that it is another package")
    later = receive(archive, Order(folder), progress=lambda _: None)
    mine, other = whose(archive, takeover, 2), whose(archive, takeover, 3)
    by_pesel = replace(PATIENTS, patient_id=mine.extension, patient_root=mine.root)
    _, account = searched(archive, emergency(), by_pesel)
    assert (account.takeover, account.patient) == ("", 0)  # one person, but known twice
    assert {place for place, _ in account.patients} == {takeover.id, later.id}
    _, account = searched(archive, emergency(), PATIENTS)
    assert len(account.patients) == 6
    known = emergency().principal.identification
    for who, looks in ((mine, 2), (other, 1)):
        me = errand_of(patient(who, identification=known), door="rest")
        paper = who_looked(archive, me, patient=f"{who.root}^{who.extension}")
        rows = rows_of(archive, paper)
        assert [(row["person"], row["purpose"], row["prominent"]) for row in rows] == [
            ("Łucja Żółkiewska", "emergency", True)
        ] * looks
        others = {mine, other} - {who}
        assert not [each for each in others if each.extension.encode() in paper.signed]


@pytest.mark.requirement("R463-10.3")
def test_a_special_service_learns_who_searched_among_many(archive: Archive, takeover: Takeover) -> None:
    give_custody(archive, takeover.id, OURS, name="NZOZ Zdrowie")
    searched(archive, errand(), PATIENTS, DOCUMENTS)
    service = errand_of(special_service(identification=errand().principal.identification), door="cli")
    protected = whose(archive, takeover, 2)
    protect(archive, protected)
    searched(archive, errand(), PATIENTS)  # who is protected is not found any more
    paper = special_report(archive, service, patient=f"{protected.root}^{protected.extension}")
    assert [(row["surname"], row["purpose"]) for row in rows_of(archive, paper)] == [("Żółkiewska", "treatment")]
    protect(archive, takeover=takeover.id)
    paper = special_report(archive, service, takeover=takeover.id)
    assert [row["surname"] for row in rows_of(archive, paper)] == ["Żółkiewska"] * 2


def test_breaking_the_glass_to_search_stands_out_and_is_reviewed(archive: Archive, takeover: Takeover) -> None:
    (page,), account = searched(archive, emergency(), PATIENTS)
    assert len(patients(page)) == 3
    assert (account.outcome, account.rule, account.duties) == (PERMITTED, "break-glass", ("prominent", "review"))
    assert [each.number for each in archive.catalogue.accounts.due_for_review()] == [account.number]
    assert takeover.id


def test_who_is_refused_who_has_no_ground_and_who_finds_nothing_are_told_the_same(
    archive: Archive, takeover: Takeover
) -> None:
    absent = replace(PATIENTS, patient_id="44051401359")
    seen = []
    stranger = acting(THEIRS, identification=errand().principal.identification)
    for mine in (errand(purpose=None), errand(principal=stranger)):
        pages, account = searched(archive, mine, PATIENTS, DOCUMENTS)
        assert (account.outcome, account.rule, account.duties, account.count) == (REFUSED, "", (), 0)
        seen.append((pages, account.reasons))
    give_custody(archive, takeover.id, OURS, name="NZOZ Zdrowie")
    pages, account = searched(archive, errand(), absent, replace(absent, level=Level.DOCUMENT))
    assert (account.outcome, account.count, account.patient) == (PERMITTED, 0, 0)
    assert seen == [(pages, ("PURPOSE_MISSING",)), (pages, ("AUTHZ_INCOMPLETE",))]
    assert pages == [Page((), "")] * 2


def test_a_mark_that_no_search_gave_is_refused_alike_by_whoever_asks(archive: Archive, takeover: Takeover) -> None:
    give_custody(archive, takeover.id, OURS, name="NZOZ Zdrowie")
    for mine in (errand(), errand(purpose=None)):
        with pytest.raises(BadCursor):
            search(archive, mine, [replace(PATIENTS, after="bad")])


def test_a_consent_and_its_withdrawal_count_from_the_next_search_on(archive: Archive, takeover: Takeover) -> None:
    assert searched(archive, errand(), PATIENTS)[0][0].hits == ()
    given = permit(archive, takeover, 2)
    (page,), account = searched(archive, errand(), PATIENTS)
    assert (patients(page), account.patient) == ({2}, 2)
    withdraw(archive, given)
    assert searched(archive, errand(), PATIENTS)[0][0].hits == ()


def test_custody_that_passes_on_counts_from_the_next_search_on(archive: Archive, takeover: Takeover) -> None:
    theirs = errand(principal=replace(errand().principal, organisation=organisation(THEIRS)))
    for whom, mine, other in ((OURS, errand(), theirs), (THEIRS, theirs, errand())):
        give_custody(archive, takeover.id, whom, name="A")
        assert len(searched(archive, mine, PATIENTS)[0][0].hits) == 3
        assert searched(archive, other, PATIENTS)[0][0].hits == ()


def test_who_is_protected_is_gone_from_the_next_search_on_and_whatever_comes_later(
    archive: Archive, takeover: Takeover, tmp_path: Path
) -> None:
    give_custody(archive, takeover.id, OURS, name="NZOZ Zdrowie")
    assert patients(searched(archive, errand(), PATIENTS)[0][0]) == {1, 2, 3}
    known = whose(archive, takeover, 2)
    (flag,) = protect(archive, known)
    (page,), account = searched(archive, errand(), PATIENTS)
    assert patients(page) == {1, 3}
    assert account.outcome == PERMITTED
    folder = clinic_package(tmp_path / "later", patients=3)
    (folder / "more.bin").write_bytes(b"so that it is another package")
    later = receive(archive, Order(folder), progress=lambda _: None)
    give_custody(archive, later.id, OURS, name="NZOZ Zdrowie")
    assert len(searched(archive, errand(), PATIENTS)[0][0].hits) == 4
    assert searched(archive, errand(), replace(PATIENTS, patient_id=known.extension))[0][0].hits == ()
    assert len(searched(archive, emergency(), PATIENTS)[0][0].hits) == 4
    unprotect(archive, flag)
    assert len(searched(archive, errand(), PATIENTS)[0][0].hits) == 6
