"""A search within a reach finds what it would find if nothing else were there.

That is how it is tested: what `decide` permits of an archive, holding by holding, is recorded in a second catalogue,
and the same question is asked of both.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from shutil import copyfile
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repository.access.facts import Approval, Facts
from repository.access.purpose import Purpose
from repository.access.request import AccessRequest
from repository.access.subject import Operation, Scope
from repository.catalogue import paging, seeing
from repository.catalogue.catalogue import open_catalogue, scratch_catalogue
from repository.catalogue.grounding import grounded
from repository.catalogue.query import Hit, Level, Query
from repository.catalogue.seeing import Sight
from repository.domain.describing import Identifier
from tests.builders.access import (
    ANNA,
    BOGDAN,
    CELINA,
    DOCUMENT,
    EVENT,
    INSURER,
    OTHER_TAKEOVER,
    OURS,
    STUDY,
    TAKEOVER,
    acting,
    approval,
    consent,
    custody,
    objection,
    patient,
    request,
    worker,
)
from tests.builders.access_strategies import EMPTY, ROOTLESS, requests
from tests.repository.catalogue.conftest import ENGINES, Databases
from tests.repository.catalogue.reached import (
    IDS,
    LOCAL,
    QUERIES,
    SEEDS,
    SHARED,
    Filled,
    Flag,
    World,
    agree,
    every_hit,
    fill,
    know,
    open_takeovers,
    reach_of,
    records_of,
    worlds,
)


@pytest.fixture(scope="module", params=ENGINES)
def filled(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Filled]:
    """An archive on each engine, another one on each. What is known of it changes from test to test (`know`), what is
    in it does not."""
    folder = tmp_path_factory.mktemp("reaching")
    with ExitStack() as opened:
        if request.param == "postgresql":
            databases: Databases = request.getfixturevalue("databases")
            url = opened.enter_context(databases.one())
        else:
            url = f"sqlite:///{folder / 'all.db'}"
            copyfile(request.getfixturevalue("sqlite_template"), folder / "all.db")
        catalogue, alone = open_catalogue(url), scratch_catalogue(folder / "seen.db")
        opened.callback(alone.close)
        opened.callback(catalogue.close)
        open_takeovers(catalogue)
        found = Filled(catalogue, records_of(SEEDS[request.param]), alone)
        fill(catalogue, found.records)
        yield found


@SHARED
@given(requests(), worlds(), st.lists(st.sampled_from(QUERIES), min_size=3, max_size=3))
def test_what_is_found_is_what_would_be_there_if_nothing_else_were(
    filled: Filled, asked: AccessRequest, world: World, queries: list[dict[str, Any]]
) -> None:
    know(filled.catalogue, world)
    agree(filled, replace(asked, operation=Operation.SEARCH), queries)


NOBODY = Facts(protected=False, custody=(), permissions=(), relations=(), after_death=None)


WHOLE = [{"level": level} for level in Level]


@SHARED
@given(worlds(), st.sampled_from((Purpose.TREATMENT, Purpose.CUSTODY)), st.lists(st.sampled_from(QUERIES), max_size=4))
def test_a_worker_with_a_whole_takeover_sees_all_but_what_is_shut(
    filled: Filled, world: World, purpose: Purpose, queries: list[dict[str, Any]]
) -> None:
    kept_by = ((TAKEOVER, custody()), (OTHER_TAKEOVER, custody()))
    know(filled.catalogue, replace(world, custody=kept_by))
    agree(filled, request(purpose=purpose, operation=Operation.SEARCH), [*WHOLE, *queries])


SCOPES = (
    Scope(), Scope(classes=("01.10",)), Scope(documents=(DOCUMENT,)), Scope(events=(EVENT,)), Scope(studies=(STUDY,)),
    Scope(first_day="20240101", last_day="20240630"), Scope(first_day="20240101"), Scope(last_day="2024"),
    Scope(studies=(STUDY, ""), last_day="20240630"), Scope(specialties=("1100",)), Scope(documents=(ROOTLESS, EMPTY)),
    Scope(documents=(Identifier("", "document-1"),)), Scope(events=(Identifier("2.25.2", "event-2"),)),
)  # fmt: skip


@pytest.mark.parametrize("scope", SCOPES, ids=repr)
def test_each_limit_of_a_consent_and_of_an_objection(filled: Filled, scope: Scope) -> None:
    for permissions in (
        (consent(scope=scope), consent(patient=BOGDAN, takeover=TAKEOVER, scope=scope)),
        (consent(), consent(patient=ROOTLESS, takeover=TAKEOVER), objection(scope=scope),
            objection(patient=None, takeover=TAKEOVER, scope=scope)),
    ):  # fmt: skip
        know(filled.catalogue, World(replace(NOBODY, permissions=permissions), (), ()))
        agree(filled, request(operation=Operation.SEARCH), WHOLE)


def _custodian(**said: Any) -> AccessRequest:
    return request(acting(), purpose=Purpose.CUSTODY, operation=Operation.SEARCH, **said)


ALL_KEPT = tuple((where, custody()) for where in IDS)


@pytest.mark.parametrize("flag", [(ANNA, ""), (LOCAL, ""), (ROOTLESS, TAKEOVER), (None, OTHER_TAKEOVER)])
def test_who_is_protected_leaves_no_trace(filled: Filled, flag: Flag) -> None:
    know(filled.catalogue, World(NOBODY, ALL_KEPT, ()))
    before = agree(filled, _custodian(), WHOLE)
    know(filled.catalogue, World(NOBODY, ALL_KEPT, (flag,)))
    after = agree(filled, _custodian(), WHOLE)
    gone = {(hit.takeover, hit.patient) for hit in before} - {(hit.takeover, hit.patient) for hit in after}
    assert gone
    named = {each for hit in after for each in hit.identifiers}
    assert flag[0] is None or flag[1] or flag[0] not in named


@pytest.mark.parametrize("flags", [((ANNA, ""),), ((ANNA, ""), (BOGDAN, ""), (LOCAL, "")), ((ROOTLESS, TAKEOVER),)])
def test_a_list_of_hidden_people_too_long_to_tell_hides_as_well(
    filled: Filled, flags: tuple[Flag, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their rows are read and left out, before any page is full; with parts and objections too."""
    monkeypatch.setattr(seeing, "TOLD_AT_MOST", 0)
    filled.catalogue._grounds.clear()  # what was made for as much before is kept, and told more
    monkeypatch.setattr(paging, "READ_AT_ONCE", 7)
    know(filled.catalogue, World(NOBODY, ALL_KEPT, flags))
    agree(filled, _custodian(), [*WHOLE, *QUERIES])
    said = (consent(patient=CELINA), objection(patient=LOCAL, scope=Scope(classes=("01.10",))))
    know(filled.catalogue, World(replace(NOBODY, permissions=said), ALL_KEPT[:2], flags))
    agree(filled, request(worker(), operation=Operation.SEARCH), [*WHOLE, *QUERIES])


def test_hidden_rows_are_passed_over_however_many_there_are(filled: Filled, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages of one hit; all who are hidden lie between them."""
    monkeypatch.setattr(seeing, "TOLD_AT_MOST", 0)
    filled.catalogue._grounds.clear()  # what was made for as much before is kept, and told more
    monkeypatch.setattr(paging, "READ_AT_ONCE", 2)
    know(filled.catalogue, World(NOBODY, ALL_KEPT, ((ANNA, ""), (BOGDAN, ""))))
    seen = reach_of(filled, _custodian())
    for level in Level:
        query = Query(level=level)
        whole = filled.catalogue.search(replace(query, limit=1000), seen).hits
        assert tuple(every_hit(filled.catalogue, query, seen, limit=1)) == whole
        assert 0 < len(whole) < len(filled.catalogue.search(replace(query, limit=1000)).hits)


def test_what_is_remembered_is_not_used_once_anything_has_changed(filled: Filled) -> None:
    """The reach stays the same one; what follows from it does not."""
    know(filled.catalogue, World(NOBODY, ALL_KEPT, ()))
    seen, query = reach_of(filled, _custodian()), Query(level=Level.STUDY, limit=1000)
    before = filled.catalogue.search(query, seen).hits
    assert filled.catalogue.search(query, seen).hits == before
    know(filled.catalogue, World(NOBODY, ALL_KEPT, ((ANNA, ""),)))
    after = filled.catalogue.search(query, seen).hits
    assert set(map(_place, after)) < set(map(_place, before))
    know(filled.catalogue, World(NOBODY, ALL_KEPT, ((None, TAKEOVER), (None, OTHER_TAKEOVER), (None, IDS[2]))))
    assert filled.catalogue.search(query, seen).hits == ()
    know(filled.catalogue, World(NOBODY, ALL_KEPT, ()))
    assert filled.catalogue.search(query, seen).hits == before


def _place(hit: Hit) -> tuple[object, ...]:
    return hit.takeover, hit.patient, hit.values.get("StudyInstanceUID")


def test_whom_a_second_person_has_let_in_sees_one_record(filled: Filled) -> None:
    flags: tuple[Flag, ...] = ((ANNA, ""), (None, OTHER_TAKEOVER))
    let: tuple[Approval, ...] = (approval(requester=acting().id, takeover=OTHER_TAKEOVER, patient=2),)
    know(filled.catalogue, World(replace(NOBODY, approvals=let), ALL_KEPT, flags))
    hits = agree(filled, _custodian(), WHOLE)
    assert {hit.patient for hit in hits if hit.takeover == 2} == {2}


def test_a_patient_sees_the_own_record_though_it_is_protected(filled: Filled) -> None:
    asked = request(patient(), purpose=Purpose.PATIENT_REQUEST, operation=Operation.SEARCH)
    know(filled.catalogue, World(NOBODY, (), ((ANNA, ""), (None, TAKEOVER), (None, OTHER_TAKEOVER))))
    hits = agree(filled, asked, WHOLE)
    assert hits
    assert all(ANNA in filled.records[hit.takeover, hit.patient][0].identifiers for hit in hits)


@pytest.mark.parametrize("level", list(Level))
def test_what_is_hidden_looks_as_what_is_not_there(filled: Filled, level: Level) -> None:
    know(filled.catalogue, World(NOBODY, ALL_KEPT, ((ANNA, ""),)))
    seen = reach_of(filled, _custodian())
    hidden = filled.catalogue.search(Query(level=level, patient_id=ANNA.extension, patient_root=ANNA.root), seen)
    absent = filled.catalogue.search(Query(level=level, patient_id="44051401359", patient_root=ANNA.root), seen)
    assert hidden == absent


def test_who_is_refused_finds_nothing_and_is_not_told_why(filled: Filled) -> None:
    know(filled.catalogue, World(NOBODY, ALL_KEPT, ()))
    seen = reach_of(filled, replace(_custodian(), purpose=None))
    assert seen.refused == ("PURPOSE_MISSING",)
    page = filled.catalogue.search(Query(level=Level.STUDY), seen)
    assert (page.hits, page.next) == ((), "")


def test_many_consents_and_many_protected_are_as_few(filled: Filled) -> None:
    """Beyond what is named one by one in a statement."""
    strangers = [Identifier(ANNA.root, f"{n:011d}") for n in range(1, 700)]
    permissions = tuple(consent(patient=each) for each in (*strangers, ANNA, BOGDAN))
    flags: tuple[Flag, ...] = (*((each, "") for each in strangers), (BOGDAN, ""), (Identifier("1.2", "x" * 300), ""))
    know(filled.catalogue, World(replace(NOBODY, permissions=permissions), (), flags))
    hits = agree(filled, request(operation=Operation.SEARCH), WHOLE)
    assert not any(BOGDAN in hit.identifiers for hit in hits)


def test_a_record_is_found_beside_a_takeover_in_its_place_and_by_the_same_message(filled: Filled) -> None:
    """To PostgreSQL, where something is asked for; SQLite is sent no messages."""
    said = tuple(consent(patient=each) for each in (ANNA, CELINA))
    know(filled.catalogue, World(replace(NOBODY, permissions=said), ALL_KEPT[:1], ((BOGDAN, ""),)))
    asked = request(worker(), operation=Operation.SEARCH)
    hits = agree(filled, asked, [each for each in QUERIES if len(each) > 1])
    assert {hit.takeover for hit in hits} > {1}
    with filled.catalogue._room.reading() as connection:
        sight = Sight(grounded(connection, reach_of(filled, asked)), connection.dialect)
        for query, on_postgresql in ((Query(level=Level.STUDY, dates="20240101-"), 1), (Query(level=Level.STUDY), 2)):
            (statements,) = paging.page_statements(query, connection, sight)
            assert len(statements) == (2 if connection.dialect.name == "sqlite" else on_postgresql)


def test_nobody_learns_of_a_hidden_document_by_what_it_leads_to(filled: Filled) -> None:
    """An objection to documents of one class: their studies are seen, but are not found by them."""
    said = (objection(scope=Scope(classes=("01.10",))), objection(patient=BOGDAN, scope=Scope(classes=("02.20",))))
    world = World(replace(NOBODY, permissions=said), ALL_KEPT, ())
    know(filled.catalogue, world)
    queries = [{"level": level, "class_code": code} for level in Level for code in ("01.10", "02.20")]
    agree(filled, request(worker(), operation=Operation.SEARCH), queries)


def test_insurers_and_people_of_no_tie_find_nothing(filled: Filled) -> None:
    know(filled.catalogue, World(NOBODY, ((TAKEOVER, custody(INSURER)),), ()))
    assert OURS != INSURER
    assert agree(filled, _custodian(), WHOLE) == []
