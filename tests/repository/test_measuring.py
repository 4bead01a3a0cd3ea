"""What processes of other doors count is told by small files, and read by whoever shows it."""

import json
import stat
import threading
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as some

from repository.clock import now
from repository.measuring import FRESH, Counters, Family, Snapshot, is_fresh, last_seen, snapshots, told
from tests.repository.waiting import eventually

ONE = Family("edm_x", "counter", "X.", ["how"], [(("a",), 3.0), (("b",), 1.5)])


def test_what_is_told_is_read_by_others_until_it_is_over(tmp_path: Path) -> None:
    with told(tmp_path, "dicom-1", lambda: [ONE], clock=now, every=60):
        assert eventually(lambda: len(snapshots(tmp_path)) == 1)
        (found,) = snapshots(tmp_path)
        assert (found.name, found.number("edm_x"), found.number("edm_y")) == ("dicom-1", 4.5, 0)
        assert is_fresh(found)
        (file,) = (each for each in tmp_path.rglob("*.json"))
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert snapshots(tmp_path) == []
    assert not any(each.name == "measures" for each in threading.enumerate())


def test_it_is_told_anew_as_it_changes(tmp_path: Path) -> None:
    counters = Counters()
    with told(tmp_path, "x", lambda: [counters.family("edm_y", "Y.")], clock=now, every=0.01):
        assert eventually(lambda: [each.number("edm_y") for each in snapshots(tmp_path)] == [0])
        counters.add("edm_y", value=7)
        assert eventually(lambda: [each.number("edm_y") for each in snapshots(tmp_path)] == [7])


def test_a_folder_that_cannot_be_written_to_stops_nobody(tmp_path: Path) -> None:
    (tmp_path / "measures").write_text("a file")
    with told(tmp_path, "x", lambda: [ONE], clock=now):
        assert snapshots(tmp_path) == []


def test_whoever_has_told_nothing_for_long_is_not_there() -> None:
    assert is_fresh(Snapshot("x", 1000.0), now=1000.0 + FRESH)
    assert not is_fresh(Snapshot("x", 1000.0), now=1001.0 + FRESH)


def test_peers_were_last_seen_by_whichever_process_saw_them_last(tmp_path: Path) -> None:
    seen = [Family("edm_seen", "gauge", "S.", ["peer"], [(("PACS",), each)]) for each in (100.0, 300.0)]
    with (
        told(tmp_path, "one", lambda: seen[:1], clock=now, every=60),
        told(tmp_path, "two", lambda: seen[1:], clock=now, every=60),
    ):
        assert eventually(lambda: len(snapshots(tmp_path)) == 2)
        assert last_seen(tmp_path, "edm_seen") == {"PACS": "1970-01-01T00:05:00.000000Z"}


@settings(max_examples=40, deadline=None)
@given(content=some.binary(max_size=200) | some.recursive(
    some.none() | some.integers() | some.text(max_size=5),
    lambda inner: some.lists(inner, max_size=4) | some.dictionaries(some.sampled_from(["at", "families"]), inner),
).map(lambda value: json.dumps(value).encode()))  # fmt: skip
def test_a_file_that_is_none_is_left_out(content: bytes, tmp_path_factory: object) -> None:
    folder: Path = tmp_path_factory.mktemp("m")  # type: ignore[attr-defined]
    with told(folder, "x", lambda: [ONE], clock=now, every=60):
        assert eventually(lambda: len(snapshots(folder)) == 1)
        (file,) = (each for each in folder.rglob("*.json"))
        file.write_bytes(content)
        found = snapshots(folder)
        assert [type(each) for each in found] in ([], [Snapshot])
        if not content.lstrip().startswith(b"{") or b'"families"' not in content:
            assert found == []


def test_counters_of_several_threads_lose_nothing() -> None:
    counters = Counters()

    def add() -> None:
        for _ in range(1000):
            counters.add("edm_z", "a", value=2)

    threads = [threading.Thread(target=add) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert counters.family("edm_z", "Z.", ["which"]).samples == [(("a",), 8000.0)]
