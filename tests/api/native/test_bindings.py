"""Who may push into an open takeover, over HTTP: seen, given and ended; and what the next push is answered."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from joserfc.jwk import ECKey

from api.tokens import JWT_BEARER
from repository.clock import instant, now
from repository.domain.takeover import Handover, Takeover
from repository.entitlement import give_custody
from repository.intake import Order, receive
from repository.transfer.closing import close_transfer
from repository.transfer.opening import OPEN_END, bind, open_transfer
from tests.api.dicomweb.pushing import PEER, Open, served_transfer
from tests.api.native.scoped import assertion
from tests.api.native.transfers.house import ADMINISTRATOR, AUDITOR, CT_1, NOWHERE, STRANGER, THE_CLINIC
from tests.api.served import problem
from tests.builders.access import OURS
from tests.builders.pushing import image
from tests.builders.staff import Staff, session_of
from tests.peers.plain_http import PLAIN

KEEPER = Staff(house=OURS, surname="Trzyma")


@dataclass(frozen=True)
class Office:
    """A served archive with an open takeover that the clinic pushes into, and clients who are signed in."""

    open: Open

    @property
    def takeover(self) -> Takeover:
        return self.open.takeover

    @property
    def address(self) -> str:
        return f"/v1/takeovers/{self.takeover.id}/bindings"

    @contextmanager
    def client(self, staff: Staff = ADMINISTRATOR, **headers: str) -> Iterator[httpx.Client]:
        token = session_of(self.open.archive, staff, name=f"u{now():%H%M%S%f}").token
        fields = {"Authorization": f"Bearer {token}"} | {name.replace("_", "-"): each for name, each in headers.items()}
        with httpx.Client(base_url=self.open.url, headers=fields, timeout=60, trust_env=False, verify=PLAIN) as client:
            yield client

    def listed(self, client: httpx.Client) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = client.get(self.address).json()["bindings"]
        return found

    def deeds(self, kind: str) -> list[Any]:
        return list(self.open.archive.catalogue.journal.deeds(kind=kind))


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with served_transfer(tmp_path) as made:
        give_custody(made.archive, made.takeover.id, OURS, name="Następca")
        yield Office(made)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """For tests that end no binding which others need."""
    with served_transfer(tmp_path_factory.mktemp("bindings")) as made:
        give_custody(made.archive, made.takeover.id, OURS, name="Następca")
        yield Office(made)


@pytest.mark.requirement("R463-6.1")
def test_whoever_pushed_a_moment_ago_is_refused_once_unbound_and_let_in_at_once_when_bound_anew(office: Office) -> None:
    with office.client() as boss:
        (first,) = office.listed(boss)
        assert office.open.push(image(1)).status_code == 200
        ended = boss.delete(f"{office.address}/{first['id']}")
        assert (ended.status_code, ended.json()["in_force"], ended.json()["others"]) == (200, False, [])
        for attempt in (2, 3):  # by what was remembered of the push before, and asked anew
            refused = office.open.push(image(attempt))
            assert (refused.status_code, problem(refused)["code"]) == (404, "ACC-001")
        assert office.open.holdings == 1
        made = boss.post(office.address, json={"peer": THE_CLINIC})
        assert made.status_code == 201
        assert office.open.push(image(2)).status_code == 200
        assert office.open.holdings == 2
        told = boss.get(made.headers["location"])
        assert (told.json(), told.headers["etag"]) == (made.json(), made.headers["etag"])
        old, new = office.listed(boss)
    assert (old["id"], old["ended_at"] >= old["since"], old["in_force"]) == (first["id"], True, False)
    assert (new, new["ended_at"], new["in_force"]) == (made.json(), None, True)


def test_a_binding_is_prolonged_by_another_one_and_the_peer_is_never_refused(office: Office) -> None:
    with office.client() as boss:
        (first,) = office.listed(boss)
        assert office.open.push(image(1)).status_code == 200
        until = now() + timedelta(days=3)
        second = boss.post(office.address, json={"peer": THE_CLINIC, "until": until.isoformat()}).json()
        assert second["until"] == instant(until)
        ended = boss.delete(f"{office.address}/{first['id']}").json()
        assert ended["others"] == [second["id"]]
        assert office.open.push(image(2)).status_code == 200
    assert office.open.holdings == 2
    assert not [deed for deed in office.deeds("deposit") if deed.outcome == "refused"]


def test_a_client_with_a_key_is_bound_by_its_id_and_unbound(tmp_path: Path) -> None:
    key, file = ECKey.generate_key("P-384", {"kid": "client", "use": "sig"}), tmp_path / "identity.json"
    house = {"root": "1.2.3", "extension": "4", "name": "Szpital"}
    client = {
        "client_id": "his", "jwks": {"keys": [key.as_dict(private=False)]}, "organisation": house,
        "scopes": ["dicomweb.write"],
    }  # fmt: skip
    file.write_text(json.dumps({"clients": [client]}))
    file.chmod(0o600)
    with served_transfer(tmp_path / "archive", identity=file) as made:
        office, form = Office(replace(made, token=granted(made.url, key))), {"kind": "system", "system": "client#his"}
        assert office.open.push(image(1)).status_code == 404
        with office.client() as boss:
            bound = boss.post(office.address, json={"peer": form}).json()
            assert office.open.push(image(1)).status_code == 200
            assert boss.delete(f"{office.address}/{bound['id']}").status_code == 200
        assert office.open.push(image(2)).status_code == 404


def granted(url: str, key: ECKey) -> str:
    """The token that the client gets for its proof."""
    form = {
        "grant_type": "client_credentials", "client_assertion_type": JWT_BEARER, "scope": "dicomweb.write",
        "client_assertion": assertion(key, audience=f"{url}/v1/token"),
    }  # fmt: skip
    answer = httpx.post(f"{url}/v1/token", data=form, trust_env=False, verify=PLAIN, timeout=60)
    assert answer.status_code == 200, answer.text
    token: str = answer.json()["access_token"]
    return token


def test_who_binds_and_unbinds_is_in_the_journal(office: Office) -> None:
    with office.client() as boss:
        made = boss.post(office.address, json={"peer": CT_1}).json()
        assert boss.delete(f"{office.address}/{made['id']}").status_code == 200
    bound, ended = office.deeds("transfer")[-1], office.deeds("leave-end")[-1]
    assert (bound.body["id"], ended.body["id"]) == (made["id"], made["id"])
    assert bound.body["by"] == ended.body["by"]
    assert bound.body["by"]["name"] == "Ada Rządzi"
    assert (bound.body["until"], made["until"]) == (OPEN_END, None)


def test_a_second_end_is_refused_and_says_when_it_was(office: Office) -> None:
    with office.client() as boss:
        (first,) = office.listed(boss)
        ended = boss.delete(f"{office.address}/{first['id']}").json()
        again = boss.delete(f"{office.address}/{first['id']}")
        assert (again.status_code, problem(again)["code"]) == (409, "TRF-007")
        assert ended["ended_at"] in again.text
    assert len(office.deeds("leave-end")) == 1


def test_what_is_sent_twice_with_one_key_is_done_once(office: Office) -> None:
    with office.client() as boss:
        made = [boss.post(office.address, json={"peer": CT_1}, headers={"Idempotency-Key": "one"}) for _ in range(2)]
        assert made[0].content == made[1].content
        address = f"{office.address}/{made[0].json()['id']}"
        ended = [boss.delete(address, headers={"Idempotency-Key": "two"}) for _ in range(2)]
        assert [each.status_code for each in ended] == [200, 200]
        assert ended[0].content == ended[1].content
        assert len(office.listed(boss)) == 2
    assert len(office.deeds("leave-end")) == 1


def test_what_was_seen_may_be_required(office: Office) -> None:
    with office.client() as boss:
        seen = boss.get(office.address)
        (first,) = seen.json()["bindings"]
        address = f"{office.address}/{first['id']}"
        assert boss.delete(address, headers={"If-Match": '"1-ended"'}).status_code == 412
        assert boss.delete(address, headers={"If-Match": boss.get(address).headers["etag"]}).status_code == 200
        assert boss.delete(address, headers={"If-Match": '"1"'}).status_code == 412
        assert boss.get(office.address).headers["etag"] != seen.headers["etag"]


def test_once_closed_every_binding_is_ended_and_none_is_given(office: Office) -> None:
    with office.client() as boss:
        boss.post(office.address, json={"peer": CT_1})
        assert office.open.push(image(1)).status_code == 200
        close_transfer(office.open.archive, office.takeover)
        assert office.open.push(image(2)).status_code == 404
        rows = office.listed(boss)
        assert [(each["in_force"], each["ended_at"] is None) for each in rows] == [(False, False)] * 2
        late = boss.post(office.address, json={"peer": CT_1})
        assert (late.status_code, problem(late)["code"]) == (409, "CAT-021")
        ended = boss.delete(f"{office.address}/{rows[0]['id']}")
        assert (ended.status_code, problem(ended)["code"]) == (409, "TRF-007")


@pytest.mark.parametrize("staff", [AUDITOR, KEEPER], ids=["auditor", "custodian"])
def test_who_may_see_the_takeover_sees_bindings_and_changes_none(shared: Office, staff: Staff) -> None:
    with shared.client(staff) as client:
        first, *_ = shared.listed(client)
        assert client.get(f"{shared.address}/{first['id']}").json() == first
        for refused in (
            client.post(shared.address, json={"peer": CT_1}),
            client.delete(f"{shared.address}/{first['id']}"),
        ):
            assert (refused.status_code, problem(refused)["code"]) == (403, "RST-001")
        assert client.get(f"{shared.address}/{first['id']}").json()["in_force"]


def test_for_all_others_there_is_nothing(shared: Office) -> None:
    with shared.client(STRANGER) as stranger:
        refused, missing = stranger.get(shared.address), stranger.get(f"/v1/takeovers/{NOWHERE}/bindings")
        assert (refused.status_code, problem(refused)["code"]) == (404, "ACC-001")
        assert refused.json() == missing.json()
    anonymous = httpx.get(f"{shared.open.url}{shared.address}", trust_env=False, verify=PLAIN, timeout=60)
    assert anonymous.status_code == 401


@pytest.mark.parametrize(
    ("peer", "code"),
    [
        ({"kind": "anybody"}, "TRF-003"),
        ({"kind": "system"}, "CNS-007"),
        ({"kind": "system", "system": " "}, "CNS-007"),
        ({"kind": "organisation", "system": "CT_1"}, "CNS-007"),
    ],
)
def test_nobody_in_particular_is_not_bound(shared: Office, peer: dict[str, Any], code: str) -> None:
    before = len(shared.deeds("transfer"))
    with shared.client() as boss:
        answer = boss.post(shared.address, json={"peer": peer})
    assert (answer.status_code, problem(answer)["code"]) == (422, code)
    assert len(shared.deeds("transfer")) == before


def test_a_moment_that_has_passed_binds_nobody(shared: Office) -> None:
    with shared.client() as boss:
        answer = boss.post(shared.address, json={"peer": CT_1, "until": "2020-01-01T00:00:00Z"})
    assert (answer.status_code, problem(answer)["code"]) == (422, "TRF-003")


def test_a_binding_is_looked_for_in_its_takeover_alone(shared: Office) -> None:
    other = open_transfer(shared.open.archive, Handover())
    theirs = bind(shared.open.archive, other, PEER)
    with shared.client() as boss:
        for id in (theirs, NOWHERE):  # noqa: A001
            for answer in (boss.get(f"{shared.address}/{id}"), boss.delete(f"{shared.address}/{id}")):
                assert (answer.status_code, problem(answer)["code"]) == (404, "TRF-006")
        assert boss.get(f"/v1/takeovers/{other.id}/bindings/{theirs}").json()["in_force"]
        assert boss.delete(f"/v1/takeovers/{other.id}/bindings/{theirs}").status_code == 200


def test_nobody_pushes_into_what_came_as_a_package(shared: Office, tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_bytes(b"note")
    package = receive(shared.open.archive, Order(tmp_path), progress=lambda _: None)
    with shared.client() as boss:
        address = f"/v1/takeovers/{package.id}/bindings"
        assert boss.get(address).json() == {"takeover": package.id, "bindings": []}
        answer = boss.post(address, json={"peer": CT_1})
    assert (answer.status_code, problem(answer)["code"]) == (422, "TRF-001")
