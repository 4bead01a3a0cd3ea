"""A search within a reach finds what it would find if nothing else were there.

That is how it is tested: what `decide` permits of an archive, holding by holding, is recorded in a second catalogue,
and the same question is asked of both.
"""

import random
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from itertools import count
from shutil import copyfile
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, delete, func, select

from repository.access.bodies import (
    after_death_body,
    approval_body,
    authorisation_body,
    custody_body,
    identifier_body,
    permission_body,
    relation_body,
)
from repository.access.decision import decide
from repository.access.facts import Approval, Custody, Facts
from repository.access.permission import Permission
from repository.access.purpose import Purpose
from repository.access.reach import Reach, reach
from repository.access.request import AccessRequest
from repository.access.rules import rules_at
from repository.access.subject import Operation, Scope, Subject
from repository.catalogue import journal_tables
from repository.catalogue.bulk import insert
from repository.catalogue.catalogue import Catalogue, open_catalogue, scratch_catalogue
from repository.catalogue.projecting import PROJECTIONS
from repository.catalogue.query import Hit, Level, Query
from repository.catalogue.tables import metadata
from repository.catalogue.text import packed as as_text
from repository.clock import instant
from repository.domain.deed import Deed
from repository.domain.describing import Description, EventFacts, Identifier, Kind, PatientFacts
from repository.domain.holding import Holding
from repository.domain.takeover import Handover
from repository.opening import subject_of
from tests.builders.access import (
    ANNA,
    AT,
    BOGDAN,
    CELINA,
    DOCTOR,
    DOCUMENT,
    EVENT,
    INSURER,
    OTHER_DOCTOR,
    OTHER_DOCUMENT,
    OTHER_EVENT,
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
from tests.builders.access_strategies import EMPTY, ROOTLESS, known_facts, requests
from tests.builders.holdings import image, kept, packed, paper
from tests.repository.catalogue.conftest import ENGINES, Databases

RULES = rules_at(AT.date())
NO_SHRINKING = (Phase.explicit, Phase.reuse, Phase.generate)  # it would take minutes; a failure names its query
SHARED = settings(max_examples=6, deadline=None, phases=NO_SHRINKING, suppress_health_check=[HealthCheck.too_slow])
IDS = (TAKEOVER, OTHER_TAKEOVER, "0193-takeover-three")
LOCAL = Identifier("1.2.3.4", "local-7")
PEOPLE = ((ANNA,), (BOGDAN,), (ANNA, LOCAL), (ROOTLESS,), (CELINA, ROOTLESS), (EMPTY,), (LOCAL,))
SEEDS = {"sqlite": 8, "postgresql": 21}  # archives in which all of these people are
_KEPT = (
    journal_tables.permission, journal_tables.protection, journal_tables.relation, journal_tables.after_death,
    journal_tables.custody, journal_tables.leave,
)  # fmt: skip


Records = dict[tuple[int, int], tuple[PatientFacts, tuple[Holding, ...]]]


class Filled:
    """A catalogue and what was recorded in it: for each takeover, each patient's identifiers and holdings."""

    def __init__(self, catalogue: Catalogue, records: Records, alone: Catalogue) -> None:
        self.catalogue = catalogue
        self.records = records
        self.alone = alone  # where `_agree` puts what is permitted


def _open(catalogue: Catalogue) -> None:
    for name in IDS:
        catalogue.open_takeover(
            Handover(), id=name, package=name, fingerprint=name, declared=True, opened_at="2026-01-02T03:04:05Z"
        )


def _fill(catalogue: Catalogue, records: Records) -> None:
    for (takeover, number), (facts, holdings) in records.items():
        if holdings:
            pack = packed(f"{takeover}-{number}", *holdings, takeover=takeover, facts=facts)
            catalogue.record(takeover, [pack])


def _document(chance: random.Random, ordinal: int, number: int, facts: PatientFacts) -> Holding:
    named = chance.choice((DOCUMENT, OTHER_DOCUMENT, Identifier("", " document-1 "), Identifier("2.25.1", " ")))
    return paper(
        ordinal, patient=number, facts=facts, identifier=named,
        class_code=chance.choice(("01.10", "02.20", "")),
        effective_time=chance.choice(("20240115", "20250101120000", "2024", "", "２０２４０１１５")),
        author_id=chance.choice((DOCTOR, OTHER_DOCTOR, None)),
        study_uids=chance.choice(((), (STUDY,), (STUDY, "1.2.9"), ("",), ("1.2.9",))),
        events=tuple(
            EventFacts("encounter", each)
            for each in chance.choice(((), (EVENT,), (OTHER_EVENT, EVENT), (Identifier("", "event-2"),)))
        ),
    )  # fmt: skip


def _records(seed: int) -> Records:
    chance, found = random.Random(seed), {}
    for takeover in range(1, len(IDS) + 1):
        ordinals = count(1)
        for number, identifiers in enumerate(chance.sample(PEOPLE, 3), 1):
            facts = PatientFacts(identifiers, f"Nazwisko{chance.randrange(3)}^Imię", "19700101", "F")
            holdings = [_document(chance, next(ordinals), number, facts) for _ in range(chance.randrange(4))]
            for study in chance.sample((STUDY, "1.2.9", ""), chance.randrange(3)):
                day = chance.choice(("20240115", "20241231", "", "wczoraj"))
                said = {"StudyDate": day, "Modality": chance.choice(("CT", "MR"))}
                for series in range(chance.randrange(1, 3)):
                    n = next(ordinals)
                    each = image(n, patient=number, facts=facts, study=study, series=f"{study}.{series}",
                        sop=f"{takeover}.{n}", attributes=said)  # fmt: skip
                    holdings.append(each)
            plain = Description(Kind.PDF, "application/pdf", patient=facts)
            found[takeover, number] = (facts, (*holdings, kept(next(ordinals), plain, patient=number)))
    return found


@pytest.fixture(scope="module", params=ENGINES)
def filled(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Filled]:
    """An archive on each engine, another one on each. What is known of it changes from test to test (`_know`), what is
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
        _open(catalogue)
        found = Filled(catalogue, _records(SEEDS[request.param]), alone)
        _fill(catalogue, found.records)
        yield found


def _emptied(alone: Catalogue) -> Catalogue:
    with alone._room.writing() as connection:
        for table in reversed(metadata.sorted_tables):
            connection.execute(delete(table))
    return alone


Flag = tuple[Identifier | None, str]


@dataclass(frozen=True, slots=True)
class World:
    facts: Facts
    custody: tuple[tuple[str, Custody], ...]
    flags: tuple[Flag, ...]


@st.composite
def worlds(draw: st.DrawFn) -> World:
    known = draw(known_facts())
    flags = st.tuples(st.sampled_from((ANNA, BOGDAN, ROOTLESS, LOCAL, None)), st.sampled_from(("", *IDS[:2])))
    kept_by = tuple((draw(st.sampled_from(IDS[:2])), each) for each in known.custody or ())
    approvals = tuple(
        replace(each, takeover=draw(st.sampled_from(("", TAKEOVER))), patient=draw(st.sampled_from((1, 2))),
            identifier=draw(st.sampled_from((None, ANNA))))
        for each in known.approvals or ()
    )  # fmt: skip
    return World(replace(known, approvals=approvals), kept_by, tuple(draw(st.lists(flags, max_size=2))))


def _project(connection: Connection, kind: str, body: dict[str, Any]) -> None:
    PROJECTIONS[kind](connection, Deed(1, kind, instant(AT), "", body, b"", b""))


def _know(catalogue: Catalogue, world: World) -> None:
    """The rows that follow from the deeds of this world, and from no other."""
    facts = world.facts
    with catalogue._room.writing() as connection:
        for table in _KEPT:
            connection.execute(delete(table))
        for n, each in enumerate(facts.permissions or ()):
            _permit(connection, replace(each, id=f"p{n}", edition=1))
        for n, (named, where) in enumerate(world.flags):
            _project(connection, "protection", {"id": f"f{n}", "patient": identifier_body(named), "takeover": where})
        for n, relation in enumerate(facts.relations or ()):
            _project(connection, "relation", {"id": f"r{n}", **relation_body(relation)})
        if facts.after_death is not None:
            after = after_death_body(facts.after_death)
            _project(connection, "after-death", {"patient": identifier_body(ANNA), **after})
        for n, right in enumerate(facts.authorisations or ()):
            _project(connection, "authorisation", authorisation_body(replace(right, id=f"a{n}")))
        for n, second in enumerate(facts.approvals or ()):
            _project(connection, "approval", approval_body(replace(second, id=f"b{n}")))
        rows = {(where, instant(each.since)): each for where, each in world.custody}
        for (where, since), kept_by in rows.items():
            until = instant(kept_by.until) if kept_by.until else ""
            body = as_text({"takeover": where, "name": "x", **custody_body(kept_by)})
            insert(connection, journal_tables.custody, [(where, since, until, body)])
        last = connection.execute(select(func.max(journal_tables.journal.c.number))).scalar_one() or 0
        line = (last + 1, "custody", instant(AT), "done", "{}", b"", last + 1)  # that there was a deed
        insert(connection, journal_tables.journal, [line])


def _permit(connection: Connection, each: Permission) -> None:
    table = journal_tables.permission
    _project(connection, "permission", permission_body(each))
    if each.ended_at is not None:
        ended = table.update().where(table.c.id == each.id).values(ended_at=instant(each.ended_at), end_reason="x")
        connection.execute(ended)


def _seen(filled: Filled, asked: AccessRequest) -> Records:
    """What `decide` permits, one by one."""
    found = {}
    for (takeover, number), (facts, holdings) in filled.records.items():
        named = filled.catalogue.entitling.identifiers_of(takeover, number)
        whole = Subject(takeover=IDS[takeover - 1], patient=number, patient_identifiers=named)
        known = filled.catalogue.entitling.facts(asked.principal, whole)
        permitted = tuple(
            each
            for each in holdings
            if decide(replace(asked, subject=subject_of(whole, each)), known, rules=RULES).permitted
        )
        found[takeover, number] = (facts, permitted)
    return found


def _reach(filled: Filled, asked: AccessRequest) -> Reach:
    return reach(asked, filled.catalogue.reaching.facts_for_search(asked.principal), rules=RULES)


QUERIES = tuple(
    {"level": level, **said}
    for level in Level
    for said in (
        {}, {"patient_id": ANNA.extension}, {"dates": "20240101-20241231"}, {"class_code": "01.10"},
        {"study_uids": (STUDY,)}, {"modality": "MR"}, {"document_id": "document-1"}, {"event_id": EVENT},
        {"patient_name": "nazwisko1*", "takeovers": (1, 2)}, {"accession_number": "A*", "kind": Kind.CDA},
    )
)  # fmt: skip


def _all(catalogue: Catalogue, query: Query, seen: Reach | None, *, limit: int) -> list[Hit]:
    """Every hit, page after page, each page full but the last."""
    hits, mark = list[Hit](), ""
    for _ in range(200):
        page = catalogue.search(replace(query, limit=limit, after=mark), seen)
        hits += page.hits
        mark = page.next
        if not mark:
            return hits
        assert len(page.hits) == limit
    raise AssertionError("pages without end")


def _agree(filled: Filled, asked: AccessRequest, queries: Sequence[dict[str, Any]]) -> list[Hit]:
    seen, alone = _reach(filled, asked), _emptied(filled.alone)
    _open(alone)
    _fill(alone, _seen(filled, asked))
    hits = list[Hit]()
    for each in queries:
        query = Query(**each)
        expected = alone.search(replace(query, limit=1000)).hits
        assert filled.catalogue.search(replace(query, limit=1000), seen).hits == expected, query
        assert tuple(_all(filled.catalogue, query, seen, limit=5)) == expected, query
        hits += expected
    return hits


@SHARED
@given(requests(), worlds(), st.lists(st.sampled_from(QUERIES), min_size=3, max_size=3))
def test_what_is_found_is_what_would_be_there_if_nothing_else_were(
    filled: Filled, asked: AccessRequest, world: World, queries: list[dict[str, Any]]
) -> None:
    _know(filled.catalogue, world)
    _agree(filled, replace(asked, operation=Operation.SEARCH), queries)


NOBODY = Facts(protected=False, custody=(), permissions=(), relations=(), after_death=None)
WHOLE = [{"level": level} for level in Level]


@SHARED
@given(worlds(), st.sampled_from((Purpose.TREATMENT, Purpose.CUSTODY)), st.lists(st.sampled_from(QUERIES), max_size=4))
def test_a_worker_with_a_whole_takeover_sees_all_but_what_is_shut(
    filled: Filled, world: World, purpose: Purpose, queries: list[dict[str, Any]]
) -> None:
    kept_by = ((TAKEOVER, custody()), (OTHER_TAKEOVER, custody()))
    _know(filled.catalogue, replace(world, custody=kept_by))
    _agree(filled, request(purpose=purpose, operation=Operation.SEARCH), [*WHOLE, *queries])


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
        _know(filled.catalogue, World(replace(NOBODY, permissions=permissions), (), ()))
        _agree(filled, request(operation=Operation.SEARCH), WHOLE)


def _custodian(**said: Any) -> AccessRequest:
    return request(acting(), purpose=Purpose.CUSTODY, operation=Operation.SEARCH, **said)


ALL_KEPT = tuple((where, custody()) for where in IDS)


@pytest.mark.parametrize("flag", [(ANNA, ""), (LOCAL, ""), (ROOTLESS, TAKEOVER), (None, OTHER_TAKEOVER)])
def test_who_is_protected_leaves_no_trace(filled: Filled, flag: Flag) -> None:
    _know(filled.catalogue, World(NOBODY, ALL_KEPT, ()))
    before = _agree(filled, _custodian(), WHOLE)
    _know(filled.catalogue, World(NOBODY, ALL_KEPT, (flag,)))
    after = _agree(filled, _custodian(), WHOLE)
    gone = {(hit.takeover, hit.patient) for hit in before} - {(hit.takeover, hit.patient) for hit in after}
    assert gone
    named = {each for hit in after for each in hit.identifiers}
    assert flag[0] is None or flag[1] or flag[0] not in named


def test_whom_a_second_person_has_let_in_sees_one_record(filled: Filled) -> None:
    flags: tuple[Flag, ...] = ((ANNA, ""), (None, OTHER_TAKEOVER))
    let: tuple[Approval, ...] = (approval(requester=acting().id, takeover=OTHER_TAKEOVER, patient=2),)
    _know(filled.catalogue, World(replace(NOBODY, approvals=let), ALL_KEPT, flags))
    hits = _agree(filled, _custodian(), WHOLE)
    assert {hit.patient for hit in hits if hit.takeover == 2} == {2}


def test_a_patient_sees_the_own_record_though_it_is_protected(filled: Filled) -> None:
    asked = request(patient(), purpose=Purpose.PATIENT_REQUEST, operation=Operation.SEARCH)
    _know(filled.catalogue, World(NOBODY, (), ((ANNA, ""), (None, TAKEOVER), (None, OTHER_TAKEOVER))))
    hits = _agree(filled, asked, WHOLE)
    assert hits
    assert all(ANNA in filled.records[hit.takeover, hit.patient][0].identifiers for hit in hits)


@pytest.mark.parametrize("level", list(Level))
def test_what_is_hidden_looks_as_what_is_not_there(filled: Filled, level: Level) -> None:
    _know(filled.catalogue, World(NOBODY, ALL_KEPT, ((ANNA, ""),)))
    seen = _reach(filled, _custodian())
    hidden = filled.catalogue.search(Query(level=level, patient_id=ANNA.extension, patient_root=ANNA.root), seen)
    absent = filled.catalogue.search(Query(level=level, patient_id="44051401359", patient_root=ANNA.root), seen)
    assert hidden == absent


def test_who_is_refused_finds_nothing_and_is_not_told_why(filled: Filled) -> None:
    _know(filled.catalogue, World(NOBODY, ALL_KEPT, ()))
    seen = _reach(filled, replace(_custodian(), purpose=None))
    assert seen.refused == ("PURPOSE_MISSING",)
    page = filled.catalogue.search(Query(level=Level.STUDY), seen)
    assert (page.hits, page.next) == ((), "")


def test_many_consents_and_many_protected_are_as_few(filled: Filled) -> None:
    """Beyond what is named one by one in a statement."""
    strangers = [Identifier(ANNA.root, f"{n:011d}") for n in range(1, 700)]
    permissions = tuple(consent(patient=each) for each in (*strangers, ANNA, BOGDAN))
    flags: tuple[Flag, ...] = (*((each, "") for each in strangers), (BOGDAN, ""), (Identifier("1.2", "x" * 300), ""))
    _know(filled.catalogue, World(replace(NOBODY, permissions=permissions), (), flags))
    hits = _agree(filled, request(operation=Operation.SEARCH), WHOLE)
    assert not any(BOGDAN in hit.identifiers for hit in hits)


def test_nobody_learns_of_a_hidden_document_by_what_it_leads_to(filled: Filled) -> None:
    """An objection to documents of one class: their studies are seen, but are not found by them."""
    said = (objection(scope=Scope(classes=("01.10",))), objection(patient=BOGDAN, scope=Scope(classes=("02.20",))))
    world = World(replace(NOBODY, permissions=said), ALL_KEPT, ())
    _know(filled.catalogue, world)
    queries = [{"level": level, "class_code": code} for level in Level for code in ("01.10", "02.20")]
    _agree(filled, request(worker(), operation=Operation.SEARCH), queries)


def test_insurers_and_people_of_no_tie_find_nothing(filled: Filled) -> None:
    _know(filled.catalogue, World(NOBODY, ((TAKEOVER, custody(INSURER)),), ()))
    assert OURS != INSURER
    assert _agree(filled, _custodian(), WHOLE) == []
