"""A store against a dictionary, under any sequence of verbs."""

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from storage.errors import ObjectExists, ObjectMissing, SealBroken, StoreRefused
from storage.objects.filesystem import FilesystemStore
from storage.objects.memory import MemoryStore
from storage.objects.port import ObjectStore
from storage.objects.retrying import RetryingStore

NAMES = st.lists(st.sampled_from(["a", "b", "a-", "a.b", "a0", "_"]), min_size=1, max_size=3).map("/".join)
PARTS = st.lists(st.binary(max_size=40), max_size=4)
RANGES = st.tuples(st.integers(0, 90), st.none() | st.integers(0, 90))


class StoreMachine(RuleBasedStateMachine):
    make: Callable[[Path], ObjectStore]

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="store-"))
        self.store = type(self).make(self.folder / "objects")
        self.model: dict[str, bytes] = {}

    def teardown(self) -> None:
        self.store.close()
        shutil.rmtree(self.folder)

    @rule(name=NAMES, parts=PARTS, lazily=st.booleans())
    def put(self, name: str, parts: list[bytes], lazily: bool) -> None:
        def write() -> int:
            return self.store.put(name, iter(parts) if lazily else parts).size

        if name in self.model:
            with pytest.raises(ObjectExists):
                write()
        elif any(name.startswith(f"{taken}/") or taken.startswith(f"{name}/") for taken in self.model):
            with pytest.raises(StoreRefused):
                write()
        else:
            try:
                self.model[name] = b"".join(parts)
                assert write() == len(self.model[name])
            except StoreRefused:  # a folder that once held objects stays a folder
                del self.model[name]
                assert isinstance(self.store, FilesystemStore)

    @rule(name=NAMES)
    def delete(self, name: str) -> None:
        self.store.delete(name)
        self.model.pop(name, None)

    @rule(name=NAMES, wanted=RANGES)
    def read(self, name: str, wanted: tuple[int, int | None]) -> None:
        offset, length = wanted
        content = self.model.get(name)
        if content is None:
            with pytest.raises(ObjectMissing):
                self.store.open(name, offset=offset, length=length)
            with pytest.raises(ObjectMissing):
                self.store.stat(name)
        elif offset + (length or 0) > len(content):
            with pytest.raises(SealBroken):
                self.store.open(name, offset=offset, length=length)
        else:
            with self.store.open(name, offset=offset, length=length) as reader:
                assert reader.read() == content[offset : len(content) if length is None else offset + length]
            assert self.store.stat(name).size == len(content)

    @rule(prefix=st.sampled_from(["", "a", "a/", "a-", "b/a", "_/"]), after=st.just("") | NAMES)
    def listing(self, prefix: str, after: str) -> None:
        listed = [(found.key, found.size) for found in self.store.list(prefix, after=after)]
        expected = sorted(name for name in self.model if name.startswith(prefix) and name > after)
        assert listed == [(name, len(self.model[name])) for name in expected]

    @invariant()
    def everything_is_listed(self) -> None:
        assert [found.key for found in self.store.list()] == sorted(self.model)


@pytest.mark.parametrize(
    "make",
    [FilesystemStore, lambda _: MemoryStore(), lambda _: RetryingStore(MemoryStore())],
    ids=["files", "memory", "retrying"],
)
def test_a_store_is_a_dictionary_that_never_changes_a_value(make: Callable[[Path], ObjectStore]) -> None:
    machine = type("Machine", (StoreMachine,), {"make": staticmethod(make)})
    run_state_machine_as_test(machine, settings=settings(max_examples=25, stateful_step_count=30, deadline=None))
