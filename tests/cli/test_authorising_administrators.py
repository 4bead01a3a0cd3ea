"""`user authorise`: an administrator opens content only where another one has authorised it."""

from pathlib import Path

import pytest

from repository.access.principal import PrincipalKind
from repository.runtime import open_archive
from repository.settings import from_environment
from tests.builders.access import ANNA
from tests.cli.office import BOSS, DOCTOR, SECOND, Office, day


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
    before, second = len(office.deeds()), office.as_(SECOND)
    for name, reason, until in (
        (DOCTOR, "repair", day()), ("nobody", "repair", day()), (BOSS, " - ", day()), (BOSS, "repair", day(ahead=-1)),
    ):  # fmt: skip
        words = ("user", "authorise", name, "--reason", reason, "--until", until)
        assert "ACC-005" in second.done(*words, code=2).stderr
    assert "ACC-004" in second.done("user", "unauthorise", approval, code=2).stderr
    assert len(office.deeds()) == before
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


def test_nobody_is_approved_for_under_a_name_that_nobody_has(shared_office: Office) -> None:
    before, whose = len(shared_office.deeds()), ("--patient", ANNA.extension)
    told = shared_office.as_(BOSS).done("protection", "approve", "--requester", "nobody", *whose, code=2)
    assert "PPL-010" in told.stderr
    assert "nobody" not in told.output
    assert len(shared_office.deeds()) == before
