"""The evidence log over HTTP, as any client of C2SP tlog-tiles reads it; checked without the archive."""

import base64
import hashlib
from collections.abc import Iterator

import httpx
import pytest

from repository.access.principal import PrincipalKind
from repository.access.purpose import Purpose
from repository.evidence.checkpoint import Checkpoint
from repository.evidence.merkle import consistent, leaf_hash
from repository.evidence.note import Verifier
from repository.evidence.proof import check_record
from repository.evidence.record import DeedRecord
from repository.journal import publish
from tests.api.served import Served, problem, served_sample
from tests.builders.staff import Staff

AUDITOR = Staff(kind=PrincipalKind.AUDITOR)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Its log is short: what other tests did is not in it."""
    with served_sample(tmp_path_factory.mktemp("log")) as made:
        yield made


@pytest.fixture(scope="module")
def client(served: Served) -> httpx.Client:
    return served.client(AUDITOR, purpose=None)


def checkpoint(client: httpx.Client) -> Checkpoint:
    key = Verifier.parse(client.get("/v1/log/key").text.splitlines()[0])
    return Checkpoint.opened(client.get("/v1/log/checkpoint").content, [key])


def test_the_checkpoint_is_signed_by_the_key_beside_it(served: Served, client: httpx.Client) -> None:
    found = checkpoint(client)
    latest = served.archive.log.latest()
    assert latest is not None
    assert found.size <= latest.size
    answer = client.get("/v1/log/checkpoint")
    assert answer.headers["content-type"].startswith("text/plain")
    again = client.get("/v1/log/checkpoint", headers={"If-None-Match": answer.headers["etag"]})
    assert again.status_code == 304
    assert client.get(f"/v1/log/checkpoints/{found.size}").content == found.note


def test_the_tree_is_read_from_tiles_alone(client: httpx.Client) -> None:
    found = checkpoint(client)
    assert found.size < 256, "one tile holds all of it"
    tile = client.get(f"/v1/log/tile/0/000.p/{found.size}").content
    leaves = [tile[at : at + 32] for at in range(0, len(tile), 32)]
    assert root_of(leaves) == found.root
    bundle = client.get(f"/v1/log/tile/entries/000.p/{found.size}").content
    entries = [bundle[at + 2 : at + 34] for at in range(0, len(bundle), 34)]
    assert [leaf_hash(each) for each in entries] == leaves


def root_of(leaves: list[bytes]) -> bytes:
    """RFC 6962 §2.1, written down once more."""
    if len(leaves) == 1:
        return leaves[0]
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return hashlib.sha256(b"\x01" + root_of(leaves[:split]) + root_of(leaves[split:])).digest()


@pytest.mark.parametrize(
    ("name", "status", "code"),
    [("9/000", 404, "API-007"), ("0/999", 404, "API-007"), ("entries/999", 404, "API-007"), ("../x", 404, "API-007"),
     ("0/000.p/999", 400, "API-003"), ("0/0", 400, "API-003"), ("0/000.p/0", 400, "API-003")],
)  # fmt: skip
def test_a_tile_that_is_none_is_not_there(client: httpx.Client, name: str, status: int, code: str) -> None:
    answer = client.get(f"/v1/log/tile/{name}")
    assert (answer.status_code, problem(answer)["code"]) == (status, code)


def test_one_checkpoint_is_proved_to_continue_another(served: Served, client: httpx.Client) -> None:
    before = checkpoint(client)
    with served.client() as doctor:
        doctor.get("/v1/search/patients")
    publish(served.archive)
    after = checkpoint(client)
    assert after.size > before.size
    told = client.get("/v1/log/consistency", params={"old": before.size, "new": after.size}).json()
    path = [base64.b64decode(each) for each in told["hashes"]]
    assert consistent(path, old=before.size, old_tree=before.root, new=after.size, new_tree=after.root)
    never = client.get("/v1/log/consistency", params={"old": before.size, "new": after.size + 1})
    assert (never.status_code, problem(never)["code"]) == (404, "API-007")
    assert client.get("/v1/log/consistency", params={"old": 5, "new": 4}).status_code == 422


def test_a_deed_has_its_proof(served: Served, client: httpx.Client) -> None:
    publish(served.archive)
    answer = client.get("/v1/log/deeds/1/proof")
    assert answer.status_code == 200
    said = check_record(answer.content, [served.archive.log_key]).record
    (deed,) = served.archive.catalogue.journal.deeds(last=1)
    assert isinstance(said, DeedRecord)
    assert (said.number, said.event, said.at) == (1, deed.kind, deed.at)
    assert client.get("/v1/log/deeds/999999999/proof").status_code == 404


def test_the_log_is_for_known_callers_and_deeds_for_overseers(served: Served) -> None:
    with served.client(None) as nobody:
        for address in ("checkpoint", "key", "tile/0/000", "consistency?old=1&new=1", "deeds/1/proof"):
            assert nobody.get(f"/v1/log/{address}").status_code == 401
    with served.client(purpose=Purpose.TREATMENT) as doctor:
        assert doctor.get("/v1/log/checkpoint").status_code == 200
        assert problem(doctor.get("/v1/log/deeds/1/proof"))["code"] == "RST-001"
