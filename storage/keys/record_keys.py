"""Record keys: one for each patient in a takeover, wrapped by the root key in a small object of its own.

Destroying the objects of a record key is how a patient's data is erased; rotation writes them anew under a new
epoch. Both may stop anywhere and be run again.
"""

import re
import uuid
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from operator import itemgetter
from threading import Lock

from cryptography.cobblestone import Cobblestone256Encryptor

from storage.errors import ObjectExists, ObjectMissing, RecordKeyMissing, SealBroken
from storage.ids import new_id
from storage.keys.port import KeyProvider
from storage.objects.port import ObjectStore

MAGIC = b"EDMRKEY\x01"
SIZE = 104
PREFIX = "keys/"
_KEY_OBJECT = re.compile(r"keys/[0-9a-f]{2}/([0-9a-f]{32})\.([1-9][0-9]{0,8})")
_KEPT_OPEN = 4096  # record keys held in memory at most; 100 bytes each


@dataclass(frozen=True, slots=True)
class RecordKey:
    id: uuid.UUID
    secret: bytes = field(repr=False)


class RecordKeys:
    """The record keys of one archive, in its object store."""

    def __init__(self, store: ObjectStore, provider: KeyProvider, *, archive: uuid.UUID) -> None:
        self._store, self._provider, self._archive = store, provider, archive
        self._open: OrderedDict[uuid.UUID, RecordKey] = OrderedDict()
        self._lock = Lock()

    def make(self) -> RecordKey:
        """A new record key; its key object is durable when this returns."""
        key = RecordKey(new_id(), Cobblestone256Encryptor.generate_key())
        self._write(key)
        self._remember(key)
        return key

    def open(self, key_id: uuid.UUID) -> RecordKey:
        """Raises `RecordKeyMissing` if no key object is there, `SealBroken` if it does not open."""
        with self._lock:
            if key := self._open.get(key_id):
                self._open.move_to_end(key_id)
                return key
        key = RecordKey(key_id, self._read(key_id))
        self._remember(key)
        return key

    def destroy(self, key_id: uuid.UUID) -> None:
        """No key object of `key_id` is left; what it sealed cannot be opened again."""
        with self._lock:
            self._open.pop(key_id, None)
        for held in list(self._store.list(key_object_prefix(key_id))):
            self._store.delete(held.key)

    def ids(self) -> Iterator[tuple[uuid.UUID, int]]:
        """Each key object as (record key id, epoch); those of one record key follow each other."""
        for held in self._store.list(PREFIX):
            if named := _KEY_OBJECT.fullmatch(held.key):  # what somebody else put there is not a key object
                yield uuid.UUID(hex=named[1]), int(named[2])

    def rewrap(self, progress: Callable[[int], None] | None = None) -> int:
        """Every record key lies under the active epoch only; the count of those that had to be moved.

        Reads what is there, so that an interrupted rotation ends by being run again. The new key object is durable
        before the old one is deleted.
        """
        active, moved = self._provider.active_epoch, 0
        for seen, (key_id, held) in enumerate(groupby(self.ids(), key=itemgetter(0)), 1):
            epochs = {epoch for _, epoch in held}
            if epochs.isdisjoint(self._provider.epochs):
                continue  # put back from a copy after its root key was destroyed: it opens nothing, and stops nothing
            if active not in epochs:
                self._write(RecordKey(key_id, self._read(key_id)))
                moved += 1
            for epoch in epochs - {active}:
                self._store.delete(key_object_name(key_id, epoch))
            if progress:
                progress(seen)
        return moved

    def _write(self, key: RecordKey) -> None:
        bound = self._bound(key.id, self._provider.active_epoch)
        try:
            wrapped = self._provider.wrap(key.secret, context=bound)
            self._store.put(key_object_name(key.id, self._provider.active_epoch), [bound + wrapped])
        except ObjectExists:
            if self._read(key.id) != key.secret:  # an interrupted rotation wrote it: the same secret is success
                raise

    def _read(self, key_id: uuid.UUID) -> bytes:
        for epoch in sorted(self._provider.epochs, reverse=True):
            try:
                with self._store.open(key_object_name(key_id, epoch)) as stream:
                    raw = stream.read(SIZE + 1)
            except ObjectMissing:
                continue
            bound = self._bound(key_id, epoch)
            if len(raw) != SIZE or raw[:44] != bound:
                raise SealBroken(key=key_object_name(key_id, epoch), reason="not the key object of this place")
            return self._provider.unwrap(raw[44:], epoch=epoch, context=bound)
        raise RecordKeyMissing(record_key=key_id.hex)

    def _bound(self, key_id: uuid.UUID, epoch: int) -> bytes:
        return MAGIC + self._archive.bytes + key_id.bytes + epoch.to_bytes(4)

    def _remember(self, key: RecordKey) -> None:
        with self._lock:
            self._open[key.id] = key
            if len(self._open) > _KEPT_OPEN:
                self._open.popitem(last=False)


def key_object_prefix(key_id: uuid.UUID) -> str:
    """What the names of all key objects of a record key begin with.

    Fanned out by the last two digits, which are random: a folder of its own for each key would cost a fsync and a disk
    block more than the key, and one folder for all could not be listed in little memory.
    """
    return f"{PREFIX}{key_id.hex[-2:]}/{key_id.hex}."


def key_object_name(key_id: uuid.UUID, epoch: int) -> str:
    return f"{key_object_prefix(key_id)}{epoch}"
