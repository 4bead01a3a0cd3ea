"""Tries on the real store what the archive depends on, with objects of its own, and takes them away again.

A store's documentation, its version and its own capabilities are not asked: each probe does the thing and looks.
"""

import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass

from storage.errors import ObjectExists, ObjectMissing, SealBroken, StorageError, Text
from storage.objects.port import CreateOnly, ObjectStore

PROBES = "qualify/"  # below it, names are random
_WRITERS = 8
_ROUNDS = 3
_BIG = 33 * 1024 * 1024 + 7  # three parts on S3, the last one short
_BLOCK = 1024 * 1024


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """One probe: `name` is stable; `passed` is what was seen; `detail` says it in words."""

    name: str
    passed: bool
    detail: Text


class _Failed(Exception):
    def __init__(self, en: str, pl: str) -> None:
        self.detail = Text(en=en, pl=pl)
        super().__init__(en)


def qualify(store: ObjectStore) -> list[ProbeResult]:
    """A verdict for each probe, in a fixed order. The probes' own objects are gone afterwards, or that fails."""
    run = secrets.token_hex(8)
    return [_result(store, run, name=name, probe=probe) for name, probe in _PROBES]


def _result(store: ObjectStore, run: str, *, name: str, probe: Callable[[ObjectStore, str], Text]) -> ProbeResult:
    try:
        return ProbeResult(name=name, passed=True, detail=probe(store, run))
    except _Failed as failure:
        return ProbeResult(name=name, passed=False, detail=failure.detail)
    except StorageError as fault:
        return ProbeResult(name=name, passed=False, detail=fault.message)


def _read_after_write(store: ObjectStore, run: str) -> Text:
    content = secrets.token_bytes(100_000)
    stored = store.put(f"{PROBES}{run}-read", [content[:1], content[1:]])
    _demand(
        stored.size == store.stat(f"{PROBES}{run}-read").size == len(content)
        and _read(store, f"{PROBES}{run}-read") == content,
        en="What was written is not what is read back.",
        pl="Odczytano co innego, niż zapisano.",
    )
    with suppress(ObjectMissing):
        store.stat(f"{PROBES}{run}-never")
        raise _Failed(en="An object that was never written is there.", pl="Istnieje obiekt, którego nie zapisano.")
    return Text(en="What is written is read back at once.", pl="Zapisane dane można od razu odczytać.")


def _empty(store: ObjectStore, run: str) -> Text:
    store.put(f"{PROBES}{run}-empty", [])
    _demand(
        _read(store, f"{PROBES}{run}-empty") == b"" and store.stat(f"{PROBES}{run}-empty").size == 0,
        en="An empty object comes back with content.",
        pl="Pusty obiekt wraca z zawartością.",
    )
    return Text(en="An empty object is kept.", pl="Pusty obiekt jest przechowywany.")


def _create_only(store: ObjectStore, run: str) -> Text:
    key = f"{PROBES}{run}-once"
    store.put(key, [b"first"])
    with suppress(ObjectExists):
        store.put(key, [b"other"])
        raise _Failed(en="A second write of a name was accepted.", pl="Przyjęto drugi zapis tej samej nazwy.")
    _demand(_read(store, key) == b"first", en="An object was overwritten.", pl="Obiekt został nadpisany.")
    return Text(en="An object that is there is never changed.", pl="Istniejący obiekt nie jest zmieniany.")


def _one_winner(store: ObjectStore, run: str) -> Text:
    for turn in range(_ROUNDS):
        key = f"{PROBES}{run}-race-{turn}"
        winners = _race(store, key)
        _demand(
            len(winners) == 1 and _read(store, key) == _claim(winners[0]),
            en=f"Of {_WRITERS} writers of one name, {len(winners)} were told that they had written it.",
            pl=f"Spośród {_WRITERS} piszących tę samą nazwę {len(winners)} otrzymało potwierdzenie zapisu.",
        )
    if store.capabilities.create_only is CreateOnly.CHECKED:
        return Text(
            en="One writer of a name wins within this process; against other processes this store does not promise it "
            "for objects of every size. Let one process write, or use a bucket with versioning.",
            pl="W obrębie procesu wygrywa jeden piszący; wobec innych procesów magazyn nie gwarantuje tego dla "
            "obiektów każdej wielkości. Niech pisze jeden proces albo użyj zasobnika z wersjonowaniem.",
        )
    return Text(en="Of many writers of one name exactly one wins.", pl="Z wielu piszących jedną nazwę wygrywa jeden.")


def _ranges(store: ObjectStore, run: str) -> Text:
    content = secrets.token_bytes(70_000)
    key = f"{PROBES}{run}-ranges"
    store.put(key, [content])
    for offset, length in ((0, 1), (1, 65_536), (69_999, 1), (70_000, 0), (35_000, None), (70_000, None)):
        with store.open(key, offset=offset, length=length) as reader:
            got = reader.read()
        end = len(content) if length is None else offset + length
        _demand(
            got == content[offset:end],
            en=f"The range at byte {offset} is not what was asked for.",
            pl=f"Zakres od bajtu {offset} nie jest tym, o który poproszono.",
        )
    return Text(en="Ranges are exact.", pl="Zakresy są dokładne.")


def _past_the_end(store: ObjectStore, run: str) -> Text:
    key = f"{PROBES}{run}-short"
    store.put(key, [b"0123456789"])
    for offset, length in ((5, 6), (10, 1), (11, None), (500, 5)):
        with suppress(SealBroken):
            with store.open(key, offset=offset, length=length) as reader:
                reader.read()
            raise _Failed(
                en="A range past the end was answered as if it were whole.",
                pl="Na zakres poza końcem obiektu odpowiedziano, jakby był pełny.",
            )
    return Text(en="A range past the end is told from a fault.", pl="Zakres poza końcem odróżnia się od awarii.")


def _listing(store: ObjectStore, run: str) -> Text:
    # the same folders in every run, since a store on folders keeps them
    names = sorted(f"{PROBES}order{place}{run}" for place in ("-", ".", "/", "/d-", "/d/", "0", "_"))
    for name in reversed(names):
        store.put(name, [b"x"])
    whole = [found.key for found in store.list(f"{PROBES}order") if found.key.endswith(run)]
    resumed = [found.key for found in store.list(f"{PROBES}order", after=names[2]) if found.key.endswith(run)]
    _demand(
        whole == names and resumed == names[3:],
        en="A listing is not in the order of names, not whole, or cannot be resumed.",
        pl="Lista nie jest uporządkowana według nazw, jest niepełna albo nie można jej wznowić.",
    )
    return Text(
        en="Listings are whole, in order, and can be resumed.", pl="Listy są pełne, uporządkowane i można je wznowić."
    )


def _big(store: ObjectStore, run: str) -> Text:
    key = f"{PROBES}{run}-big"
    block = secrets.token_bytes(_BLOCK)

    def parts() -> Iterator[bytes]:
        for start in range(0, _BIG, _BLOCK):
            yield block[: min(_BLOCK, _BIG - start)]

    store.put(key, parts())
    same = store.stat(key).size == _BIG
    with store.open(key) as reader:
        for part in parts():
            same = same and reader.read(len(part)) == part
        same = same and reader.read(1) == b""
    _demand(same, en="A large object does not come back as it was.", pl="Duży obiekt nie wraca w tej samej postaci.")
    with suppress(ObjectExists):
        store.put(key, parts())
        raise _Failed(en="A large object was overwritten.", pl="Duży obiekt został nadpisany.")
    return Text(en="A large object is kept whole.", pl="Duży obiekt jest przechowywany w całości.")


def _deleting(store: ObjectStore, run: str) -> Text:
    key = f"{PROBES}{run}-deleted"
    store.put(key, [b"to go"])
    store.delete(key)
    store.delete(key)
    gone = False
    try:
        _read(store, key)
    except ObjectMissing:
        gone = True
    listed = [found.key for found in store.list(key)]
    _demand(gone and not listed, en="A deleted object is still there.", pl="Usunięty obiekt nadal istnieje.")
    return Text(en="A deleted object is gone, with its versions.", pl="Usunięty obiekt znika wraz z wersjami.")


def _clean(store: ObjectStore, run: str) -> Text:
    for found in list(store.list(PROBES)):
        if run in found.key:
            store.delete(found.key)
    _demand(
        not any(run in found.key for found in store.list(PROBES)),
        en=f"Probe objects are left: {PROBES}…{run}…",
        pl=f"Pozostały obiekty próbne: {PROBES}…{run}…",
    )
    return Text(en="No probe object is left.", pl="Nie pozostał żaden obiekt próbny.")


_PROBES: tuple[tuple[str, Callable[[ObjectStore, str], Text]], ...] = (
    ("read-after-write", _read_after_write),
    ("empty-object", _empty),
    ("create-only", _create_only),
    ("one-winner", _one_winner),
    ("ranges", _ranges),
    ("range-past-the-end", _past_the_end),
    ("listing", _listing),
    ("large-object", _big),
    ("delete", _deleting),
    ("clean-up", _clean),  # always the last
)


def _race(store: ObjectStore, key: str) -> list[int]:
    """The writers that were told they had written `key`, when all tried at once."""
    winners: list[int] = []
    faults: list[StorageError] = []
    start = threading.Barrier(_WRITERS)

    def write(writer: int) -> None:
        start.wait()
        try:
            store.put(key, [_claim(writer)])
            winners.append(writer)
        except ObjectExists:
            pass
        except StorageError as fault:
            faults.append(fault)

    threads = [threading.Thread(target=write, args=(writer,)) for writer in range(_WRITERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if faults:
        raise faults[0]
    return winners


def _claim(writer: int) -> bytes:
    return b"writer %d" % writer


def _read(store: ObjectStore, key: str) -> bytes:
    with store.open(key) as reader:
        return reader.read()


def _demand(seen: bool, *, en: str, pl: str) -> None:  # noqa: FBT001  what was seen is the subject
    if not seen:
        raise _Failed(en=en, pl=pl)
