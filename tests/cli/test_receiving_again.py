"""`takeover receive` of a package that was taken over before says so, and does nothing."""

from tests.cli.running import Machine

BEFORE = "This package was taken over before."


def test_a_package_that_comes_again_is_told_from_a_new_one(machine: Machine) -> None:
    package = machine.sample("package", "--patients", 1, "--images", 0)
    first = machine.done("takeover", "receive", package).stdout
    again = machine.done("takeover", "receive", package).stdout
    assert BEFORE not in first
    assert BEFORE in again
    assert len(machine.json("takeover", "list")["takeovers"]) == 1
    told = [machine.json("takeover", "receive", package)["id"] for _ in range(2)]
    assert told[0] == told[1]
    assert BEFORE not in machine.done("takeover", "receive", package, "--anew").stdout
    assert len(machine.json("takeover", "list")["takeovers"]) == 2
