"""Looking for accounts finds what `account_query.matches` says, in order, on both engines."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine, select

from repository.access.account import Account, as_body
from repository.access.account_query import MOST, AccountQuery, matches
from repository.catalogue.accounts import _conditions as conditions
from repository.catalogue.catalogue import Catalogue, open_catalogue
from repository.catalogue.journal import Make
from repository.catalogue.journal_tables import account as account_table
from repository.catalogue.journal_tables import journal
from repository.catalogue.tables import metadata
from repository.domain.deed import Deed
from repository.domain.describing import Identifier
from tests.builders.accounts import TAKEOVER, account, accounts
from tests.builders.holdings import image, opened, packed, person
from tests.repository.catalogue.conftest import Fresh

SOME = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
AWKWARD = st.sampled_from(["", "␛", "a␛0000b", "\x00", "Żółć", "Ćwikła  Nowak", "ł" * 200, "x" * 300, "ﬁ", "ß", " a"])


def deed(kind: str, body: dict[str, object], outcome: str = "done", at: str = "2026-01-01T00:00:00.000000Z") -> Make:
    def make(number: int) -> Deed:
        record = f"{kind} {number}".encode()
        return Deed(number, kind, at, outcome, body, record, number.to_bytes(32, "big"))

    return make


def written(catalogue: Catalogue, several: Sequence[Account]) -> list[Account]:
    deeds = catalogue.journal.write([deed("account", as_body(one), one.outcome, one.at) for one in several])
    return [replace(one, number=made.number) for one, made in zip(several, deeds, strict=True)]


@st.composite
def any_accounts(draw: st.DrawFn) -> Account:
    found = draw(accounts())
    words = {name: draw(AWKWARD) for name in draw(st.sets(st.sampled_from(["id", "surname", "study", "npwz"])))}
    return replace(found, **words)  # type: ignore[arg-type]


@st.composite
def queries(draw: st.DrawFn, several: Sequence[Account]) -> AccountQuery:
    """Conditions on a few fields, mostly with values that some account has."""
    one = st.sampled_from(several)

    def of(name: str) -> st.SearchStrategy[tuple[object, ...]]:
        return st.lists(one.map(lambda each: getattr(each, name)), max_size=2).map(tuple)

    shown = one.map(lambda each: each.patients[-2:])
    fields: dict[str, st.SearchStrategy[object]] = {
        "at_from": one.map(lambda each: each.at), "at_to": one.map(lambda each: each.at) | st.just("\x00"),
        "numbers": of("number") | st.just((2**70, 0, -1)), "ids": of("id"), "kinds": of("kind"), "npwz": of("npwz"),
        "surnames": st.lists(one.map(lambda each: each.surname[:2]) | AWKWARD, max_size=2).map(tuple),
        "doors": of("door"), "outcomes": of("outcome"), "operations": of("operation"), "purposes": of("purpose"),
        "takeovers": of("takeover") | shown.map(lambda found: tuple(takeover for takeover, _ in found)),
        "studies": of("study"), "rules": of("rules"),
        "patients": st.lists(one.map(lambda each: (each.takeover, each.patient)), max_size=2).map(tuple) | shown,
        "holdings": st.lists(one.map(lambda each: (each.takeover, each.ordinal)), max_size=2).map(tuple),
        "documents": st.lists(one.map(lambda each: each.document or Identifier("", "")), max_size=2).map(tuple),
        "patient_names": st.lists(one.map(lambda each: each.patient_name[:1]), max_size=2).map(tuple),
        "about_a_patient": st.booleans(), "after": st.integers(-1, len(several)) | st.just(2**80),
    }  # fmt: skip
    chosen = draw(st.sets(st.sampled_from(sorted(fields)), max_size=3))
    return AccountQuery(**{name: draw(fields[name]) for name in chosen})  # type: ignore[arg-type]


def test_a_search_finds_what_its_meaning_says(fresh: Fresh) -> None:
    catalogue = open_catalogue(fresh())

    @SOME
    @given(st.data())
    def compared(data: st.DataObject) -> None:
        before = catalogue.journal.size()
        known = written(catalogue, data.draw(st.lists(any_accounts(), min_size=2, max_size=8)))
        for _ in range(6):
            query = data.draw(queries(known))
            query = replace(query, after=before + max(query.after, 0))
            wanted = [each for each in known if matches(query, each)]
            assert list(catalogue.accounts.every(query)) == wanted
            limit = data.draw(st.integers(1, 3))
            assert catalogue.accounts.search(replace(query, limit=limit)) == wanted[:limit]

    try:
        compared()
    finally:
        catalogue.close()


def test_pages_follow_each_other_without_a_gap(catalogue: Catalogue) -> None:
    known = written(catalogue, [account(surname=f"Osoba{n % 3}") for n in range(25)])
    query, seen = AccountQuery(surnames=("osoba1",), limit=3), []
    while page := catalogue.accounts.search(query):
        seen += page
        query = replace(query, after=page[-1].number)
    assert seen == [each for each in known if each.surname == "Osoba1"]


def test_a_search_is_found_by_each_patient_whom_it_has_shown(catalogue: Catalogue) -> None:
    long = "x" * 300
    several = tuple((name, n) for name in ("one", "two", long) for n in range(1, 700))
    known = written(catalogue, [account(operation="search", takeover="", patient=0, patients=several), account()])
    for pair in (("one", 1), ("two", 699), (long, 42)):
        assert list(catalogue.accounts.every(AccountQuery(patients=(pair,)))) == known[:1]
        assert list(catalogue.accounts.every(AccountQuery(takeovers=(pair[0],)))) == known[:1]
    for absent in (("one", 700), ("three", 1), ("one", 2**70), ("one", 0)):
        assert list(catalogue.accounts.every(AccountQuery(patients=(absent,)))) == []
    assert list(catalogue.accounts.every(AccountQuery(patients=(("one", 5), (TAKEOVER, 3))))) == known
    assert list(catalogue.accounts.every(AccountQuery(patients=several))) == known[:1]


def test_accounts_of_a_patient_are_found_by_indexes() -> None:
    engine = create_engine("sqlite://")
    metadata.create_all(engine)
    query = AccountQuery(patients=(("one", 1), ("two", 2)))
    wanted = select(journal.c.number).join(account_table, account_table.c.number == journal.c.number)
    wanted = wanted.where(*conditions(query)).order_by(account_table.c.number)
    text = str(wanted.compile(engine, compile_kwargs={"literal_binds": True}))
    with engine.connect() as connection:
        plan = " | ".join(row[-1] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}"))
    engine.dispose()
    assert "ix_account_patient " in plan
    assert "ix_account_patient_shown" in plan
    assert "SCAN" not in plan


def test_conditions_too_long_for_a_statement_are_met_all_the_same(catalogue: Catalogue) -> None:
    known = written(catalogue, [account(), account(takeover="another", patient=9)])
    many = tuple((f"takeover-{n}", n) for n in range(5000))
    assert list(catalogue.accounts.every(AccountQuery(patients=many))) == []
    assert list(catalogue.accounts.every(AccountQuery(patients=(*many, (TAKEOVER, 3))))) == known[:1]
    names = tuple(f"nobody-{n}" for n in range(40_000))
    assert (
        list(catalogue.accounts.every(AccountQuery(ids=(*names, "anna.example"), takeovers=("another",)))) == known[1:]
    )
    assert list(catalogue.accounts.every(AccountQuery(surnames=names))) == []


@pytest.mark.parametrize("odd", ["␛", "a\x00b", "x" * 300, "␛" * 200, "Ż" * 200])
def test_odd_words_are_found_as_they_are(catalogue: Catalogue, odd: str) -> None:
    (known,) = written(catalogue, [account(id=odd, surname=odd, study=odd, document=Identifier("1.2", odd))])
    for query in (
        AccountQuery(ids=(odd,)), AccountQuery(surnames=(odd,)), AccountQuery(surnames=(odd[:60],)),
        AccountQuery(studies=(odd,)), AccountQuery(documents=(Identifier("1.2", odd),)),
    ):  # fmt: skip
        assert list(catalogue.accounts.every(query)) == [known]


def test_no_page_is_longer_than_may_be_asked_for(catalogue: Catalogue) -> None:
    written(catalogue, [account() for _ in range(MOST + 1)])
    assert len(catalogue.accounts.search(AccountQuery(limit=10**9))) == MOST
    assert len(catalogue.accounts.search(AccountQuery(limit=-5))) == 1


def test_what_is_due_for_review_is_listed_until_somebody_has_looked(catalogue: Catalogue) -> None:
    known = written(catalogue, [account(duties=("prominent", "review")), account(), account(duties=("review",))])
    assert catalogue.accounts.due_for_review() == [known[0], known[2]]
    assert catalogue.accounts.due_for_review(after=1) == [known[2]]
    assert catalogue.accounts.due_for_review(limit=1) == [known[0]]
    assert catalogue.accounts.due_for_review(after=2**80) == []
    catalogue.journal.write([deed("review", {"account": known[0].number})])
    assert catalogue.accounts.due_for_review() == [known[2]]


@pytest.mark.requirement("R463-10.2")
def test_who_is_under_protection_is_known_by_any_identifier_and_only_while_it_lasts(catalogue: Catalogue) -> None:
    takeover = opened(catalogue)
    packs = [
        packed(f"p{n}", image(n, patient=n, facts=person(n)), takeover=takeover.number, facts=person(n))
        for n in (1, 2, 3)
    ]
    catalogue.record(takeover.number, packs)
    known = person(2).identifiers[0]
    body = {"root": known.root, "extension": known.extension}
    catalogue.journal.write([deed("protection", {"id": "flag", "patient": body, "takeover": ""})])
    everybody = [(takeover.id, n) for n in range(5)] + [("nowhere", 1), (takeover.id, 2**70)]
    assert catalogue.accounts.shielded(everybody) == {(takeover.id, 2)}
    assert catalogue.accounts.shielded_takeovers() == frozenset()
    catalogue.journal.write([deed("protection-end", {"id": "flag"})])
    assert catalogue.accounts.shielded(everybody) == frozenset()
    catalogue.journal.write([deed("protection", {"id": "all", "patient": None, "takeover": takeover.id})])
    assert catalogue.accounts.shielded_takeovers() == {takeover.id}
    assert catalogue.accounts.shielded([]) == frozenset()
