"""`doctor` tells whom the archive trusts, and what of it will soon not do."""

from datetime import timedelta
from typing import Any

import pytest

from repository.clock import now
from tests.builders.chains import authority, install, revocation_list
from tests.cli.running import Machine

DAY = timedelta(days=1)


def trust(machine: Machine, *, code: int = 0) -> list[dict[str, Any]]:
    answer = machine.json("doctor", code=code)
    return [check for check in answer["checks"] if check["name"] == "trust"]


def test_an_archive_without_anchors_says_so_and_what_to_do(machine: Machine) -> None:
    (check,) = trust(machine)
    assert check["state"] == "ok"
    assert "no certificate is trusted" in check["detail"]
    assert "authorities" in check["todo"]
    assert "żaden certyfikat nie jest zaufany" in machine.done("doctor", "--lang", "pl").stdout


def test_anchors_and_lists_are_counted_and_those_that_end_are_named(machine: Machine) -> None:
    good, soon = authority("Good"), authority("Soon", until=now() + 9 * DAY)
    lists = [
        revocation_list(good, since=now() - DAY, until=now() + DAY),
        revocation_list(soon, since=now() - 2 * DAY, until=now() - DAY),
    ]
    install(machine.home / "trust", good, soon, intermediates=[good], lists=lists)
    counted, *told = trust(machine)
    assert counted["detail"] == "anchors: 2, intermediates: 1, revocation lists: 2 (when-present)"
    assert [check["state"] for check in told] == ["warning", "warning"]
    assert "1.cer expires on" in told[0]["detail"]
    assert "crl/1.crl ended on" in told[1]["detail"]
    assert "kotwice: 2" in machine.done("doctor", "--lang", "pl").stdout


def test_a_folder_that_cannot_be_relied_on_is_wrong(machine: Machine) -> None:
    install(machine.home / "trust", authority("Good"))
    (machine.home / "trust" / "notes.txt").write_text("whom we trust")
    (check,) = trust(machine, code=1)
    assert check["state"] == "wrong"
    assert "TRU-002" in check["detail"]


@pytest.mark.parametrize("lists", [0, 1])
def test_where_lists_are_required_there_should_be_some(machine: Machine, lists: int) -> None:
    good = authority("Good")
    install(machine.home / "trust", good, lists=[revocation_list(good, since=now() - DAY, until=now() + DAY)] * lists)
    machine.more = {"EDM_ARCHIVE_REVOCATION": "required"}
    (check,) = trust(machine)
    assert check["state"] == ("ok" if lists else "warning")
    assert "(required)" in check["detail"]
