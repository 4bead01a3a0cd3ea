"""One group of offers on its way into a takeover: what of it was given, sealed, stored and written.

What this process knows of the takeover is shared by the groups that build on it (`Known`).
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, wait
from contextlib import suppress
from dataclasses import dataclass, field, replace
from threading import Lock
from uuid import UUID

from repository.catalogue.depositing import BindingOver, TakeoverOver, TakeoverOvertaken
from repository.catalogue.written import Written
from repository.clock import instant, stamp
from repository.domain.holding import PackRecord, PatientRecord
from repository.domain.takeover import STORED, Disposition, Item, Takeover
from repository.journal import deed_maker
from repository.runtime import Archive
from repository.takeover.arriving import Arrival
from repository.takeover.assigning import Patients
from repository.takeover.packing import Pack, Packer
from repository.takeover.sealing import Sealer
from repository.takeover.sorting import Duplicate, Sorter
from repository.transfer.errors import RingRotated
from repository.transfer.offering import Offer, Outcome
from repository.transfer.opening import Depositor
from storage.errors import ArchiveError
from storage.keys.record_keys import RecordKey

MOST_NEWER = 10_000  # items that others wrote meanwhile, learnt one by one: 5 MB
Accept = Callable[[Sequence[Arrival | Duplicate]], None]
"""Looks at what a batch would become, for whoever takes it whole or not at all: it raises, and nothing of the batch is
deposited. Asked of the catalogue as it is at that time or later; what is then committed is committed only if the
takeover has not grown since (`TakeoverOvertaken`), so no other process changes what it has seen. It may raise that
itself, where a batch builds on what is not committed yet: it is asked again once that is."""


@dataclass(slots=True)
class Batch:
    """What one push has handed over at one time; all of it is in one transaction."""

    depositor: Depositor
    offers: Sequence[Offer]
    outcomes: Future[list[Outcome]] = field(default_factory=Future)
    waits: "Lock | None" = None  # held by the thread that waits for it, if one does (`Transfers.deposit`)
    accept: "Accept | None" = None
    leads: bool = False  # its thread is to take the next group, and has not yet

    @property
    def held(self) -> int:
        """Bytes of memory."""
        return sum(offer.held for offer in self.offers)


class Known:
    """What this process knows of a takeover, those of its groups included that are not committed yet."""

    def __init__(self, archive: Archive, takeover: Takeover) -> None:
        self._archive, self.takeover = archive, takeover
        self.last = archive.catalogue.depositing.last_ordinal(takeover.number)
        self.patients = Patients()
        self._restore(archive.catalogue.patients(takeover.number))
        self.sorter = Sorter(archive.catalogue, takeover.number, self.patients)
        self.sealer = Sealer(archive.vault, takeover)
        self.written = Written()
        self.keys: dict[int, RecordKey] = {}
        self.making_keys = Lock()  # two groups that bring the same new patient make one key

    def catch_up(self) -> bool:
        """What other processes have committed since is known as well; False where it is so much that it is less to read
        all of it anew. No group is on its way."""
        newer = self._archive.catalogue.depositing.newer(self.takeover.number, after=self.last, most=MOST_NEWER)
        if newer is None:
            return False
        if newer.last != self.last:
            self.last = newer.last
            self._restore(newer.patients)
            self.sorter.others_committed(newer.traces)
        return True

    def _restore(self, patients: Sequence[PatientRecord]) -> None:
        for record in patients:
            self.patients.restore(record)


class Group:
    """One attempt at one group: made, then `store`, then `commit`, then `committed`."""

    def __init__(self, archive: Archive, known: Known, batches: Sequence[Batch], *, pool: Executor) -> None:
        self.known = known
        self._archive, self._batches, self._pool = archive, batches, pool
        self._after = known.last
        self._made: list[RecordKey] = []
        self._stored: list[PackRecord] = []
        self._came = [[self._numbered(offer) for offer in batch.offers] for batch in batches]
        arrivals = [each for batch in self._came for each in batch if isinstance(each, Arrival)]
        self._sorted = list(known.sorter.sort(arrivals))
        self._ask()
        self._packs = list(_packs([each for each in self._sorted if isinstance(each, Arrival)]))
        # As they are now: what a later group tells of a patient goes with that one.
        self._patients = {pack.patient: known.patients.record(pack.patient) for pack in self._packs}

    def store(self) -> None:
        """All of its packs are durable in the store. Raises `RingRotated` and what the store raises, and then none is
        meant to be there."""
        # Storing a lone pack in another thread while its rows were made ready was tried: changing threads twice took
        # 0.5 ms of a processor, more than the wait that it hid.
        try:
            self._seal_all()
        except BaseException:
            self.take_back()
            raise

    def commit(self) -> list[list[Outcome]]:
        items = {each.ordinal: each for batch in self._came for each in batch if isinstance(each, Item)}
        items |= {each.item.ordinal: _settled(each) for each in self._sorted}
        try:
            self._write([[items[_ordinal(each)] for each in batch] for batch in self._came])
        except (BindingOver, TakeoverOver, TakeoverOvertaken):  # any other fault may have come after the commit
            self.take_back()
            raise
        return [
            [self._outcome(items[_ordinal(each)], each, offer) for each, offer in zip(batch, given.offers, strict=True)]
            for batch, given in zip(self._came, self._batches, strict=True)
        ]

    def committed(self) -> None:
        """The sorter knows it. Not while another group begins."""
        for record in self._stored:
            self.known.sorter.committed(record.holdings)

    def take_back(self) -> None:
        """What is in the store of it is gone again, or will be: what stays is reaped when the takeover is closed."""
        with suppress(ArchiveError):
            for record in self._stored:
                self._archive.store.delete(record.pack.key)
            for key in self._made:
                self._archive.vault.record_keys.destroy(key.id)

    def _ask(self) -> None:
        """Raises what a batch raises that does not accept what it would become."""
        rest = iter(self._sorted)
        for batch, came in zip(self._batches, self._came, strict=True):
            mine = [next(rest) for each in came if isinstance(each, Arrival)]
            if batch.accept is not None:
                batch.accept(mine)

    def _numbered(self, offer: Offer) -> Arrival | Item:
        """With the next ordinal; an arrival is copied, so that another attempt finds the offer as it was."""
        self.known.last += 1
        came = offer.came
        if not isinstance(came, Arrival):
            return replace(came, ordinal=self.known.last, path=offer.path)
        was = came.item
        return came.under(_item(was, ordinal=self.known.last, path=offer.path, disposition=was.disposition))

    def _seal_all(self) -> None:
        packs = self._packs
        if not packs:
            return
        self._make_keys(set(self._patients))
        at = stamp(self._archive.clock())
        if len(packs) == 1:
            self._stored.append(self._seal(packs[0], at))
            return
        sealing = [self._pool.submit(self._seal, pack, at) for pack in packs[1:]]
        try:
            self._stored.append(self._seal(packs[0], at))
        finally:
            wait(sealing)
            self._stored += [each.result() for each in sealing if each.exception() is None]
        for each in sealing:
            each.result()

    def _seal(self, pack: Pack, at: str) -> PackRecord:
        key = self.known.keys[pack.patient]
        return self.known.sealer.seal(pack, record_key=key, patient=self._patients[pack.patient], at=at)

    def _make_keys(self, patients: set[int]) -> None:
        """Each of `patients` has a record key, as before or a new one, durable in the store."""
        if patients <= self.known.keys.keys():
            return
        with self.known.making_keys:
            new = sorted(patients - self.known.keys.keys())
            made = [self._key(new[0])] if len(new) == 1 else list(self._pool.map(self._key, new))
            if self._made and not self._archive.ring.is_current():
                # Looked at after the keys are in the store: whoever rotates from now on finds them there and takes them
                # on.
                raise RingRotated
            self.known.keys.update(zip(new, made, strict=True))

    def _key(self, patient: int) -> RecordKey:
        keys = self._archive.vault.record_keys
        if found := self._archive.catalogue.record_key_of(self.known.takeover.number, patient):
            return keys.open(UUID(hex=found))
        made = keys.make()
        self._made.append(made)
        return made

    def _write(self, items: Sequence[Sequence[Item]]) -> None:
        now = instant(self._archive.clock())
        deeds = [
            deed_maker(self._archive, "deposit", _deed(batch, settled), outcome="deposited", at=now)
            for batch, settled in zip(self._batches, items, strict=True)
        ]
        self._archive.catalogue.depositing.write(
            self.known.takeover.number,
            [each for settled in items for each in settled],
            self._stored,
            after=self._after,
            deeds=deeds,
            written=self.known.written,
            bindings={batch.depositor.binding: batch.depositor.until for batch in self._batches},
        )

    def _outcome(self, item: Item, came: Arrival | Item, offer: Offer) -> Outcome:
        return Outcome(
            takeover=self.known.takeover.id,
            ordinal=item.ordinal,
            disposition=item.disposition,
            size=item.size,
            sha256=came.sha256 if isinstance(came, Arrival) else b"",
            duplicate_of=item.duplicate_of,
            conflicts_with=item.conflicts_with,
            reason=item.reason,
            description=offer.description,
        )


def _packs(arrivals: Sequence[Arrival]) -> Iterator[Pack]:
    packer = Packer()
    for arrival in arrivals:
        yield from packer.add(arrival)
    yield from packer.rest()


def _ordinal(came: Arrival | Item) -> int:
    return came.item.ordinal if isinstance(came, Arrival) else came.ordinal


def _item(was: Item, *, ordinal: int, path: str, disposition: Disposition, conflicts_with: int = 0) -> Item:
    return Item(
        ordinal,
        path,
        was.size,
        was.declared,
        was.declared_size,
        was.declared_digests,
        disposition,
        was.duplicate_of,
        conflicts_with,
        was.reason,
    )


def _settled(each: Arrival | Duplicate) -> Item:
    if isinstance(each, Duplicate):
        return each.item
    was = each.item
    return _item(
        was,
        ordinal=was.ordinal,
        path=was.path,
        disposition=each.disposition,
        conflicts_with=each.conflicts_with,
    )


def _deed(batch: Batch, items: Sequence[Item]) -> dict[str, object]:
    """What was pushed, by whom: ordinals, and how many fell to which lot. Names no patient."""
    lots = [each.disposition for each in items]
    return {
        "takeover": batch.depositor.takeover,
        "binding": batch.depositor.binding,
        "door": batch.depositor.door,
        **batch.depositor.by,
        "first": items[0].ordinal if items else 0,
        "last": items[-1].ordinal if items else 0,
        "kept": sum(lot in STORED for lot in lots),
        "duplicate": lots.count(Disposition.DUPLICATE),
        "refused": lots.count(Disposition.REFUSED),
        "conflicting": sum(bool(each.conflicts_with) for each in items),
    }
