"""Whom an identifier leads to, and whom one that is empty, has no root or merely looks alike does not (R463-4.1)."""

from dataclasses import replace

import pytest
from hypothesis import given

from repository.access.conditions.permitted import grants_to, may_mean
from repository.access.facts import RelationKind
from repository.access.identity import may_be, names, names_here, same
from repository.access.permission import Grantee, GranteeKind
from repository.access.principal import Organisation
from repository.access.purpose import Purpose
from repository.access.subject import Scope
from repository.domain.describing import Identifier
from repository.domain.identifiers import NPWZ_NURSE_OID, PESEL_OID
from tests.builders.access import (
    ANNA,
    BOGDAN,
    CELINA,
    DOCTOR,
    OTHER_DOCTOR,
    OTHER_TAKEOVER,
    OURS,
    TAKEOVER,
    acting,
    consent,
    custody,
    died,
    facts,
    grant,
    objection,
    patient,
    person,
    relation,
    representative,
    request,
    subject,
    system,
    worker,
)
from tests.builders.access_strategies import EMPTY, ROOTLESS, identifiers
from tests.repository.access.deciding import KNOWN, decided


@given(identifiers(ANNA, BOGDAN, DOCTOR), identifiers(ANNA, BOGDAN, DOCTOR))
def test_sameness_goes_from_strict_to_wide(one: Identifier, other: Identifier) -> None:
    assert same(one, other) <= (one == other and names_here(one)) <= may_be(one, other)
    assert same(one, other) == same(other, one)
    assert same(one, one) == names(one)
    assert may_be(one, other) == may_be(other, one)


NOBODY = [EMPTY, ROOTLESS, Identifier(PESEL_OID, ""), Identifier(PESEL_OID, " "), Identifier(PESEL_OID, "0" * 11)]


@pytest.mark.parametrize("identifier", NOBODY)
def test_an_identifier_that_names_nobody_leads_to_nobody_elsewhere(identifier: Identifier) -> None:
    """Empty, without a root, or zeros in place of a PESEL: many patients of many providers have the same."""
    about = subject(takeover=OTHER_TAKEOVER, patient_identifiers=(identifier,), author=identifier)
    grantee = Grantee(GranteeKind.PERSON, identifier)
    everything = facts(
        consent(patient=identifier), grant(patient=identifier, takeover=""), consent(grantee=grantee),
        grant(grantee=grantee), grant(grantee=Grantee(GranteeKind.ORGANISATION, identifier)),
        custody=(custody(identifier),), after_death=died(objected=True, overridden_for=(identifier,)),
        relations=tuple(relation(kind, person=identifier, patient=identifier) for kind in RelationKind),
    )  # fmt: skip
    whose = Organisation(identifier, "NZOZ")
    for who in (worker(identifier=identifier), worker(organisation=whose), acting(organisation=whose)):
        for purpose in (Purpose.TREATMENT, Purpose.CUSTODY):
            assert not decided(request(who, purpose=purpose, subject=about), everything).permitted
    for alive in (everything, replace(everything, after_death=None)):
        for kin in (patient(identifier), representative(identifier), person(identifier)):
            asked = request(kin, purpose=Purpose.PATIENT_REQUEST, subject=about)
            assert not decided(asked, alive).permitted


def test_the_providers_own_number_leads_to_a_patient_in_his_takeover_alone() -> None:
    local = Identifier("", "10007")
    for takeover, permitted in ((TAKEOVER, True), (OTHER_TAKEOVER, False)):
        about = subject(takeover=takeover, patient_identifiers=(local,))
        for given_ in (consent(patient=local, takeover=TAKEOVER), grant(patient=local)):
            assert decided(request(subject=about), facts(given_)).permitted is permitted
        assert not decided(request(subject=about), facts(consent(patient=local))).permitted
    mine = request(patient(), subject=subject(patient_identifiers=(local,)), purpose=Purpose.PATIENT_REQUEST)
    assert not decided(mine, facts()).permitted


def test_a_document_without_a_root_is_told_apart_in_its_takeover_alone() -> None:
    bare = Identifier("", "DOC-1")
    part = Scope(documents=(bare,))
    asked = request(subject=subject(document=bare))
    assert decided(asked, facts(consent(scope=part, takeover=TAKEOVER))).permitted
    assert not decided(asked, facts(consent(scope=part))).permitted
    event = Scope(events=(Identifier("", "E1"),))
    asked = request(subject=subject(events=(Identifier("", "E1"),)))
    assert decided(asked, facts(consent(scope=event, takeover=TAKEOVER))).permitted
    assert not decided(asked, facts(consent(scope=event))).permitted


LOOKALIKES = [
    ANNA.extension.translate({ord("0") + n: 0xFF10 + n for n in range(10)}),  # full width
    ANNA.extension.translate({ord("0") + n: 0x0660 + n for n in range(10)}),  # Arabic-Indic
    ANNA.extension + "\u200b",
    " " + ANNA.extension,
    ANNA.extension.replace("0", "O"),
]


@pytest.mark.parametrize("alike", [each for each in LOOKALIKES if each != ANNA.extension])
def test_lookalikes_are_somebody_else(alike: str) -> None:
    other = replace(ANNA, extension=alike)
    assert not decided(request(patient(other), purpose=Purpose.PATIENT_REQUEST), facts()).permitted
    assert not decided(request(), facts(consent(patient=other))).permitted
    cyrillic = replace(OURS, root=OURS.root, extension=OURS.extension.replace("0", "О"))
    assert not decided(request(acting(cyrillic)), KNOWN).permitted


def test_a_day_in_other_digits_is_no_day() -> None:
    other = "20240115".translate({ord("0") + n: 0x0660 + n for n in range(10)})
    since = facts(consent(scope=Scope(first_day="20240101")))
    assert not decided(request(subject=subject(date=other)), since).permitted
    assert not decided(request(), facts(consent(scope=Scope(first_day="2024")))).permitted


@pytest.mark.parametrize("grantee", [Grantee(kind) for kind in GranteeKind if kind is not GranteeKind.ANYBODY])
def test_nobody_named_is_nobody_permitted_and_anybody_forbidden(grantee: Grantee) -> None:
    for who in (worker(), acting(), system(), system(id=""), worker(identifier=None, organisation=None)):
        assert not grants_to(grantee, who)
        assert may_mean(grantee, who)


def test_an_objection_to_a_doctor_binds_him_however_he_is_known() -> None:
    against = objection(grantee=Grantee(GranteeKind.PERSON, DOCTOR))
    bare = objection(grantee=Grantee(GranteeKind.PERSON, replace(DOCTOR, root="")))
    pesel = Identifier(PESEL_OID, CELINA.extension)
    bound = (worker(), worker(identifier=None), worker(identifier=pesel), worker(identifier=EMPTY))
    for each in (against, bare):
        for who in bound:
            assert decided(request(who), facts(consent(), each)).told == ("OBJECTION",)
    other = worker(identifier=None, npwz=OTHER_DOCTOR.extension)
    for free in (worker(identifier=OTHER_DOCTOR, npwz=OTHER_DOCTOR.extension), other, acting(), system()):
        assert decided(request(free), facts(consent(), against)).permitted


def test_a_nurse_and_a_doctor_with_the_same_digits_are_two() -> None:
    nurse = Identifier(NPWZ_NURSE_OID, DOCTOR.extension)
    given_ = facts(consent(grantee=Grantee(GranteeKind.PERSON, DOCTOR)))
    assert decided(request(), given_).permitted
    assert not decided(request(worker(identifier=nurse)), given_).permitted


def test_a_peer_is_its_own_id_and_nothing_that_merely_looks_like_it() -> None:
    given_ = facts(grant(grantee=Grantee(GranteeKind.SYSTEM, Identifier("", "PACS-1"))))
    assert decided(request(system()), given_).permitted
    for other in (system(id="PACS-2"), system(id="PACS-1 "), worker(id="PACS-1"), acting(id="PACS-1")):
        assert not decided(request(other), given_).permitted
