"""A live transfer is opened over HTTP: what is said of it, who may, and what is refused before anything is done."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest
from hypothesis import given, settings

from api.native.transfers import TransferOrder
from repository.clock import instant, now
from repository.domain.takeover import Handover, Producer
from repository.packages.handover import handover_json
from tests.api.native.transfers.house import AUDITOR, CT_1, PROVIDER, STRANGER, THE_CLINIC, House
from tests.api.served import problem
from tests.builders.pushing import image
from tests.builders.staff import Staff
from tests.repository.packages.test_handover_data import HANDOVERS, RIGHT


def test_it_is_open_with_all_that_a_package_may_say_and_the_peer_pushes(house: House, boss: httpx.Client) -> None:
    until = now() + timedelta(days=3)
    said = RIGHT | {"peers": [THE_CLINIC, CT_1], "until": until.isoformat()}
    answer = boss.post("/v1/transfers", json=said)
    told = answer.json()
    assert (answer.status_code, told["state"], told["live"]) == (201, "receiving", True)
    assert sorted((each["kind"], each["until"], each["in_force"]) for each in told["bindings"]) == [
        ("organisation", instant(until), True),
        ("system", instant(until), True),
    ]
    shown = boss.get(answer.headers["location"]).json()
    assert {name: shown[name] for name in told if name != "bindings"} == {
        name: value for name, value in told.items() if name != "bindings"
    }
    assert {name: shown[name] for name in ("cessation_date", "legal_basis", "route")} == {
        name: RIGHT[name] for name in ("cessation_date", "legal_basis", "route")
    }
    takeover = house.archive.catalogue.takeover(told["id"])
    assert json.loads(handover_json(takeover.handover)) == RIGHT
    assert house.push(takeover, image(1)).status_code == 200
    assert boss.get(answer.headers["location"]).json()["counts"]["holdings"] == 1


def test_who_opened_it_and_for_whom_is_in_the_journal(house: House, boss: httpx.Client) -> None:
    takeover = house.opened(boss)
    bound = house.deeds("transfer")[-1]
    assert (bound.body["takeover"], bound.body["by"]["name"]) == (takeover.id, "Ada Rządzi")
    (event,) = house.archive.catalogue.events(takeover.number)
    assert (event.kind, event.detail) == ("capture", "live transfer")


def test_the_provider_is_enough_and_peers_are_bound_later(house: House, boss: httpx.Client) -> None:
    takeover = house.opened(boss, peers=[])
    assert takeover.handover == Handover(producer=takeover.handover.producer)
    assert house.push(takeover, image(1)).status_code == 404
    assert boss.post(f"/v1/takeovers/{takeover.id}/bindings", json={"peer": THE_CLINIC}).status_code == 201
    assert house.push(takeover, image(1)).status_code == 200


def test_sent_twice_with_one_key_it_is_opened_once(house: House, boss: httpx.Client) -> None:
    before, said = house.takeovers, {"producer": PROVIDER, "peers": [CT_1]}
    made = [boss.post("/v1/transfers", json=said, headers={"Idempotency-Key": "one"}) for _ in range(2)]
    assert [each.status_code for each in made] == [201, 201]
    assert (made[0].content, made[0].headers["location"]) == (made[1].content, made[1].headers["location"])
    other = boss.post("/v1/transfers", json=said | {"peers": []}, headers={"Idempotency-Key": "one"})
    assert (other.status_code, problem(other)["code"]) == (422, "RST-002")
    assert house.takeovers == before + 1


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"producer": None}, 400, "API-003"),
        ({"producer": {}}, 400, "API-003"),
        ({"producer": {"name": "  "}}, 400, "API-003"),
        ({"producer": {"name": "a\nb"}}, 400, "API-003"),
        ({"producer": {"name": "a", "pesel": "1"}}, 400, "API-003"),
        ({"producer": {"name": "a", "regon": "123456789"}}, 422, "TRF-008"),
        ({"successor": {"name": "a", "nip": "1234567890"}}, 422, "TRF-008"),
        ({"successor": {"name": "a", "rpwdl_book": "12"}}, 422, "TRF-008"),
        ({"cessation_date": "2024-02-30"}, 400, "API-003"),
        ({"cessation_date": ""}, 400, "API-003"),
        ({"route": "OTHER"}, 400, "API-003"),
        ({"declared_counts": {"Items": 1}}, 400, "API-003"),
        ({"declared_counts": {"items": -1}}, 400, "API-003"),
        ({"declared_counts": {"items": True}}, 400, "API-003"),
        ({"declared_counts": {"items": 1 << 63}}, 400, "API-003"),
        ({"peers": [{"kind": "anybody"}]}, 422, "TRF-003"),
        ({"peers": [CT_1, {"kind": "system"}]}, 422, "CNS-007"),
        ({"peers": [CT_1], "until": "2020-01-01T00:00:00Z"}, 422, "TRF-003"),
        ({"upload": "x"}, 400, "API-003"),
    ],
    ids=str,
)
def test_what_cannot_be_meant_is_refused_and_nothing_is_done(
    house: House, boss: httpx.Client, change: dict[str, Any], *, status: int, code: str
) -> None:
    before, deeds = house.takeovers, len(house.deeds("transfer"))
    answer = boss.post("/v1/transfers", json={"producer": PROVIDER} | change)
    told = problem(answer)
    assert (answer.status_code, told["code"]) == (status, code)
    assert told["en"] != told["pl"]
    assert "123456789" not in answer.text
    assert (house.takeovers, len(house.deeds("transfer"))) == (before, deeds)


def test_a_name_twice_is_refused(house: House, boss: httpx.Client) -> None:
    body = b'{"producer": {"name": "a"}, "producer": {"name": "b"}}'
    answer = boss.post("/v1/transfers", content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, problem(answer)["code"]) == (400, "API-003")


@pytest.mark.parametrize("staff", [AUDITOR, STRANGER], ids=["auditor", "doctor"])
def test_only_an_administrator_opens(house: House, staff: Staff) -> None:
    before = house.takeovers
    with house.client(staff) as client:
        answer = client.post("/v1/transfers", json={"producer": PROVIDER, "peers": [CT_1]})
    assert (answer.status_code, problem(answer)["code"]) == (403, "RST-001")
    assert house.takeovers == before


def sound(provider: Producer) -> Producer:
    """With a name, and without numbers that do not check."""
    return replace(provider, name=f"{provider.name}x", rpwdl_book="", regon="", nip="")


SOUND = HANDOVERS.map(
    lambda each: replace(
        each, producer=sound(each.producer), successor=sound(each.successor) if each.successor else None
    )
)


@given(handover=SOUND)
@settings(max_examples=60)
def test_what_a_package_says_of_itself_is_understood_here_the_same(handover: Handover) -> None:
    assert TransferOrder.model_validate_json(handover_json(handover)).handover() == handover
