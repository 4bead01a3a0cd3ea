"""An identifier with characters that columns do not take is found wherever another one is, on both engines."""

from collections.abc import Sequence

import pytest
from sqlalchemy import select

from repository.access.account_query import AccountQuery
from repository.access.bodies import identifier_body, relation_body
from repository.access.facts import Relation, RelationKind
from repository.access.subject import Scope, Subject
from repository.catalogue.catalogue import Catalogue
from repository.catalogue.projecting import PROJECTIONS
from repository.catalogue.query import Level, Query
from repository.catalogue.scoping import covered, touched
from repository.catalogue.tables import document
from repository.catalogue.text import fit, identifier_key
from repository.clock import instant
from repository.domain.deed import Deed
from repository.domain.describing import EventFacts, Identifier, PatientFacts
from tests.builders.access import AT, BOGDAN, worker
from tests.builders.accounts import account
from tests.builders.holdings import opened, packed, paper
from tests.repository.catalogue.test_accounts import written

ROOT = "2.16.840.1.113883.4.330.616"
ODD = [
    Identifier(ROOT, "a\x00b"),
    Identifier(ROOT, "x\udcffy"),
    Identifier(ROOT, "␛0000"),
    Identifier("1.2\x00\ud800", "\udfff^\x00"),
    Identifier(ROOT, "\x00" * 300),
    Identifier("1.2\udc80", "Ż␛" * 200),
]
AS_IT_IS_STORED = [Identifier(fit(each.root), fit(each.extension)) for each in ODD]
"""Other identifiers, which must not be taken for the odd ones: those whose text is that of the escaped ones."""

odd = pytest.mark.parametrize("odd", ODD, ids=range(len(ODD)))


def filled(catalogue: Catalogue, identifiers: Sequence[Identifier], *, event: Identifier | None = None) -> int:
    """A takeover with a document, a set and an event for each of `identifiers`; ordinals follow their order."""
    number = opened(catalogue).number
    papers = [
        paper(n, identifier=each, set_id=each, events=(EventFacts("encounter", event or each),))
        for n, each in enumerate(identifiers, 1)
    ]
    catalogue.record(number, [packed("aa", *papers, takeover=number)])
    return number


def others_of(odd: Identifier) -> list[Identifier]:
    """The odd one first, then all that look like it in one way or another."""
    return [odd, *(each for each in (*ODD, *AS_IT_IS_STORED) if each != odd), BOGDAN]


def _known_by(catalogue: Catalogue, name: str, *identifiers: Identifier) -> str:
    """A takeover whose patient 1 has these identifiers. Returns its id."""
    takeover = opened(catalogue, name)
    facts = PatientFacts(identifiers, "Osoba^Ewa", "19700101", "F")
    pack = packed("aa", paper(1, facts=facts), takeover=takeover.number, facts=facts)
    catalogue.record(takeover.number, [pack])
    return takeover.id


def _follows(catalogue: Catalogue, kind: str, body: dict[str, object], number: int = 1) -> None:
    """The rows of a deed. Its line in the journal takes no lone surrogates, which a rebuilt catalogue may hold."""
    with catalogue._room.writing() as connection:
        PROJECTIONS[kind](connection, Deed(number, kind, instant(AT), "", body, b"", b""))


def _ordinals(catalogue: Catalogue, **asked: object) -> list[int]:
    return [hit.ordinal for hit in catalogue.search(Query(level=Level.DOCUMENT, **asked)).hits]  # type: ignore[arg-type]


def test_the_key_of_an_identifier_is_escaped_by_columns_alone() -> None:
    assert identifier_key(ODD[0]) == f"{ROOT}^a\x00b"
    assert identifier_key(None) == ""
    assert len({identifier_key(each) for each in (*ODD, *AS_IT_IS_STORED)}) == len({*ODD, *AS_IT_IS_STORED})


@odd
def test_an_odd_identifier_is_found_by_search(catalogue: Catalogue, odd: Identifier) -> None:
    filled(catalogue, others_of(odd))
    assert _ordinals(catalogue, document_root=odd.root, document_id=odd.extension) == [1]
    assert _ordinals(catalogue, set_id=odd) == [1]
    assert _ordinals(catalogue, event_id=odd) == [1]
    assert 1 in _ordinals(catalogue, document_id=odd.extension[:1] + "*")
    hits = catalogue.search(Query(level=Level.DOCUMENT, set_id=odd)).hits
    assert [(each.values["root"], each.values["extension"]) for each in hits] == [(odd.root, odd.extension)]


@odd
def test_a_patient_with_an_odd_identifier_is_found_by_search(catalogue: Catalogue, odd: Identifier) -> None:
    for place, each in enumerate(others_of(odd)):
        _known_by(catalogue, str(place), each)
    found = catalogue.search(Query(level=Level.PATIENT, patient_id=odd.extension, patient_root=odd.root)).hits
    assert [(each.takeover, each.identifiers) for each in found] == [(1, (odd,))]


@odd
def test_an_odd_identifier_is_found_by_scope_and_by_no_other(catalogue: Catalogue, odd: Identifier) -> None:
    """As `Scope.covers` and `Scope.touches` say of each document."""
    named = others_of(odd)
    filled(catalogue, named)
    for scope in (Scope(documents=(odd,)), Scope(events=(odd,))):
        subjects = [Subject(takeover="x", document=each, events=(each,)) for each in named]
        for reading, says in ((covered, scope.covers), (touched, scope.touches)):
            wanted = select(document.c.ordinal).where(reading(scope, document)).order_by(document.c.ordinal)
            with catalogue._room.reading() as connection:
                found = list(connection.execute(wanted).scalars())
            assert found == [n for n, each in enumerate(subjects, 1) if says(each)]
            assert 1 in found


@odd
def test_an_odd_identifier_is_found_by_its_owner(catalogue: Catalogue, odd: Identifier) -> None:
    named = others_of(odd)
    number = filled(catalogue, named)
    for ordinal, each in enumerate(named, 1):
        assert catalogue.identifier_owner(number, document_id=each) == ordinal
    assert catalogue.identifier_owner(number, document_id=Identifier(odd.root, odd.extension + "\x00")) is None


@pytest.mark.requirement("R463-10.2")
@odd
def test_an_odd_identifier_is_found_by_protection(catalogue: Catalogue, odd: Identifier) -> None:
    """By a single decision and by a search alike."""
    named = others_of(odd)
    takeovers = [_known_by(catalogue, str(place), each) for place, each in enumerate(named)]
    _follows(catalogue, "protection", {"id": "flag", "patient": identifier_body(odd), "takeover": ""})
    desk = catalogue.entitling
    assert [each[0] for each in desk.flags(patient=odd)] == ["flag"]
    subjects = [
        Subject(takeover=takeover, patient=1, patient_identifiers=(each,))
        for takeover, each in zip(takeovers, named, strict=True)
    ]
    shielded = [desk.facts(worker(), each).protected for each in subjects]
    assert shielded == [True, *([False] * (len(named) - 1))]
    assert catalogue.accounts.shielded((each, 1) for each in takeovers) == {(takeovers[0], 1)}


@odd
def test_who_has_an_odd_identifier_too_is_protected_by_it(catalogue: Catalogue, odd: Identifier) -> None:
    """The flag names the odd identifier, the subject is named by another one of the same patient."""
    here, elsewhere = _known_by(catalogue, "one", odd, BOGDAN), _known_by(catalogue, "two", BOGDAN)
    _follows(catalogue, "protection", {"id": "flag", "patient": identifier_body(odd), "takeover": ""})
    for takeover in (here, elsewhere):
        subject = Subject(takeover=takeover, patient=1, patient_identifiers=(BOGDAN,))
        assert catalogue.entitling.facts(worker(), subject).protected
    assert catalogue.accounts.shielded([(here, 1), (elsewhere, 1)]) == {(here, 1), (elsewhere, 1)}


@odd
def test_relations_copies_and_accounts_are_found_by_an_odd_identifier(catalogue: Catalogue, odd: Identifier) -> None:
    kept = Relation(RelationKind.CLOSE, person=odd, patient=BOGDAN, since=AT)
    _follows(catalogue, "relation", {"id": "r", **relation_body(kept)})
    known = catalogue.reaching.facts_for_search(worker(identifier=odd)).relations
    assert known is not None
    assert [each.person for each in known] == [odd]
    if not any("\ud800" <= letter <= "\udfff" for letter in odd.root + odd.extension):
        (one,) = written(catalogue, [account(document=odd)])
        assert list(catalogue.accounts.every(AccountQuery(documents=(odd,)))) == [one]
        assert list(catalogue.accounts.every(AccountQuery(documents=(BOGDAN,)))) == []
        _follows(catalogue, "first-copy", {"patient": identifier_body(odd), "scope": "s"}, one.number)
        assert [number for number, _ in catalogue.accounts.copies([odd])] == [one.number]
