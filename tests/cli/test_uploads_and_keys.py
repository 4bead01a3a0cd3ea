"""A rotation in the middle of an upload: what came before and what comes after open under the new root key alone."""

from repository.home_lock import in_use
from repository.runtime import open_archive
from repository.settings import Settings
from repository.uploads.keeping import uploads_of
from tests.cli.running import Machine


def test_an_upload_goes_on_after_the_keys_were_rotated(machine: Machine) -> None:
    settings = Settings(machine.home, key_file=machine.key)
    with open_archive(settings) as archive:
        uploads = uploads_of(archive)
        upload = uploads.begin("ada", 8).id
        with uploads.part(upload, "ada", offset=0) as part:
            part.add(b"before, ")
            part.finish()
        other = uploads.begin("ada", 5).id
    assert machine.json("keys", "rotate")["destroyed"] == [1]
    with open_archive(settings) as archive:
        uploads = uploads_of(archive)
        with uploads.part(other, "ada", offset=0) as part:
            part.add(b"after")
            part.finish()
        for each, content in ((upload, b"before, "), (other, b"after")):
            kept = uploads.kept(uploads.data(each))
            assert kept is not None
            assert kept.read_at(0, 99) == content


def test_keys_are_not_rotated_under_a_server_that_has_the_old_ones(machine: Machine) -> None:
    with in_use(machine.home):
        refused = machine.done("keys", "rotate", code=9)
    assert "HOM-007" in refused.stderr
    assert [each["epoch"] for each in machine.json("keys", "show")["epochs"]] == [1]
    assert machine.json("keys", "rotate")["destroyed"] == [1]
