"""Who pushed what into a live transfer is told over HTTP while it is open, and afterwards."""

import httpx
import pytest

from tests.api.native.transfers.house import AUDITOR, NOWHERE, STRANGER, House
from tests.api.served import problem
from tests.builders.pushing import image


def test_pushes_are_told_page_by_page_with_their_binding(house: House, boss: httpx.Client) -> None:
    takeover = house.opened(boss)
    address = f"/v1/takeovers/{takeover.id}"
    (binding,) = boss.get(f"{address}/bindings").json()["bindings"]
    assert boss.get(f"{address}/pushes").json() == {"pushes": [], "next": ""}
    for seed in range(3):
        assert house.push(takeover, image(seed), image(seed)).status_code == 200
    first = boss.get(f"{address}/pushes", params={"limit": 2})
    assert [each["kept"] for each in first.json()["pushes"]] == [1, 1]
    assert first.links["next"]["url"] == f"{address}/pushes?limit=2&after={first.json()['next']}"
    rest = boss.get(first.links["next"]["url"]).json()
    (last,) = rest["pushes"]
    assert (last["binding"], last["door"], last["outcome"]) == (binding["id"], "dicomweb", "deposited")
    assert (last["duplicate"], last["first"], last["last"]) == (1, 5, 6)
    assert rest["next"] == ""
    assert "Zamykająca" not in first.text


def test_who_sees_the_takeover_sees_them_and_for_others_there_is_nothing(house: House, boss: httpx.Client) -> None:
    takeover = house.opened(boss)
    assert house.push(takeover, image(1)).status_code == 200
    address = f"/v1/takeovers/{takeover.id}/pushes"
    with house.client(AUDITOR) as auditor:
        assert len(auditor.get(address).json()["pushes"]) == 1
    with house.client(STRANGER) as stranger:
        refused, missing = stranger.get(address), stranger.get(f"/v1/takeovers/{NOWHERE}/pushes")
        assert (refused.status_code, problem(refused)["code"]) == (404, "ACC-001")
        assert refused.json() == missing.json()


@pytest.mark.parametrize("wrong", ["after=-1", "after=x", "limit=0", "limit=201", "from=1"])
def test_a_page_that_cannot_be_is_refused(house: House, boss: httpx.Client, wrong: str) -> None:
    takeover = house.opened(boss)
    answer = boss.get(f"/v1/takeovers/{takeover.id}/pushes?{wrong}")
    assert (answer.status_code, problem(answer)["code"]) == (400, "API-003")
