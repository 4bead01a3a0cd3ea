"""`consent`, `grant`: who may read what is written down by people who may write it."""

import json
from pathlib import Path

import pytest

from cli import identity
from tests.builders.access import ANNA, BOGDAN, CELINA, DOCUMENT
from tests.cli.consenting import gives
from tests.cli.office import Office
from tests.cli.running import Machine

pytestmark = pytest.mark.requirement("R463-10.1.5")


def test_a_consent_is_given_shown_listed_and_withdrawn(shared_office: Office) -> None:
    boss = shared_office.as_("boss")
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
    deed = next(each for each in shared_office.deeds() if each.body.get("id") == given["id"])
    assert deed.body["by"] == {"id": shared_office.ids["boss"], "name": "Ada Nowak-boss"}


def test_an_objection_is_to_all_unless_a_purpose_is_said(shared_office: Office) -> None:
    said = shared_office.as_("boss").json(
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
def test_what_cannot_be_read_is_named_and_not_repeated(shared_office: Office, wrong: tuple[str, str]) -> None:
    told = shared_office.as_("boss").run(*gives(*wrong))
    assert told.exit_code == 2
    assert "CNS-007" in told.stderr
    assert "12345678901" not in told.stderr


def test_a_fhir_consent_goes_out_and_comes_in_again_as_a_new_one(shared_office: Office, tmp_path: Path) -> None:
    boss = shared_office.as_("boss")
    given = boss.json(*gives("--study", "1.2.3", patient=CELINA))
    exported = boss.done("consent", "export", given["id"]).stdout
    assert json.loads(exported)["resourceType"] == "Consent"
    (tmp_path / "one.json").write_text(exported)
    (again,) = boss.json("consent", "import", tmp_path / "one.json")["consents"]
    assert again["id"] != given["id"]
    same = ("kind", "patient", "grantee", "scope", "purposes", "valid_from", "valid_to")
    assert [again[name] for name in same] == [given[name] for name in same]


def test_of_a_bundle_all_is_taken_or_nothing(shared_office: Office, tmp_path: Path) -> None:
    boss = shared_office.as_("boss")
    good = json.loads(boss.done("consent", "export", boss.json(*gives())["id"]).stdout)
    bad = {**good, "policyRule": {}}
    before = len(shared_office.deeds())
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
    assert len(shared_office.deeds()) == before
    boss.done("consent", "import", tmp_path / "d.json", "--policy", "http://x.example/p")


def test_a_grant_is_given_changed_and_revoked_by_the_custodians_worker(shared_office: Office) -> None:
    doctor, where = shared_office.as_("doctor"), shared_office.takeover[:13]
    who = ("--grantee", "SYSTEM:PACS-1", "--grantee-name", "PACS")
    given = doctor.json("grant", "give", "--takeover", where, *who, "--purpose", "continuity", "--class", "01.10")
    assert (given["patient"], given["takeover"], given["grantor"]["capacity"]) == (
        None,
        shared_office.takeover,
        "custodian",
    )
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


@pytest.mark.parametrize("language", ["en", "pl"])
def test_a_worker_who_names_no_takeover_is_told_what_is_missing(shared_office: Office, language: str) -> None:
    told = shared_office.as_("doctor").done("--lang", language, *gives(), code=10).stderr
    assert "CNS-006" in told
    assert "`--takeover`" in told


@pytest.mark.parametrize("who", ["stranger", "auditor"])
def test_others_give_nothing_and_see_nothing(shared_office: Office, who: str) -> None:
    someone, before = shared_office.as_(who), len(shared_office.deeds())
    for words in (
        gives(), gives("--takeover", shared_office.takeover), ("consent", "list", "--patient", ANNA.extension),
        ("grant", "list", "--takeover", shared_office.takeover),
        ("grant", "give", "--takeover", shared_office.takeover, "--grantee", "ANYBODY", "--purpose", "treatment"),
    ):  # fmt: skip
        assert "CNS-006" in someone.done(*words, code=10).stderr
    assert len(shared_office.deeds()) == before


@pytest.mark.requirement("R463-10.2")
def test_an_id_that_is_not_there_and_one_that_is_for_others_are_answered_alike(shared_office: Office) -> None:
    consent = shared_office.as_("boss").json(*gives())["id"]
    grant = shared_office.as_("doctor").json(
        "grant", "give", "--takeover", shared_office.takeover, "--grantee", "ANYBODY", "--purpose", "treatment"
    )["id"]
    stranger, nobody = (
        shared_office.as_("stranger"),
        Machine(shared_office.machine.folder, {identity.VARIABLE: "/nowhere"}),
    )
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
    shown = [each for each in shared_office.deeds() if each.kind == "account"][-6:]
    assert [(each.body["surname"], each.outcome) for each in shown] == [("Nowak-stranger", "refused")] * 6
    shared_office.as_("boss").done("consent", "show", consent)


def test_nobody_signed_in_writes_nothing(shared_office: Office) -> None:
    shared_office.machine.more = {identity.VARIABLE: str(shared_office.machine.folder / "none")}
    assert "PPL-020" in shared_office.machine.run(*gives()).stderr
    assert "PPL-020" in shared_office.machine.run("protection", "set", "--patient", ANNA.extension).stderr
    for where in (shared_office.takeover, "0" * 8):
        assert "PPL-020" in shared_office.machine.run("custody", "show", where).stderr
        assert "PPL-020" in shared_office.machine.run("grant", "list", "--takeover", where).stderr
        assert "PPL-020" in shared_office.machine.run("relation", "list", "--patient", ANNA.extension).stderr
