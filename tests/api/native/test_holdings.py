"""A holding over HTTP: the bytes that were received, whole or in part, decided and accounted for."""

import base64
import hashlib
import io

import httpx
import pytest

from repository.access.account_query import AccountQuery
from repository.access.principal import PrincipalKind
from repository.access.purpose import Purpose
from repository.domain.takeover import STORED
from repository.evidence import proof
from tests.api.served import Served, problem
from tests.builders.access import THEIRS
from tests.builders.staff import Staff


@pytest.fixture(scope="module")
def doctor(served: Served) -> httpx.Client:
    return served.client()


@pytest.fixture(scope="module")
def address(served: Served) -> str:
    item = next(each for each in served.archive.catalogue.items(served.takeover.number) if each.disposition in STORED)
    return f"/v1/holdings/{served.takeover.id}/{item.ordinal}"


def original(served: Served, address: str) -> bytes:
    ordinal = int(address.rpartition("/")[2])
    path = served.archive.catalogue.holding(served.takeover.number, ordinal).path
    return (served.package / path).read_bytes()


def test_a_holding_comes_bit_for_bit_with_its_digest(served: Served, doctor: httpx.Client, address: str) -> None:
    answer = doctor.get(address)
    content = original(served, address)
    assert answer.status_code == 200
    assert answer.content == content
    digest = hashlib.sha256(content).digest()
    assert answer.headers["etag"] == f'"{digest.hex()}"'
    assert answer.headers["repr-digest"] == f"sha-256=:{base64.b64encode(digest).decode()}:"


def test_the_proof_beside_it_holds_without_the_archive(served: Served, doctor: httpx.Client, address: str) -> None:
    answer = doctor.get(address)
    beside = doctor.get(answer.links["https://c2sp.org/tlog-proof"]["url"])
    assert beside.status_code == 200
    assert proof.check(io.BytesIO(answer.content), beside.content, [served.archive.log_key]).record.size == len(
        answer.content
    )


@pytest.mark.parametrize(("asked", "first", "stop"), [("0-9", 0, 10), ("5-", 5, None), ("-7", -7, None), ("3-3", 3, 4)])
def test_a_part_is_that_part(
    served: Served, doctor: httpx.Client, address: str, *, asked: str, first: int, stop: int | None
) -> None:
    answer = doctor.get(address, headers={"Range": f"bytes={asked}"})
    content = original(served, address)
    assert answer.status_code == 206
    assert answer.content == content[first:stop]
    assert answer.headers["content-range"].endswith(f"/{len(content)}")


def test_a_part_of_something_else_is_the_whole(served: Served, doctor: httpx.Client, address: str) -> None:
    answer = doctor.get(address, headers={"Range": "bytes=0-9", "If-Range": '"of another state"'})
    assert (answer.status_code, answer.content) == (200, original(served, address))


def test_a_part_outside_says_how_large_it_is(served: Served, doctor: httpx.Client, address: str) -> None:
    answer = doctor.get(address, headers={"Range": "bytes=99999999-"})
    assert answer.status_code == 416
    assert answer.headers["content-range"] == f"bytes */{len(original(served, address))}"


def test_what_the_client_has_is_not_sent_again(doctor: httpx.Client, address: str) -> None:
    answer = doctor.get(address, headers={"If-None-Match": doctor.get(address).headers["etag"]})
    assert (answer.status_code, answer.content) == (304, b"")


def test_an_xml_document_keeps_the_charset_that_it_declares(served: Served, doctor: httpx.Client) -> None:
    items = [each for each in served.archive.catalogue.items(served.takeover.number) if each.path.endswith(".xml")]
    answer = doctor.get(f"/v1/holdings/{served.takeover.id}/{items[0].ordinal}")
    assert answer.headers["content-type"] == "text/xml"


def test_each_reading_has_one_account(served: Served, doctor: httpx.Client, address: str) -> None:
    accounts = served.archive.catalogue.accounts
    before = accounts.last()
    doctor.get(address)
    assert len(list(accounts.search(AccountQuery(after=before)))) == 1


def test_nobody_gets_nothing(served: Served, address: str) -> None:
    answer = served.client(None).get(address)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert problem(answer)["code"] == "API-001"


def test_without_a_purpose_there_is_no_reading(served: Served, address: str) -> None:
    answer = served.client(purpose=None).get(address)
    assert (answer.status_code, problem(answer)["code"]) == (400, "API-002")


def test_what_is_not_for_somebody_looks_like_what_is_not_there(served: Served, address: str) -> None:
    stranger = served.client(Staff(house=THEIRS, surname="Obca"))
    refused, missing = stranger.get(address), stranger.get(f"/v1/holdings/{served.takeover.id}/999999")
    assert refused.status_code == missing.status_code == 404
    assert refused.json() == missing.json()
    unlike = {"date", "x-request-id"}
    assert {k: v for k, v in refused.headers.items() if k not in unlike} == {
        k: v for k, v in missing.headers.items() if k not in unlike
    }


def test_an_administrator_does_not_read(served: Served, address: str) -> None:
    answer = served.client(Staff(kind=PrincipalKind.ADMINISTRATOR), purpose=Purpose.MAINTENANCE).get(address)
    assert (answer.status_code, problem(answer)["code"]) == (404, "ACC-001")


def test_words_come_in_the_language_that_is_asked_for(served: Served, address: str) -> None:
    polish = served.client(None).get(address, headers={"Accept-Language": "de, pl;q=0.9, en;q=0.1"})
    assert problem(polish)["title"] == "Nie wiadomo, kto pyta."
