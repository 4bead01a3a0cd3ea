"""`demand`: a requester and an archivist, each signed in, bring a demand from a file to both confirmations."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from repository.clock import now
from repository.domain.takeover import Handover
from repository.entitlement import give, give_custody, withdraw
from repository.runtime import open_archive
from repository.settings import from_environment
from storage.ids import new_id
from tests.builders.access import SUCCESSOR, THEIRS, consent, identification, organisation, worker
from tests.builders.holdings import AT, image, packed, paper
from tests.builders.people import cheap_argon2
from tests.cli.running import Machine
from tests.repository.demands.making import PATIENT, archivist, bare, certificate, ec_key, trusting

REQUESTER, ARCHIVIST = worker(id="requester"), archivist()
OUTSIDER = worker(id="outsider", npwz="", identifier=None, organisation=organisation(THEIRS))


@pytest.fixture(autouse=True)
def _cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    cheap_argon2(monkeypatch)


class Desk:
    """A machine whose archive keeps a takeover; `as_` says who is at it."""

    def __init__(self, machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
        self.machine, self.monkeypatch = machine, monkeypatch
        with open_archive(from_environment(machine.environment)) as archive:
            trusting(archive.settings)
            self.takeover = str(new_id())
            taken = archive.catalogue.open_takeover(
                Handover(), id=self.takeover, package="p", fingerprint="f", declared=True, opened_at=AT
            )
            give_custody(archive, self.takeover, SUCCESSOR, name="Następca")
            archive.catalogue.record(taken.number, [packed("aa", image(1), paper(2))])

    def as_(self, who: Any) -> "Desk":
        known = identification(at=now() - timedelta(minutes=1), until=now() + timedelta(hours=1))
        present = type(who)(**{name: getattr(who, name) for name in who.__slots__} | {"identification": known})
        self.monkeypatch.setattr("cli.identity.signed_in", lambda _archive, _screen: present)
        return self

    def consented(self) -> str:
        with open_archive(from_environment(self.machine.environment)) as archive:
            days = timedelta(days=1)
            return give(archive, consent(id="", patient=PATIENT, valid_from=now() - days, valid_to=now() + days)).id

    def message(self, **changes: object) -> Path:
        said: dict[str, object] = {
            "message_id": "m-1", "patient": {"root": PATIENT.root, "extension": PATIENT.extension},
            "purpose": "treatment", "takeover": self.takeover,
        }  # fmt: skip
        file = self.machine.folder / "demand.json"
        file.write_text(json.dumps(said | changes))
        return file

    def demand(self, *words: object, code: int = 0) -> Any:
        return self.machine.json("demand", *words, code=code)


@pytest.fixture
def desk(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk(machine, monkeypatch)


def test_from_the_message_to_both_confirmations(desk: Desk) -> None:
    desk.consented()
    done = desk.as_(REQUESTER).demand("submit", desk.message())
    name = done["id"]
    assert (done["state"], done["errors"]) == ("accepted", [])
    assert desk.demand("submit", desk.message())["id"] == name
    desk.as_(ARCHIVIST)
    assert desk.demand("queue") == {"demands": []}
    assert desk.demand("verify", name)["state"] == "verified"
    assert desk.demand("forward", name)["state"] == "forwarded"
    assert [each["id"] for each in desk.demand("queue")["demands"]] == [name]
    text, held = desk.machine.folder / "to-be-signed", [f"{desk.takeover}/1", f"{desk.takeover[:13]}/2"]
    prepared = desk.demand("prepare", name, *held, "--out", text)
    digest = prepared["content_sha256"]
    assert prepared["to_be_signed"] == text.read_text()
    assert desk.demand("prepare", name, *held, code=2)["error"]["code"] == "DMD-004"
    since = now() - timedelta(days=1)
    known = certificate(ec_key(), since=since, until=since + timedelta(days=30))
    (signature := desk.machine.folder / "signature").write_bytes(bare(ec_key(), text.read_bytes()))
    (file := desk.machine.folder / "certificate.pem").write_bytes(known.public_bytes(Encoding.PEM))
    assert desk.demand("send", name, code=2)["error"]["code"] == "DMD-004"
    signed = desk.demand("sign", name, "--signature", signature, "--certificate", file)
    assert signed["state"] == "signed"
    out = desk.machine.folder / "message.json"
    assert desk.demand("send", name, "--channel", "ePUAP", "--out", out)["state"] == "sent"
    assert json.loads(out.read_bytes())["content_sha256"] == digest
    assert desk.demand("receive", name, "--sha256", digest, code=2)["error"]["code"] == "DMD-003"
    desk.as_(REQUESTER)
    assert desk.demand("receive", name, "--sha256", "0" * 64, code=5)["error"]["code"] == "DMD-009"
    assert desk.demand("receive", name, "--sha256", digest)["state"] == "received"
    assert desk.demand("confirm", name, "--place", "sim")["state"] == "received"
    desk.as_(ARCHIVIST)
    assert desk.demand("confirm", name, "--place", "provider")["state"] == "confirmed"
    shown = desk.demand("show", name)
    assert shown["patient"]["extension"] == PATIENT.extension
    assert [each["place"] for each in shown["confirmations"]] == ["sim", "provider"]
    assert shown["moves"][5]["by"] == "Róża Brzęk-Łęcka (5425740)"
    assert [each["state"] for each in desk.demand("list")["demands"]] == ["confirmed"]
    assert desk.demand("list", "--state", "sent") == {"demands": []}
    assert "potwierdzone" in desk.machine.done("--lang", "pl", "demand", "show", name).stdout
    assert name in desk.machine.done("demand", "list").stdout


def test_of_somebody_elses_demand_nothing_is_told(desk: Desk) -> None:
    desk.consented()
    name = desk.as_(REQUESTER).demand("submit", desk.message())["id"]
    assert desk.demand("show", name)["id"] == name
    assert [each["id"] for each in desk.demand("list")["demands"]] == [name]
    assert desk.demand("verify", name, code=2)["error"]["code"] == "DMD-003"
    missing = desk.as_(OUTSIDER).demand("show", "00000000", code=2)
    verbs = [("show",), ("verify",), ("forward",), ("send",), ("receive", "--sha256", "0" * 64)]
    for verb, *more in [*verbs, ("confirm", "--place", "sim"), ("confirm", "--place", "provider")]:
        assert desk.demand(verb, name, *more, code=2) == missing
    assert desk.demand("list") == desk.demand("queue") == desk.demand("expire") == {"demands": []}


def test_a_consent_that_is_withdrawn_before_it_is_sent_keeps_the_content_here(desk: Desk) -> None:
    given = desk.consented()
    name = desk.as_(REQUESTER).demand("submit", desk.message())["id"]
    desk.as_(ARCHIVIST).demand("verify", name)
    desk.demand("forward", name)
    with open_archive(from_environment(desk.machine.environment)) as archive:
        withdraw(archive, given)
    error = desk.demand("prepare", name, f"{desk.takeover}/1", code=6)["error"]
    assert error["code"] == "DMD-012"
    assert desk.demand("show", name)["state"] == "forwarded"


def test_without_a_consent_the_demand_is_refused_and_accounted_for(desk: Desk) -> None:
    name = desk.as_(REQUESTER).demand("submit", desk.message())["id"]
    answer = desk.as_(ARCHIVIST).demand("verify", name, code=6)
    assert (answer["state"], answer["reasons"]) == ("refused", ["CONSENT_MISSING"])
    assert desk.demand("forward", name, code=2)["error"]["code"] == "DMD-004"
    assert desk.demand("queue") == {"demands": []}
    with open_archive(from_environment(desk.machine.environment)) as archive:
        answered, verified = archive.catalogue.journal.deeds(kind="account")
        assert (answered.outcome, verified.outcome) == ("permitted", "refused")


def test_a_message_with_errors_is_answered_by_their_list(desk: Desk) -> None:
    answer = desk.as_(REQUESTER).demand("submit", desk.message(purpose=None, takeover="x"), code=3)
    assert answer["state"] == "rejected"
    assert [error["code"] for error in answer["errors"]] == ["PURPOSE_MISSING", "PROVIDER_UNKNOWN"]
    again = desk.machine.done("--lang", "pl", "demand", "submit", desk.message(purpose=None, takeover="x"), code=3)
    assert "Brak celu." in again.stdout


def test_nobody_demands_in_the_name_of_another(desk: Desk) -> None:
    claimed = {"kind": "medical-worker", "id": "somebody-else"}
    answer = desk.as_(REQUESTER).demand("submit", desk.message(requester=claimed), code=2)
    assert answer["error"]["code"] == "DMD-001"
    desk.demand("submit", desk.message(requester={"kind": "patient", "id": "requester"}))


@pytest.mark.parametrize("text", [b"", b"[]", b"{", b" " * (1 << 20) + b"  "])
def test_what_is_no_message_is_not_understood(desk: Desk, text: bytes) -> None:
    (file := desk.machine.folder / "bad.json").write_bytes(text)
    assert desk.as_(REQUESTER).demand("submit", file, code=2)["error"]["code"] == "DMD-001"


def test_a_demand_is_not_served_by_nobody(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDM_ARCHIVE_SESSION_FILE", str(desk.machine.folder / "none"))
    desk.machine.more = {"EDM_ARCHIVE_SESSION_FILE": str(desk.machine.folder / "none")}
    for words in (("list",), ("queue",), ("expire",), ("show", "x"), ("submit", desk.message())):
        assert desk.demand(*words, code=2)["error"]["code"] == "PPL-020"


def test_demands_that_wait_are_not_expired_before_their_time(desk: Desk) -> None:
    desk.as_(REQUESTER).demand("submit", desk.message())
    assert desk.demand("expire") == {"demands": []}
    assert desk.demand("show", "00000000", code=2)["error"]["code"] == "DMD-003"
    assert desk.demand("prepare", "x", "no-such-name", code=2)["error"]["code"] == "DMD-011"
