"""A signed protocol is checked by anybody; what was never acknowledged is listed and reaped."""

from pathlib import Path

from tests.cli.running import Machine


def protocol(filled: Machine, takeover: str, place: Path) -> Path:
    paper = place / "protocol.json"
    filled.done("takeover", "protocol", takeover, "--purpose", "custody", "--out", paper)
    return paper


def test_a_protocol_is_checked_by_the_public_key_alone(filled: Machine, takeover: str, tmp_path: Path) -> None:
    paper = protocol(filled, takeover, tmp_path)
    key = (filled.home / "log.pub").read_text().strip()
    found = Machine(tmp_path).json("proof", "protocol", paper, "--key", key)
    assert found == {
        "holds": True,
        "archive": found["archive"],
        "takeover": takeover,
        "verdict": "accepted-with-exceptions",
    }


def test_a_changed_protocol_is_refused(filled: Machine, takeover: str, tmp_path: Path) -> None:
    paper = protocol(filled, takeover, tmp_path)
    paper.write_bytes(paper.read_bytes().replace(b"accepted-with-exceptions", b"accepted"))
    assert "LOG-020" in filled.done("proof", "protocol", paper, code=5).stderr


def test_a_protocol_that_is_not_there_is_told(filled: Machine, tmp_path: Path) -> None:
    assert "PRF-011" in filled.done("proof", "protocol", tmp_path / "none", code=2).stderr


def test_orphans_are_listed_and_reaped_and_nothing_else_is(machine: Machine) -> None:
    machine.done("takeover", "receive", machine.sample("package"))
    assert machine.json("storage", "orphans")["orphans"] == []
    packs = sorted((machine.home / "objects" / "takeovers").rglob("*"))
    stray = packs[-1].with_name("0" * 32)
    stray.write_bytes(b"left over")
    listed = machine.json("storage", "orphans")
    assert [each["key"].rpartition("/")[2] for each in listed["orphans"]] == ["0" * 32]
    assert stray.exists()
    told = machine.done("storage", "orphans").stdout
    assert "Left over for good: 1. They are deleted by: edm-archive storage orphans --reap" in told
    assert "unfinished" not in told
    assert "Deleted: 1." in machine.done("storage", "orphans", "--reap").stdout
    assert not stray.exists()
    machine.done("verify", "--level", "opened")
