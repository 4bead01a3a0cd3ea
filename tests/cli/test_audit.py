"""`edm-archive audit …`, by whoever is signed in: what it shows, writes, signs and refuses."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from repository.access.account import as_body
from repository.access.principal import Organisation, PrincipalKind
from repository.entitlement import protect
from repository.journal import note
from repository.people import inviting, signing_in, totp
from repository.runtime import Archive, open_archive
from repository.settings import from_environment
from storage.keys.ring import write_private
from tests.builders.access import COURT, DOCTOR
from tests.builders.accounts import account
from tests.builders.holdings import packed, paper, person
from tests.builders.people import PASSWORD, cheap_argon2, secret_of
from tests.cli.running import Machine

ONE = "0192aaaa-0000-7000-8000-00000000000a"
ANNA = person(1).identifiers[0]
PATIENT = f"{ANNA.root}^{ANNA.extension}"


@pytest.fixture
def known(machine: Machine) -> Machine:
    """An archive with a takeover of two patients, Anna's document read three times, once in an emergency."""
    with open_archive(from_environment(machine.environment)) as archive:
        _fill(archive)
    return machine


def _fill(archive: Archive) -> None:
    from repository.domain.takeover import Handover, Producer

    takeover = archive.catalogue.open_takeover(
        Handover(producer=Producer(name="Przychodnia", regon="000000000")), id=ONE, package="/p", fingerprint=ONE,
        declared=True, opened_at="2026-01-02T03:04:05Z",
    )  # fmt: skip
    packs = [packed(f"p{n}", paper(n, patient=n, facts=person(n)), takeover=1, facts=person(n)) for n in (1, 2)]
    archive.catalogue.record(takeover.number, packs)
    for changes in (
        {},
        {"purpose": "emergency", "duties": ("prominent", "review")},
        {"outcome": "refused", "manner": ""},
    ):
        made = account(0, takeover=ONE, **{"patient": 1} | changes)
        note(archive, "account", as_body(made), outcome=made.outcome, at=made.at)


@pytest.fixture
def signed(known: Machine, monkeypatch: pytest.MonkeyPatch) -> Callable[[PrincipalKind], Machine]:
    """The archive, with somebody of that kind signed in at the command line by an account of his own."""
    cheap_argon2(monkeypatch)
    sessions: dict[PrincipalKind, Path] = {}

    def in_as(kind: PrincipalKind) -> Machine:
        if kind not in sessions:
            sessions[kind] = known.folder / f"session-{kind.value}"
            with open_archive(from_environment(known.environment)) as archive:
                write_private(sessions[kind], _session(archive, kind).encode())
        known.more["EDM_ARCHIVE_SESSION_FILE"] = str(sessions[kind])
        return known

    return in_as


def _session(archive: Archive, kind: PrincipalKind) -> str:
    """The token of a session of a new account."""
    made = inviting.invite(
        archive, kind=kind, given_name="Ada", surname="Nowak", by="test", role="kontrola", npwz=DOCTOR.extension,
        identifier=DOCTOR, organisation=Organisation(COURT, "Urząd", "authority"),
    )  # fmt: skip
    name = f"ada.{kind.value[:5]}"
    done = inviting.accept(archive, made.code, name=name, password=PASSWORD, totp=True)
    code = totp.code_at(secret_of(done.otpauth), totp.step_at(archive.clock()))
    return signing_in.sign_in(archive, name, PASSWORD, totp=code).token


def first(machine: Machine) -> int:
    """The number of the first of the three accounts."""
    return numbers(machine.json("audit", "search", "--person", "przy"))[0]


Signed = Callable[[PrincipalKind], Machine]
AUDITOR, SERVICE, WORKER = PrincipalKind.AUDITOR, PrincipalKind.SPECIAL_SERVICE, PrincipalKind.MEDICAL_WORKER


def numbers(answer: Any) -> list[int]:
    return [each["number"] for each in answer["accounts"]]


def test_search_shows_what_matches_and_goes_on(signed: Signed) -> None:
    machine = signed(AUDITOR)
    one = first(machine)
    three = [one, one + 1, one + 2]
    assert numbers(machine.json("audit", "search", "--person", "PRZY")) == three
    assert numbers(machine.json("audit", "search", "--outcome", "refused")) == three[2:]
    assert numbers(machine.json("audit", "search", "--purpose", "emergency")) == three[1:2]
    day = ("--from", "2026-03-04", "--to", "2026-03-04")
    assert numbers(machine.json("audit", "search", "--takeover", ONE[:8], *day)) == three
    assert numbers(machine.json("audit", "search", "--person", "przy", "--to", "2026-03-03")) == []
    page = machine.json("audit", "search", "--person", "przy", "--limit", 2)
    assert (numbers(page), page["next"]) == (three[:2], three[1])
    assert numbers(machine.json("audit", "search", "--person", "przy", "--after", three[1])) == three[2:]
    assert numbers(machine.json("audit", "search", "--patient", PATIENT))[:3] == three


def test_search_speaks_polish_too(signed: Signed) -> None:
    said = signed(AUDITOR).run("--lang", "pl", "audit", "search", "--person", "przy")
    assert "Przykładowa" in said.stdout
    assert "odmówiono" in said.stdout


@pytest.mark.requirement("R463-10.2")
def test_protected_and_unknown_are_told_alike(signed: Signed) -> None:
    machine = signed(AUDITOR)
    with open_archive(from_environment(machine.environment)) as archive:
        protect(archive, ANNA)
    for verb in (("search", "--patient"), ("who-looked",), ("register", "--patient")):
        hidden = machine.run("audit", *verb, PATIENT)
        unknown = machine.run("audit", *verb, f"{ONE}/99")
        assert (hidden.exit_code, hidden.output) == (unknown.exit_code, unknown.output)
        assert hidden.exit_code == 10
    listed = machine.json("audit", "search", "--person", "przy")["accounts"]
    assert {(each["patient"], each["patient_name"], each["ordinal"], each["document"]) for each in listed} == {
        (0, "", 0, None)
    }


def test_export_writes_every_form_once(signed: Signed, tmp_path: Path) -> None:
    machine = signed(AUDITOR)
    files = {form: tmp_path / f"accounts.{form}" for form in ("csv", "fhir", "dicom")}
    for form, file in files.items():
        assert machine.json("audit", "export", "--format", form, "--person", "przy", file)["accounts"] == 3
    assert files["csv"].read_bytes().count(b"\r\n") == 4
    events = [json.loads(line) for line in files["fhir"].read_text("utf-8").splitlines()]
    assert [event["resourceType"] for event in events] == ["AuditEvent"] * 3
    messages = [ElementTree.fromstring(line) for line in files["dicom"].read_bytes().splitlines()]
    assert [each.tag for each in messages] == ["AuditMessage"] * 3
    assert machine.json("audit", "export", "--format", "csv", files["csv"], code=2)["error"]["code"] == "DLV-002"


@pytest.mark.parametrize(
    ("words", "purpose", "rows"),
    [(("register", "--takeover", ONE), "register", 2), (("who-looked", PATIENT), "who-looked", 4)],
)
def test_a_paper_is_signed_shown_and_checked(
    signed: Signed, tmp_path: Path, words: Any, purpose: str, rows: int
) -> None:
    machine = signed(AUDITOR)
    file = tmp_path / "paper.json"
    answer = machine.json("audit", *words, "--out", file)
    assert len(answer[purpose]["rows"]) == rows
    assert json.loads(file.read_bytes())[purpose] == answer[purpose]
    checked = machine.json("proof", "paper", file)
    assert (checked["holds"], checked["purpose"]) == (True, purpose)
    assert checked["complete_up_to"] == answer[purpose]["complete_up_to"]["number"]
    assert "Complete up to account" in machine.done("audit", *words).stdout
    file.write_bytes(file.read_bytes().replace(b"2026-03-04", b"2026-03-05", 1))
    assert machine.json("proof", "paper", file, code=5)["error"]["code"]
    for form in ("csv", "html"):
        machine.done("audit", *words, "--out", tmp_path / f"paper.{form}")
    assert "<table>" in (tmp_path / "paper.html").read_text("utf-8")


@pytest.mark.parametrize("content", [b"", b"{}", b'{"a":1,"b":2}', b"[]", b'{"other":{},"signature":{}}', b"7"])
def test_what_is_no_paper_does_not_hold(machine: Machine, tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "paper.json"
    file.write_bytes(content)
    assert machine.run("proof", "paper", file).exit_code == 5
    assert machine.run("proof", "paper", tmp_path / "none").exit_code == 2


@pytest.mark.requirement("R463-10.3")
def test_the_special_report_is_for_special_services(signed: Signed) -> None:
    with open_archive(from_environment(signed(AUDITOR).environment)) as archive:
        protect(archive, ANNA)
    assert signed(AUDITOR).run("audit", "special-report", "--patient", PATIENT).exit_code == 10
    machine = signed(SERVICE)
    answer = machine.json("audit", "special-report", "--patient", PATIENT)["special-report"]
    assert [set(row) for row in answer["rows"]] == [{"first_name", "surname", "day", "hour", "purpose"}] * 2
    assert machine.run("audit", "special-report").exit_code == 2


def test_reviews_are_listed_and_done_once(signed: Signed) -> None:
    machine = signed(AUDITOR)
    due = first(machine) + 1
    assert numbers(machine.json("audit", "review", "list")) == [due]
    assert machine.json("audit", "review", "done", due, "--remark", "ok")["account"] == due
    assert machine.json("audit", "review", "done", due, code=2)["error"]["code"] == "RPT-003"
    assert machine.json("audit", "review", "list")["accounts"] == []


def test_completeness_counts_every_deed(signed: Signed) -> None:
    machine = signed(AUDITOR)
    machine.done("audit", "who-looked", PATIENT)
    before = machine.json("audit", "completeness")
    assert before["complete_up_to"] == before["last"] - 1  # its own asking waits for the next checkpoint
    machine.done("audit", "who-looked", PATIENT)
    after = machine.json("audit", "completeness")
    assert after["complete_up_to"] == before["last"] + 1
    assert after["checkpoint_size"] > before["checkpoint_size"]


def test_whoever_may_not_see_accounts_is_refused_and_accounted_for(signed: Signed) -> None:
    for words in (("search",), ("review", "list"), ("completeness",), ("register",), ("who-looked", PATIENT)):
        assert signed(WORKER).run("audit", *words).exit_code == 10
    told = signed(AUDITOR).json("audit", "search", "--person", "Nowak")["accounts"]
    assert [(each["kind"], each["outcome"]) for each in told] == [
        *[("medical-worker", "refused")] * 5, ("auditor", "permitted"),
    ]  # fmt: skip


def test_nobody_signed_in_sees_nothing(known: Machine, tmp_path: Path) -> None:
    known.more["EDM_ARCHIVE_SESSION_FILE"] = str(tmp_path / "none")
    assert known.json("audit", "search", code=2)["error"]["code"] == "PPL-020"


@pytest.mark.parametrize(
    "words", [("search", "--purpose", "x"), ("search", "--from", "x"), ("register", "--out", "a.pdf")]
)
def test_what_is_not_understood_is_refused(signed: Signed, words: tuple[str, ...]) -> None:
    assert signed(AUDITOR).run("audit", *words).exit_code == 2
