"""Rules, legal bases and reasons are data: what is misspelt is refused, and nothing is left without words."""

import json
from dataclasses import replace
from datetime import date, timedelta
from importlib.resources import files
from typing import Any

import pytest

from repository.access.decision import AUTHZ_INCOMPLETE, CONSENT_MISSING, FACTS_MISSING, SECRET, decide
from repository.access.purpose import LegalBasis, Purpose, legal_bases, read_bases
from repository.access.reasons import REASONS
from repository.access.rules import DUTIES, in_order, read_rules, rules_at, rules_of
from tests.builders.access import AT, INSURER, acting, facts
from tests.builders.access_cases import ENTITLED, LETTER, ask

FOLDER = files("repository.access").joinpath("rules")
FILES = {each.name: each.read_bytes() for each in FOLDER.iterdir() if each.name.startswith("rules-")}
NEWEST = max(FILES)
RULES = rules_at(AT.date())


def content() -> dict[str, Any]:
    value: dict[str, Any] = json.loads(FILES[NEWEST])
    return value


def changed(rule: str, **changes: Any) -> bytes:
    value = content()
    found = next(each for each in value["rules"] if each["id"] == rule)
    found |= changes
    for gone in [key for key, new in changes.items() if new is None]:
        del found[gone]
    return json.dumps(value).encode()


def test_each_file_is_named_for_its_version_and_later_versions_hold_later() -> None:
    sets = in_order(FILES)
    assert [f"rules-{each.version}.json" for each in sets] == sorted(FILES)
    assert [each.since for each in sets] == sorted({each.since for each in sets})
    for each in sets:
        assert rules_of(each.version) == each == rules_at(each.since)
    assert rules_at(sets[0].since - timedelta(days=9999)) == sets[0]


@pytest.mark.parametrize(
    ("rule", "changes", "why"),
    [
        ("consent", {"conditions": ["consents"]}, "unknown conditions or duties: consents"),
        ("consent", {"conditions": None}, "'conditions'"),
        ("consent", {"conditions": "consent"}, "conditions is not a list"),
        ("consent", {"conditions": [""]}, "a word was expected"),
        ("consent", {"conditions": [1]}, "a word was expected"),
        ("consent", {"conditons": []}, "unknown words: conditons"),
        ("consent", {"effect": "allow"}, "'allow' is not a valid Effect"),
        ("consent", {"effect": None}, "'effect'"),
        ("consent", {"kinds": ["doctor"]}, "'doctor' is not a valid PrincipalKind"),
        ("consent", {"kinds": "worker"}, "kinds is not a list"),
        ("consent", {"kinds": []}, "for whom"),
        ("consent", {"kinds": None}, "for whom"),
        ("consent", {"purposes": ["treatments"]}, "'treatments' is not a valid Purpose"),
        ("consent", {"purposes": None}, "what for"),
        ("consent", {"operations": ["write"]}, "'write' is not a valid Operation"),
        ("consent", {"operations": None}, "and what"),
        ("consent", {"reason": "CONSENT_MISSING"}, "gives a reason"),
        ("consent", {"duties": ["look"]}, "unknown conditions or duties: look"),
        ("consent", {"source": ""}, "a word was expected"),
        ("consent", {"id": "grant"}, "two rules have one id"),
        ("objection", {"reason": None}, "gives a reason"),
        ("objection", {"reason": ""}, "a word was expected"),
        ("objection", {"conditions": []}, "shuts the archive"),
        ("objection", {"duties": ["review"]}, "it has no duties"),
    ],
)
def test_a_rule_that_does_not_make_sense_is_refused(rule: str, changes: dict[str, Any], why: str) -> None:
    """Above all what would be read as a missing limit: a right for everybody."""
    assert read_rules(changed(rule, source="another")).version == RULES.version
    with pytest.raises(ValueError, match=why):
        read_rules(changed(rule, **changes))


@pytest.mark.parametrize("text", [b"", b"{}", b"[]", b"null", b'{"version": "2026-11-01"}', b'{"rules": {}}'])
def test_what_is_no_set_of_rules_is_refused(text: bytes) -> None:
    with pytest.raises(ValueError, match="set of rules" if text else "Expecting value"):
        read_rules(text)


def test_a_word_that_is_said_twice_is_refused() -> None:
    twice = FILES[NEWEST].replace(b'"reason": "OBJECTION",', b'"reason": "OBJECTION", "conditions": [],', 1)
    with pytest.raises(ValueError, match="twice"):
        read_rules(twice)


@pytest.mark.parametrize("name", ["rules-2026-11-02.json", "rules-2026-11-01.json.json"])
def test_a_file_with_another_name_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="version"):
        in_order({name: FILES["rules-2026-11-01.json"]})


def test_versions_follow_each_other() -> None:
    later = content() | {"version": "2027-01-01"}
    with pytest.raises(ValueError, match="later"):
        in_order(FILES | {"rules-2027-01-01.json": json.dumps(later).encode()})
    later["since"] = "2027-02-01"
    sets = in_order(FILES | {"rules-2027-01-01.json": json.dumps(later).encode()})
    assert [each.version for each in sets[-2:]] == [NEWEST[6:16], "2027-01-01"]
    with pytest.raises(ValueError, match="no rules"):
        in_order({})


def test_every_rule_names_its_law() -> None:
    for rule in (*RULES.refusing, *RULES.permitting):
        assert rule.source.startswith(("R463-", "UPP ", "SIOZ ")), rule.id
        assert set(rule.duties) <= DUTIES


# Reasons


def test_every_reason_that_a_decision_can_give_has_words() -> None:
    given = {rule.reason for version in in_order(FILES) for rule in version.refusing}
    given |= {AUTHZ_INCOMPLETE, CONSENT_MISSING, FACTS_MISSING}
    assert given == set(REASONS)
    assert set(REASONS) >= SECRET


@pytest.mark.parametrize("code", sorted(REASONS))
def test_a_reason_says_what_and_what_next_in_both_languages(code: str) -> None:
    assert code.isascii()
    assert code == code.upper()
    for text in (REASONS[code].what, REASONS[code].todo):
        assert text.en.strip().endswith(".")
        assert text.pl.strip().endswith(".")
        assert text.en != text.pl
        assert not set("ąćęłńóśźżĄĆĘŁŃÓŚŹŻ{") & set(text.en)
        assert "{" not in text.pl


# Legal bases

BASES = legal_bases()
ROLES = {"provider", "authority", "payer", "self-government", "court", "register", "insurer"}


def statutory(basis: str, role: str, **changes: Any) -> tuple[str, ...]:
    who = acting(role=role)
    asked = ask(who, Purpose.STATUTORY, basis=basis, evidence=LETTER, **changes)
    return decide(asked, facts(), rules=RULES).told


@pytest.mark.parametrize("basis", BASES.values(), ids=list(BASES))
@pytest.mark.parametrize("role", sorted(ROLES | {"archive", "", "Court"}))
def test_a_basis_is_for_those_whom_the_law_names(basis: LegalBasis, role: str) -> None:
    wanted = () if role in basis.organisations else ("BASIS_MISSING",)
    if wanted == () and basis.consent:
        wanted = ("CONSENT_MISSING",)
    assert statutory(basis.code, role) == wanted


def test_only_insurers_need_the_patients_consent() -> None:
    assert {each.code for each in BASES.values() if each.consent} == {"UPP-26.3.7"}
    assert {role for each in BASES.values() for role in each.organisations} == ROLES
    for each in BASES.values():
        assert each.source == f"UPP art. 26({each.code[4:].split('.')[1]})({each.code[4:].split('.')[2]})"
        assert each.en != each.pl


@pytest.mark.parametrize("basis", ["", "UPP-26.3", "UPP-26.3.99", "upp-26.3.3", "UPP-26.3.3 ", "26.3.3"])
def test_a_basis_that_is_not_known_is_none(basis: str) -> None:
    assert statutory(basis, "court") == ("BASIS_MISSING",)


def test_a_basis_is_in_force_from_its_first_day_in_poland_to_its_last() -> None:
    basis = replace(BASES["UPP-26.3.3"], since=date(2026, 1, 2), until=date(2026, 1, 3))
    assert [basis.in_force(date(2026, 1, day)) for day in (1, 2, 3, 4)] == [False, True, True, False]
    first = BASES["UPP-26.3.3"].since
    eve = AT.replace(year=first.year, month=first.month, day=first.day, hour=0, minute=0) - timedelta(hours=2)
    assert eve.date() < first
    early = acting(role="court")
    assert early.identification is not None
    for moment, wanted in ((eve, ()), (eve - timedelta(minutes=1), ("BASIS_MISSING",))):
        then = replace(early.identification, at=moment, until=moment + timedelta(hours=1))
        asked = ask(replace(early, identification=then), Purpose.STATUTORY,
                    basis="UPP-26.3.3", evidence=LETTER, at=moment)  # fmt: skip
        assert decide(asked, facts(), rules=RULES).told == wanted


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"consent": "false"}, "whether with consent"),
        ({"organisations": []}, "those who may invoke it"),
        ({"organisations": "court"}, "those who may invoke it"),
        ({"since": ""}, "isoformat"),
        ({"extra": 1}, "its fields, and no others"),
        ({"code": "UPP-26.3.7"}, "two legal bases have one code"),
    ],
)
def test_a_basis_that_does_not_make_sense_is_refused(change: dict[str, Any], why: str) -> None:
    value = json.loads(FOLDER.joinpath("legal_bases.json").read_bytes())
    assert read_bases(json.dumps(value).encode()) == BASES
    value["bases"][0] |= change
    with pytest.raises(ValueError, match=why):
        read_bases(json.dumps(value).encode())


def test_an_insurer_is_known_by_its_number() -> None:
    asked, known = ENTITLED["statutory-with-consent"]
    assert decide(asked, known, rules=RULES).permitted
    other = acting(replace(INSURER, extension="123456785"), role="insurer")
    assert not decide(replace(asked, principal=other), known, rules=RULES).permitted
