"""What `serve` refuses before it serves anything."""

import pytest

from tests.cli.running import Machine


@pytest.mark.parametrize("value", ["0", "257", "many"])
def test_a_number_of_processes_that_cannot_be_is_told_of_what_gave_it(bare: Machine, value: str) -> None:
    by_option = bare.done("serve", "--processes", value, code=2).stderr
    assert "--processes is not usable" in by_option
    assert "EDM_ARCHIVE_HTTP_PROCESSES" not in by_option
    by_variable = bare.run("serve", env={"EDM_ARCHIVE_HTTP_PROCESSES": value}).stderr
    assert "EDM_ARCHIVE_HTTP_PROCESSES is not usable" in by_variable
    assert "--processes" not in by_variable
