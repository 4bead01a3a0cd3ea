"""Settings come from the environment and the home's own file, and what cannot be used is said at once."""

import json
import os
import uuid
from pathlib import Path

import pytest

from repository.errors import HomeDamaged, HomeForbidden, HomeMissing, SettingWrong
from repository.settings import MOST_BY_ITSELF, Settings, from_environment, processes_of, read_home, write_home
from tests.builders.unprivileged import Unprivileged

ARCHIVE = uuid.UUID(int=5)


def test_without_any_variable_the_archive_is_in_var() -> None:
    found = from_environment({})
    assert (found.home, found.key_file, found.broker) == (Path("var/archive"), None, "")
    assert found.ring_path == Path("var/archive/keyring.json")


def test_every_variable_is_heard() -> None:
    found = from_environment(
        {
            "EDM_ARCHIVE_HOME": "/a",
            "EDM_ARCHIVE_KEY_FILE": "/k",
            "EDM_ARCHIVE_PASSPHRASE_FILE": "/p",
            "EDM_ARCHIVE_KEY_RING": "/r",
            "EDM_ARCHIVE_S3_ACCESS_KEY": "who",
            "EDM_ARCHIVE_S3_SECRET_KEY_FILE": "/s",
            "EDM_ARCHIVE_BROKER": "redis://localhost",
            "EDM_ARCHIVE_WORKERS": "7",
        }
    )
    assert found == Settings(
        home=Path("/a"),
        key_file=Path("/k"),
        passphrase_file=Path("/p"),
        key_ring=Path("/r"),
        s3_access_key="who",
        s3_secret_key_file=Path("/s"),
        broker="redis://localhost",
        workers=7,
    )


@pytest.mark.parametrize("workers", ["0", "-1", "many", "257", "1.5"])
def test_a_number_of_workers_that_cannot_be_is_refused(workers: str) -> None:
    with pytest.raises(SettingWrong, match="EDM_ARCHIVE_WORKERS"):
        from_environment({"EDM_ARCHIVE_WORKERS": workers})


def test_a_door_has_as_many_processes_as_it_is_told() -> None:
    found = [processes_of({"P": text} if text else {}, "P") for text in ("", "1", "256")]
    assert found == [1, 1, 256]


@pytest.mark.parametrize(("processors", "processes"), [(1, 1), (2, 2), (8, 8), (64, MOST_BY_ITSELF)])
def test_by_itself_a_door_has_a_process_for_each_processor_that_it_may_use(
    monkeypatch: pytest.MonkeyPatch, processors: int, processes: int
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(processors)))
    assert processes_of({"P": "auto"}, "P") == processes


@pytest.mark.parametrize("text", ["0", "257", "-1", "two", "AUTO", "1.5", "²"])
def test_a_number_of_processes_that_cannot_be_is_refused(text: str) -> None:
    with pytest.raises(SettingWrong) as told:
        processes_of({"EDM_ARCHIVE_HTTP_PROCESSES": text}, "EDM_ARCHIVE_HTTP_PROCESSES")
    assert "EDM_ARCHIVE_HTTP_PROCESSES" in str(told.value)


def test_a_home_says_where_its_parts_lie_and_may_be_moved(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    assert write_home(old, archive=ARCHIVE, store="", catalogue="").store == f"file://{old / 'objects'}"
    old.rename(new)
    found = read_home(new)
    assert (found.archive, found.store) == (ARCHIVE, f"file://{new / 'objects'}")
    assert found.catalogue == f"sqlite:///{new / 'catalogue.sqlite'}"


def test_locations_elsewhere_are_kept_as_given(tmp_path: Path) -> None:
    home = write_home(tmp_path, archive=ARCHIVE, store="s3://b/p?endpoint=http://x", catalogue="postgresql://h/d")
    assert (home.store, home.catalogue) == ("s3://b/p?endpoint=http://x", "postgresql://h/d")


def test_a_place_without_an_archive_is_named(tmp_path: Path) -> None:
    with pytest.raises(HomeMissing):
        read_home(tmp_path)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"format":"another"}', '{"format":"edm-archive home 1"}'])
def test_a_damaged_home_is_told_from_none(tmp_path: Path, content: str) -> None:
    (tmp_path / "archive.json").write_text(content)
    with pytest.raises(HomeDamaged, match="HOM-004") as told:
        read_home(tmp_path)
    assert "backup" in told.value.advice.en


def test_a_home_that_may_not_be_read_is_not_called_damaged(tmp_path: Path) -> None:
    write_home(tmp_path, archive=ARCHIVE, store="", catalogue="")
    (tmp_path / "archive.json").chmod(0)
    with Unprivileged(), pytest.raises(HomeForbidden, match="EACCES") as told:
        read_home(tmp_path)
    assert "account" in told.value.advice.en
    assert "backup" not in told.value.advice.en


def test_the_home_file_holds_nothing_secret(tmp_path: Path) -> None:
    write_home(tmp_path, archive=ARCHIVE, store="", catalogue="")
    assert set(json.loads((tmp_path / "archive.json").read_bytes())) == {"format", "archive", "store", "catalogue"}
