"""`takeover`: a package comes in, whole, damaged, twice, hostile, or not at all; what became of it is told."""

import json
import os
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest

from repository.evidence.signing import opened
from repository.home_lock import sole_writer
from tests.cli.running import Machine
from tests.faults.mounts import Disk, disk

FOR = ("--purpose", "custody")


def test_a_whole_package_is_accepted(machine: Machine) -> None:
    package = machine.sample()
    result = machine.done("takeover", "receive", package)
    assert "State        accepted without exception" in result.stdout
    assert "The statement balances to zero." in result.stdout
    assert "No exceptions." in result.stdout
    assert "Checkpoint over" in result.stdout
    assert result.stderr == ""


@pytest.mark.requirement("R463-6.1")
def test_a_damaged_package_is_accepted_with_every_exception_named(filled: Machine) -> None:
    answer = filled.json("takeover", "receive", filled.folder / "package", code=3)
    assert answer["state"] == "accepted-with-exceptions"
    lots = {item["disposition"] for item in answer["statement"]["exceptions"]}
    assert lots == {"altered", "missing", "unexpected", "duplicate", "kept"}
    assert answer["statement"]["balances"] is True
    assert answer["checkpoint_size"] > answer["counts"]["holdings"] > 0


def test_the_same_package_twice_is_one_takeover(filled: Machine, takeover: str) -> None:
    again = filled.json("takeover", "receive", filled.folder / "package", code=3)
    assert again["id"] == takeover
    assert len(filled.json("takeover", "list")["takeovers"]) == 1


def test_the_outcome_is_told_in_polish(filled: Machine) -> None:
    told = filled.done("takeover", "receive", filled.folder / "package", "--lang", "pl", code=3).stdout
    assert "Stan          przyjęto z zastrzeżeniami" in told
    assert "Bilans się zgadza." in told
    assert "Te same bajty zachowano już jako pozycję" in told


def test_what_is_no_package_is_rejected_with_a_protocol(machine: Machine) -> None:
    rubbish = machine.folder / "package.tar"
    rubbish.write_bytes(b"no tar at all" * 100)
    answer = machine.json("takeover", "receive", rubbish, code=4)
    assert answer["state"] == "rejected"
    assert answer["findings"]
    assert json.loads(machine.done("takeover", "protocol", answer["id"]).stdout)["protocol"]["verdict"] == "rejected"


def test_a_package_that_is_not_there_is_told(machine: Machine) -> None:
    assert "PKG-001" in machine.run("takeover", "receive", machine.folder / "nothing").stderr


def test_no_name_is_not_the_folder_that_one_is_in(machine: Machine) -> None:
    """As from a variable that is not set."""
    result = machine.done("takeover", "receive", "", code=2)
    assert "PACKAGE is empty" in result.stderr
    assert machine.json("takeover", "list")["takeovers"] == []


def test_a_package_whose_bytes_the_system_does_not_give_is_told(machine: Machine) -> None:
    """The memory of a process is a file that opens, and gives an error when it is read from its start."""
    result = machine.done("takeover", "receive", "/proc/self/mem", code=2)
    assert "PKG-002" in result.stderr


def test_what_the_package_lacks_may_be_given(machine: Machine) -> None:
    bare = machine.folder / "bare"
    bare.mkdir()
    (bare / "note.txt").write_text("text")
    words = ("--producer-name", "Przychodnia", "--regon", "137813636", "--nip", "5799091968", "--rpwdl", "000000921771")
    legal = ("--route", "WOJEWODA", "--cessation-date", "2026-01-31", "--legal-basis", "art. 30a ust. 9")
    answer = machine.json("takeover", "receive", bare, *words, *legal, code=0)
    handover = answer["handover"]
    assert handover["producer"]["name"] == "Przychodnia"
    assert (handover["route"], handover["cessation_date"]) == ("WOJEWODA", "2026-01-31")


def test_a_manifest_beside_the_package_is_held_against_it(machine: Machine) -> None:
    bare, manifest = machine.folder / "bare", machine.folder / "manifest.csv"
    bare.mkdir()
    (bare / "note.txt").write_text("text")
    manifest.write_text(f"path,size,sha256\nnote.txt,4,{'0' * 64}\n")
    answer = machine.json("takeover", "receive", bare, "--manifest", manifest, "--producer-name", "P", code=3)
    assert answer["statement"]["tally"]["altered"] == 1


def test_a_date_that_is_none_is_refused(machine: Machine) -> None:
    words = ("takeover", "receive", machine.folder, "--cessation-date", "31.01.2026")
    assert "RCV-001" in machine.done(*words, code=2).stderr


def test_a_second_writer_waits_outside(machine: Machine) -> None:
    package = machine.sample()
    with sole_writer(machine.home):
        result = machine.done("takeover", "receive", package, code=9)
        assert f"HOM-003: Another process (pid {os.getpid()})" in result.stderr
        machine.done("takeover", "list")
    machine.done("takeover", "receive", package)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Disk]:
    with disk(tmp_path / "disk", size="3m") as made:
        yield made


def test_a_full_store_is_told_and_the_same_command_goes_on(bare: Machine, small_disk: Disk) -> None:
    package = bare.sample("package", "--images", 6, "--image-bytes", 400_000)
    bare.done("init", "--key-file", bare.key, "--store", f"file://{small_disk.path}/objects")
    result = bare.done("takeover", "receive", package, code=7)
    assert "STO-005" in result.stderr
    assert "goes on where it stopped" in result.stderr
    small_disk.remount("size=64m")
    assert bare.json("takeover", "receive", package)["state"] == "accepted"
    bare.done("verify", "--level", "opened")


def test_a_takeover_is_shown_with_what_happened(filled: Machine, takeover: str) -> None:
    answer = filled.json("takeover", "show", takeover[:13])
    assert answer["id"] == takeover
    assert [event["kind"] for event in answer["events"]] == ["capture", "validation", "ingestion end"]
    assert "ingestion end: accepted-with-exceptions" in filled.done("takeover", "show", takeover).stdout


def test_the_statement_lists_each_item_with_its_lot(filled: Machine, takeover: str) -> None:
    answer = filled.json("takeover", "statement", takeover, "--items", *FOR)
    tally = answer["statement"]["tally"]
    assert len(answer["items"]) == tally["declared"] + tally["present_not_declared"]
    assert [item["ordinal"] for item in answer["items"]] == list(range(1, len(answer["items"]) + 1))
    lines = filled.done("takeover", "statement", takeover, "--items", *FOR).stdout.splitlines()
    for item in answer["items"]:
        assert any(item["path"] in line and line.lstrip().startswith(f"{item['ordinal']} ") for line in lines)


@pytest.mark.parametrize("wanted", ["ffffffff", "90010112349", "Kowalska", ""])
def test_a_takeover_that_is_not_there_is_told_without_repeating_what_may_be_personal(
    wanted: str, filled: Machine
) -> None:
    result = filled.done("takeover", "show", wanted, code=2)
    assert "CAT-012" in result.stderr
    assert ("neither the id of a takeover nor the beginning" in result.stderr) is (wanted != "ffffffff")
    assert wanted == "ffffffff" or not wanted or wanted not in result.output


def test_the_protocol_is_signed_by_the_key_that_init_published(filled: Machine, takeover: str) -> None:
    out = filled.folder / "protocol.json"
    filled.done("takeover", "protocol", takeover, *FOR, "--out", out)
    paper = out.read_bytes()
    assert paper == filled.done("takeover", "protocol", takeover, *FOR).stdout_bytes
    public = bytes.fromhex(json.loads((filled.home / "keyring.json").read_text())["signing"]["public"])
    assert opened(paper, purpose="protocol", public_key=public)["takeover"]["id"] == takeover


def test_the_protocol_is_a_page_for_people(filled: Machine, takeover: str) -> None:
    page = filled.folder / "protocol.html"
    filled.done("takeover", "protocol", takeover, *FOR, "--html", page)
    parser = HTMLParser()
    parser.feed(page.read_text("utf-8"))
    parser.close()
    told = page.read_text("utf-8")
    assert takeover in told
    assert "przyjęto z zastrzeżeniami" in told
    named = {item["path"] for item in filled.json("takeover", "statement", takeover, *FOR)["statement"]["exceptions"]}
    assert {path for path in named if path not in told} == set()


def test_a_paper_is_never_written_over_another_file(filled: Machine, takeover: str) -> None:
    out = filled.folder / "mine.txt"
    out.write_text("mine")
    assert "DLV-002" in filled.done("takeover", "protocol", takeover, *FOR, "--out", out, code=2).stderr
    assert out.read_text() == "mine"


def test_an_unfinished_takeover_has_no_protocol_yet(machine: Machine) -> None:
    from tests.cli.stopping import opened_takeover

    found = opened_takeover(machine, machine.sample())
    assert "TKO-E11" in machine.done("takeover", "protocol", found, code=2).stderr
    assert "does not balance yet" in machine.done("takeover", "statement", found).stdout


def test_a_package_that_the_producer_mended_is_taken_over_anew(machine: Machine) -> None:
    package = machine.sample("package", "--damage")
    first = machine.json("takeover", "receive", package, code=3)["id"]
    again = machine.json("takeover", "receive", package, code=3)["id"]
    anew = machine.json("takeover", "receive", package, "--anew", code=3)["id"]
    assert again == first
    assert anew != first
    assert len(machine.json("takeover", "list")["takeovers"]) == 2
    machine.done("verify", "--level", "opened")
