"""Archives of which people may see a part: what is in them, what is known, and what somebody finds."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

from hypothesis import HealthCheck, Phase, settings
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
from repository.access.facts import Custody, Facts
from repository.access.permission import Permission
from repository.access.reach import Reach, reach
from repository.access.request import AccessRequest
from repository.access.rules import rules_at
from repository.access.subject import Subject
from repository.catalogue import journal_tables
from repository.catalogue.bulk import insert
from repository.catalogue.catalogue import Catalogue
from repository.catalogue.projecting import PROJECTIONS
from repository.catalogue.query import Hit, Level, Query
from repository.catalogue.tables import metadata
from repository.catalogue.text import packed as as_text
from repository.clock import instant
from repository.domain.deed import Deed
from repository.domain.describing import Description, EventFacts, Identifier, Kind, PatientFacts
from repository.domain.holding import Holding
from repository.domain.takeover import Handover
from repository.subjects import subject_of
from tests.builders.access import (
    ANNA,
    AT,
    BOGDAN,
    CELINA,
    DOCTOR,
    DOCUMENT,
    EVENT,
    OTHER_DOCTOR,
    OTHER_DOCUMENT,
    OTHER_EVENT,
    OTHER_TAKEOVER,
    STUDY,
    TAKEOVER,
)
from tests.builders.access_strategies import EMPTY, ROOTLESS, known_facts
from tests.builders.holdings import image, kept, packed, paper

RULES = rules_at(AT.date())


NO_SHRINKING = (Phase.explicit, Phase.reuse, Phase.generate)  # it would take minutes; a failure names its query


SHARED = settings(max_examples=6, deadline=None, phases=NO_SHRINKING, suppress_health_check=[HealthCheck.too_slow])


IDS = (TAKEOVER, OTHER_TAKEOVER, "0193-takeover-three")


LOCAL = Identifier("1.2.3.4", "local-7")


PEOPLE = ((ANNA,), (BOGDAN,), (ANNA, LOCAL), (ROOTLESS,), (CELINA, ROOTLESS), (EMPTY,), (LOCAL,))


SEEDS = {"sqlite": 8, "postgresql": 21}  # archives in which all of these people are


KEPT = (
    journal_tables.permission, journal_tables.protection, journal_tables.relation, journal_tables.after_death,
    journal_tables.custody, journal_tables.leave,
)  # fmt: skip


Records = dict[tuple[int, int], tuple[PatientFacts, tuple[Holding, ...]]]


class Filled:
    """A catalogue and what was recorded in it: for each takeover, each patient's identifiers and holdings."""

    def __init__(self, catalogue: Catalogue, records: Records, alone: Catalogue) -> None:
        self.catalogue = catalogue
        self.records = records
        self.alone = alone  # where `agree` puts what is permitted


def open_takeovers(catalogue: Catalogue) -> None:
    for name in IDS:
        catalogue.open_takeover(
            Handover(), id=name, package=name, fingerprint=name, declared=True, opened_at="2026-01-02T03:04:05Z"
        )


def fill(catalogue: Catalogue, records: Records) -> None:
    for (takeover, number), (facts, holdings) in records.items():
        if holdings:
            pack = packed(f"{takeover}-{number}", *holdings, takeover=takeover, facts=facts)
            catalogue.record(takeover, [pack])


def a_document(chance: random.Random, ordinal: int, number: int, facts: PatientFacts) -> Holding:
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


def records_of(seed: int) -> Records:
    chance, found = random.Random(seed), {}
    for takeover in range(1, len(IDS) + 1):
        ordinals = count(1)
        for number, identifiers in enumerate(chance.sample(PEOPLE, 3), 1):
            facts = PatientFacts(identifiers, f"Nazwisko{chance.randrange(3)}^Imię", "19700101", "F")
            holdings = [a_document(chance, next(ordinals), number, facts) for _ in range(chance.randrange(4))]
            for study in chance.sample((STUDY, "1.2.9", ""), chance.randrange(3)):
                day = chance.choice(("20240115", "20241231", "", "wczoraj"))
                said = {"StudyDate": day, "Modality": chance.choice(("CT", "MR"))}
                for series in range(chance.randrange(1, 3)):
                    n = next(ordinals)
                    each = image(n, patient=number, facts=facts, study=study, series=f"{study}.{series}",
                        sop=f"{takeover}.{n}", attributes=said)  # fmt: skip
                    holdings.append(each)
                if n % 2:  # it has lost its series
                    lost = next(ordinals)
                    each = image(lost, patient=number, facts=facts, study=study, series="",
                        sop=f"{takeover}.{lost}", attributes=said)  # fmt: skip
                    holdings.append(each)
            plain = Description(Kind.PDF, "application/pdf", patient=facts)
            found[takeover, number] = (facts, (*holdings, kept(next(ordinals), plain, patient=number)))
    return found


def emptied(alone: Catalogue) -> Catalogue:
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


def project(connection: Connection, kind: str, body: dict[str, Any]) -> None:
    PROJECTIONS[kind](connection, Deed(1, kind, instant(AT), "", body, b"", b""))


def know(catalogue: Catalogue, world: World) -> None:
    """The rows that follow from the deeds of this world, and from no other."""
    facts = world.facts
    with catalogue._room.writing() as connection:
        for table in KEPT:
            connection.execute(delete(table))
        for n, each in enumerate(facts.permissions or ()):
            permit(connection, replace(each, id=f"p{n}", edition=1))
        for n, (named, where) in enumerate(world.flags):
            project(connection, "protection", {"id": f"f{n}", "patient": identifier_body(named), "takeover": where})
        for n, relation in enumerate(facts.relations or ()):
            project(connection, "relation", {"id": f"r{n}", **relation_body(relation)})
        if facts.after_death is not None:
            after = after_death_body(facts.after_death)
            project(connection, "after-death", {"patient": identifier_body(ANNA), **after})
        for n, right in enumerate(facts.authorisations or ()):
            project(connection, "authorisation", authorisation_body(replace(right, id=f"a{n}")))
        for n, second in enumerate(facts.approvals or ()):
            project(connection, "approval", approval_body(replace(second, id=f"b{n}")))
        rows = {(where, instant(each.since)): each for where, each in world.custody}
        for (where, since), kept_by in rows.items():
            until = instant(kept_by.until) if kept_by.until else ""
            body = as_text({"takeover": where, "name": "x", **custody_body(kept_by)})
            insert(connection, journal_tables.custody, [(where, since, until, body)])
        last = connection.execute(select(func.max(journal_tables.journal.c.number))).scalar_one() or 0
        line = (last + 1, "custody", instant(AT), "done", "{}", b"", last + 1)  # that there was a deed
        insert(connection, journal_tables.journal, [line])


def permit(connection: Connection, each: Permission) -> None:
    table = journal_tables.permission
    project(connection, "permission", permission_body(each))
    if each.ended_at is not None:
        ended = table.update().where(table.c.id == each.id).values(ended_at=instant(each.ended_at), end_reason="x")
        connection.execute(ended)


def permitted_to_see(filled: Filled, asked: AccessRequest) -> Records:
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


def reach_of(filled: Filled, asked: AccessRequest) -> Reach:
    return reach(asked, filled.catalogue.reaching.facts_for_search(asked.principal), rules=RULES)


QUERIES = tuple(
    {"level": level, **said}
    for level in Level
    for said in (
        {}, {"patient_id": ANNA.extension}, {"dates": "20240101-20241231"}, {"class_code": "01.10"},
        {"study_uids": (STUDY,)}, {"modality": "MR"}, {"document_id": "document-1"}, {"event_id": EVENT},
        {"patient_name": "nazwisko1*", "takeovers": (1, 2)}, {"accession_number": "A*", "kind": Kind.CDA},
        {"patient_name": "imie nazwysko1", "fuzzy": True},
    )
)  # fmt: skip


def every_hit(catalogue: Catalogue, query: Query, seen: Reach | None, *, limit: int) -> list[Hit]:
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


def agree(filled: Filled, asked: AccessRequest, queries: Sequence[dict[str, Any]]) -> list[Hit]:
    seen, alone = reach_of(filled, asked), emptied(filled.alone)
    open_takeovers(alone)
    fill(alone, permitted_to_see(filled, asked))
    hits = list[Hit]()
    for each in queries:
        query = Query(**each)
        expected = alone.search(replace(query, limit=1000)).hits
        assert filled.catalogue.search(replace(query, limit=1000), seen).hits == expected, query
        assert tuple(every_hit(filled.catalogue, query, seen, limit=5)) == expected, query
        hits += expected
    return hits
