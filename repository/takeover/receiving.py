"""Every item of a package is settled: kept, or named as not kept. The engine room of the journey in.

    listing → [readers or pool] arrive → [this thread, in order] sort, pack → [pool] seal and store
            → [this thread] commit

Reading, hashing, sealing and fsync release the interpreter's lock and run in the pool; what needs order (duplicates,
patients, packs, commits) runs here. Several packs that are ready share one transaction. Memory is bounded by the
batches ahead, the open packs and the packs on their way, whatever the size of the package.

Killed at any moment: what was committed is in the catalogue and in the store; objects stored and not committed are
orphans, which the next run of the same package reaps before it goes on with the items that are still pending.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from itertools import takewhile
from uuid import UUID

from repository.catalogue.catalogue import Catalogue
from repository.clock import Clock, stamp
from repository.domain.holding import PackRecord
from repository.domain.takeover import Disposition, Item, Takeover
from repository.packages.errors import ItemUnreadable
from repository.packages.package import HandoverPackage
from repository.takeover.arriving import SMALL, Arrival, arrive_all, unreadable
from repository.takeover.assigning import NOBODY, Patients
from repository.takeover.packing import Pack, Packer
from repository.takeover.readers import Readers
from repository.takeover.reading import in_order
from repository.takeover.sealing import Sealer, folder_of
from repository.takeover.sorting import Duplicate, Sorter, duplicate
from storage.errors import ArchiveError
from storage.keys.record_keys import RecordKey
from storage.vault import Vault

BATCH_ITEMS, BATCH_BYTES = 64, 4 << 20  # one task of the pool: small files cost less than handing them over one by one


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a takeover has come; bytes are those of the listing."""

    items: int
    of_items: int
    bytes: int
    of_bytes: int


class Receiving:
    """One run over the pending items of a takeover."""

    def __init__(
        self,
        takeover: Takeover,
        package: HandoverPackage,
        *,
        catalogue: Catalogue,
        vault: Vault,
        clock: Clock,
        workers: int,
        progress: Callable[[Progress], None],
        readers: Readers | None = None,
    ) -> None:
        self._takeover, self._package, self._catalogue, self._vault = takeover, package, catalogue, vault
        self._clock, self._workers, self._report = clock, workers, progress
        self._readers = readers
        self._sealer = Sealer(vault, takeover)
        self._patients = Patients()
        self._sorter = Sorter(catalogue, takeover.number, self._patients)
        self._packer = Packer()
        self._keys: dict[int, Future[RecordKey]] = {}
        self._sealing: deque[tuple[Pack, Future[PackRecord]]] = deque()
        self._packed: set[int] = set()  # patients who have a pack in the catalogue
        self._unsettled: list[Item] = []
        self._duplicates: list[Duplicate] = []
        self._counted = Progress(0, 0, 0, 0)

    def run(self, *, of_items: int, of_bytes: int) -> None:
        """No item is pending any more. Raises what the store, the catalogue or the package raise."""
        self._counted = Progress(0, of_items, 0, of_bytes)
        reap(self._takeover, catalogue=self._catalogue, vault=self._vault)
        self._restore()
        pending = self._catalogue.items(self._takeover.number, dispositions={Disposition.PENDING})
        with ThreadPoolExecutor(self._workers, thread_name_prefix="intake") as pool:
            try:
                listed = self._admit_listed_patients()
                for arrived in self._arriving(pool, self._there(pending)):
                    self._take(pool, arrived)
                self._send_all(pool, self._packer.rest())
                self._send_all(pool, map(Pack, sorted(listed - self._packed)))
                self._flush(everything=True)
            except BaseException:
                pool.shutdown(wait=True, cancel_futures=True)
                with suppress(ArchiveError):  # the first fault is the one to tell
                    self._salvage()
                raise
        self._package.check_unchanged()

    def _restore(self) -> None:
        for record in self._catalogue.patients(self._takeover.number):
            self._patients.restore(record)
            self._packed.add(record.number)
        for key_id, _, patient, _ in self._catalogue.record_keys(self._takeover.number):
            ready: Future[RecordKey] = Future()
            ready.set_result(self._vault.record_keys.open(UUID(hex=key_id)))
            self._keys[patient] = ready

    def _admit_listed_patients(self) -> set[int]:
        """Patients of the package's list have the first numbers; those whom no item names get a pack of their own."""
        return {self._patients.assign(facts)[0] for facts in self._package.patients()} - {NOBODY}

    def _there(self, pending: Iterable[Item]) -> Iterator[list[Item]]:
        """Pending items in batches; those that are not in the package are settled as missing on the way."""
        batch, size = [], 0
        for item in pending:
            if item.size < 0:
                self._unsettled.append(replace(item, disposition=Disposition.MISSING, reason="TKO-NOT-THERE"))
                self._count(1, 0)
                continue
            batch.append(item)
            size += min(item.size, SMALL)
            if len(batch) >= BATCH_ITEMS or size >= BATCH_BYTES:
                yield batch
                batch, size = [], 0
        if batch:
            yield batch

    def _arriving(self, pool: ThreadPoolExecutor, batches: Iterable[Sequence[Item]]) -> Iterator[list[Arrival | Item]]:
        work = partial(arrive_all, self._package)
        return in_order(work, batches, pool=pool, readers=self._readers, ahead=2 * self._workers)

    def _take(self, pool: ThreadPoolExecutor, arrived: Sequence[Arrival | Item]) -> None:
        came = [each for each in arrived if isinstance(each, Arrival)]
        for refused in (each for each in arrived if isinstance(each, Item)):
            self._unsettled.append(refused)
            self._count(1, refused.size)
        for each in self._sorter.sort(came):
            if isinstance(each, Arrival):
                self._key_of(pool, each.patient)
            if isinstance(each, Duplicate):
                self._duplicates.append(each)
                self._count(1, each.item.size)
                continue
            for pack in self._packer.add(each):
                self._send(pool, pack)
        for pack in self._packer.left_behind():
            self._send(pool, pack)
        if len(self._unsettled) + len(self._duplicates) > 1000:
            self._flush()

    def _send_all(self, pool: ThreadPoolExecutor, packs: Iterable[Pack]) -> None:
        """All that is on its way is committed, `packs` included."""
        for pack in packs:
            self._send(pool, pack)
        while self._sealing:
            self._commit()

    def _send(self, pool: ThreadPoolExecutor, pack: Pack) -> None:
        while len(self._sealing) > self._workers:
            self._commit()
        patient, at = self._patients.record(pack.patient), stamp(self._clock())
        key = self._key_of(pool, pack.patient)
        if pack.light:
            prepared = self._sealer.prepare(pack, record_key=key.result(), patient=patient, at=at)
            self._sealing.append((pack, pool.submit(self._sealer.store, prepared)))
            return
        sealing = pool.submit(lambda: self._sealer.seal(pack, record_key=key.result(), patient=patient, at=at))
        self._sealing.append((pack, sealing))

    def _key_of(self, pool: ThreadPoolExecutor, patient: int) -> Future[RecordKey]:
        """The record key of a patient: made while the first pack is gathered, and always ahead of what waits for it."""
        if patient not in self._keys:
            self._keys[patient] = pool.submit(self._vault.record_keys.make)
        return self._keys[patient]

    def _commit(self) -> None:
        """Waits for the oldest pack on its way and commits it, with all behind it that are ready: one fsync for all."""
        wait([self._sealing[0][1]])
        ready = list(takewhile(lambda sent: sent[1].done(), self._sealing))
        records = [record for pack, sealing in ready if (record := self._sealed(pack, sealing))]
        for _ in ready:
            self._sealing.popleft()
        self._write(records)

    def _sealed(self, pack: Pack, sealing: Future[PackRecord]) -> PackRecord | None:
        """The outcome of sealing; None for a streamed item that turned out to be unreadable behind its beginning."""
        try:
            return sealing.result()
        except ItemUnreadable:
            for arrival in pack.arrivals:
                self._unsettled.append(unreadable(arrival.item))
                self._count(1, arrival.item.size)
            return None

    def _write(self, records: Sequence[PackRecord]) -> None:
        streamed: dict[bytes, int] = {}
        kept = [record for record in records if not self._came_before(record, streamed)]
        self._catalogue.record(self._takeover.number, kept)
        for record in kept:
            self._packed.add(record.pack.patient)
            self._sorter.committed(record.holdings)
            self._count(len(record.holdings), sum(holding.size for holding in record.holdings))
        self._flush()

    def _came_before(self, record: PackRecord, streamed: dict[bytes, int]) -> bool:
        """A streamed item whose bytes are kept already, or by an item in the same transaction (`streamed`, by digest):
        known only now. Its object is taken back."""
        if len(record.holdings) != 1 or record.holdings[0].size <= SMALL:
            return False
        holding = record.holdings[0]
        original = self._catalogue.digest_owner(self._takeover.number, holding.sha256)
        original = original or streamed.setdefault(holding.sha256, holding.ordinal)
        if original == holding.ordinal:
            return False
        self._vault.store.delete(record.pack.key)
        item = self._catalogue.item(self._takeover.number, holding.ordinal)
        if item is not None:
            self._duplicates.append(duplicate(item, original))
        return True

    def _flush(self, *, everything: bool = False) -> None:
        """Items without bytes of their own are settled; a duplicate only when its original is committed."""
        waiting = set() if everything else self._sorter.uncommitted([each.original for each in self._duplicates])
        settled = [each.item for each in self._duplicates if each.original not in waiting]
        self._duplicates = [each for each in self._duplicates if each.original in waiting]
        if settled or self._unsettled:
            self._catalogue.settle(self._takeover.number, [*self._unsettled, *settled])
        self._unsettled = []

    def _salvage(self) -> None:
        """After a fault: what is sealed already is committed, so that the next run need not do it again.

        Only what comes before the fault: were a later pack committed without an earlier one, it would tell of a
        conflict with an item that the next run may find to be its duplicate.
        """
        sent = [sealing for _, sealing in self._sealing]
        ready = list(takewhile(lambda s: s.done() and not s.cancelled() and s.exception() is None, sent))
        self._sealing.clear()
        if ready:
            self._write([sealing.result() for sealing in ready])

    def _count(self, items: int, size: int) -> None:
        so_far = self._counted
        self._counted = replace(so_far, items=so_far.items + items, bytes=so_far.bytes + max(size, 0))
        self._report(self._counted)


def reap(takeover: Takeover, *, catalogue: Catalogue, vault: Vault) -> int:
    """Objects of this takeover that no row knows are deleted: they were never acknowledged. How many there were.

    For whoever works on the takeover, and alone does: by the home's lock, or by a job's lease.
    """
    # The store first: an object that is in this list and in no row was put before the catalogue was asked. Under a
    # lease the catalogue answers its holder only, so nobody else's run has begun by then, and whoever put it can no
    # longer commit it. The other way round, a run that stalled here would delete what its successor stored.
    there = [held.key for held in vault.store.list(folder_of(takeover.id) + "/")]
    known = {pack.key for pack in catalogue.packs(takeover.number)}
    orphans = [key for key in there if key not in known]
    for key in orphans:
        vault.store.delete(key)
    return len(orphans)
