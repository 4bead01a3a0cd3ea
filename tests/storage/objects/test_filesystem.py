"""What only a store on folders has to withstand: links, other people's files, lost folders, power cuts."""

import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from storage.errors import (
    ObjectExists,
    ObjectMissing,
    SealBroken,
    StoreRefused,
    StoreUnavailable,
)
from storage.objects.filesystem import FilesystemStore
from storage.objects.incoming import INCOMING


def incoming(root: Path) -> list[str]:
    return sorted(entry.name for entry in (root / INCOMING).iterdir())


def test_objects_are_for_their_owner_alone(store: FilesystemStore, root: Path) -> None:
    store.put("takeovers/t/o", [b"x"])
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in [root, *root.rglob("*")]}
    assert {mode for path, mode in modes.items() if path.is_dir()} == {0o700}
    assert {mode for path, mode in modes.items() if path.is_file()} == {0o600}


def test_no_temporary_file_is_left_by_success_or_failure(store: FilesystemStore, root: Path) -> None:
    def parts() -> Iterator[bytes]:
        yield b"x"
        assert len(incoming(root)) == 1
        raise KeyboardInterrupt

    store.put("a", [b"x"])
    with pytest.raises(ObjectExists):
        store.put("a", [b"y"])
    with pytest.raises(KeyboardInterrupt):
        store.put("b", parts())
    assert incoming(root) == []


def test_what_is_whole_has_no_name_before_its_own(
    store: FilesystemStore, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[list[str]] = []
    real = os.fsync

    def looking(descriptor: int) -> None:
        seen.append(incoming(root))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", looking)
    store.put("a", [b"x"])
    assert len(seen) == 2
    if not takes_nameless(root):
        pytest.skip("the file system under TMPDIR has no files without a name")
    assert seen == [[], []]
    assert store._incoming._takes_nameless


def takes_nameless(folder: Path) -> bool:
    """Asked of the kernel, not of the store: a store that did without them would be wrong."""
    try:
        os.close(os.open(folder, os.O_TMPFILE | os.O_RDWR, 0o600))
    except OSError as refusal:
        if refusal.errno in (errno.EOPNOTSUPP, errno.EISDIR, errno.EINVAL):
            return False
        raise
    return True


@pytest.mark.parametrize("reason", [errno.EOPNOTSUPP, errno.EISDIR, errno.EINVAL])
@pytest.mark.parametrize("refused", ["open", "link"])
def test_without_files_that_have_no_name_objects_are_written_all_the_same(
    store: FilesystemStore, root: Path, monkeypatch: pytest.MonkeyPatch, refused: str, reason: int
) -> None:
    real_open, real_link = os.open, os.link

    def opening(path: str, flags: int, *mode: int, dir_fd: int | None = None) -> int:
        if refused == "open" and flags & os.O_TMPFILE == os.O_TMPFILE:
            raise OSError(reason, "none here")
        return real_open(path, flags, *mode, dir_fd=dir_fd)

    def linking(source: str, target: str, **more: Any) -> None:
        if refused == "link" and more["follow_symlinks"]:
            raise OSError(reason, "none here")
        real_link(source, target, **more)

    monkeypatch.setattr(os, "open", opening)
    monkeypatch.setattr(os, "link", linking)
    for name in ("a/b", "a/c"):
        store.put(name, [name.encode()])
        with pytest.raises(ObjectExists):
            store.put(name, [b"other"])
        with store.open(name) as reader:
            assert reader.read() == name.encode()
    assert incoming(root) == []


def test_an_object_and_a_folder_cannot_share_a_name(store: FilesystemStore) -> None:
    store.put("a/b", [b"x"])
    for name in ("a", "a/b/c", "a/b/c/d"):
        with pytest.raises(StoreRefused):
            store.put(name, [b"y"])
        store.delete(name)
        with pytest.raises(ObjectMissing):
            store.stat(name)
    with store.open("a/b") as reader:
        assert reader.read() == b"x"


def test_a_name_that_was_an_object_s_may_be_a_folder_s_afterwards(store: FilesystemStore) -> None:
    store.put("a", [b"object"])
    with pytest.raises(StoreRefused):
        store.put("a/a", [b"below an object"])
    store.delete("a")
    assert store.put("a/a", [b"below a folder"]).size == 14


def test_no_link_is_followed_by_any_verb(store: FilesystemStore, root: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_bytes(b"not ours")
    (root / "folder").symlink_to(outside, target_is_directory=True)
    (root / "file").symlink_to(outside / "secret")
    (root / "dangling").symlink_to(outside / "nothing")
    for name in ("file", "dangling", "folder/secret"):
        for look in (store.stat, store.open):
            with pytest.raises(StoreRefused):
                look(name)
    for name in ("folder/new", "folder/secret"):
        with pytest.raises(StoreRefused):
            store.put(name, [b"x"])
    for name in ("file", "dangling"):
        with pytest.raises(ObjectExists):
            store.put(name, [b"x"])
    with pytest.raises(StoreRefused):
        store.delete("folder/secret")
    with pytest.raises(StoreRefused):
        list(store.list())
    assert [path.name for path in outside.iterdir()] == ["secret"]
    assert (outside / "secret").read_bytes() == b"not ours"


def test_what_is_no_file_is_no_object_and_stops_nothing(store: FilesystemStore, root: Path) -> None:
    os.mkfifo(root / "pipe")
    with pytest.raises(ObjectMissing):
        store.open("pipe")
    with pytest.raises(ObjectMissing):
        store.stat("pipe")
    (root / "Not An Object.txt").write_text("left by somebody")
    store.put("q", [b"x"])
    assert "Not An Object.txt" not in [found.key for found in store.list()]


def test_a_folder_that_is_no_store_is_not_taken_for_an_empty_archive(tmp_path: Path) -> None:
    mount_point = tmp_path / "not-mounted"
    for _ in range(2):
        with pytest.raises(StoreUnavailable):
            FilesystemStore(mount_point, create=False)
        mount_point.mkdir(exist_ok=True)
    assert list(mount_point.iterdir()) == []


def test_a_file_cut_short_while_it_is_read_is_a_broken_seal(store: FilesystemStore, root: Path) -> None:
    store.put("o", [bytes(300_000)])
    with store.open("o") as reader:
        reader.read(10)
        os.truncate(root / "o", 100_000)
        with pytest.raises(SealBroken):
            reader.read()


def test_a_folder_removed_under_the_store_is_made_again(store: FilesystemStore, root: Path) -> None:
    store.put("t/one", [b"1"])
    (root / "t" / "one").unlink()
    (root / "t").rmdir()
    with pytest.raises(StoreUnavailable):
        store.put("t/two", [b"2"])  # what was remembered of folders is forgotten, and a retry succeeds
    store.put("t/two", [b"2"])
    assert [found.key for found in store.list()] == ["t/two"]


def read(store: FilesystemStore, key: str) -> bytes:
    with store.open(key) as stream:
        return stream.read()


def test_a_folder_that_was_read_from_is_looked_at_again_each_time(store: FilesystemStore, root: Path) -> None:
    store.put("t/u/one", [b"old"])
    assert read(store, "t/u/one") == b"old"
    (root / "t").rename(root / "set-aside")
    with pytest.raises(ObjectMissing):
        read(store, "t/u/one")
    (root / "t" / "u").mkdir(parents=True)
    store.put("t/u/one", [b"new"])
    assert read(store, "t/u/one") == b"new"
    (root / "set-aside").rename(root / "t" / "v")
    assert read(store, "t/v/u/one") == b"old"


@pytest.mark.parametrize("which", ["t", "t/u"])
def test_no_link_is_followed_that_takes_the_place_of_a_folder_read_from(
    store: FilesystemStore, root: Path, tmp_path: Path, which: str
) -> None:
    store.put("t/u/one", [b"ours"])
    assert read(store, "t/u/one") == b"ours"
    (root / which).rename(root / "set-aside")
    outside = tmp_path / "outside"
    (outside / "u").mkdir(parents=True)
    (outside / "u" / "one").write_bytes(b"theirs")
    (outside / "one").write_bytes(b"theirs")
    (root / which).symlink_to(outside, target_is_directory=True)
    with pytest.raises(StoreRefused):
        read(store, "t/u/one")


def test_no_more_folders_are_held_open_than_a_few(root: Path) -> None:
    def descriptors() -> list[str]:
        """Of folders below the root."""
        every = (path for path in Path("/proc/self/fd").iterdir() if path.exists())
        return [found for path in every if (found := str(path.readlink())).startswith(f"{root}/t")]

    store = FilesystemStore(root)
    keys = [f"t/{number}/one" for number in range(40)]
    for key in keys:
        store.put(key, [key.encode()])
    assert [read(store, key).decode() for key in keys * 2] == keys * 2
    assert 0 < len(descriptors()) <= 16
    store.close()
    assert not descriptors()


def test_every_folder_on_the_way_is_synced_before_a_put_returns(
    store: FilesystemStore, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[str] = []
    real = os.fsync

    def recording(descriptor: int) -> None:
        synced.append(str(Path(f"/proc/self/fd/{descriptor}").readlink()).removeprefix(str(root)) or "/")
        real(descriptor)

    monkeypatch.setattr(os, "fsync", recording)
    (root / "a").mkdir()  # by another writer that may have died before its fsync
    store.put("a/b/c", [b"x"])
    assert [place if not place.startswith(f"/{INCOMING}") else "file" for place in synced] == [
        "file",
        "/",
        "/a",
        "/a/b",
    ]
    synced.clear()
    store.put("a/b/d", [b"x"])
    assert [place if not place.startswith(f"/{INCOMING}") else "file" for place in synced] == ["file", "/a/b"]
    synced.clear()
    with pytest.raises(ObjectExists):
        store.put("a/b/d", [b"x"])
    assert synced[-1] == "/a/b"
    synced.clear()
    store.delete("a/b/d")
    assert synced == ["/a/b"]


def test_an_fsync_that_fails_acknowledges_nothing(
    store: FilesystemStore, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(descriptor: int) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", failing)
        with pytest.raises(StoreUnavailable):
            store.put("o", [b"x"])
    assert list(store.list()) == []
    assert incoming(root) == []
