"""The journey in, from a package to its signed protocol: nothing is lost, nothing is changed, everything is named."""

import json
from hashlib import sha256
from pathlib import Path

import pytest

from repository.domain.describing import Kind
from repository.domain.takeover import Disposition, State
from repository.evidence.errors import PaperForged
from repository.evidence.signing import opened as opened_paper
from repository.intake import Order, announce, protocol_of, receive, statement_of
from repository.packages.package import open_package
from repository.samples.building import SampleSummary, build_sample
from repository.takeover.concluding import PURPOSE
from repository.takeover.errors import ProtocolMissing
from tests.builders.archives import tar_bytes, tar_gz_bytes, write_files, zip_bytes
from tests.builders.archives_at_rest import AtRest, at_rest, bare_package
from tests.builders.homes import assert_whole
from tests.repository.taken_over import FILES, GIVEN, assert_given_back, lots, paper

pytestmark = pytest.mark.requirement("R463-6.1")


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> AtRest:
    return at_rest(tmp_path_factory.mktemp("empty"))


@pytest.fixture
def archive(empty: AtRest, tmp_path: Path) -> AtRest:
    return empty.copy(tmp_path / "archive")


@pytest.fixture(scope="module")
def damaged(tmp_path_factory: pytest.TempPathFactory) -> SampleSummary:
    return build_sample(tmp_path_factory.mktemp("damaged") / "bag", damage=True)


@pytest.mark.requirement("R463-7.4")
def test_a_sample_is_accepted_without_exception(archive: AtRest, tmp_path: Path) -> None:
    built = build_sample(tmp_path / "bag")
    with archive.open() as opened:
        takeover = receive(opened, Order(built.folder), progress=lambda _: None)
        assert takeover.state is State.ACCEPTED
        assert_whole(opened, takeover, built.folder)
        said = paper(opened, takeover)
    assert said["verdict"] == "accepted"
    assert said["statement"]["exceptions"] == []
    assert said["statement"]["residue"] == {"declared": 0, "present": 0, "holdings": 0}
    counts = {each["name"]: (each["declared"], each["found"]) for each in said["statement"]["counts"]}
    assert counts["items"] == (built.items, built.items)
    assert counts["bytes"] == (built.size, built.size)
    assert counts["patients"] == (built.patients, built.patients)
    assert counts["documents"] == (built.documents, built.documents)
    assert counts["instances"] == (built.images, built.images)


def test_the_statement_names_exactly_what_was_done_to_a_package(archive: AtRest, damaged: SampleSummary) -> None:
    done = damaged.damage
    with archive.open() as opened:
        takeover = receive(opened, Order(damaged.folder), progress=lambda _: None)
        assert takeover.state is State.ACCEPTED_WITH_EXCEPTIONS
        said = paper(opened, takeover)["statement"]
        assert_whole(opened, takeover, damaged.folder)
        ordinals = {item.path: item.ordinal for item in opened.catalogue.items(takeover.number)}
    named = {each["path"]: each for each in said["exceptions"]}
    by_lot = {lot: {path for path, each in named.items() if each["disposition"] == lot} for lot in Disposition}
    assert by_lot[Disposition.ALTERED] == set(done.altered)
    assert by_lot[Disposition.MISSING] == set(done.missing)
    assert by_lot[Disposition.UNEXPECTED] == set(done.unexpected)
    assert by_lot[Disposition.REFUSED] == set()
    twins = {(path, each["duplicate_of"]) for path, each in named.items() if each["disposition"] == "duplicate"}
    assert {path for path, _ in twins} | {next(p for p, o in ordinals.items() if o == of) for _, of in twins} == {
        path for pair in done.duplicates for path in pair
    }
    conflicts = {(path, each["conflicts_with"]) for path, each in named.items() if "conflicts_with" in each}
    assert {frozenset((path, next(p for p, o in ordinals.items() if o == of))) for path, of in conflicts} == {
        frozenset(pair) for pair in done.conflicts
    }
    expected = set(done.altered) | set(done.missing) | set(done.unexpected) | {path for path, _ in twins | conflicts}
    assert set(named) == expected


@pytest.mark.parametrize("form", ["folder", "tar", "tar.gz", "zip"])
def test_a_bare_package_in_any_form_is_taken_over(archive: AtRest, tmp_path: Path, form: str) -> None:
    path = tmp_path / f"package.{form}"
    if form == "folder":
        write_files(path, FILES)
    else:
        path.write_bytes({"tar": tar_bytes, "tar.gz": tar_gz_bytes, "zip": zip_bytes}[form](FILES))
    with archive.open() as opened:
        takeover = receive(opened, Order(path, given=GIVEN), progress=lambda _: None)
        assert takeover.state is State.ACCEPTED
        assert not takeover.declared
        assert_given_back(opened, takeover, FILES)
        kinds = {h.path: h.description.kind for h in opened.catalogue.holdings(takeover.number)}
    assert kinds == {"a.xml": Kind.CDA, "b.dcm": Kind.DICOM, "c.bin": Kind.OPAQUE}


@pytest.mark.parametrize("where", ["inside", "beside"])
def test_a_manifest_inside_or_beside_a_bare_package_is_held_against_it(
    archive: AtRest, tmp_path: Path, where: str
) -> None:
    rows = [(name, len(content), sha256(content).hexdigest()) for name, content in FILES.items()]
    rows[0] = (rows[0][0], rows[0][1], "0" * 64)
    rows.append(("gone.xml", 7, "1" * 64))
    table = "\n".join(["path,size,sha256", *(f"{name},{size},{digest}" for name, size, digest in rows)]) + "\n"
    inside = {"manifest.csv": table.encode()} if where == "inside" else {}
    (tmp_path / "p.zip").write_bytes(zip_bytes(FILES | inside))
    (tmp_path / "given.csv").write_text(table)
    order = Order(tmp_path / "p.zip", given=GIVEN, manifest=tmp_path / "given.csv" if where == "beside" else None)
    with archive.open() as opened:
        takeover = receive(opened, order, progress=lambda _: None)
        assert takeover.declared
        found = lots(opened, takeover)
    assert found.pop("manifest.csv", "kept") == "kept"
    assert found == {"a.xml": "altered", "b.dcm": "kept", "c.bin": "kept", "gone.xml": "missing"}


def test_the_same_package_twice_is_one_takeover_and_one_protocol(archive: AtRest, damaged: SampleSummary) -> None:
    with archive.open() as opened:
        first = receive(opened, Order(damaged.folder), progress=lambda _: None)
        before = protocol_of(opened, first), opened.catalogue.log_size(), archive.store.names()
    with archive.open() as opened:
        again = receive(opened, Order(damaged.folder), progress=lambda _: None)
        assert again == first
        assert (protocol_of(opened, again), opened.catalogue.log_size(), archive.store.names()) == before


def test_two_providers_with_the_same_items_stay_apart(archive: AtRest, tmp_path: Path) -> None:
    one, other = (bare_package(tmp_path / name, FILES) for name in ("one", "other"))
    (other / "more.txt").write_bytes(b"more")
    with archive.open() as opened:
        takeovers = [receive(opened, Order(package, given=GIVEN), progress=lambda _: None) for package in (one, other)]
        for takeover in takeovers:
            assert takeover.state is State.ACCEPTED
            assert_given_back(opened, takeover, FILES)
            assert opened.catalogue.counts(takeover.number).patients == 2
        keys = [{key for key, _, _, _ in opened.catalogue.record_keys(each.number)} for each in takeovers]
        assert not keys[0] & keys[1]


def test_no_object_holds_two_patients(archive: AtRest, damaged: SampleSummary) -> None:
    takeover = archive.receive(damaged.folder)
    with archive.open() as opened:
        whose: dict[str, set[int]] = {}
        for holding in opened.catalogue.holdings(takeover.number):
            whose.setdefault(holding.location.object_id, set()).add(holding.patient)
        keys = {key: patient for key, _, patient, _ in opened.catalogue.record_keys(takeover.number)}
        assert {len(patients) for patients in whose.values()} == {1}
        packs = list(opened.catalogue.packs(takeover.number))
        assert {pack.object_id for pack in packs} >= whose.keys()
        assert [keys[pack.record_key] for pack in packs] == [pack.patient for pack in packs]
        assert sorted(keys.values()) == sorted(set(keys.values()))


def test_a_forged_protocol_is_told_from_a_true_one(archive: AtRest, damaged: SampleSummary) -> None:
    takeover = archive.receive(damaged.folder)
    with archive.open() as opened:
        raw = protocol_of(opened, takeover)
        key = opened.ring.signing_public_key()
        assert opened_paper(raw, purpose=PURPOSE, public_key=key)["takeover"]["id"] == takeover.id
        for forged in (raw.replace(b'"altered":1', b'"altered":0'), raw[:-1], raw + b" ", b"{}"):
            assert forged != raw
            with pytest.raises(PaperForged):
                opened_paper(forged, purpose=PURPOSE, public_key=key)
        with pytest.raises(PaperForged):
            opened_paper(raw, purpose="checkpoint", public_key=key)


def test_the_protocol_names_a_checkpoint_that_covers_every_holding(archive: AtRest, damaged: SampleSummary) -> None:
    takeover = archive.receive(damaged.folder)
    with archive.open() as opened:
        size = int(paper(opened, takeover)["checkpoint"].split("\n")[1])
        for holding in opened.catalogue.holdings(takeover.number):
            index = opened.catalogue.index_of(takeover.number, holding.ordinal)
            assert index < size
            opened.log.prove_record(holding.record, index, size=size)
        last = json.loads(protocol_of(opened, takeover))
    assert last["protocol"]["checkpoint"].endswith("\n")


def test_there_is_no_protocol_before_the_end(archive: AtRest, tmp_path: Path) -> None:
    package = bare_package(tmp_path / "p", FILES)
    with archive.open() as opened, open_package(package) as held:
        takeover = announce(opened, held, Order(package, given=GIVEN))
        assert statement_of(opened, takeover).tally.holdings == 0
        with pytest.raises(ProtocolMissing):
            protocol_of(opened, takeover)


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_the_number_of_workers_changes_nothing(tmp_path: Path, damaged: SampleSummary, workers: int) -> None:
    archive = at_rest(tmp_path / f"archive{workers}", workers=workers)
    with archive.open() as opened:
        takeover = receive(opened, Order(damaged.folder), progress=lambda _: None)
        assert_whole(opened, takeover, damaged.folder)
        found = lots(opened, takeover)
        people = [(p.number, sorted(i.extension for i in p.facts.identifiers)) for p in opened.catalogue.patients(1)]
    assert [number for number, _ in people] == [1, 2, 3]
    assert len(found) == len([path for path in damaged.folder.rglob("*") if path.is_file()]) + 1
