"""An archive over its years: takeovers, crashes at any change of store or catalogue, lost catalogues, rotations.

Whatever comes in whatever order: what was acknowledged comes out bit for bit with a proof, a verification finds
nothing, and a rebuilt catalogue is equal.
"""

import atexit
import shutil
import tempfile
from collections.abc import Callable
from contextlib import closing
from functools import cache
from io import BytesIO
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from repository.catalogue.catalogue import open_catalogue
from repository.domain.takeover import FINAL, STORED, Disposition, Handover, Producer, State
from repository.evidence import proof
from repository.evidence.signing import opened as opened_paper
from repository.intake import Order, protocol_of, receive
from repository.runtime import Archive
from repository.takeover.concluding import PURPOSE
from repository.upkeep.reaping import orphans, reap
from repository.upkeep.rebuilding import rebuild
from repository.upkeep.rotating import rotate
from repository.upkeep.verifying import Level, VerifyOrder, verify
from storage.sealing.pack import SealedMember
from tests.builders.archives_at_rest import AtRest, at_rest, bare_package
from tests.builders.catalogues import empty_catalogue
from tests.builders.cda import clinical_document
from tests.builders.dicom import data_set, part10
from tests.builders.faulty_stores import Countdown, Crash, CrashingStore, crashing
from tests.builders.warrants import EVERY

GIVEN = Handover(producer=Producer(name="Przychodnia", regon="123456785"))
IMAGE = part10(data_set(1))
CONTENTS = [
    b"", b"one", b"two", clinical_document(1), clinical_document(2), clinical_document(2, version=2), IMAGE,
    IMAGE + b"\0\0", part10(data_set(1, instance=2)), part10(data_set(3)),
    b'<!DOCTYPE x SYSTEM "file:///etc/passwd"><x/>',
]  # fmt: skip
PATIENTS = b"local_id,family_name\nP-1,Nieobecny\nP-2,Nieobecna\n"
files = st.dictionaries(st.sampled_from("abcdefgh"), st.sampled_from(CONTENTS), min_size=1, max_size=6)
crashes = st.tuples(st.integers(1, 24), st.booleans())
nothing: Callable[[object], None] = lambda _: None  # noqa: E731


@cache
def empty() -> AtRest:
    """An empty archive to copy; its folder goes with the process."""
    place = tempfile.TemporaryDirectory(prefix="edm-model-")
    atexit.register(place.cleanup)
    return at_rest(Path(place.name))


class ArchiveModel(RuleBasedStateMachine):
    """The archive, and what was promised of it: contents by package, as acknowledged or still to be."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="edm-model-"))
        self.acknowledged: dict[str, dict[str, bytes]] = {}
        self.cut_off: dict[Path, dict[str, bytes]] = {}
        self.count = 0

    @initialize()
    def begin(self) -> None:
        self.archive: AtRest = empty().copy(self.folder)

    def teardown(self) -> None:
        try:
            if hasattr(self, "archive"):
                self.everything_is_there()
        finally:
            shutil.rmtree(self.folder)

    def _package(self, contents: dict[str, bytes], *, listed: bool) -> tuple[Path, dict[str, bytes]]:
        self.count += 1
        contents = contents | ({"metadata/patients.csv": PATIENTS} if listed else {})
        return bare_package(self.folder / f"package{self.count}", contents), contents

    def _receive(self, archive: Archive, package: Path, contents: dict[str, bytes]) -> None:
        takeover = receive(archive, Order(package, given=GIVEN), progress=nothing)
        assert takeover.state in FINAL
        self.acknowledged[takeover.id] = contents
        self.cut_off.pop(package, None)

    @rule(contents=files, listed=st.booleans())
    def take_over(self, contents: dict[str, bytes], listed: bool) -> None:
        package, contents = self._package(contents, listed=listed)
        with self.archive.open() as opened:
            self._receive(opened, package, contents)

    @rule(contents=files, listed=st.booleans(), crash=crashes)
    def begin_to_take_over(self, contents: dict[str, bytes], listed: bool, crash: tuple[int, bool]) -> None:
        package, contents = self._package(contents, listed=listed)
        self._crash_in(package, contents, crash)

    @precondition(lambda self: self.cut_off)
    @rule(data=st.data(), crash=st.none() | crashes)
    def go_on(self, data: st.DataObject, crash: tuple[int, bool] | None) -> None:
        package = data.draw(st.sampled_from(sorted(self.cut_off)))
        if crash:
            self._crash_in(package, self.cut_off[package], crash)
            return
        with self.archive.open() as opened:
            self._receive(opened, package, self.cut_off[package])

    def _crash_in(self, package: Path, contents: dict[str, bytes], crash: tuple[int, bool]) -> None:
        countdown = Countdown(crash[0], after=crash[1])
        self.cut_off[package] = contents
        live = crashing(open_catalogue(f"sqlite:///{self.archive.database}"), countdown)
        store = CrashingStore(self.archive.store, countdown)
        try:
            with self.archive.open(store=store, catalogue=live) as opened:
                self._receive(opened, package, contents)
        except Crash:
            pass

    @rule(level=st.sampled_from(Level), pieces=st.booleans())
    def verify(self, level: Level, pieces: bool) -> None:
        order = VerifyOrder(level=level, max_seconds=1e-9 if pieces else 0)
        for _ in range(300):
            with self.archive.open() as opened:
                said = verify(opened, order, progress=nothing)
            assert {each.code for each in said.findings} <= {"VFY-STRAY"}
            if said.complete:
                assert said.whole
                return
        raise AssertionError("it does not end")

    @rule(lose=st.booleans())
    def rebuild(self, lose: bool) -> None:
        """Into a second catalogue, equal for all that was acknowledged; `lose` puts it in the place of the old one."""
        fresh = self.folder / "rebuilt.sqlite"
        fresh.unlink(missing_ok=True)
        with self.archive.open(catalogue=empty_catalogue(fresh)) as opened:
            done = rebuild(opened, opened.catalogue, progress=nothing)
            assert {each.code for each in done.findings} <= {
                "RBD-ORPHAN",
                "RBD-NO-OPENING",
                "RBD-JOURNAL-UNLOGGED",  # sealed, and cut off before the log over it was published
            }
            with closing(open_catalogue(f"sqlite:///{self.archive.database}")) as old:
                for known in (old.takeover(id_) for id_ in self.acknowledged):
                    there = opened.catalogue.takeover(known.id)
                    assert list(opened.catalogue.dump(there.number)) == list(old.dump(known.number))
        if lose:
            for file in self.archive.settings.home.glob("catalogue.sqlite*"):
                file.unlink()
            shutil.move(fresh, self.archive.database)

    @rule(crash=st.none() | crashes)
    def rotate(self, crash: tuple[int, bool] | None) -> None:
        countdown = Countdown(crash[0], after=crash[1]) if crash else Countdown()
        try:
            with self.archive.open(store=CrashingStore(self.archive.store, countdown)) as opened:
                rotate(opened, progress=nothing)
        except Crash:
            with self.archive.open() as opened:
                rotate(opened, progress=nothing)

    @rule()
    def reap(self) -> None:
        with self.archive.open() as opened:
            reap(opened)
            assert all(orphan.open_takeover for orphan in orphans(opened))

    @rule()
    def everything_is_there(self) -> None:
        with self.archive.open() as opened:
            for id_, contents in self.acknowledged.items():
                self._holds(opened, id_, contents)

    def _holds(self, archive: Archive, id_: str, contents: dict[str, bytes]) -> None:
        takeover = archive.catalogue.takeover(id_)
        items = {item.path: item for item in archive.catalogue.items(takeover.number)}
        assert items.keys() == contents.keys()
        paper = opened_paper(
            protocol_of(archive, takeover), purpose=PURPOSE, public_key=archive.ring.signing_public_key()
        )
        assert State(paper["verdict"]) is takeover.state
        assert paper["statement"]["balances"]
        for path, item in items.items():
            if item.disposition is Disposition.REFUSED:
                assert b"DOCTYPE" in contents[path]
                continue
            assert item.disposition in STORED | {Disposition.DUPLICATE}
            holding = archive.catalogue.holding(takeover.number, item.duplicate_of or item.ordinal)
            pack = archive.catalogue.pack(takeover.number, holding.location.object_id)
            assert pack is not None
            member = SealedMember(holding.location.offset, holding.location.length, holding.sealed_sha256)
            assert b"".join(archive.vault.open(pack.key, member, warrant=EVERY)) == contents[path]
            index = archive.catalogue.index_of(takeover.number, holding.ordinal)
            proved = archive.log.prove_record(holding.record, index)
            proof.check(BytesIO(contents[path]), proved, [archive.log_key])


TestArchiveModel = ArchiveModel.TestCase
TestArchiveModel.settings = settings(max_examples=16, stateful_step_count=12, deadline=None)
