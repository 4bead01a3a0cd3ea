"""`consent`, `grant`, `custody`, `protection`: who may read what is written down by people who may write it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cli import identity
from repository.access.principal import Organisation, PrincipalKind
from repository.domain.describing import Identifier
from repository.domain.identifiers import PROVIDER_OID
from repository.people import inviting, signing_in, totp
from repository.runtime import Archive, open_archive
from repository.settings import from_environment
from storage.keys.ring import write_private
from tests.builders.access import ANNA, BOGDAN, CELINA, DARIUSZ, DOCUMENT, OURS, THEIRS
from tests.builders.people import PASSWORD, cheap_argon2, secret_of
from tests.cli.running import Machine

pytestmark = pytest.mark.requirement("R463-10.1.5")
SUCCESSOR = "000000190353"


class Office:
    """An archive with one takeover, and sessions of its people; `as_` changes who is at the command line."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        machine.done("takeover", "receive", machine.sample("package", "--patients", 2, "--images", 1))
        (found,) = machine.json("takeover", "list")["takeovers"]
        self.takeover: str = found["id"]
        self.ids: dict[str, str] = {}
        with open_archive(from_environment(machine.environment)) as archive:
            keeper = archive.catalogue.entitling.custody_of(self.takeover)[-1].custodian
            self._person(archive, "boss", PrincipalKind.ADMINISTRATOR, None)
            self._person(archive, "boss2", PrincipalKind.ADMINISTRATOR, None)
            self._person(archive, "doctor", PrincipalKind.MEDICAL_WORKER, keeper)
            self._person(archive, "stranger", PrincipalKind.MEDICAL_WORKER, THEIRS)
            self._person(archive, "auditor", PrincipalKind.AUDITOR, keeper)
        (self.custody,) = self.as_("boss").json("custody", "show", self.takeover)["custody"]

    def _person(self, archive: Archive, name: str, kind: PrincipalKind, of: Identifier | None) -> None:
        house = Organisation(of, "NZOZ") if of else None
        made = inviting.invite(
            archive, kind=kind, given_name="Ada", surname=f"Nowak-{name}", by="test", npwz="5425740", organisation=house
        )
        done = inviting.accept(archive, made.code, name=name, password=PASSWORD)
        self.ids[name] = done.account
        code = totp.code_at(secret_of(done.otpauth), totp.step_at(archive.clock()))
        session = signing_in.sign_in(archive, name, PASSWORD, totp=code)
        write_private(self.machine.folder / f"session-{name}", session.token.encode())

    def as_(self, name: str) -> Machine:
        self.machine.more = {identity.VARIABLE: str(self.machine.folder / f"session-{name}")}
        return self.machine

    def deeds(self) -> list[Any]:
        with open_archive(from_environment(self.machine.environment)) as archive:
            return list(archive.catalogue.journal.deeds())


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with pytest.MonkeyPatch.context() as patch:
        cheap_argon2(patch)
        yield Office(Machine(tmp_path_factory.mktemp("office")).founded())


def gives(*words: object, patient: Identifier = ANNA) -> tuple[object, ...]:
    who = ("--patient", patient.extension, "--grantee", f"RPWDL:{OURS.extension}", "--purpose", "treatment")
    return ("consent", "give", *who, *words)


def test_a_consent_is_given_shown_listed_and_withdrawn(office: Office) -> None:
    boss = office.as_("boss")
    given = boss.json(
        *gives("--purpose", "continuity", "--document", f"{DOCUMENT.root}^{DOCUMENT.extension}", "--class", "01.10"),
        "--study", "1.2.3", "--event", "1.2^7", "--specialty", "1100", "--from", "2024-01-01", "--to", "2024-12-31",
        "--valid-from", "2025-01-01", "--valid-to", "2025-12-31", "--evidence", "akta 7",
    )  # fmt: skip
    assert given["purposes"] == ["continuity", "treatment"]
    assert given["scope"] == {
        "documents": [{"root": DOCUMENT.root, "extension": DOCUMENT.extension}], "classes": ["01.10"],
        "events": [{"root": "1.2", "extension": "7"}], "studies": ["1.2.3"], "specialties": ["1100"],
        "first_day": "20240101", "last_day": "20241231",
    }  # fmt: skip
    assert (given["valid_from"], given["valid_to"]) == ("2024-12-31T23:00:00.000000Z", "2025-12-31T23:00:00.000000Z")
    assert boss.json("consent", "show", given["id"]) == given
    assert "akta 7" in boss.done("consent", "show", given["id"]).stdout
    ended = boss.json("consent", "withdraw", given["id"])
    everything = boss.json("consent", "list", "--patient", ANNA.extension)["consents"]
    (listed,) = [each for each in everything if each["id"] == given["id"]]
    assert (listed["ended_at"], listed["end_reason"]) == (ended["ended_at"], "withdrawn")
    assert given["id"] in boss.done("consent", "list", "--patient", ANNA.extension).stdout
    assert "ACC-002" in boss.done("consent", "withdraw", given["id"], code=2).stderr
    deed = next(each for each in office.deeds() if each.body.get("id") == given["id"])
    assert deed.body["by"] == {"id": office.ids["boss"], "name": "Ada Nowak-boss"}


def test_an_objection_is_to_all_unless_a_purpose_is_said(office: Office) -> None:
    said = office.as_("boss").json(
        "consent", "give", "--objection", "--patient", BOGDAN.extension, "--grantee", "ANYBODY"
    )
    assert (said["kind"], said["purposes"]) == ("objection", [])


@pytest.mark.parametrize(
    "wrong",
    [
        ("--patient", "12345678901"), ("--grantee", "RPWDL:1"), ("--grantee", "x"), ("--purpose", "fun"),
        ("--valid-from", "yesterday"), ("--study", "x"), ("--grantor", "NEIGHBOUR"), ("--document", "7"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_named_and_not_repeated(office: Office, wrong: tuple[str, str]) -> None:
    told = office.as_("boss").run(*gives(*wrong))
    assert told.exit_code == 2
    assert "CNS-007" in told.stderr
    assert "12345678901" not in told.stderr


def test_a_fhir_consent_goes_out_and_comes_in_again_as_a_new_one(office: Office, tmp_path: Path) -> None:
    boss = office.as_("boss")
    given = boss.json(*gives("--study", "1.2.3", patient=CELINA))
    exported = boss.done("consent", "export", given["id"]).stdout
    assert json.loads(exported)["resourceType"] == "Consent"
    (tmp_path / "one.json").write_text(exported)
    (again,) = boss.json("consent", "import", tmp_path / "one.json")["consents"]
    assert again["id"] != given["id"]
    same = ("kind", "patient", "grantee", "scope", "purposes", "valid_from", "valid_to")
    assert [again[name] for name in same] == [given[name] for name in same]


def test_of_a_bundle_all_is_taken_or_nothing(office: Office, tmp_path: Path) -> None:
    boss = office.as_("boss")
    good = json.loads(boss.done("consent", "export", boss.json(*gives())["id"]).stdout)
    bad = {**good, "policyRule": {}}
    before = len(office.deeds())
    (tmp_path / "b.json").write_text(
        json.dumps({"resourceType": "Bundle", "entry": [{"resource": good}, {"resource": bad}]})
    )
    told = boss.done("consent", "import", tmp_path / "b.json", code=2)
    assert "Consent.policyRule" in told.stderr
    (tmp_path / "c.json").write_text("{")
    assert "CNS-007" in boss.done("consent", "import", tmp_path / "c.json", code=2).stderr
    foreign = {**good, "policy": [{"uri": "http://x.example/p"}]}
    (tmp_path / "d.json").write_text(json.dumps(foreign))
    assert "policy[0].uri" in boss.done("consent", "import", tmp_path / "d.json", code=2).stderr
    assert len(office.deeds()) == before
    boss.done("consent", "import", tmp_path / "d.json", "--policy", "http://x.example/p")


def test_a_grant_is_given_changed_and_revoked_by_the_custodians_worker(office: Office) -> None:
    doctor, where = office.as_("doctor"), office.takeover[:13]
    who = ("--grantee", "SYSTEM:PACS-1", "--grantee-name", "PACS")
    given = doctor.json("grant", "give", "--takeover", where, *who, "--purpose", "continuity", "--class", "01.10")
    assert (given["patient"], given["takeover"], given["grantor"]["capacity"]) == (None, office.takeover, "custodian")
    changed = doctor.json("grant", "change", given["id"], "--purpose", "treatment", "--valid-to", "2099-01-01")
    assert (changed["edition"], changed["purposes"], changed["scope"]) == (2, ["treatment"], given["scope"])
    narrower = doctor.json("grant", "change", given["id"], "--study", "1.2")
    assert (narrower["scope"]["studies"], narrower["scope"]["classes"]) == (["1.2"], [])
    doctor.done("grant", "revoke", given["id"])
    everything = doctor.json("grant", "list", "--takeover", where)["grants"]
    listed = [each for each in everything if each["id"] == given["id"]]
    assert [each["end_reason"] for each in listed] == ["replaced", "replaced", "revoked"]
    assert "PACS" in doctor.done("grant", "list", "--takeover", where).stdout
    assert "ACC-002" in doctor.done("grant", "change", given["id"], code=2).stderr
    assert "ACC-002" in doctor.done("consent", "show", given["id"], code=2).stderr


@pytest.mark.requirement("R463-10.2")
@pytest.mark.parametrize("who", ["doctor", "stranger", "auditor"])
def test_protection_and_custody_are_for_administrators(office: Office, who: str) -> None:
    someone, before = office.as_(who), len(office.deeds())
    for words in (
        ("protection", "set", "--patient", ANNA.extension),
        ("protection", "lift", "flag"),
        ("protection", "approve", "--requester", "x", "--patient", ANNA.extension),
        ("custody", "give", office.takeover, "--custodian", f"{PROVIDER_OID}^{SUCCESSOR}", "--name", "N"),
    ):
        assert "CNS-006" in someone.done(*words, code=10).stderr
    assert len(office.deeds()) == before


@pytest.mark.parametrize("who", ["stranger", "auditor"])
def test_others_give_nothing_and_see_nothing(office: Office, who: str) -> None:
    someone, before = office.as_(who), len(office.deeds())
    for words in (
        gives(), gives("--takeover", office.takeover), ("consent", "list", "--patient", ANNA.extension),
        ("grant", "list", "--takeover", office.takeover),
        ("grant", "give", "--takeover", office.takeover, "--grantee", "ANYBODY", "--purpose", "treatment"),
    ):  # fmt: skip
        assert "CNS-006" in someone.done(*words, code=10).stderr
    assert len(office.deeds()) == before


@pytest.mark.requirement("R463-10.2")
def test_an_id_that_is_not_there_and_one_that_is_for_others_are_answered_alike(office: Office) -> None:
    consent = office.as_("boss").json(*gives())["id"]
    grant = office.as_("doctor").json(
        "grant", "give", "--takeover", office.takeover, "--grantee", "ANYBODY", "--purpose", "treatment"
    )["id"]
    stranger, nobody = office.as_("stranger"), Machine(office.machine.folder, {identity.VARIABLE: "/nowhere"})
    for verb, known in (
        (("consent", "withdraw"), consent), (("consent", "show"), consent), (("consent", "export"), consent),
        (("grant", "revoke"), grant), (("grant", "change"), grant),
    ):  # fmt: skip
        told = [stranger.done(*verb, each, code=2).stderr for each in (known, "nothing", grant)]
        assert told[0] == told[1] == told[2]
        assert "ACC-002" in told[0]
        unknown = [nobody.run(*verb, each) for each in (known, "nothing")]
        assert unknown[0].stderr == unknown[1].stderr
        assert "PPL-020" in unknown[0].stderr
    shown = [each for each in office.deeds() if each.kind == "account"][-6:]
    assert [(each.body["surname"], each.outcome) for each in shown] == [("Nowak-stranger", "refused")] * 6
    office.as_("boss").done("consent", "show", consent)


@pytest.mark.requirement("R463-10.2")
@pytest.mark.requirement("R463-10.3")
def test_lists_leave_out_who_is_protected_and_have_one_account_each(office: Office) -> None:
    where = ("--takeover", office.takeover)
    boss = office.as_("boss")
    known = [boss.json(*gives(*where, patient=each))["id"] for each in (DARIUSZ, CELINA)]
    who = ("--grantee", "SYSTEM:P2", "--purpose", "treatment", "--patient", DARIUSZ.extension)
    granted = boss.json("grant", "give", *where, *who)["id"]
    lists = (
        (("consent", "list", *where), "consents"), (("grant", "list", *where), "grants"),
        (("consent", "list", "--patient", DARIUSZ.extension, *where), "consents"),
    )  # fmt: skip

    def listed(name: str) -> list[set[str]]:
        found = []
        for words, of in lists:
            before = len(office.deeds())
            found.append({each["id"] for each in office.as_(name).json(*words)[of]} & {*known, granted})
            (account,) = office.deeds()[before:]
            assert (account.kind, account.body["surname"]) == ("account", f"Nowak-{name}")
        return found

    everything = [set(known), {granted}, {known[0]}]
    assert listed("doctor") == listed("boss") == everything
    (flag,) = office.as_("boss").json("protection", "set", "--patient", DARIUSZ.extension)["flags"]
    assert listed("doctor") == listed("boss") == [{known[1]}, set(), set()]
    assert office.deeds()[-1].outcome == "refused"
    doctor = office.as_("doctor")
    for words in (("consent", "show"), ("consent", "export"), ("consent", "withdraw")):
        assert "ACC-002" in doctor.done(*words, known[0], code=2).stderr
    office.as_("boss").done(
        "protection", "approve", "--requester", "doctor", "--patient", DARIUSZ.extension, "--minutes", "5"
    )
    assert listed("doctor") == everything
    assert office.as_("doctor").json("consent", "show", known[0])["id"] == known[0]
    office.as_("boss").done("protection", "lift", flag)


@pytest.mark.requirement("R463-10.2")
def test_relations_of_who_is_protected_are_not_listed_and_each_listing_has_its_account(office: Office) -> None:
    boss, whose = office.as_("boss"), ("--patient", DARIUSZ.extension)
    known = boss.json("relation", "add", *whose, "--person", CELINA.extension, "--kind", "close")["id"]
    before = len(office.deeds())
    assert [each["id"] for each in boss.json("relation", "list", *whose)["relations"]] == [known]
    (flag,) = boss.json("protection", "set", *whose)["flags"]
    assert boss.json("relation", "list", *whose) == {"relations": [], "died": None}
    boss.done("protection", "lift", flag)
    accounts = [each for each in office.deeds()[before:] if each.kind == "account"]
    assert [(each.body["operation"], each.outcome) for each in accounts] == [
        ("accounts", "permitted"), ("accounts", "refused"),
    ]  # fmt: skip


def test_nobody_signed_in_writes_nothing(office: Office) -> None:
    office.machine.more = {identity.VARIABLE: str(office.machine.folder / "none")}
    assert "PPL-020" in office.machine.run(*gives()).stderr
    assert "PPL-020" in office.machine.run("protection", "set", "--patient", ANNA.extension).stderr
    for where in (office.takeover, "0" * 8):
        assert "PPL-020" in office.machine.run("custody", "show", where).stderr
        assert "PPL-020" in office.machine.run("grant", "list", "--takeover", where).stderr
        assert "PPL-020" in office.machine.run("relation", "list", "--patient", ANNA.extension).stderr


@pytest.mark.requirement("R463-10.2")
def test_a_family_is_protected_lifted_and_approved_for_by_a_second_person(office: Office) -> None:
    boss = office.as_("boss")
    flags = boss.json("protection", "set", "--patient", ANNA.extension, "--patient", CELINA.extension)["flags"]
    assert len(flags) == 2
    approved = boss.json(
        "protection", "approve", "--requester", "doctor", "--patient", ANNA.extension, "--minutes", "5"
    )
    assert (approved["person"], approved["given_by"], approved["takeover"]) == (
        office.ids["doctor"], office.ids["boss"], "",
    )  # fmt: skip
    numbered = boss.json(
        "protection", "approve", "--requester", "boss2", "--takeover", office.takeover, "--number", "1"
    )
    assert (numbered["takeover"], numbered["patient"]) == (office.takeover, 1)
    assert (
        "ACC-003"
        in boss.done("protection", "approve", "--requester", "boss", "--patient", ANNA.extension, code=2).stderr
    )
    assert boss.run("protection", "approve", "--requester", "doctor").exit_code == 2
    for flag in flags:
        boss.done("protection", "lift", flag)
        assert "ACC-001" in boss.done("protection", "lift", flag, code=10).stderr
    (provider,) = boss.json("protection", "set", "--takeover", office.takeover)["flags"]
    assert "Lifted" in boss.done("protection", "lift", provider).stdout
    assert "Zdjęto" not in boss.done("protection", "set", "--patient", BOGDAN.extension, "--lang", "pl").stdout


@pytest.mark.requirement("R463-6.2")
def test_custody_is_passed_on_and_the_old_custodians_worker_gives_no_more(office: Office) -> None:
    who = ("--custodian", f"{PROVIDER_OID}^{SUCCESSOR}", "--name", "Następca")
    words = ("grant", "give", "--takeover", office.takeover, "--grantee", "ANYBODY", "--purpose", "treatment")
    office.as_("doctor").done(*words)
    given = office.as_("boss").json("custody", "give", office.takeover[:13], *who)
    assert "CNS-006" in office.as_("doctor").done(*words, code=10).stderr
    *_, before, last = office.machine.json("custody", "show", office.takeover)["custody"]
    assert (before["until"], last["since"], last["until"]) == (given["since"], given["since"], None)
    assert "Następca" in office.machine.done("custody", "show", office.takeover).stdout
    old = office.custody["custodian"]
    office.as_("boss").done(
        "custody", "give", office.takeover, "--custodian", f"{old['root']}^{old['extension']}", "--name", "Z powrotem"
    )
