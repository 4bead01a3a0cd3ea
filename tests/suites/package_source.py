"""What every `PackageSource` promises, asked of each form by `tests/repository/packages/test_sources.py`."""

import threading
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path

import pytest

from repository.packages.detect import open_source
from repository.packages.errors import PackageChanged
from repository.packages.source import EntryKind, PackageSource

FILES = {
    "a.txt": b"first",
    "empty": b"",
    "folder/ąę.xml": b"<a/>" * 1000,
    "folder/inner/" + "n" * 120 + ".bin": bytes(range(256)) * 4000,
    "z.bin": b"\0" * 700_001,
}


class SourceSuite(ABC):
    form = ""

    @abstractmethod
    def build(self, at: Path, files: Mapping[str, bytes]) -> Path: ...

    def opened(self, at: Path) -> PackageSource:
        return open_source(self.build(at, FILES))

    def test_every_file_is_listed_with_its_size_and_its_bytes_are_given(self, tmp_path: Path) -> None:
        source = self.opened(tmp_path)
        listed = {entry.path: entry.size for entry in source.entries if entry.kind is EntryKind.FILE}
        assert source.form == self.form
        assert listed == {name: len(content) for name, content in FILES.items()}
        for name, content in FILES.items():
            with source.open(name) as stream:
                assert stream.read() == content
        source.check_unchanged()
        source.close()

    def test_a_second_opening_lists_the_same_in_the_same_order(self, tmp_path: Path) -> None:
        first = self.opened(tmp_path)
        second = open_source(next(tmp_path.iterdir()))
        assert list(first.entries) == list(second.entries)
        assert first.fingerprint() == second.fingerprint()
        first.close()
        second.close()

    def test_many_threads_read_different_and_equal_items_at_once(self, tmp_path: Path) -> None:
        source = self.opened(tmp_path)
        wrong: list[str] = []

        def read(order: list[str]) -> None:
            for name in order:
                with source.open(name) as stream:
                    content = b"".join(iter(lambda: stream.read(7001), b""))
                if content != FILES[name]:
                    wrong.append(name)

        names = list(FILES)
        threads = [threading.Thread(target=read, args=(names[turn:] + names[:turn],)) for turn in range(5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert wrong == []
        source.close()

    def test_a_name_that_is_not_there_is_a_key_error(self, tmp_path: Path) -> None:
        source = self.opened(tmp_path)
        with pytest.raises(KeyError):
            source.open("nobody")
        source.close()

    @abstractmethod
    def touch(self, package: Path) -> None: ...

    def test_a_change_after_the_listing_is_noticed(self, tmp_path: Path) -> None:
        source = self.opened(tmp_path)
        self.touch(next(tmp_path.iterdir()))
        with pytest.raises(PackageChanged):
            source.check_unchanged()
        with pytest.raises(PackageChanged):
            source.open("a.txt")
        source.close()

    def test_a_change_while_a_file_is_read_is_noticed_at_its_end(self, tmp_path: Path) -> None:
        source = self.opened(tmp_path)
        with source.open("a.txt") as stream:
            assert stream.read(1) == b"f"
            self.touch(next(tmp_path.iterdir()))
            with pytest.raises(PackageChanged):
                stream.read()
        source.close()
