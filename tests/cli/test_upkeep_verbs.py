"""`verify`, `rebuild`, `keys`, `storage`, `db`, `doctor`, `worker`: an archive is looked after."""

import os
import re
import shutil
import signal
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest

from repository.home_lock import in_use, sole_writer, unused
from tests.builders.homes import new_home
from tests.cli.running import Machine, command
from tests.cli.stopping import opened_takeover
from tests.faults.mounts import disk
from tests.peers.postgres import postgres


@pytest.fixture
def kept(machine: Machine) -> Machine:
    machine.done("takeover", "receive", machine.sample("p", "--patients", 1, "--images", 2))
    return machine


def only_takeover(machine: Machine) -> str:
    (found,) = machine.json("takeover", "list")["takeovers"]
    return str(found["id"])


@pytest.mark.parametrize("level", ["exists", "sealed", "opened"])
def test_a_whole_archive_verifies(level: str, filled: Machine, takeover: str) -> None:
    answer = filled.json("verify", "--level", level, "--takeover", takeover[:13], "--rate", "500M")
    assert (answer["whole"], answer["findings"]) == (True, [])
    assert answer["tally"]["items"] == 34


def test_damage_is_named_with_exit_code_5(kept: Machine) -> None:
    kept.flip_byte(of_takeover=only_takeover(kept), at=2000)
    assert kept.json("verify", "--level", "exists")["whole"] is True
    answer = kept.json("verify", code=5)
    assert answer["whole"] is False
    assert {finding["severity"] for finding in answer["findings"]} >= {"error"}
    told = kept.done("verify", "--lang", "pl", code=5).stdout
    assert "Archiwum NIE jest nienaruszone." in told
    assert answer["findings"][0]["code"] in told


def test_a_lost_catalogue_is_made_again(kept: Machine) -> None:
    before = kept.json("takeover", "statement", only_takeover(kept))
    for file in kept.home.glob("catalogue.sqlite*"):
        file.unlink()
    assert "CAT-001" in kept.run("takeover", "list").stderr
    answer = kept.json("rebuild")
    assert (answer["takeovers"], answer["findings"], answer["kept"]) == (1, [], "")
    assert answer["people"] == "not rebuilt"
    assert kept.json("takeover", "statement", only_takeover(kept)) == before
    assert kept.json("verify", "--level", "opened")["whole"] is True


def test_the_old_catalogue_is_kept_beside_the_new_one(kept: Machine) -> None:
    assert "The old catalogue is kept as" in kept.done("rebuild").stdout
    (old,) = kept.home.glob("catalogue.sqlite.before-*")
    assert old.read_bytes()[:15] == b"SQLite format 3"
    kept.done("takeover", "list")


def test_a_catalogue_is_rebuilt_into_another_database(kept: Machine) -> None:
    other = kept.folder / "other.sqlite"
    assert kept.json("rebuild", "--into", f"sqlite:///{other}")["into"] is True
    assert other.is_file()
    assert list(kept.home.glob("*.before-*")) == []


def test_rebuild_names_what_it_cannot_read(kept: Machine) -> None:
    kept.flip_byte(of_takeover=only_takeover(kept), at=-100)
    assert [each["code"] for each in kept.json("rebuild", code=5)["findings"]] == ["RBD-OBJECT", "RBD-UNCLAIMED"]


def test_rebuild_waits_for_a_writer(kept: Machine) -> None:
    with sole_writer(kept.home):
        assert "HOM-003" in kept.done("rebuild", code=9).stderr


def test_no_catalogue_is_replaced_under_those_who_write_to_it(kept: Machine) -> None:
    with in_use(kept.home):
        assert "HOM-007" in kept.done("rebuild", code=9).stderr
        kept.done("rebuild", "--into", f"sqlite:///{kept.folder / 'other'}")  # nothing is replaced
    assert not list(kept.home.glob("*.before-*"))
    with unused(kept.home):
        assert "HOM-008" in kept.spawn("serve").stderr.decode()
        assert "HOM-008" in kept.spawn("worker").stderr.decode()


def test_a_catalogue_of_this_version_needs_no_upgrade(machine: Machine) -> None:
    answer = machine.json("db", "upgrade")
    assert answer["before"] == answer["after"] != ""
    assert "already" in machine.done("db", "upgrade").stdout


def test_keys_are_shown_backed_up_and_rotated(kept: Machine) -> None:
    copy = kept.folder / "copy.json"
    kept.done("keys", "backup", copy)
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert "KEY-002" in kept.done("keys", "backup", copy, code=8).stderr
    answer = kept.json("keys", "rotate")
    assert (answer["epoch"], answer["destroyed"]) == (2, [1])
    shown = kept.json("keys", "show")
    assert [each["epoch"] for each in shown["epochs"]] == [2]
    assert "active" in kept.done("keys", "show").stdout
    assert kept.json("verify", "--level", "opened")["whole"] is True
    for secret in (kept.key.read_text().strip(),):
        assert secret not in kept.done("keys", "show").output


def test_an_archive_opens_with_a_ring_from_its_backup(kept: Machine) -> None:
    kept.done("keys", "backup", kept.folder / "copy.json")
    (kept.home / "keyring.json").unlink()
    assert "KEY-001" in kept.done("takeover", "list", code=8).stderr
    shutil.copy(kept.folder / "copy.json", kept.home / "keyring.json")
    kept.done("verify", "--level", "opened")


def test_the_store_is_qualified_and_counted(kept: Machine) -> None:
    answer = kept.json("storage", "qualify")
    assert answer["passed"] is True
    assert all(probe["passed"] for probe in answer["probes"])
    kinds = kept.json("storage", "status")["kinds"]
    assert kinds["takeovers"]["objects"] >= 3
    assert kinds["other"]["objects"] == 0
    assert "wrapped record keys" in kept.done("storage", "status").stdout
    assert "spełnia wymagania" in kept.done("storage", "qualify", "--lang", "pl").stdout


def states(machine: Machine, code: int) -> dict[str, str]:
    answer: dict[str, Any] = machine.json("doctor", code=code)
    assert answer["healthy"] is (code == 0)
    return {check["name"]: check["state"] for check in answer["checks"]}


def test_a_healthy_archive_has_nothing_wrong(kept: Machine) -> None:
    kept.done("verify")
    found = states(kept, 0)
    assert {name: state for name, state in found.items() if state != "ok" and not name.startswith("disk")} == {}
    assert {"home", "lock", "key ring", "secret", "public key", "store", "catalogue", "clock", "orphans"} <= set(found)


def test_the_doctor_needs_no_key(kept: Machine) -> None:
    kept.more = {"EDM_ARCHIVE_KEY_FILE": ""}
    assert states(kept, 0)["secret"] == "ok"


def test_the_doctor_names_each_thing_that_is_wrong(kept: Machine) -> None:
    (kept.home / "keyring.json").chmod(0o644)
    shutil.move(kept.home / "objects", kept.home / "moved")
    found = states(kept, 1)
    assert (found["key ring"], found["store"], found["catalogue"]) == ("wrong", "wrong", "ok")
    told = kept.done("doctor", "--lang", "pl", code=1).stdout
    assert "chmod 600" in told
    assert "Coś jest nie w porządku." in told


def test_the_doctor_warns_of_what_is_not_finished(machine: Machine) -> None:
    found = opened_takeover(machine, machine.sample())
    assert states(machine, 0)["takeover"] == "warning"
    assert found in machine.done("doctor").stdout


def test_the_doctor_warns_of_orphans_of_a_busy_home_and_of_another_public_key(kept: Machine) -> None:
    (kept.home / "objects/takeovers" / only_takeover(kept) / ("0" * 32)).write_bytes(b"left behind")
    (kept.home / "log.pub").write_text("edm-archive/other+00000000+AAAA\n")
    with sole_writer(kept.home):
        found = states(kept, 0)
    assert (found["orphans"], found["lock"], found["public key"]) == ("warning", "warning", "warning")


def test_the_doctor_without_a_home_says_what_to_do(bare: Machine) -> None:
    answer = bare.json("doctor", code=1)
    assert [check["name"] for check in answer["checks"]] == ["home"]
    assert "edm-archive init" in answer["checks"][0]["todo"]


def test_a_worker_does_waiting_work_until_it_is_told_to_stop(machine: Machine) -> None:
    from repository.intake import Order
    from repository.jobs.enqueuing import enqueue_intake
    from repository.runtime import open_archive
    from repository.settings import Settings

    package = machine.sample()
    with open_archive(Settings(machine.home, key_file=machine.key)) as archive:
        enqueue_intake(archive, Order(package))
    running = subprocess.Popen(command("worker"), env=machine.child_environment(), stderr=subprocess.PIPE, bufsize=0)
    assert running.stderr is not None
    try:
        lines = iter(running.stderr.readline, b"")
        assert any(re.search(rb"job 1 \(intake\): done", line) for line in lines)
    finally:
        running.send_signal(signal.SIGTERM)
        running.stderr.close()
        assert running.wait(timeout=60) == 0
    assert machine.json("takeover", "list")["takeovers"][0]["state"] == "accepted"


def test_a_worker_without_an_archive_says_so(bare: Machine) -> None:
    assert "HOM-001" in bare.done("worker", code=2).stderr
    assert os.environ.get("EDM_ARCHIVE_HOME") is None


def test_the_doctor_says_that_a_disk_without_room_is_wrong(bare: Machine) -> None:
    with disk(bare.folder / "disk", size="512k") as small:
        bare.done("init", "--key-file", bare.key, "--store", f"file://{small.path}/objects")
        checks = bare.json("doctor", code=1)["checks"]
    assert [each["name"] for each in checks if each["state"] == "wrong"] == ["disk of store"]


def test_the_doctor_names_a_database_that_keeps_nothing_for_certain(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    with postgres({"fsync": "off", "full_page_writes": "on"}) as server, server.database() as url:
        new_home(tmp_path, catalogue=url)
        told = machine.done("doctor", code=1).stdout
    assert "fsync is off" in told
    assert "Set fsync = on in PostgreSQL's configuration" in told
    assert "full_page_writes" not in told
