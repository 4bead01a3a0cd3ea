"""A store that breaks one promise fails the probe of that promise; what is sound in it still passes."""

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, suppress
from typing import BinaryIO

import pytest

from storage.errors import ObjectExists, ObjectMissing, SealBroken, StoreUnavailable
from storage.objects.memory import MemoryStore
from storage.objects.port import Bytes, StoredObject
from storage.objects.qualify import qualify


class Overwriting(MemoryStore):
    def put(self, key: str, parts: Iterable[Bytes]) -> StoredObject:
        self.delete(key)
        return super().put(key, parts)


class Racing(MemoryStore):
    """Tells every writer of a name in a race that it won."""

    def put(self, key: str, parts: Iterable[Bytes]) -> StoredObject:
        try:
            return super().put(key, parts)
        except ObjectExists:
            if "-race-" in key:
                return self.stat(key)
            raise


class Cutting(MemoryStore):
    """Cuts a range that reaches past the end, as S3 does."""

    def open(self, key: str, *, offset: int = 0, length: int | None = None) -> AbstractContextManager[BinaryIO]:
        with suppress(SealBroken):
            return super().open(key, offset=offset, length=length)
        return super().open(key, offset=min(offset, self.stat(key).size))


class Shifting(MemoryStore):
    def open(self, key: str, *, offset: int = 0, length: int | None = None) -> AbstractContextManager[BinaryIO]:
        return super().open(key, offset=max(0, offset - 1), length=length)


class Unordered(MemoryStore):
    def list(self, prefix: str = "", *, after: str = "") -> Iterator[StoredObject]:
        found = list(super().list(prefix, after=after))
        yield from reversed(found)


class Keeping(MemoryStore):
    def delete(self, key: str) -> None:
        """Says that it is gone."""


class Losing(MemoryStore):
    """Loses the end of what is large."""

    def put(self, key: str, parts: Iterable[Bytes]) -> StoredObject:
        whole = b"".join(parts)
        return super().put(key, [whole[: 8 << 20]])


class Inventing(MemoryStore):
    """Finds an empty object under every name, as some gateways do."""

    def stat(self, key: str) -> StoredObject:
        with suppress(ObjectMissing):
            return super().stat(key)
        return StoredObject(key=key, size=0)


class Failing(MemoryStore):
    def stat(self, key: str) -> StoredObject:
        raise StoreUnavailable(reason="scripted")


@pytest.mark.parametrize(
    ("store", "failed"),
    [
        (MemoryStore(), set()),
        (Overwriting(), {"create-only", "one-winner", "large-object"}),
        (Racing(), {"one-winner"}),
        (Cutting(), {"range-past-the-end"}),
        (Shifting(), {"ranges", "range-past-the-end"}),
        (Unordered(), {"listing"}),
        (Keeping(), {"delete", "clean-up"}),
        (Losing(), {"large-object"}),
        (Inventing(), {"read-after-write"}),
        (Failing(), {"read-after-write", "empty-object", "large-object"}),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, MemoryStore) else "",
)
def test_a_broken_promise_is_found_by_its_probe(store: MemoryStore, failed: set[str]) -> None:
    results = qualify(store)
    assert {result.name for result in results if not result.passed} == failed
    for result in results:
        assert result.detail.en
        assert result.detail.pl != result.detail.en
