"""`relation`, `user authorise`, `get --manner`: who is what to a patient, and what they get, from end to end."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from cli.get import Manner
from cli.identity import VARIABLE
from repository.access.account import Account
from repository.access.account_query import AccountQuery
from repository.access.principal import Organisation, PrincipalKind
from repository.domain.describing import Identifier
from repository.domain.identifiers import PESEL_OID
from repository.people import inviting, signing_in, totp
from repository.polish_time import in_poland
from repository.reports.words import MANNERS
from repository.runtime import open_archive
from repository.settings import from_environment
from storage.keys.ring import write_private
from tests.builders.access import ANNA, CELINA, DARIUSZ, THEIRS
from tests.builders.people import PASSWORD, cheap_argon2, secret_of
from tests.cli.running import Machine

BOSS, SECOND, DOCTOR, STRANGER, AUDITOR = "boss", "second", "doctor", "stranger", "auditor"


class Office:
    """An archive with one takeover of two patients, and sessions of its people; `as_` changes who is signed in."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        machine.done("takeover", "receive", machine.sample("package", "--patients", 2, "--images", 1))
        (found,) = machine.json("takeover", "list")["takeovers"]
        self.takeover: str = found["id"]
        with open_archive(from_environment(machine.environment)) as archive:
            keeper = archive.catalogue.entitling.custody_of(self.takeover)[-1].custodian
        rows = (machine.folder / "package/metadata/patients.csv").read_text("utf-8").splitlines()[1:]
        self.ids: dict[str, str] = {}
        self.pesels = [row.split(",")[1] for row in rows]
        for name, kind, house in (
            (BOSS, PrincipalKind.ADMINISTRATOR, None),
            (SECOND, PrincipalKind.ADMINISTRATOR, None),
            (DOCTOR, PrincipalKind.MEDICAL_WORKER, keeper),
            (STRANGER, PrincipalKind.MEDICAL_WORKER, THEIRS),
            (AUDITOR, PrincipalKind.AUDITOR, keeper),
        ):
            self.person(name, kind, house=house)

    def person(self, name: str, kind: PrincipalKind, *, house: Identifier | None = None, pesel: str = "") -> None:
        with open_archive(from_environment(self.machine.environment)) as archive:
            made = inviting.invite(
                archive, kind=kind, given_name="Ada", surname=f"Nowak-{name}", by="test",
                npwz="5425740" if kind is PrincipalKind.MEDICAL_WORKER else "",
                identifier=Identifier(PESEL_OID, pesel) if pesel else None,
                organisation=Organisation(house, "NZOZ") if house else None,
            )  # fmt: skip
            done = inviting.accept(archive, made.code, name=name, password=PASSWORD)
            self.ids[name] = done.account
            code = totp.code_at(secret_of(done.otpauth), totp.step_at(archive.clock()))
            session = signing_in.sign_in(archive, name, PASSWORD, totp=code)
            write_private(self.machine.folder / f"session-{name}", session.token.encode())

    def as_(self, name: str) -> Machine:
        self.machine.more = {VARIABLE: str(self.machine.folder / f"session-{name}")}
        return self.machine

    def accounts(self) -> list[Account]:
        with open_archive(from_environment(self.machine.environment)) as archive:
            return list(archive.catalogue.accounts.every(AccountQuery()))

    def deeds(self) -> int:
        with open_archive(from_environment(self.machine.environment)) as archive:
            return archive.catalogue.journal.size()

    def document_of(self, pesel: str) -> str:
        search = ("search", "--purpose", "custody", "--level", "document", "--limit", 1, "--patient-id", pesel)
        what: str = self.as_(DOCTOR).json(*search)["levels"]["document"]["hits"][0]["what"]
        return what


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """For tests that change nothing of each other's."""
    with pytest.MonkeyPatch.context() as patch:
        cheap_argon2(patch)
        yield Office(Machine(tmp_path_factory.mktemp("office")).founded())


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Office:
    cheap_argon2(monkeypatch)
    return Office(Machine(tmp_path).founded())


def day(*, ahead: int = 0) -> str:
    return (in_poland(datetime.now().astimezone()).date() + timedelta(days=ahead)).isoformat()


def add(whose: str, who: str, *words: object, kind: str = "authorised") -> tuple[object, ...]:
    return ("relation", "add", "--patient", whose, "--person", who, "--kind", kind, *words)


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


def test_a_death_is_recorded_and_its_last_word_counts_whole(shared: Office) -> None:
    boss, whose = shared.as_(BOSS), ("--patient", ANNA.extension)
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
    shared: Office, words: tuple[object, ...], code: str
) -> None:
    before = shared.deeds()
    assert code in shared.as_(BOSS).done(*words, code=2).stderr
    assert shared.deeds() == before


def test_the_custodians_worker_writes_of_the_custodians_patients_alone(office: Office) -> None:
    here, there = office.pesels[0], ANNA.extension
    doctor, where = office.as_(DOCTOR), ("--takeover", office.takeover[:13])
    known = doctor.json(*add(here, CELINA.extension, *where))["id"]
    doctor.done("relation", "list", "--patient", here, *where)
    before = office.deeds()
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
    assert office.deeds() == before + 1


@pytest.mark.parametrize("who", [STRANGER, AUDITOR])
def test_others_write_and_see_no_relation(shared: Office, who: str) -> None:
    someone, before = shared.as_(who), shared.deeds()
    whose = shared.pesels[0]
    for words in (
        add(whose, CELINA.extension, "--takeover", shared.takeover), ("relation", "list", "--patient", whose),
        ("relation", "died", "--patient", whose, "--on", "2026-01-01"), ("relation", "end", "nothing"),
        ("user", "authorise", BOSS, "--reason", "repair", "--until", day(ahead=1)), ("user", "unauthorise", "x"),
    ):  # fmt: skip
        assert "CNS-006" in someone.done(*words, code=10).stderr
    assert shared.deeds() == before


def test_nobody_relates_himself_to_a_patient(shared: Office) -> None:
    shared.person("kin", PrincipalKind.ADMINISTRATOR, pesel=CELINA.extension)
    kin = shared.as_("kin")
    assert "ACC-003" in kin.done(*add(ANNA.extension, CELINA.extension, kind="close"), code=2).stderr


@pytest.mark.requirement("R463-10.1.1")
def test_an_authorised_person_reads_while_the_relation_lasts_and_after_the_death(
    office: Office, tmp_path: Path
) -> None:
    whose, what = office.pesels[0], office.document_of(office.pesels[0])
    office.person("celina", PrincipalKind.PERSON, pesel=CELINA.extension)
    ask = ("get", "--purpose", "patient-request", what)
    office.as_("celina").done(*ask, tmp_path / "a", code=10)
    known = office.as_(BOSS).json(*add(whose, CELINA.extension, "--since", "2024-01-01"))["id"]
    office.as_("celina").done(*ask, tmp_path / "b")
    office.as_(BOSS).done("relation", "died", "--patient", whose, "--on", day(), "--objected")
    office.as_("celina").done(*ask, tmp_path / "c")  # authorised in life: an objection is to close persons
    office.as_(BOSS).done("relation", "end", known)
    office.as_("celina").done(*ask, tmp_path / "d")  # it lasted on the day of death


def test_an_administrator_opens_content_only_while_another_one_has_authorised_it(
    office: Office, tmp_path: Path
) -> None:
    what = office.document_of(office.pesels[0])
    ask = ("get", "--purpose", "maintenance", what)
    office.as_(BOSS).done(*ask, tmp_path / "a", code=10)
    authorise = ("user", "authorise", BOSS, "--reason", "repair of fonts", "--until", day())
    assert "ACC-003" in office.as_(BOSS).done(*authorise, code=2).stderr
    given = office.as_(SECOND).json(*authorise, "--takeover", office.takeover[:13])
    assert (given["person"], given["given_by"]) == (office.ids[BOSS], office.ids[SECOND])
    assert (given["name"], given["takeover"]) == (BOSS, office.takeover)
    office.as_(BOSS).done(*ask, tmp_path / "b")
    last = office.accounts()[-1]
    assert (last.id, last.rule, last.duties, last.outcome) == (
        office.ids[BOSS], "authorised-administrator", ("prominent",), "permitted",
    )  # fmt: skip
    office.as_(SECOND).done(*ask, tmp_path / "c", code=10)  # it is for one person
    office.as_(SECOND).done("user", "unauthorise", given["id"])
    office.as_(BOSS).done(*ask, tmp_path / "d", code=10)
    assert not (tmp_path / "d").exists()
    assert "ACC-004" in office.as_(SECOND).done("user", "unauthorise", given["id"], code=2).stderr
    assert "Upoważniono" in office.as_(SECOND).done(*authorise, "--lang", "pl").stdout


def test_an_authorisation_is_for_an_administrator_in_use_for_a_reason_and_a_time_to_come(office: Office) -> None:
    approval = office.as_(SECOND).json("protection", "approve", "--requester", BOSS, "--patient", ANNA.extension)["id"]
    before, second = office.deeds(), office.as_(SECOND)
    for name, reason, until in (
        (DOCTOR, "repair", day()), ("nobody", "repair", day()), (BOSS, " - ", day()), (BOSS, "repair", day(ahead=-1)),
    ):  # fmt: skip
        words = ("user", "authorise", name, "--reason", reason, "--until", until)
        assert "ACC-005" in second.done(*words, code=2).stderr
    assert "ACC-004" in second.done("user", "unauthorise", approval, code=2).stderr
    assert office.deeds() == before
    second.done("user", "revoke", BOSS)
    gone = ("user", "authorise", BOSS, "--reason", "repair", "--until", day())
    assert "ACC-005" in second.done(*gone, code=2).stderr


@pytest.mark.requirement("R463-10.1.1")
def test_rights_do_not_pass_to_whoever_has_the_name_after_a_rebuild(office: Office, tmp_path: Path) -> None:
    whose, what, second = office.pesels[0], office.document_of(office.pesels[0]), office.as_(SECOND)
    for name in (BOSS, office.ids[BOSS]):  # an id does as well
        given = second.json("user", "authorise", name, "--reason", "repair", "--until", day(ahead=1))
        approved = second.json("protection", "approve", "--requester", name, "--patient", whose)
        assert {given["person"], approved["person"]} == {office.ids[BOSS]}
        assert {given["name"], approved["name"]} == {BOSS}
    ask = ("get", "--purpose", "maintenance", what)
    office.as_(BOSS).done(*ask, tmp_path / "a")
    before = dict(office.ids)
    assert "invite everybody again" in office.machine.done("rebuild").stdout
    assert office.as_(BOSS).json("rebuild")["people"] == "not rebuilt"
    assert "PPL-002" in office.as_(BOSS).done(*ask, tmp_path / "b", code=2).stderr
    office.person(BOSS, PrincipalKind.ADMINISTRATOR)
    assert office.ids[BOSS] != before[BOSS]
    office.as_(BOSS).done(*ask, tmp_path / "c", code=10)
    with open_archive(from_environment(office.machine.environment)) as archive:
        kept = [deed.body for deed in archive.catalogue.journal.deeds() if deed.kind == "authorisation"]
    assert {body["person"] for body in kept} == {before[BOSS]}


def test_nobody_is_approved_for_under_a_name_that_nobody_has(shared: Office) -> None:
    before, whose = shared.deeds(), ("--patient", ANNA.extension)
    told = shared.as_(BOSS).done("protection", "approve", "--requester", "nobody", *whose, code=2)
    assert "PPL-010" in told.stderr
    assert "nobody" not in told.output
    assert shared.deeds() == before


def test_manners_are_codes_of_the_register() -> None:
    assert {each.value for each in Manner} <= set(MANNERS)


def test_a_patients_first_copy_is_free_and_the_next_is_told(office: Office, tmp_path: Path) -> None:
    whose, what = office.pesels[0], office.document_of(office.pesels[0])
    office.person("patient", PrincipalKind.PATIENT, pesel=whose)
    patient = office.as_("patient")

    def got(manner: str, *words: str) -> Any:
        ask = ("get", "--purpose", "patient-request", "--manner", manner, what, tmp_path / manner, *words)
        return patient.done(*ask).stdout if words else patient.json(*ask)

    assert got("electronic")["copies"] == got("view")["copies"] == []
    (first,) = got("copy")["copies"]
    assert (first["first"], first["free"], first["before"]) == (True, True, [])
    assert "Wydane już wcześniej: " + first["documents"][0] in got("carrier", "--lang", "pl")
    (third,) = got("carrier")["copies"]
    assert (third["first"], third["free"], third["before"]) == (False, False, first["documents"])
    assert "not the first copy" in got("copy", "--lang", "en")
    assert [each.manner for each in office.accounts() if each.id == office.ids["patient"]] == [
        "electronic", "view", "copy", "carrier", "carrier", "copy",
    ]  # fmt: skip


def test_whoever_is_not_the_patient_is_told_that_a_copy_costs(office: Office, tmp_path: Path) -> None:
    whose, what = office.pesels[0], office.document_of(office.pesels[0])
    office.person("celina", PrincipalKind.PERSON, pesel=CELINA.extension)
    office.as_(BOSS).done(*add(whose, CELINA.extension))
    ask = ("get", "--purpose", "patient-request", "--manner", "copy", what)
    told = office.as_("celina").done(*ask, tmp_path / "a").stdout
    assert "neither the patient nor the statutory representative" in told
    assert office.as_(DOCTOR).json(
        "get", "--purpose", "custody", "--manner", "copy", what, tmp_path / "b"
    )["copies"] == []  # fmt: skip
    assert ANNA.extension not in told
