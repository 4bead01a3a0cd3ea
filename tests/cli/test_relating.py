"""`relation`: who is what to a patient, and what that opens, from end to end."""

from pathlib import Path

import pytest

from repository.access.principal import PrincipalKind
from repository.domain.identifiers import PESEL_OID
from tests.builders.access import ANNA, CELINA, DARIUSZ
from tests.cli.office import AUDITOR, BOSS, DOCTOR, STRANGER, Office, add, day


def test_a_relation_is_recorded_listed_and_ended_though_it_would_have_ended_later(office: Office) -> None:
    boss = office.as_(BOSS)
    given = boss.json(*add(ANNA.extension, CELINA.extension, "--since", "2024-01-01", "--evidence", "akta 7"))
    assert (given["kind"], given["since"][:10], given["until"], given["evidence"]) == (
        "authorised", "2023-12-31", None, "akta 7",  # midnight in Poland
    )  # fmt: skip
    close = f"{PESEL_OID}^{DARIUSZ.extension}"
    bounded = boss.json(*add(ANNA.extension, close, "--until", "2099-01-01", kind="close"))
    assert bounded["until"].startswith("2099-01-01")
    ended = boss.json("relation", "end", bounded["id"])
    assert ended["end_reason"] == "ended"
    boss.done("relation", "end", given["id"])
    listed = boss.json("relation", "list", "--patient", ANNA.extension)
    assert [each["id"] for each in listed["relations"]] == [given["id"], bounded["id"]]
    assert listed["relations"][1]["until"] == ended["ended_at"]
    assert listed["died"] is None
    assert "ACC-004" in boss.done("relation", "end", given["id"], code=2).stderr
    assert "ACC-004" in boss.done("relation", "end", "nothing", code=2).stderr
    told = boss.done("relation", "list", "--patient", ANNA.extension, "--lang", "pl").stdout
    assert "osoba upoważniona" in told
    assert "Nie zapisano" in boss.done("relation", "list", "--patient", CELINA.extension, "--lang", "pl").stdout


def test_a_death_is_recorded_and_its_last_word_counts_whole(shared_office: Office) -> None:
    boss, whose = shared_office.as_(BOSS), ("--patient", ANNA.extension)
    boss.done("relation", "died", *whose, "--on", "1994-05-06")
    said = boss.json(
        "relation", "died", *whose, "--on", day(), "--objected", "--let-in", CELINA.extension
    )["died"]  # fmt: skip
    assert said == {
        "died_on": day(), "objected": True, "overridden_for": [{"root": PESEL_OID, "extension": CELINA.extension}],
    }  # fmt: skip
    assert boss.json("relation", "list", *whose)["died"] == said
    told = boss.done("relation", "list", *whose).stdout
    assert "Objection to close persons: yes" in told
    assert CELINA.extension in told
    for wrong in (day(ahead=1), "06.05.1994"):
        refused = boss.done("relation", "died", *whose, "--on", wrong, code=2)
        assert "CNS-007" in refused.stderr
        assert wrong not in refused.output


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (add("1234", CELINA.extension), "CNS-007"),
        (add(ANNA.extension, "1234"), "CNS-007"),
        (add(ANNA.extension, CELINA.extension, "--since", "yesterday"), "CNS-007"),
        (add(ANNA.extension, ANNA.extension), "ACC-006"),
        (add(ANNA.extension, CELINA.extension, "--since", "2025-01-02", "--until", "2025-01-01"), "ACC-006"),
        (add(ANNA.extension, CELINA.extension, kind="cousin"), "ARC-002"),
    ],
)
def test_what_is_no_relation_is_refused_and_changes_nothing(
    shared_office: Office, words: tuple[object, ...], code: str
) -> None:
    before = len(shared_office.deeds())
    assert code in shared_office.as_(BOSS).done(*words, code=2).stderr
    assert len(shared_office.deeds()) == before


def test_the_custodians_worker_writes_of_the_custodians_patients_alone(office: Office) -> None:
    here, there = office.pesels[0], ANNA.extension
    doctor, where = office.as_(DOCTOR), ("--takeover", office.takeover[:13])
    known = doctor.json(*add(here, CELINA.extension, *where))["id"]
    doctor.done("relation", "list", "--patient", here, *where)
    before = len(office.deeds())
    refused = [
        doctor.done(*words, code=10).stderr
        for words in (
            add(here, CELINA.extension), add(there, CELINA.extension, *where), ("relation", "end", known),
            ("relation", "list", "--patient", there, *where), ("relation", "end", "nothing", *where),
            ("relation", "died", "--patient", there, "--on", "2026-01-01", *where),
        )
    ]  # fmt: skip
    office.as_(BOSS).done("protection", "set", "--patient", here)
    refused.append(office.as_(DOCTOR).done(*add(here, DARIUSZ.extension, *where), code=10).stderr)
    assert len(set(refused)) == 1
    assert "CNS-006" in refused[0]
    assert len(office.deeds()) == before + 1


@pytest.mark.parametrize("who", [STRANGER, AUDITOR])
def test_others_write_and_see_no_relation(shared_office: Office, who: str) -> None:
    someone, before = shared_office.as_(who), len(shared_office.deeds())
    whose = shared_office.pesels[0]
    for words in (
        add(whose, CELINA.extension, "--takeover", shared_office.takeover), ("relation", "list", "--patient", whose),
        ("relation", "died", "--patient", whose, "--on", "2026-01-01"), ("relation", "end", "nothing"),
        ("user", "authorise", BOSS, "--reason", "repair", "--until", day(ahead=1)), ("user", "unauthorise", "x"),
    ):  # fmt: skip
        assert "CNS-006" in someone.done(*words, code=10).stderr
    assert len(shared_office.deeds()) == before


def test_nobody_relates_himself_to_a_patient(shared_office: Office) -> None:
    shared_office.person("kin", PrincipalKind.ADMINISTRATOR, pesel=CELINA.extension)
    kin = shared_office.as_("kin")
    assert "ACC-003" in kin.done(*add(ANNA.extension, CELINA.extension, kind="close"), code=2).stderr


@pytest.mark.requirement("R463-10.1.1")
def test_an_authorised_person_reads_while_the_relation_lasts_and_after_the_death(
    office: Office, tmp_path: Path
) -> None:
    whose, what = office.pesels[0], office.document_of(office.pesels[0])
    office.person("celina", PrincipalKind.PERSON, pesel=CELINA.extension)
    ask = ("get", "--purpose", "patient-request", what)
    assert "ACC-001" in office.as_("celina").done(*ask, tmp_path / "a", code=10).stderr
    known = office.as_(BOSS).json(*add(whose, CELINA.extension, "--since", "2024-01-01"))["id"]
    office.as_("celina").done(*ask, tmp_path / "b")
    office.as_(BOSS).done("relation", "died", "--patient", whose, "--on", day(), "--objected")
    office.as_("celina").done(*ask, tmp_path / "c")  # authorised in life: an objection is to close persons
    office.as_(BOSS).done("relation", "end", known)
    office.as_("celina").done(*ask, tmp_path / "d")  # it lasted on the day of death
    assert not (tmp_path / "a").exists()
    given = {path.read_bytes() for each in "bcd" for path in (tmp_path / each).glob("*.xml")}
    assert [b"<ClinicalDocument" in each for each in given] == [True]
