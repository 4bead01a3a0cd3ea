"""The contract of every object store.

Promises, checked for each implementation by one suite (`tests/suites/object_store.py`):

* **Create only.** `put` never changes an object that is there: it raises `ObjectExists`. Two writers of one name
  get one winner. A store that cannot promise this against a concurrent writer says so in `Capabilities`.
* **All or nothing.** Before `put` returns, nothing is visible under the name, or the whole object is. When it
  returns, the object is durable (fsync of file and directory; an acknowledged and confirmed PUT) and its size has
  been read back from the store. If it raises, the caller knows nothing was acknowledged; a later `put` of the same
  name may raise `ObjectExists` where the fault came after the write.
* **Names** are ASCII, `[a-z0-9._-]` in segments joined by `/`, at most 512 characters (255 a segment), no empty,
  `.` or `..` segment. They are made of random and counted parts only: never of what a producer sent. No name is the
  folder of another: of `a` and `a/b` a store made of folders can hold one, and refuses the second (`StoreRefused`).
* **Reading** gives exactly the bytes asked for or raises: `ObjectMissing` when the store answers that there is no
  such object, `StoreUnavailable` for all that may pass (time-out, 5xx, a short body). Absence is never concluded
  from a fault.
* **Listing** is in ascending order of names and may be resumed after any name.
* **Deleting** an object that is not there is no error. Only disposal, key rotation and the reaping of orphans delete.
* All methods are safe to call from many threads; all may block. A reader belongs to one thread.
"""

import re
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import StrEnum
from typing import BinaryIO, Protocol

NAME = re.compile(r"(?!.*(?:^|/)\.{1,2}(?:/|$))[a-z0-9._-]+(?:/[a-z0-9._-]+)*")
LONGEST_NAME = 512
LONGEST_SEGMENT = 255  # NAME_MAX of every file system in use

Bytes = bytes | bytearray | memoryview


class CreateOnly(StrEnum):
    """How far the store itself keeps two writers of one name apart."""

    ATOMIC = "atomic"  # link(2), If-None-Match, or versions where the oldest wins
    CHECKED = "checked"  # looked before writing: holds while one process writes


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a store can do, as data; `edm-archive storage qualify` proves each on the real server."""

    create_only: CreateOnly
    versions: bool


@dataclass(frozen=True, slots=True)
class StoredObject:
    """One object as the store tells of it: size in bytes; `version` is empty where the store keeps none."""

    key: str
    size: int
    version: str = ""


class ObjectStore(Protocol):
    """Seven verbs over named, immutable byte strings."""

    @property
    def capabilities(self) -> Capabilities: ...

    def put(self, key: str, parts: Iterable[Bytes]) -> StoredObject:
        """Store the concatenation of `parts`, in constant memory. Raises `ObjectExists`, `StoreFull`, …

        A part may be a view of a buffer that is filled again for the next one, unless `parts` is a list or tuple.
        An error of the iterable itself passes through, and nothing is stored.
        """
        ...

    def open(self, key: str, *, offset: int = 0, length: int | None = None) -> AbstractContextManager[BinaryIO]:
        """A reader of exactly `length` bytes from `offset` (to the end if None); short is `StoreUnavailable`.

        A range that reaches past the end of the object raises `SealBroken`: the object is shorter than what was
        recorded of it, and no retry will mend that. The reader is an `io.BufferedReader`, or acts as one.
        """
        ...

    def stat(self, key: str) -> StoredObject:
        """Raises `ObjectMissing`."""
        ...

    def list(self, prefix: str = "", *, after: str = "") -> Iterator[StoredObject]:
        """Objects whose name starts with `prefix`, ascending, names greater than `after` only."""
        ...

    def delete(self, key: str) -> None:
        """The object, with all its versions, is gone when this returns; no error if it was not there."""
        ...

    def close(self) -> None: ...


def checked_name(key: str) -> str:
    """`key` itself, or ValueError: a bad name is a bug in the caller, never a user's input."""
    segments = key.split("/")
    if len(key) > LONGEST_NAME or max(map(len, segments)) > LONGEST_SEGMENT or not NAME.fullmatch(key):
        raise ValueError(f"not an object name: {key!r}")
    return key
