"""The whole way of a package with its objects in Ceph and its catalogue in PostgreSQL, through the command line."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.keys.ring import write_private
from tests.cli.running import Machine
from tests.cli.staff import signed_in
from tests.peers import ceph_rgw
from tests.peers.needed import needed
from tests.peers.postgres import Postgres, postgres
from tests.peers.rclone import ACCESS_KEY, SECRET_KEY

pytestmark = pytest.mark.peers


@pytest.fixture(scope="module")
def database() -> Iterator[Postgres]:
    with postgres() as running:
        yield running


@pytest.fixture(scope="module")
def gateway() -> Iterator[str]:
    needed(ceph_rgw.missing())
    with tempfile.TemporaryDirectory(prefix="ceph-") as folder, ceph_rgw.serving(Path(folder) / "c") as endpoint:
        yield endpoint


@pytest.mark.parametrize("versions", [True, False], ids=["versioned", "unversioned"])
def test_a_package_is_taken_over_verified_rebuilt_and_given_out(
    tmp_path: Path, gateway: str, database: Postgres, *, versions: bool
) -> None:
    write_private(tmp_path / "s3", SECRET_KEY.encode())
    secret = {"EDM_ARCHIVE_S3_ACCESS_KEY": ACCESS_KEY, "EDM_ARCHIVE_S3_SECRET_KEY_FILE": str(tmp_path / "s3")}
    machine = Machine(tmp_path, more=secret)
    bucket = f"s3://edm-{'v' if versions else 'u'}/archive?endpoint=http://{gateway}"
    with database.database() as catalogue, database.database() as second:
        words = ["init", "--key-file", machine.key, "--store", bucket, "--catalogue", catalogue]
        machine.done(*words, *([] if versions else ["--unversioned"]))
        machine.done("storage", "qualify")
        taken = machine.json("takeover", "receive", machine.sample("package", "--damage"), code=3)
        assert machine.json("verify", "--level", "opened", "--record")["whole"]
        rebuilt = machine.json("rebuild", "--into", second)
        assert rebuilt["findings"] == []
        machine.done("keys", "rotate")
        machine = signed_in(machine)
        machine.done("get", f"{taken['id']}/1", tmp_path / "out", "--purpose", "custody")
        given = next(path for path in (tmp_path / "out").iterdir() if path.suffix != ".tlog-proof")
        machine.done("proof", "check", given, f"{given}.tlog-proof")
        assert machine.json("verify", "--level", "opened")["whole"]
