"""Duplicates and conflicts: within one batch, over several, and over the border of a commit in the middle of one."""

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from pathlib import Path
from shutil import copy

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from repository.catalogue.catalogue import Catalogue, open_catalogue
from repository.domain.describing import Description, DicomFacts, DocumentFacts, Identifier, Kind, PatientFacts
from repository.domain.holding import Holding, Location
from repository.domain.takeover import Disposition, Item
from repository.takeover import sorting
from repository.takeover.arriving import Arrival
from repository.takeover.assigning import NOBODY, Patients
from repository.takeover.sorting import Duplicate, Sorter
from tests.builders.catalogues import copy_of_empty
from tests.builders.holdings import kept, listed, opened, packed

OPAQUE = Description(Kind.OPAQUE, "application/octet-stream")


def image(uid: str) -> Description:
    return Description(Kind.DICOM, "application/dicom", dicom=DicomFacts("1.2", uid, "1.3", "1.4", "1.5", {}))


def document(extension: str) -> Description:
    return Description(Kind.CDA, "text/xml", document=DocumentFacts(Identifier("1.6", extension)))


def arrival(ordinal: int, content: bytes, description: Description = OPAQUE, *, streamed: bool = False) -> Arrival:
    digest = b"" if streamed else hashlib.sha256(content).digest()
    disposition = Disposition.PENDING if streamed else Disposition.KEPT
    return Arrival(
        Item(ordinal, f"data/{ordinal}"), description, None if streamed else content, sha256=digest, size=len(content),
        disposition=disposition,
    )  # fmt: skip


def holding_of(each: Arrival) -> Holding:
    made = kept(each.item.ordinal, each.description, patient=each.patient)
    return replace(made, sha256=each.sha256, conflicts_with=each.conflicts_with, location=Location("", 0, 50))


class Desk:
    """A sorter over a real catalogue; `commit` records what it gave out, as the receiving run does."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue, self.number, self.packs = catalogue, opened(catalogue).number, 0
        catalogue.list_items(self.number, listed(*range(1, 99)))
        self.sorter = Sorter(catalogue, self.number, Patients())

    def again(self) -> None:
        """The next run, after a stop."""
        self.sorter = Sorter(self.catalogue, self.number, Patients())

    def commit(self, *arrivals: Arrival) -> None:
        self.packs += 1
        record = packed(f"{self.packs:032x}", *(holding_of(each) for each in arrivals))
        self.catalogue.record(self.number, [record])
        self.sorter.committed(record.holdings)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "catalogue.sqlite"
    copy_of_empty(path)
    return path


@pytest.fixture
def catalogue(template: Path, tmp_path: Path) -> Iterator[Catalogue]:
    made = open_catalogue(f"sqlite:///{copy(template, tmp_path)}")
    yield made
    made.close()


@pytest.fixture(params=["remembered", "asked for"])
def desk(catalogue: Catalogue, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """What was committed is remembered in full, or asked of the catalogue from the first batch on."""
    if request.param == "asked for":
        monkeypatch.setattr(sorting, "REMEMBERED", 0)
    return Desk(catalogue)


def outcome(sorted_: list[Arrival | Duplicate]) -> list[tuple[int, int, int]]:
    """(ordinal, duplicate of, conflicts with)."""
    return [
        (each.item.ordinal, *((each.original, 0) if isinstance(each, Duplicate) else (0, each.conflicts_with)))
        for each in sorted_
    ]


def test_the_first_of_equal_items_is_kept(desk: Desk) -> None:
    came = [arrival(1, b"a"), arrival(2, b"b"), arrival(3, b"a"), arrival(4, b"a")]
    assert outcome(list(desk.sorter.sort(came))) == [(1, 0, 0), (2, 0, 0), (3, 1, 0), (4, 1, 0)]


def test_a_duplicate_says_of_what(desk: Desk) -> None:
    _, twin = desk.sorter.sort([arrival(1, b"a"), arrival(2, b"a")])
    assert isinstance(twin, Duplicate)
    assert twin.item.disposition is Disposition.DUPLICATE
    assert (twin.item.duplicate_of, twin.original) == (1, 1)


def test_equal_items_are_found_over_batches_and_commits(desk: Desk) -> None:
    (first,) = desk.sorter.sort([arrival(1, b"a")])
    assert outcome(list(desk.sorter.sort([arrival(2, b"a")]))) == [(2, 1, 0)]
    assert isinstance(first, Arrival)
    assert desk.sorter.uncommitted([1, 2]) == {1}
    desk.commit(first)
    assert desk.sorter.uncommitted([1, 2]) == set()
    assert outcome(list(desk.sorter.sort([arrival(3, b"a")]))) == [(3, 1, 0)]
    desk.again()
    assert outcome(list(desk.sorter.sort([arrival(4, b"a")]))) == [(4, 1, 0)]


@pytest.mark.parametrize(
    ("one", "other"), [(image("1.2.3"), image("1.2.4")), (document("a"), document("b"))], ids=["images", "documents"]
)
def test_one_identifier_with_other_bytes_is_a_conflict_wherever_the_commit_falls(
    desk: Desk, one: Description, other: Description
) -> None:
    came = [arrival(1, b"1", one), arrival(2, b"2", one), arrival(3, b"3", other), arrival(4, b"4", one)]
    assert outcome(list(desk.sorter.sort(came))) == [(1, 0, 0), (2, 0, 1), (3, 0, 0), (4, 0, 1)]
    desk.commit(*came)
    assert outcome(list(desk.sorter.sort([arrival(5, b"5", one), arrival(6, b"6", other)]))) == [(5, 0, 1), (6, 0, 3)]
    desk.again()
    assert outcome(list(desk.sorter.sort([arrival(7, b"7", other)]))) == [(7, 0, 3)]


@pytest.mark.parametrize("said", [image("1.2.3"), document("a")], ids=["image", "document"])
@pytest.mark.parametrize("after", list(product((1, 2, 3, 9), (2, 3, 9), (3, 9))), ids=str)
def test_of_several_with_one_identifier_the_first_is_named_whenever_each_is_committed(
    desk: Desk, said: Description, after: tuple[int, ...]
) -> None:
    """Packs of several patients are sent and committed as it comes; the statement may not depend on that."""
    came = {number: arrival(number, b"%d" % number, said) for number in range(1, 5)}
    conflicts = []
    for number, each in came.items():
        conflicts += outcome(list(desk.sorter.sort([each])))
        for place, when in enumerate(after, 1):
            if when == number:
                desk.commit(came[place])
    assert conflicts == [(1, 0, 0), (2, 0, 1), (3, 0, 1), (4, 0, 1)]


@pytest.mark.parametrize("said", [OPAQUE, image("1.2.3"), document("a")], ids=["opaque", "image", "document"])
def test_a_commit_in_the_middle_of_a_batch_hides_nothing(desk: Desk, said: Description) -> None:
    """With many patients a pack may be sent and committed while its batch is still being sorted."""
    list(desk.sorter.sort([arrival(1, b"before")]))
    desk.commit(arrival(1, b"before"))
    batch = desk.sorter.sort([arrival(2, b"a", said), arrival(3, b"a", said), arrival(4, b"b", said)])
    first = next(batch)
    assert isinstance(first, Arrival)
    desk.commit(first)
    conflict = 0 if said is OPAQUE else 2
    assert outcome(list(batch)) == [(3, 2, 0), (4, 0, conflict)]


def test_an_identifier_that_is_empty_conflicts_with_nothing(desk: Desk) -> None:
    came = [arrival(1, b"1", document("")), arrival(2, b"2", document(""))]
    assert outcome(list(desk.sorter.sort(came))) == [(1, 0, 0), (2, 0, 0)]


def test_the_bytes_of_a_streamed_item_are_not_known_yet(desk: Desk) -> None:
    came = [arrival(1, b"a", image("1.2.3"), streamed=True), arrival(2, b"a", image("1.2.3"), streamed=True)]
    assert outcome(list(desk.sorter.sort(came))) == [(1, 0, 0), (2, 0, 1)]


def test_who_is_named_by_nobody_and_by_too_many_is_noted(desk: Desk) -> None:
    def of(*values: str) -> Description:
        return replace(document("-".join(values)), patient=PatientFacts(tuple(Identifier("1", v) for v in values)))

    came = [
        arrival(1, b"1", of("a")),
        arrival(2, b"2", of("b")),
        arrival(3, b"3", of("a", "b")),
        arrival(4, b"4", of()),
    ]
    done = [each for each in desk.sorter.sort([*came, arrival(5, b"5")]) if isinstance(each, Arrival)]
    assert [each.patient for each in done] == [1, 2, 1, NOBODY, NOBODY]
    assert [[found.code for found in each.description.findings] for each in done] == [
        [], [], ["TKO-PATIENT-AMBIGUOUS"], ["TKO-NO-PATIENT"], [],
    ]  # fmt: skip


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    contents=st.lists(st.tuples(st.sampled_from(b"abcd"), st.sampled_from(["1.1", "1.2"])), max_size=16),
    cuts=st.lists(st.sampled_from(["batch", "commit", "restart"]), max_size=20),
    remembered=st.sampled_from([0, 3, 1000]),
)
def test_neither_batches_nor_commits_nor_restarts_change_the_outcome(
    template: Path,
    tmp_path_factory: pytest.TempPathFactory,
    contents: list[tuple[int, str]],
    cuts: list[str],
    remembered: int,
) -> None:
    made = open_catalogue(f"sqlite:///{copy(template, tmp_path_factory.mktemp('c'))}")
    came = [arrival(n, bytes((value,)), image(uid)) for n, (value, uid) in enumerate(contents, 1)]
    expected, digests, uids = [], dict[bytes, int](), dict[str, int]()
    for each in came:
        ordinal, dicom = each.item.ordinal, each.description.dicom
        assert dicom is not None
        if each.sha256 in digests:
            expected.append((ordinal, digests[each.sha256], 0))
            continue
        digests[each.sha256] = ordinal
        expected.append((ordinal, 0, uids.get(dicom.sop_instance_uid, 0)))
        uids.setdefault(dicom.sop_instance_uid, ordinal)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(sorting, "REMEMBERED", remembered)
        desk, found, waiting = Desk(made), list[Arrival | Duplicate](), list[Arrival]()
        for number, each in enumerate(came):
            for sorted_ in desk.sorter.sort([each]):
                found.append(sorted_)
                waiting.extend([sorted_] if isinstance(sorted_, Arrival) else [])
                cut = cuts[number] if number < len(cuts) else "batch"
                if cut != "batch" and waiting:
                    desk.commit(*waiting)
                    waiting = []
                if cut == "restart":
                    desk.again()
    made.close()
    assert outcome(found) == expected
