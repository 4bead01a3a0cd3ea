"""Names of files may say whose they are: told for a purpose, to whom they are for, and never without an account."""

import json
from typing import Any

import pytest

from repository.access.account_query import AccountQuery
from repository.access.principal import PrincipalKind
from repository.domain.describing import Identifier
from repository.domain.identifiers import PESEL_OID
from repository.entitlement import protect, unprotect
from repository.runtime import open_archive
from repository.settings import from_environment
from tests.builders.access import THEIRS
from tests.builders.staff import Staff
from tests.cli.running import Machine
from tests.cli.staff import signed_in

pytestmark = pytest.mark.requirement("R463-10.1.2", "R463-10.2")
FOR = ("--purpose", "custody")


@pytest.fixture(scope="module")
def nobody(filled: Machine) -> Machine:
    """The operator, who keeps the archive and has not signed in."""
    return Machine(filled.folder)


@pytest.fixture(scope="module")
def stranger(filled: Machine) -> Machine:
    return signed_in(Machine(filled.folder), Staff(surname="Obcy", house=THEIRS))


def accounts(machine: Machine) -> list[Any]:
    with open_archive(from_environment(machine.environment)) as archive:
        return archive.catalogue.accounts.search(AccountQuery(limit=10_000))


def paths(machine: Machine, takeover: str) -> set[str]:
    with open_archive(from_environment(machine.environment)) as archive:
        return {each.path for each in archive.catalogue.items(archive.catalogue.takeover(takeover).number)}


def test_without_a_purpose_the_balance_is_told_and_no_name(nobody: Machine, filled: Machine, takeover: str) -> None:
    before = accounts(nobody)
    for words in (("statement",), ("show",)):
        for form in ((), ("--json",)):
            told = nobody.done("takeover", *words, takeover, *form).stdout
            assert [path for path in paths(nobody, takeover) if path.startswith("data/") and path in told] == []
    answer = nobody.json("takeover", "statement", takeover)["statement"]
    named = filled.json("takeover", "statement", takeover, *FOR)["statement"]
    assert {key: named[key] for key in named if key != "exceptions"} == {
        key: answer[key] for key in answer if key != "exceptions"
    }
    assert [each | {"path": ""} for each in named["exceptions"]] == [
        each | {"path": ""} for each in answer["exceptions"]
    ]
    assert all("path" not in each for each in answer["exceptions"])
    assert all("path" in each for each in named["exceptions"])
    assert len(accounts(nobody)) == len(before) + 1  # of the one who said what for


@pytest.mark.parametrize(
    "words", [("statement", "{}", "--items"), ("statement", "{}", "--reason", "x"), ("protocol", "{}")]
)
def test_a_name_is_told_for_a_purpose_alone(nobody: Machine, takeover: str, words: tuple[str, ...]) -> None:
    result = nobody.done("takeover", *(word.format(takeover) for word in words), code=2)
    assert "ACC-007" in result.stderr
    assert "data/" not in result.output


@pytest.mark.parametrize("words", [("statement", "{}"), ("statement", "{}", "--items"), ("protocol", "{}")])
def test_who_is_a_stranger_or_not_signed_in_is_told_nothing(
    nobody: Machine, stranger: Machine, takeover: str, words: tuple[str, ...]
) -> None:
    said = [word.format(takeover) for word in words]
    before = accounts(nobody)
    assert nobody.run("takeover", *said, *FOR).exit_code != 0
    assert accounts(nobody) == before  # nobody asked
    result = stranger.done("takeover", *said, *FOR, code=10)
    assert "ACC-001" in result.stderr
    assert "data/" not in result.output
    (account,) = accounts(nobody)[len(before) :]
    assert (account.outcome, account.surname, account.purpose, account.door) == ("refused", "Obcy", "custody", "cli")


def test_an_administrator_is_told_no_name_without_an_authorisation(filled: Machine, takeover: str) -> None:
    boss = signed_in(Machine(filled.folder), Staff(kind=PrincipalKind.ADMINISTRATOR, surname="Admin"))
    assert (
        "ACC-001" in boss.done("takeover", "statement", takeover, "--items", "--purpose", "maintenance", code=10).stderr
    )


def test_of_who_is_protected_there_are_counts_alone_and_no_protocol(filled: Machine, takeover: str) -> None:
    pesel = (filled.folder / "package/metadata/patients.csv").read_text("utf-8").splitlines()[1].split(",")[1]
    everything = filled.json("takeover", "statement", takeover, "--items", *FOR)
    with open_archive(from_environment(filled.environment)) as archive:
        (flag,) = protect(archive, Identifier(PESEL_OID, pesel))
    try:
        answer = filled.json("takeover", "statement", takeover, "--items", *FOR)
        text = json.dumps(answer) + filled.done("takeover", "statement", takeover, "--items", *FOR).stdout
        assert pesel not in text
        assert "pacjent-00001" not in text
        assert "pacjent-00002" in text
        assert answer["statement"]["tally"] == everything["statement"]["tally"]
        told = {each["ordinal"] for each in answer["items"]}
        assert told < {each["ordinal"] for each in everything["items"]}
        assert "missing" not in {each["disposition"] for each in answer["items"]}
        assert "ACC-001" in filled.done("takeover", "protocol", takeover, *FOR, code=10).stderr
    finally:
        with open_archive(from_environment(filled.environment)) as archive:
            unprotect(archive, flag)
    assert filled.json("takeover", "statement", takeover, "--items", *FOR) == everything


def test_a_protocol_that_names_no_file_is_for_everybody(machine: Machine) -> None:
    answer = machine.json("takeover", "receive", machine.sample())
    paper = json.loads(machine.done("takeover", "protocol", answer["id"]).stdout)["protocol"]
    assert paper["statement"]["exceptions"] == []
    assert machine.json("takeover", "show", answer["id"])["findings"] == answer["findings"]
