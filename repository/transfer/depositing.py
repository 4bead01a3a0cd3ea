"""A group of offers becomes holdings of an open takeover: sealed, catalogued, in the log; one transaction for all.

    offers, in order → ordinals → sort, pack → seal and store → one commit → outcomes

Promised: what an outcome tells is durable. A group that fails leaves no row; its objects are orphans, taken back where
it is sure that nothing knows them, and reaped when the takeover is closed. What this process knows of the takeover is
forgotten with it and read anew, so that a guess never outlives its ground.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, Future, wait
from contextlib import suppress
from dataclasses import dataclass, field, replace
from uuid import UUID

from repository.catalogue.depositing import TakeoverOver, TakeoverOvertaken
from repository.clock import instant, stamp
from repository.domain.holding import PackRecord
from repository.domain.takeover import STORED, Disposition, Item, State, Takeover
from repository.intake import record_opening
from repository.journal import deed_maker
from repository.runtime import Archive
from repository.takeover.arriving import Arrival
from repository.takeover.assigning import Patients
from repository.takeover.packing import Pack, Packer
from repository.takeover.sealing import Sealer
from repository.takeover.sorting import Duplicate, Sorter
from repository.transfer.errors import NotLive, RingRotated
from repository.transfer.offering import Offer, Outcome
from repository.transfer.opening import DETAIL, Depositor
from storage.errors import ArchiveError
from storage.keys.record_keys import RecordKey

ATTEMPTS = 5  # with other processes that write to the same takeover


@dataclass(slots=True)
class Batch:
    """What one push has handed over at one time; all of it is in one transaction."""

    depositor: Depositor
    offers: Sequence[Offer]
    outcomes: Future[list[Outcome]] = field(default_factory=Future)


class _Known:
    """What this process knows of a takeover between two commits."""

    def __init__(self, archive: Archive, takeover: Takeover) -> None:
        self.takeover = takeover
        self.last = archive.catalogue.depositing.last_ordinal(takeover.number)
        self.patients = Patients()
        for record in archive.catalogue.patients(takeover.number):
            self.patients.restore(record)
        self.sorter = Sorter(archive.catalogue, takeover.number, self.patients)
        self.sealer = Sealer(archive.vault, takeover)
        self.keys: dict[int, RecordKey] = {}


class Depositing:
    """One open takeover. Not to be shared: one group at a time."""

    def __init__(self, archive: Archive, takeover: str, *, pool: Executor) -> None:
        self._archive, self._id, self._pool = archive, takeover, pool
        self._known: _Known | None = None

    def settle(self, batches: Sequence[Batch]) -> list[list[Outcome]]:
        """What became of each batch, durable. Raises `TakeoverOver`, `TakeoverOvertaken`, `RingRotated` and what the
        store and the catalogue raise; then nothing of any batch was deposited, but for a catalogue that failed in the
        moment of the commit: repeated, the same bytes are then duplicates."""
        for attempt in range(1, ATTEMPTS + 1):
            known = self._known or self._read()
            self._known = None  # until it is sure that what is known is so
            try:
                outcomes = _Group(self._archive, known, self._pool).settle(batches)
            except TakeoverOvertaken:
                if attempt == ATTEMPTS:
                    raise
                continue
            self._known = known
            return outcomes
        raise RuntimeError("internal: unreachable")

    def _read(self) -> _Known:
        self._archive.log.confirm()
        takeover = self._archive.catalogue.takeover(self._id)
        if not takeover.live:
            raise NotLive(takeover=takeover.id)
        if takeover.state is not State.RECEIVING:
            raise TakeoverOver(takeover=takeover.id)
        if not self._archive.catalogue.events(takeover.number):  # stopped between the takeover and its opening
            record_opening(self._archive, takeover, detail=DETAIL)
        return _Known(self._archive, takeover)


class _Group:
    """One attempt at one group."""

    def __init__(self, archive: Archive, known: _Known, pool: Executor) -> None:
        self._archive, self._known, self._pool = archive, known, pool
        self._after = known.last
        self._made: list[RecordKey] = []
        self._stored: list[PackRecord] = []

    def settle(self, batches: Sequence[Batch]) -> list[list[Outcome]]:
        came = [[self._numbered(offer) for offer in batch.offers] for batch in batches]
        arrivals = [each for batch in came for each in batch if isinstance(each, Arrival)]
        sorted_ones = list(self._known.sorter.sort(arrivals))
        try:
            self._seal_all([each for each in sorted_ones if isinstance(each, Arrival)])
        except BaseException:
            self._take_back()
            raise
        try:
            items = {each.ordinal: each for batch in came for each in batch if isinstance(each, Item)}
            items |= {each.item.ordinal: _settled(each) for each in sorted_ones}
            ordinals = [[_ordinal(each) for each in batch] for batch in came]
            self._commit(batches, [[items[each] for each in batch] for batch in ordinals])
        except (TakeoverOver, TakeoverOvertaken):  # any other fault may have come after the commit
            self._take_back()
            raise
        for record in self._stored:
            self._known.sorter.committed(record.holdings)
        return [
            [self._outcome(items[_ordinal(each)], each, offer) for each, offer in zip(batch, given.offers, strict=True)]
            for batch, given in zip(came, batches, strict=True)
        ]

    def _numbered(self, offer: Offer) -> Arrival | Item:
        """With the next ordinal; an arrival is copied, so that another attempt finds the offer as it was."""
        self._known.last += 1
        item = offer.came.item if isinstance(offer.came, Arrival) else offer.came
        item = replace(item, ordinal=self._known.last, path=offer.path)
        return replace(offer.came, item=item) if isinstance(offer.came, Arrival) else item

    def _seal_all(self, arrivals: Sequence[Arrival]) -> None:
        """All are durable in the store; `_stored` has what the transaction will write of them."""
        packs = list(_packs(arrivals))
        if not packs:
            return
        self._make_keys({pack.patient for pack in packs})
        at = stamp(self._archive.clock())
        sealing = [self._pool.submit(self._seal, pack, at) for pack in packs[1:]]
        try:
            self._stored.append(self._seal(packs[0], at))
        finally:
            wait(sealing)
            self._stored += [each.result() for each in sealing if each.exception() is None]
        for each in sealing:
            each.result()

    def _seal(self, pack: Pack, at: str) -> PackRecord:
        patient, key = self._known.patients.record(pack.patient), self._known.keys[pack.patient]
        return self._known.sealer.seal(pack, record_key=key, patient=patient, at=at)

    def _make_keys(self, patients: set[int]) -> None:
        """Each of `patients` has a record key, as before or a new one, durable in the store."""
        new = sorted(patients - self._known.keys.keys())
        for patient, key in zip(new, list(self._pool.map(self._key, new)), strict=True):
            self._known.keys[patient] = key
        if self._made and not self._archive.ring.is_current():
            # Looked at after the keys are in the store: whoever rotates from now on finds them there and takes them on.
            raise RingRotated

    def _key(self, patient: int) -> RecordKey:
        keys = self._archive.vault.record_keys
        if found := self._archive.catalogue.record_key_of(self._known.takeover.number, patient):
            return keys.open(UUID(hex=found))
        made = keys.make()
        self._made.append(made)
        return made

    def _commit(self, batches: Sequence[Batch], items: Sequence[Sequence[Item]]) -> None:
        now = instant(self._archive.clock())
        deeds = [
            deed_maker(self._archive, "deposit", _deed(batch, settled), outcome="deposited", at=now)
            for batch, settled in zip(batches, items, strict=True)
        ]
        every = [each for settled in items for each in settled]
        self._archive.catalogue.depositing.write(
            self._known.takeover.number, every, self._stored, after=self._after, deeds=deeds
        )

    def _take_back(self) -> None:
        with suppress(ArchiveError):  # what stays is reaped when the takeover is closed
            for record in self._stored:
                self._archive.store.delete(record.pack.key)
            for key in self._made:
                self._archive.vault.record_keys.destroy(key.id)

    def _outcome(self, item: Item, came: Arrival | Item, offer: Offer) -> Outcome:
        return Outcome(
            takeover=self._known.takeover.id,
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


def _settled(each: Arrival | Duplicate) -> Item:
    if isinstance(each, Duplicate):
        return each.item
    return replace(each.item, disposition=each.disposition, conflicts_with=each.conflicts_with)


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
