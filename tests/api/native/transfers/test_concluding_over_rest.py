"""A live transfer is pushed into, followed and concluded over HTTP: one job, one statement, one signed protocol."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from repository.catalogue.jobs import JobState
from repository.domain.takeover import FINAL, State
from repository.intake import Order, protocol_of, receive
from repository.transfer.closing import close_transfer
from tests.api.native.transfers.house import AUDITOR, CT_1, NOWHERE, STRANGER, THE_CLINIC, House, conclusion
from tests.api.served import problem
from tests.builders.homes import assert_no_orphans
from tests.builders.pushing import image
from tests.builders.staff import Staff
from tests.repository.transfer.gates import gated


@pytest.mark.requirement("R463-6.1")
def test_it_is_pushed_into_followed_and_concluded(house: House, boss: httpx.Client) -> None:
    takeover = house.opened(boss, declared_counts={"instances": 2, "studies": 1})
    address = f"/v1/takeovers/{takeover.id}"
    assert house.push(takeover, image(1), image(1, instance=2), image(1)).status_code == 200
    followed = boss.get(address).json()
    assert (followed["state"], followed["counts"]["instances"], followed["closed_at"]) == ("receiving", 2, "")
    assert problem(boss.get(f"{address}/protocol"))["code"] == "TKO-E11"
    answer = boss.post(conclusion(takeover))
    assert (answer.status_code, answer.json()["kind"], answer.json()["subject"]) == (202, "conclude", takeover.id)
    late = house.push(takeover, image(1, instance=3))
    assert (late.status_code, problem(late)["code"]) == (404, "ACC-001")
    job = house.ended(boss, answer.headers["location"])
    assert (job["state"], job["result"]) == ("done", {"state": "accepted"})
    assert boss.get(address).json()["state"] == "accepted"
    told = boss.get(f"{address}/statement").json()["statement"]
    assert (told["balances"], told["tally"]["kept"], told["tally"]["duplicate"]) == (True, 2, 1)
    assert sorted((each["name"], each["declared"], each["found"]) for each in told["counts"]) == [
        ("instances", 2, 2),
        ("studies", 1, 1),
    ]
    assert_no_orphans(house.archive, takeover)


def test_what_was_declared_and_did_not_come_is_an_exception(house: House, boss: httpx.Client) -> None:
    takeover = house.opened(boss, declared_counts={"instances": 3})
    assert house.push(takeover, image(1)).status_code == 200
    job = house.ended(boss, boss.post(conclusion(takeover)).headers["location"])
    assert job["result"] == {"state": "accepted-with-exceptions"}
    findings = boss.get(f"/v1/takeovers/{takeover.id}").json()["findings"]
    assert [each["code"] for each in findings] == ["TKO-COUNT"]


def test_who_concluded_it_is_in_the_journal(house: House, boss: httpx.Client) -> None:
    takeover = house.opened(boss)
    (binding,) = boss.get(f"/v1/takeovers/{takeover.id}/bindings").json()["bindings"]
    boss.post(conclusion(takeover))
    ended = house.deeds("leave-end")[-1]
    assert (ended.body["id"], ended.body["by"]["name"]) == (binding["id"], "Ada Rządzi")


def test_whoever_was_bound_meanwhile_is_unbound_by_the_archive_itself(house: House, boss: httpx.Client) -> None:
    takeover = house.opened(boss)
    place = boss.post(conclusion(takeover)).headers["location"]
    late = boss.post(f"/v1/takeovers/{takeover.id}/bindings", json={"peer": THE_CLINIC})
    assert late.status_code == 201
    assert house.push(takeover, image(1)).status_code == 200
    assert house.ended(boss, place)["state"] == "done"
    assert house.holdings(takeover) == 1
    ended = house.deeds("leave-end")[-1]
    assert ended.body["id"] == late.json()["id"]
    assert ended.body["by"]["id"].startswith("archive:")


def test_sent_again_it_is_the_same_job_done_or_not(house: House, boss: httpx.Client) -> None:
    takeover = house.opened(boss)
    assert house.push(takeover, image(1)).status_code == 200
    first, second = boss.post(conclusion(takeover)), boss.post(conclusion(takeover))
    assert first.headers["location"] == second.headers["location"]
    house.ended(boss, first.headers["location"])
    third = boss.post(conclusion(takeover))
    assert (third.status_code, third.headers["location"]) == (202, first.headers["location"])
    assert (third.json()["state"], third.json()["result"]) == ("done", {"state": "accepted"})
    protocol = boss.get(f"/v1/takeovers/{takeover.id}/protocol")
    assert protocol.status_code == 200, protocol.text
    assert protocol.content == protocol_of(house.archive, house.archive.catalogue.takeover(takeover.id))


def test_with_one_key_the_first_answer_is_given_again(house: House, boss: httpx.Client) -> None:
    takeover, key = house.opened(boss), {"Idempotency-Key": "end"}
    first = boss.post(conclusion(takeover), headers=key)
    house.ended(boss, first.headers["location"])
    again = boss.post(conclusion(takeover), headers=key)
    assert (again.status_code, again.content) == (202, first.content)


def test_many_conclude_it_at_once_and_it_is_concluded_once(house: House, boss: httpx.Client) -> None:
    takeover = house.opened(boss, peers=[THE_CLINIC, CT_1])
    assert house.push(takeover, image(1)).status_code == 200
    before, ready = len(house.deeds("leave-end")), threading.Barrier(6)

    def asked(_: int) -> httpx.Response:
        ready.wait(60)
        return boss.post(conclusion(takeover))

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(asked, range(6)))
    assert [each.status_code for each in answers] == [202] * 6, [each.text for each in answers]
    (place,) = {each.headers["location"] for each in answers}
    assert len(house.deeds("leave-end")) == before + 2
    assert house.ended(boss, place)["state"] == "done"
    events = [each.kind for each in house.archive.catalogue.events(takeover.number)]
    assert events == ["capture", "validation", "ingestion end"]


def test_a_push_that_is_under_way_is_refused_and_leaves_nothing(
    house: House, boss: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    takeover = house.opened(boss)
    assert house.push(takeover, image(1)).status_code == 200
    with monkeypatch.context() as patch, ThreadPoolExecutor(1) as pool:
        gate = gated(house.archive, patch, 1)
        pushing = pool.submit(house.push, takeover, image(2))
        try:
            assert gate.came.wait(60)
            answer = boss.post(conclusion(takeover))
            assert house.ended(boss, answer.headers["location"])["state"] == "done"
        finally:
            gate.free.set()
        refused = pushing.result(60)
    assert (refused.status_code, problem(refused)["code"]) == (404, "ACC-001")
    ended = house.archive.catalogue.takeover(takeover.id)
    assert (ended.state, house.holdings(takeover)) == (State.ACCEPTED, 1)
    assert_no_orphans(house.archive, ended)


def test_one_that_was_concluded_elsewhere_is_told_with_its_outcome(house: House, boss: httpx.Client) -> None:
    takeover = house.opened(boss)
    assert house.push(takeover, image(1)).status_code == 200
    close_transfer(house.archive, takeover)
    job = house.ended(boss, boss.post(conclusion(takeover)).headers["location"])
    assert (job["state"], job["result"]) == ("done", {"state": "accepted"})


def test_one_whose_job_was_taken_back_is_concluded_by_the_next(house: House, boss: httpx.Client) -> None:
    takeover = house.opened(boss)
    place = boss.post(conclusion(takeover)).headers["location"]
    assert boss.post(f"{place}/cancel").json()["state"] == JobState.FAILED
    assert boss.get(f"/v1/takeovers/{takeover.id}").json()["state"] == "receiving"
    other = boss.post(conclusion(takeover)).headers["location"]
    assert other != place
    assert house.ended(boss, other)["state"] == "done"
    assert house.archive.catalogue.takeover(takeover.id).state in FINAL


def test_a_package_is_not_concluded_by_hand(house: House, boss: httpx.Client, tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_bytes(b"note " + str(tmp_path).encode())
    package = receive(house.archive, Order(tmp_path), progress=lambda _: None)
    jobs = boss.get("/v1/jobs").json()
    answer = boss.post(conclusion(package))
    assert (answer.status_code, problem(answer)["code"]) == (422, "TRF-001")
    assert "edm-archive" not in answer.text
    assert boss.get("/v1/jobs").json() == jobs


def test_what_is_not_there_is_not_concluded(boss: httpx.Client) -> None:
    answer = boss.post(conclusion(NOWHERE))
    assert (answer.status_code, problem(answer)["code"]) == (404, "ACC-001")


@pytest.mark.parametrize("staff", [AUDITOR, STRANGER], ids=["auditor", "doctor"])
def test_only_an_administrator_concludes(house: House, boss: httpx.Client, staff: Staff) -> None:
    takeover = house.opened(boss)
    with house.client(staff) as client:
        answer = client.post(conclusion(takeover))
    assert (answer.status_code, problem(answer)["code"]) == (403, "RST-001")
    assert house.push(takeover, image(1)).status_code == 200
