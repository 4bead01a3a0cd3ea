"""The identity file is followed while it is served from; one that is wrong lets in nobody."""

import json
import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.callers import following
from api.callers.bearer import ProviderTokens
from api.callers.errors import IdentitiesUnsure, IdentityFileWrong
from api.callers.following import AGAIN, EVERY, Following, IdentityFile
from api.callers.identities import Identities
from repository.access.purpose import Purpose
from repository.clock import now
from tests.api.callers.conftest import HEADER, Known, handed
from tests.api.callers.test_backend_clients import assertion
from tests.api.served import Served, problem, serving
from tests.builders.identity_provider import Provider, identity_of
from tests.peers.plain_http import PLAIN

BODY = {"root": "1.2", "extension": "3", "name": "Szpital"}


def client(name: str) -> dict[str, Any]:
    return {"client_id": name, "jwks": {"keys": []}, "organisation": BODY, "scopes": ["archive.read"]}


@dataclass
class Written:
    """The file, and the seconds that somebody who follows it thinks have gone by."""

    path: Path
    seconds: float = 0.0
    home: Path = field(init=False)

    def __post_init__(self) -> None:
        self.home = self.path.parent

    def say(self, *names: str) -> None:
        self.put(json.dumps({"clients": [client(each) for each in names]}))

    def put(self, content: str) -> None:
        beside = self.path.with_suffix(".new")
        beside.write_text(content)
        beside.chmod(0o600)
        beside.replace(self.path)

    def later(self, seconds: float = EVERY) -> None:
        self.seconds += seconds

    def followed(self, *, told: bool = True) -> IdentityFile:
        return IdentityFile(self.home, told=self.path if told else None, ticks=lambda: self.seconds)


@pytest.fixture
def written(tmp_path: Path) -> Written:
    made = Written(tmp_path / "identity.json")
    made.say("his", "pacs")
    return made


def names(found: Identities) -> set[str]:
    return {each.client_id for each in found.clients}


def test_what_is_changed_counts_a_second_later(written: Written) -> None:
    file = written.followed()
    written.say("pacs")
    written.later(EVERY / 2)
    assert names(file()) == {"his", "pacs"}
    written.later(EVERY / 2)
    assert names(file()) == {"pacs"}


def test_what_says_the_same_is_the_same(written: Written) -> None:
    file = written.followed()
    first = file()
    written.say("his", "pacs")
    written.later()
    assert file() is first


def test_a_change_in_place_that_keeps_size_and_time_is_seen(written: Written) -> None:
    file, before = written.followed(), written.path.stat()
    written.path.write_text(written.path.read_text().replace("his", "ris"))
    os.utime(written.path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert written.path.stat().st_size == before.st_size
    written.later()
    assert names(file()) == {"ris", "pacs"}


WRONG = {"cut-off": '{"clients": [', "nothing": "", "a-misspelt-limit": '{"clients": [], "isuers": []}'}


@pytest.mark.parametrize("name", WRONG)
def test_one_that_is_wrong_lets_in_nobody_until_it_is_mended(written: Written, name: str) -> None:
    file = written.followed()
    written.put(WRONG[name])
    written.later()
    for _ in range(3):
        with pytest.raises(IdentitiesUnsure):
            file()
        written.later()
    written.say("pacs")
    written.later()
    assert names(file()) == {"pacs"}


def test_one_that_others_may_write_to_lets_in_nobody(written: Written) -> None:
    file = written.followed()
    written.path.chmod(0o666)
    written.later()
    with pytest.raises(IdentitiesUnsure):
        file()


def test_one_that_is_gone_names_nobody(written: Written) -> None:
    told, found = written.followed(), written.followed(told=False)
    written.path.unlink()
    written.later()
    assert found() == Identities()
    with pytest.raises(IdentitiesUnsure):
        told()


def test_nothing_is_served_from_one_that_is_wrong_at_the_start(written: Written) -> None:
    written.put("{")
    with pytest.raises(IdentityFileWrong):
        written.followed()


def test_the_log_says_it_at_once_again_and_when_it_is_mended(
    written: Written, caplog: pytest.LogCaptureFixture
) -> None:
    def lines() -> list[int]:
        found = [each.levelno for each in caplog.records if each.name == following.__name__]
        caplog.clear()
        return found

    file = written.followed()
    written.put("{")
    for _ in range(5):
        written.later()
        with pytest.raises(IdentitiesUnsure):
            file()
    assert "not JSON" in caplog.text
    assert lines() == [logging.ERROR]
    written.later(AGAIN)
    with pytest.raises(IdentitiesUnsure):
        file()
    assert lines() == [logging.ERROR]
    written.say("pacs")
    written.later()
    file()
    assert lines() == [logging.WARNING]


def test_keys_of_an_issuer_that_stays_are_not_fetched_again(written: Written) -> None:
    def say(*issuers: str) -> None:
        said = [identity_of(Provider(each), ("1.2", "3"))["issuers"][0] for each in issuers]
        written.put(json.dumps({"issuers": said}))

    say("https://a.example", "https://b.example")
    tokens = ProviderTokens(written.followed(), clock=now)
    before = tokens._issuers()
    say("https://a.example", "https://c.example")
    written.later()
    after = tokens._issuers()
    assert set(after) == {"https://a.example", "https://c.example"}
    assert after["https://a.example"] is before["https://a.example"]


def test_what_is_made_is_made_once_for_each_state(written: Written) -> None:
    seen: list[set[str]] = []

    def make(found: Identities, _: int | None) -> int:
        seen.append(names(found))
        return len(seen)

    made = Following(written.followed(), make)
    assert [made(), made()] == [1, 1]
    written.say("pacs")
    written.later()
    assert [made(), made()] == [2, 2]
    assert seen == [{"his", "pacs"}, {"pacs"}]


@dataclass
class Office:
    """The archive of `known`, served once more with a file of its own that is looked at for every request."""

    known: Known
    written: Written
    url: str

    @property
    def said(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.written.path.read_text())
        return found

    def get(self, token: str = "", **headers: str) -> httpx.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        said = named | ({"Authorization": f"Bearer {token}"} if token else {})
        return httpx.get(self.url + self.known.address, headers=said, trust_env=False, verify=PLAIN, timeout=30)

    def token(self) -> httpx.Response:
        form = {
            "grant_type": "client_credentials", "scope": "archive.read",
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": assertion(self.known, aud=f"{self.url}/v1/token"),
        }  # fmt: skip
        return httpx.post(f"{self.url}/v1/token", data=form, trust_env=False, verify=PLAIN, timeout=30)


@pytest.fixture
def office(known: Known, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    monkeypatch.setattr(following, "EVERY", 0.0)
    written = Written(tmp_path / "identity.json")
    written.put((known.served.settings.home.parent / "identity.json").read_text())
    settings = {"identity": written.path, "proxies": ("127.0.0.1",), "client_header": HEADER.lower()}
    with serving(known.served.archive, **settings) as url:
        yield Office(known, written, url)


def test_whoever_is_taken_out_is_out_at_the_next_request(office: Office) -> None:
    known, certificate = office.known, {HEADER: handed(office.known.pacs)}
    theirs, own = known.provider.token(), office.token().json()["access_token"]
    assert [office.get(theirs).status_code, office.get(own).status_code] == [200, 200]
    assert office.get(**certificate).status_code == 200
    whole = office.said
    office.written.put(json.dumps({"issuers": [], "clients": [], "certificates": []}))
    assert [office.get(theirs).status_code, office.get(own).status_code] == [401, 401]
    assert office.get(**certificate).status_code == 401
    assert office.token().status_code == 401
    office.written.put(json.dumps(whole))
    assert [office.get(theirs).status_code, office.get(own).status_code] == [200, 200]
    assert office.get(**certificate).status_code == 200


def test_scopes_that_are_taken_away_are_gone_from_tokens_that_were_given(office: Office) -> None:
    own = office.token().json()["access_token"]
    assert office.get(own).status_code == 200
    changed = office.said
    changed["clients"][0]["scopes"] = ["fhir.read"]
    office.written.put(json.dumps(changed))
    assert problem(office.get(own))["code"] == "CAL-003"


def test_while_the_file_is_wrong_local_accounts_alone_are_let_in(office: Office) -> None:
    known = office.known
    theirs, own = known.provider.token(), office.token().json()["access_token"]
    served: Served = known.served
    session = served.token()
    whole = office.said
    office.written.put("{")
    for answer in (office.get(theirs), office.get(own), office.get(**{HEADER: handed(known.pacs)}), office.token()):
        assert (answer.status_code, problem(answer)["code"]) == (503, "CAL-006")
        assert int(answer.headers["retry-after"]) > 0
        assert str(office.written.path) not in answer.text
    assert office.get(session, EDM_Purpose=Purpose.TREATMENT.value).status_code == 200
    assert office.get("no-token-at-all").status_code == 401
    office.written.put(json.dumps(whole))
    assert [office.get(theirs).status_code, office.get(own).status_code] == [200, 200]
