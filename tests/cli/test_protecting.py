"""`protection`, `custody`: who is shut away, from whom, and who keeps a record from now on."""

import pytest

from repository.domain.identifiers import PROVIDER_OID
from tests.builders.access import ANNA, BOGDAN, CELINA, DARIUSZ
from tests.cli.consenting import gives
from tests.cli.office import Office

pytestmark = pytest.mark.requirement("R463-10.1.5")


SUCCESSOR = "000000190353"


@pytest.mark.requirement("R463-10.2")
@pytest.mark.parametrize("who", ["doctor", "stranger", "auditor"])
def test_protection_and_custody_are_for_administrators(shared_office: Office, who: str) -> None:
    someone, before = shared_office.as_(who), len(shared_office.deeds())
    for words in (
        ("protection", "set", "--patient", ANNA.extension),
        ("protection", "lift", "flag"),
        ("protection", "approve", "--requester", "x", "--patient", ANNA.extension),
        ("custody", "give", shared_office.takeover, "--custodian", f"{PROVIDER_OID}^{SUCCESSOR}", "--name", "N"),
    ):
        assert "CNS-006" in someone.done(*words, code=10).stderr
    assert len(shared_office.deeds()) == before


@pytest.mark.requirement("R463-10.2")
@pytest.mark.requirement("R463-10.3")
def test_lists_leave_out_who_is_protected_and_have_one_account_each(shared_office: Office) -> None:
    where = ("--takeover", shared_office.takeover)
    boss = shared_office.as_("boss")
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
            before = len(shared_office.deeds())
            found.append({each["id"] for each in shared_office.as_(name).json(*words)[of]} & {*known, granted})
            (account,) = shared_office.deeds()[before:]
            assert (account.kind, account.body["surname"]) == ("account", f"Nowak-{name}")
        return found

    everything = [set(known), {granted}, {known[0]}]
    assert listed("doctor") == listed("boss") == everything
    (flag,) = shared_office.as_("boss").json("protection", "set", "--patient", DARIUSZ.extension)["flags"]
    assert listed("doctor") == listed("boss") == [{known[1]}, set(), set()]
    assert shared_office.deeds()[-1].outcome == "refused"
    doctor = shared_office.as_("doctor")
    for words in (("consent", "show"), ("consent", "export"), ("consent", "withdraw")):
        assert "ACC-002" in doctor.done(*words, known[0], code=2).stderr
    shared_office.as_("boss").done(
        "protection", "approve", "--requester", "doctor", "--patient", DARIUSZ.extension, "--minutes", "5"
    )
    assert listed("doctor") == everything
    assert shared_office.as_("doctor").json("consent", "show", known[0])["id"] == known[0]
    lifted(shared_office, flag)


def lifted(office: Office, flag: str) -> str:
    """What the second of two administrators is told."""
    assert "Lifted" not in office.as_("boss").done("protection", "lift", flag).stdout
    return office.as_("second").done("protection", "lift", flag).stdout


@pytest.mark.requirement("R463-10.2")
def test_protection_is_lifted_by_two_administrators(shared_office: Office) -> None:
    boss = shared_office.as_("boss")
    (flag,) = boss.json("protection", "set", "--patient", BOGDAN.extension)["flags"]
    before = len(shared_office.deeds())
    asked = boss.json("protection", "lift", flag)
    assert (asked["asked_by"], asked["lifted_at"]) == (shared_office.ids["boss"], None)
    assert boss.json("protection", "lift", flag) == asked
    assert "Ochrona trwa" in boss.done("protection", "lift", flag, "--lang", "pl").stdout
    assert [each.kind for each in shared_office.deeds()[before:]] == ["lifting"]
    lifted = shared_office.as_("second").json("protection", "lift", flag)
    assert lifted["asked_by"] == shared_office.ids["boss"]
    assert lifted["lifted_at"] > asked["asked_at"]
    assert shared_office.deeds()[-1].kind == "protection-end"
    assert "ACC-001" in shared_office.as_("boss").done("protection", "lift", flag, code=10).stderr


@pytest.mark.requirement("R463-10.2")
def test_relations_of_who_is_protected_are_not_listed_and_each_listing_has_its_account(shared_office: Office) -> None:
    boss, whose = shared_office.as_("boss"), ("--patient", DARIUSZ.extension)
    known = boss.json("relation", "add", *whose, "--person", CELINA.extension, "--kind", "close")["id"]
    before = len(shared_office.deeds())
    assert [each["id"] for each in boss.json("relation", "list", *whose)["relations"]] == [known]
    (flag,) = boss.json("protection", "set", *whose)["flags"]
    assert boss.json("relation", "list", *whose) == {"relations": [], "died": None}
    lifted(shared_office, flag)
    accounts = [each for each in shared_office.deeds()[before:] if each.kind == "account"]
    assert [(each.body["operation"], each.outcome) for each in accounts] == [
        ("accounts", "permitted"), ("accounts", "refused"),
    ]  # fmt: skip


@pytest.mark.requirement("R463-10.2")
def test_a_family_is_protected_lifted_and_approved_for_by_a_second_person(shared_office: Office) -> None:
    boss = shared_office.as_("boss")
    flags = boss.json("protection", "set", "--patient", ANNA.extension, "--patient", CELINA.extension)["flags"]
    assert len(flags) == 2
    approved = boss.json(
        "protection", "approve", "--requester", "doctor", "--patient", ANNA.extension, "--minutes", "5"
    )
    assert (approved["person"], approved["given_by"], approved["takeover"]) == (
        shared_office.ids["doctor"], shared_office.ids["boss"], "",
    )  # fmt: skip
    numbered = boss.json(
        "protection", "approve", "--requester", "second", "--takeover", shared_office.takeover, "--number", "1"
    )
    assert (numbered["takeover"], numbered["patient"]) == (shared_office.takeover, 1)
    assert (
        "ACC-003"
        in boss.done("protection", "approve", "--requester", "boss", "--patient", ANNA.extension, code=2).stderr
    )
    assert boss.run("protection", "approve", "--requester", "doctor").exit_code == 2
    for flag in flags:
        assert "Lifted" in lifted(shared_office, flag)
        assert "ACC-001" in shared_office.as_("boss").done("protection", "lift", flag, code=10).stderr
    (provider,) = shared_office.as_("boss").json("protection", "set", "--takeover", shared_office.takeover)["flags"]
    assert "Lifted" in lifted(shared_office, provider)
    assert (
        "Zdjęto"
        not in shared_office.as_("boss").done("protection", "set", "--patient", BOGDAN.extension, "--lang", "pl").stdout
    )


@pytest.mark.requirement("R463-6.2")
def test_custody_is_passed_on_and_the_old_custodians_worker_gives_no_more(shared_office: Office) -> None:
    who = ("--custodian", f"RPWDL:{SUCCESSOR}", "--name", "Następca")
    words = ("grant", "give", "--takeover", shared_office.takeover, "--grantee", "ANYBODY", "--purpose", "treatment")
    shared_office.as_("doctor").done(*words)
    given = shared_office.as_("boss").json("custody", "give", shared_office.takeover[:13], *who)
    assert "CNS-006" in shared_office.as_("doctor").done(*words, code=10).stderr
    *_, before, last = shared_office.machine.json("custody", "show", shared_office.takeover)["custody"]
    assert (before["until"], last["since"], last["until"]) == (given["since"], given["since"], None)
    assert "Następca" in shared_office.machine.done("custody", "show", shared_office.takeover).stdout
    old = shared_office.keeper
    shared_office.as_("boss").done(
        "custody", "give", shared_office.takeover, "--custodian", f"{old.root}^{old.extension}", "--name", "Z powrotem"
    )
