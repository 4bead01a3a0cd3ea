"""`/v1/metrics` of several processes at one address: whichever answers, counters never go down, and nothing is lost."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from prometheus_client.parser import text_string_to_metric_families

from api.measures import Measures
from repository.measuring import folder_of
from repository.runtime import open_archive
from repository.settings import Settings
from storage.keys.ring import write_private
from tests.api.test_serving import Large, children, eventually, started
from tests.builders.homes import new_home
from tests.peers.plain_http import PLAIN

TOKEN = "measures-for-prometheus-0123456789"
READY = ("edm_http_requests_total", "/v1/ready")


@pytest.fixture
def home(tmp_path: Path) -> Settings:
    found = new_home(tmp_path)
    write_private(found.home / "metrics.token", TOKEN.encode())
    return found


def numbers(text: str) -> dict[tuple[str, str], float]:
    """Samples by their name and route, or bound."""
    found: dict[tuple[str, str], float] = {}
    for family in text_string_to_metric_families(text):
        for each in family.samples:
            key = each.name, each.labels.get("route", "") + each.labels.get("le", "")
            found[key] = found.get(key, 0) + each.value
    return found


def asked(address: str, path: str) -> httpx.Response:
    """Over a connection of its own: whichever process takes it answers."""
    answer = httpx.get(
        f"http://{address}{path}",
        headers={"Authorization": f"Bearer {TOKEN}"},
        trust_env=False,
        verify=PLAIN,
        timeout=30,
    )
    assert answer.status_code == 200
    return answer


def measured(address: str) -> dict[tuple[str, str], float]:
    return numbers(asked(address, "/v1/metrics").text)


def counted(found: dict[tuple[str, str], float]) -> Iterator[tuple[tuple[str, str], float]]:
    return (
        (key, value) for key, value in found.items()
        if key[0].startswith("edm_http_") and key[0].endswith(("_total", "_count", "_sum", "_bucket"))
    )  # fmt: skip


def assert_no_less(found: dict[tuple[str, str], float], than: dict[tuple[str, str], float]) -> None:
    assert [key for key, value in counted(than) if found.get(key, 0) < value] == []


def test_whichever_process_answers_no_counter_goes_down_even_when_one_is_killed(home: Settings) -> None:
    place = Large(home, "", {}, b"")
    with started(place, "--processes", "3") as (process, address):
        before = measured(address)
        for _ in range(40):
            asked(address, "/v1/ready")
            found = measured(address)
            assert_no_less(found, before)
            before = found
        # A process tells what it has counted when it is asked, or every 5 s: those that nobody asked lag behind.
        assert eventually(lambda: measured(address)[READY] == 40)
        before = measured(address)
        assert before["edm_http_processes", ""] == 3
        killed = children(process.pid)[-1]
        os.kill(killed, signal.SIGKILL)
        assert eventually(lambda: killed not in (there := children(process.pid)) and len(there) == 3)
        for _ in range(20):
            found = measured(address)
            assert_no_less(found, before)
            before = found
        assert found[READY] == 40
        assert eventually(lambda: measured(address)["edm_http_processes", ""] == 3)
        assert len(list((folder_of(home.home) / "http").glob("*.json"))) == 3
        before = measured(address)
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    with started(place) as (_, address):  # alone, and on another port
        found = measured(address)
        assert_no_less(found, before)
        assert found[READY] == 40
        assert found["edm_http_processes", ""] == 1
        assert eventually(lambda: measured(address)["edm_http_requests_running", ""] == 1)  # the one that asks


def test_measures_are_told_where_no_file_can_be_made(home: Settings) -> None:
    (home.home / "measures").write_text("a file")
    with started(Large(home, "", {}, b"")) as (_, address):
        asked(address, "/v1/ready")
        assert measured(address)[READY] == 1


@pytest.fixture(scope="module")
def measured_home(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return new_home(tmp_path_factory.mktemp("measured"))


@settings(max_examples=20, deadline=None)
@given(seconds=some.lists(some.floats(0, 100), min_size=1, max_size=20))
def test_a_request_counts_in_each_bound_that_it_keeps_within(seconds: list[float], measured_home: Settings) -> None:
    with open_archive(measured_home) as archive:
        measures = Measures(archive)
        for each in seconds:
            measures.began()
            measures.answered("GET", "/r", 200, octets=3, seconds=each)
        found = numbers(measures.text().decode())
    for bound in ("0.005", "0.1", "1.0", "60.0", "+Inf"):
        expected = sum(each <= float(bound) for each in seconds)
        assert found["edm_http_request_seconds_bucket", f"/r{bound}"] == expected
    assert found["edm_http_request_seconds_count", "/r"] == len(seconds)
    assert found["edm_http_request_seconds_sum", "/r"] == pytest.approx(sum(seconds))
    assert found["edm_http_sent_bytes_total", "/r"] == 3 * len(seconds)
    assert found["edm_http_requests_running", ""] == 0
