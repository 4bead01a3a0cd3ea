"""What `doctor` looks at, each check on its own: one that fails never hides another."""

import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, closing
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import unquote, urlsplit

from cli.checks import Check, failed
from cli.checkup_rebuild import left_by_rebuild
from cli.checkup_trust import trust_checks
from cli.screen import number, size
from cli.verifier_key import FILE as VERIFIER_FILE
from cli.verifier_key import of_ring
from repository.catalogue.catalogue import Catalogue, open_catalogue
from repository.catalogue.runs import RunState
from repository.clock import now
from repository.domain.takeover import FINAL
from repository.errors import HomeBusy, SecretMissing
from repository.home_lock import in_use, sole_writer
from repository.journal import FOLDER
from repository.measuring import FRESH, is_fresh, snapshots
from repository.runtime import secret_of, store_at
from repository.settings import Home, Settings, read_home
from repository.takeover.sealing import folder_of
from storage.errors import ArchiveError, Text
from storage.keys.ring import KeyRing, read_private
from storage.objects.port import ObjectStore

LITTLE = 1 << 30  # bytes free, below which nothing should be taken over
NONE_LEFT = 1 << 20  # below which not even the catalogue can be written to
OLD = timedelta(days=35)  # since the last verification
_CLOCK_SLACK = timedelta(minutes=5)


def examined(found: Settings) -> Iterator[Check]:
    """All checks that can be made; those below a broken part are left out."""
    try:
        home = read_home(found.home)
    except ArchiveError as error:
        yield failed("home", error)
        return
    yield Check("home", "ok", Text(en=f"archive {home.archive.hex}", pl=f"archiwum {home.archive.hex}"))
    yield _lock(found)
    yield from _keys(found, home)
    yield from trust_checks(found)
    yield from _disk(found, home)
    yield from _dicom(found)
    store = _opened_store(found, home)
    yield store if isinstance(store, Check) else _reachable(store, home)
    stack = ExitStack()
    try:
        stack.enter_context(in_use(found.home))
        catalogue = stack.enter_context(closing(open_catalogue(home.catalogue)))
    except ArchiveError as error:
        stack.close()
        yield failed("catalogue", error)
        return
    with stack:
        yield Check("catalogue", "ok", Text(en="its schema is that of this version", pl="schemat zgodny z tą wersją"))
        yield from left_by_rebuild(home)
        yield from _durable(catalogue)
        yield _clock(catalogue)
        yield _verified(catalogue)
        yield _journal(catalogue)
        yield from _unfinished(catalogue)
        if not isinstance(store, Check):
            yield _orphans(catalogue, store)
    if not isinstance(store, Check):
        store.close()


def _lock(found: Settings) -> Check:
    try:
        with sole_writer(found.home):
            return Check("lock", "ok", Text(en="no other process is writing", pl="żaden inny proces nie zapisuje"))
    except HomeBusy as error:
        return Check("lock", "warning", error.message, error.advice)
    except ArchiveError as error:
        return failed("lock", error)


def _keys(found: Settings, home: Home) -> Iterator[Check]:
    """The ring is there, only its owner reads it, and it opens, if a file says by what."""
    try:
        read_private(found.ring_path)
        yield Check(
            "key ring", "ok", Text(en="there, and only its owner reads it", pl="jest i czyta go tylko właściciel")
        )
        KeyRing.load(found.ring_path, secret=secret_of(found))
        yield Check("secret", "ok", Text(en="opens the key ring", pl="otwiera pęk kluczy"))
    except SecretMissing:
        asked = Text(en="no file is named: a passphrase is asked for", pl="nie wskazano pliku: program zapyta o hasło")
        yield Check("secret", "ok", asked)
    except ArchiveError as error:
        yield failed("key ring", error)
        return
    yield _public_key(found, home)


def _public_key(found: Settings, home: Home) -> Check:
    file = found.home / VERIFIER_FILE
    expected = of_ring(found.ring_path, archive=home.archive.hex)
    try:
        same = file.read_text("utf-8").strip() == expected
    except (OSError, UnicodeDecodeError):
        same = False
    if same:
        return Check("public key", "ok", Text(en=f"published in {file}", pl=f"ogłoszony w {file}"))
    return Check(
        "public key",
        "warning",
        Text(en=f"{file} is not the key of this archive's log", pl=f"{file} nie jest kluczem rejestru tego archiwum"),
        Text(en=f"Write this line to it: {expected}", pl=f"Zapisz w nim ten wiersz: {expected}"),
    )


def _disk(found: Settings, home: Home) -> Iterator[Check]:
    folders = {"home": found.home}
    if home.store.startswith("file:"):
        folders["store"] = Path(unquote(urlsplit(home.store).path))
    for name, folder in folders.items():
        try:
            free = shutil.disk_usage(folder).free
        except OSError:
            continue  # the store's own check tells
        detail = Text(en=f"{size(free)} free", pl=f"wolne {size(free)}")
        todo = Text(en="Make room before the next takeover.", pl="Zwolnij miejsce przed następnym przejęciem.")
        state = "ok" if free >= LITTLE else "warning" if free >= NONE_LEFT else "wrong"
        yield Check(f"disk of {name}", state, detail, todo if state != "ok" else None)


def _dicom(found: Settings) -> Iterator[Check]:
    """Processes of the DICOM door that run on this machine, or have ended otherwise than they should."""
    told = [each for each in snapshots(found.home) if each.name.startswith("dicom-")]
    for each in (each for each in told if not is_fresh(each)):
        silent = Text(
            en=f"process {each.name} is gone, or has told nothing for {FRESH:g} seconds or longer",
            pl=f"procesu {each.name} już nie ma albo milczy od {FRESH:g} sekund lub dłużej",
        )
        look = Text(
            en="Was it killed? `edm-archive serve` starts it again.",
            pl="Czy został zabity? `edm-archive serve` uruchomi go ponownie.",
        )
        yield Check("DICOM door", "warning", silent, look)
    if live := [each for each in told if is_fresh(each)]:
        count = number(round(sum(each.number("edm_dicom_associations") for each in live)))
        here = number(len(live))
        yield Check("DICOM door", "ok", Text(
            en=f"processes: {here}, associations now: {count}", pl=f"procesów: {here}, połączeń: {count}"
        ))  # fmt: skip


def _opened_store(found: Settings, home: Home) -> ObjectStore | Check:
    try:
        return store_at(home, found)
    except ArchiveError as error:
        return failed("store", error)


def _reachable(store: ObjectStore, home: Home) -> Check:
    try:
        next(iter(store.list("log/")), None)
    except ArchiveError as error:
        return failed("store", error)
    if home.store.startswith("file:") and not os.access(unquote(urlsplit(home.store).path), os.W_OK):
        return Check(
            "store",
            "wrong",
            Text(en="it answers, and cannot be written to", pl="odpowiada, ale nie można do niego pisać"),
            Text(en="Make it writable for this account.", pl="Nadaj temu kontu prawo zapisu."),
        )
    return Check("store", "ok", Text(en=f"{home.store} answers", pl=f"{home.store} odpowiada"))


def _durable(catalogue: Catalogue) -> Iterator[Check]:
    for name in catalogue.not_durable():
        yield Check(
            "database",
            "wrong",
            Text(
                en=f"{name} is off: what was acknowledged may be lost with the server",
                pl=f"{name} jest wyłączone: to, co potwierdzono, może przepaść razem z serwerem",
            ),
            Text(
                en=f"Set {name} = on in PostgreSQL's configuration and restart the server.",
                pl=f"Ustaw {name} = on w konfiguracji PostgreSQL i uruchom serwer ponownie.",
            ),
        )


def _clock(catalogue: Catalogue) -> Check:
    """No event may lie in the future: the archive's times are evidence."""
    stamps = [stamp for each in catalogue.takeovers() for stamp in (each.opened_at, each.closed_at) if stamp]
    latest = max(map(datetime.fromisoformat, stamps), default=None)
    moment = now()
    if latest is not None and latest > moment + _CLOCK_SLACK:
        return Check(
            "clock",
            "wrong",
            Text(en="behind the last event of the archive", pl="spóźnia się względem ostatniego zdarzenia archiwum"),
            Text(
                en="Set the clock (NTP) before anything is taken over.",
                pl="Ustaw zegar (NTP) przed kolejnym przejęciem.",
            ),
        )
    return Check("clock", "ok", Text(en=f"{moment:%Y-%m-%d %H:%M:%S} UTC", pl=f"{moment:%Y-%m-%d %H:%M:%S} UTC"))


def _verified(catalogue: Catalogue) -> Check:
    last = next((run for run in catalogue.runs() if run.state in {RunState.WHOLE, RunState.FINDINGS}), None)
    todo = Text(en="Run `edm-archive verify`.", pl="Uruchom `edm-archive verify`.")
    if last is None:
        if not catalogue.takeovers():
            return Check("verification", "ok", Text(en="nothing to verify yet", pl="nie ma jeszcze czego sprawdzać"))
        return Check("verification", "warning", Text(en="never run to its end", pl="nigdy nie ukończona"), todo)
    detail = Text(
        en=f"last {last.closed_at[:10]}, {last.level}: {last.state}",
        pl=f"ostatnia {last.closed_at[:10]}, {last.level}: {last.state}",
    )
    if last.state is RunState.FINDINGS:
        look = Text(
            en="Run `edm-archive verify` and look at the findings.",
            pl="Uruchom `edm-archive verify` i przejrzyj ustalenia.",
        )
        return Check("verification", "wrong", detail, look)
    old = now() - datetime.fromisoformat(last.closed_at) > OLD
    return Check("verification", "warning", detail, todo) if old else Check("verification", "ok", detail)


def _journal(catalogue: Catalogue) -> Check:
    """Lines wait for the next publishing; until then the catalogue alone has them."""
    lines, sealed = catalogue.journal.size(), catalogue.journal.bundled()
    told = number(lines), number(lines - sealed)
    return Check(
        "journal",
        "ok",
        Text(en=f"{told[0]} lines, {told[1]} not yet sealed", pl=f"wierszy {told[0]}, niezapieczętowanych {told[1]}"),
    )


def _unfinished(catalogue: Catalogue) -> Iterator[Check]:
    for takeover in catalogue.takeovers():
        if takeover.state not in FINAL:
            yield Check(
                "takeover",
                "warning",
                Text(
                    en=f"{takeover.id} is not finished ({takeover.state})",
                    pl=f"{takeover.id} nie jest zakończone ({takeover.state})",
                ),
                Text(
                    en=f"Run `edm-archive takeover receive {takeover.package}`: it goes on where it stopped.",
                    pl=f"Uruchom `edm-archive takeover receive {takeover.package}`: praca zostanie wznowiona.",
                ),
            )


def _orphans(catalogue: Catalogue, store: ObjectStore) -> Check:
    """Objects of finished takeovers that no row knows: stored and never acknowledged."""
    try:
        bundles = {bundle.key for bundle in catalogue.journal.bundles()}
        left = sum(held.key not in bundles for held in store.list(f"{FOLDER}/"))
        left += sum(
            sum(held.key not in known for held in store.list(folder_of(takeover.id) + "/"))
            for takeover in catalogue.takeovers()
            if takeover.state in FINAL
            for known in ({pack.key for pack in catalogue.packs(takeover.number)},)
        )
    except ArchiveError as error:
        return failed("orphans", error)
    if not left:
        return Check("orphans", "ok", Text(en="no pack is left over", pl="żadna paczka nie pozostała"))
    return Check(
        "orphans",
        "warning",
        Text(
            en=f"{number(left)} objects were stored and never acknowledged",
            pl=f"obiektów zapisanych i niepotwierdzonych: {number(left)}",
        ),
        Text(
            en="They take room and do no harm: `edm-archive storage orphans` lists them, and keys and headers besides.",
            pl="Zajmują miejsce i nie szkodzą: `edm-archive storage orphans` wymienia je, a także klucze i nagłówki.",
        ),
    )
