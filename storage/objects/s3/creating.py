"""Create-only, on a server that may not know it: by what the bucket can do, one of three ways.

`Versions` (versions.py): every write makes a version, and the oldest version of a name *is* the object, for every
reader here. A writer looks after writing: if a version older than its own is there, it lost, and takes its own away.
Nothing that is written later, by whomever, changes what is read, nor does a delete marker put by hand.

`Names` (names.py), in a bucket without versioning: the server refuses a second write of a name itself
(`If-None-Match: *`), or, where it does not, a name is looked for before it is written: sure as long as one process
writes.
"""

from collections.abc import Callable
from typing import Protocol

from storage.objects.port import StoredObject

Headers = dict[str, str]
Write = Callable[[Headers], str]  # sends the object, or completes its upload; the version made, or ""

ONLY_NEW: Headers = {"If-None-Match": "*"}
# what servers answer to a header they do not know, if they do not ignore it
UNKNOWN_HEADER = {"NotImplemented", "InvalidRequest"}


class Way(Protocol):
    """How objects come to be and are found in one kind of bucket."""

    versions: bool

    @property
    def atomic(self) -> bool:
        """Whether it keeps concurrent writers of different processes apart, for objects of every size."""
        ...

    def look_first(self, key: str) -> None:
        """`ObjectExists` if the name is taken: asked before a long upload."""
        ...

    def write(self, key: str, *, size: int, large: bool, send: Write) -> StoredObject:
        """`send` has been called, once or again, and its object is the one of that name, `size` bytes long."""
        ...

    def find(self, key: str) -> StoredObject:
        """The object as the server tells of it now. Raises `ObjectMissing`."""
        ...

    def version(self, key: str) -> str:
        """Which version to read, or "" for the only one. Raises `ObjectMissing` where that had to be asked."""
        ...

    def forget(self, key: str) -> None:
        """What was remembered of the object is asked anew."""
        ...
