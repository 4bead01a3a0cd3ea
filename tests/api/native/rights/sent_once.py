"""For every route that makes or changes something: a request that does so, and another one with which its key may not
be used. What has to be there first is made without keys."""

import base64
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from cryptography.hazmat.primitives.serialization import Encoding

from repository.access.purpose import Purpose
from repository.domain.takeover import STORED, Handover
from repository.transfer.opening import open_transfer
from tests.api.native.rights.asked import account_of, consent, known_patients, number, to
from tests.api.native.rights.conftest import AUDITOR
from tests.api.native.rights.sent_desk import NOWHERE, REQUESTER, SECOND, STRANGER, Body, Desk, Sent
from tests.api.served import DOCTOR
from tests.builders.access import SUCCESSOR, worker
from tests.builders.people import PASSWORD
from tests.repository.demands.making import bare, certificate, ec_key, trusting


def give_consent(desk: Desk) -> Sent:
    return desk.sent("/v1/consents", consent(desk.somebody()), other={"evidence": "pismo 2"})


def withdraw(desk: Desk) -> Sent:
    one, two = (desk.post("/v1/consents", consent(desk.somebody()))["id"] for _ in range(2))
    return desk.sent(f"/v1/consents/{one}/withdrawal", other=f"/v1/consents/{two}/withdrawal")


def _grant(desk: Desk) -> Body:
    whose = number(desk.somebody())
    return {"takeover": desk.served.takeover.id, "grantee": to(), "purposes": ["treatment"], "patient": whose}


def give_grant(desk: Desk) -> Sent:
    return desk.sent("/v1/grants", _grant(desk), by=DOCTOR, other={"evidence": "pismo 2"})


def revoke_grant(desk: Desk) -> Sent:
    one, two = (desk.post("/v1/grants", _grant(desk))["id"] for _ in range(2))
    return desk.sent(f"/v1/grants/{one}/revocation", other=f"/v1/grants/{two}/revocation")


def _relation(desk: Desk) -> Body:
    return {"patient": number(desk.somebody()), "person": number(desk.somebody()), "kind": "close"}


def relate(desk: Desk) -> Sent:
    return desk.sent("/v1/relations", _relation(desk), other={"kind": "authorised"})


def unrelate(desk: Desk) -> Sent:
    known = desk.post("/v1/relations", _relation(desk))["id"]
    return desk.sent(f"/v1/relations/{known}/end", {}, other={"takeover": desk.served.takeover.id})


def death(desk: Desk) -> Sent:
    said = {"patient": number(desk.somebody()), "on": "2024-05-06"}
    return desk.sent("/v1/deaths", said, other={"on": "2024-05-07"})


def custody(desk: Desk) -> Sent:
    """To whoever has it already, that others go on as before."""
    address = f"/v1/custody/{desk.served.takeover.id}"
    last = desk.client().get(address).json()["custody"][-1]
    said = {"custodian": last["custodian"], "name": "Ten sam"}
    return desk.sent(address, said, other={"custodian": number(SUCCESSOR)})


def bind(desk: Desk) -> Sent:
    live = open_transfer(desk.served.archive, Handover())
    said = {"peer": {"kind": "system", "system": "CT_1"}}
    return desk.sent(f"/v1/takeovers/{live.id}/bindings", said, other={"peer": {"kind": "system", "system": "CT_2"}})


def _transfer(name: str) -> Body:
    peers = [{"kind": "system", "system": name}]
    return {"producer": {"name": "NZOZ Nadal Otwarty"}, "declared_counts": {"instances": 2}, "peers": peers}


def transfer(desk: Desk) -> Sent:
    said = _transfer(f"CT_{next(desk.serial)}")
    return desk.sent("/v1/transfers", said, other={"declared_counts": {"instances": 3}})


def conclude(desk: Desk) -> Sent:
    one, two = (desk.post("/v1/transfers", _transfer(f"CT_{next(desk.serial)}"))["id"] for _ in range(2))
    return desk.sent(f"/v1/takeovers/{one}/conclusion", other=f"/v1/takeovers/{two}/conclusion")


def protect(desk: Desk) -> Sent:
    said = {"patients": [number(desk.somebody())]}
    return desk.sent("/v1/protection", said, other={"patients": [number(desk.somebody())]})


def lift(desk: Desk) -> Sent:
    one, two = (desk.post("/v1/protection", {"patients": [number(desk.somebody())]})["flags"][0] for _ in range(2))
    desk.post(f"/v1/protection/{one}/lifting", by=SECOND)
    return desk.sent(f"/v1/protection/{one}/lifting", other=f"/v1/protection/{two}/lifting")


def approve(desk: Desk) -> Sent:
    said = {"requester": account_of(desk.served, DOCTOR), "patient": number(desk.somebody())}
    return desk.sent("/v1/approvals", said, other={"minutes": 5})


def _authorisation(desk: Desk) -> Body:
    desk.client(SECOND)
    until = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    return {"administrator": account_of(desk.served, SECOND), "reason": "naprawa", "until": until}


def authorise(desk: Desk) -> Sent:
    return desk.sent("/v1/authorisations", _authorisation(desk), other={"reason": "kontrola"})


def end_authorisation(desk: Desk) -> Sent:
    one, two = (desk.post("/v1/authorisations", _authorisation(desk))["id"] for _ in range(2))
    return desk.sent(f"/v1/authorisations/{one}/end", other=f"/v1/authorisations/{two}/end")


def _message(desk: Desk) -> Body:
    _, whose = known_patients(desk.served)[1]
    return {
        "message_id": f"once-{next(desk.serial)}", "patient": number(whose), "purpose": "treatment",
        "takeover": desk.served.takeover.id,
    }  # fmt: skip


def submit(desk: Desk) -> Sent:
    return desk.sent("/v1/demands", _message(desk), by=REQUESTER, other={"purpose": "continuity"})


def expire(desk: Desk) -> Sent:
    return desk.sent("/v1/demands/expiry", by=DOCTOR, other="/v1/authorisations/" + NOWHERE + "/end")


def _demand(desk: Desk, *, until: str) -> str:
    """The address of a demand for which all has been done that comes before `until`."""
    trusting(desk.served.settings)
    patient, whose = known_patients(desk.served)[1]
    desk.post("/v1/consents", consent(whose))
    address = f"/v1/demands/{desk.post('/v1/demands', _message(desk), by=REQUESTER)['id']}"
    for step, body, by in (
        ("verification", lambda: None, DOCTOR), ("forwarding", lambda: None, DOCTOR),
        ("preparation", lambda: {"holdings": _holdings(desk, patient)}, DOCTOR),
        ("signature", lambda: _signature(desk, address), DOCTOR), ("sending", dict, DOCTOR),
        ("receipt", lambda: _received(desk, address), REQUESTER),
    ):  # fmt: skip
        if step == until:
            break
        desk.post(f"{address}/{step}", body(), by=by)
    return address


def _holdings(desk: Desk, patient: int) -> list[str]:
    room, takeover = desk.served.archive.catalogue, desk.served.takeover
    stored = (each.ordinal for each in room.items(takeover.number) if each.disposition in STORED)
    return [f"{takeover.id}/{each}" for each in stored if room.holding(takeover.number, each).patient == patient]


def _signature(desk: Desk, address: str) -> Body:
    text = desk.client(DOCTOR).get(f"{address}/to-be-signed").json()["to_be_signed"].encode()
    known = certificate(ec_key(), worker(given_name="Ada", surname="Nowak")).public_bytes(Encoding.PEM)
    return {
        "value": base64.b64encode(bare(ec_key(), text)).decode(), "certificate": base64.b64encode(known).decode(),
    }  # fmt: skip


def _received(desk: Desk, address: str) -> Body:
    return {"content_sha256": desk.client(REQUESTER).get(f"{address}/outgoing").json()["content_sha256"]}


def verify(desk: Desk) -> Sent:
    address = _demand(desk, until="verification")
    return desk.sent(f"{address}/verification", by=DOCTOR, other=f"{address}/forwarding")


def forward(desk: Desk) -> Sent:
    address = _demand(desk, until="forwarding")
    return desk.sent(f"{address}/forwarding", by=DOCTOR, other=f"{address}/verification")


def prepare(desk: Desk) -> Sent:
    held = _holdings(desk, known_patients(desk.served)[1][0])
    address = _demand(desk, until="preparation")
    return desk.sent(f"{address}/preparation", {"holdings": held}, by=DOCTOR, other={"holdings": held[:1]})


def sign(desk: Desk) -> Sent:
    address = _demand(desk, until="signature")
    return desk.sent(f"{address}/signature", _signature(desk, address), by=DOCTOR, other={"kind": "trusted"})


def send(desk: Desk) -> Sent:
    address = _demand(desk, until="sending")
    return desk.sent(f"{address}/sending", {"channel": "ePUAP"}, by=DOCTOR, other={"channel": "SIM"})


def receive(desk: Desk) -> Sent:
    address = _demand(desk, until="receipt")
    return desk.sent(f"{address}/receipt", _received(desk, address), by=REQUESTER, other={"content_sha256": "0" * 64})


def confirm(desk: Desk) -> Sent:
    address = _demand(desk, until="confirmations")
    return desk.sent(f"{address}/confirmations", {"place": "sim"}, by=REQUESTER, other={"place": "provider"})


def _invitation(desk: Desk) -> Body:
    return {"kind": "auditor", "given_name": "Ewa", "surname": f"Nowa-{next(desk.serial)}"}


def invite(desk: Desk) -> Sent:
    return desk.sent("/v1/people", _invitation(desk), other={"given_name": "Anna"})


def accept(desk: Desk) -> Sent:
    code = desk.post("/v1/people", _invitation(desk))["code"]
    said = {"code": code, "name": f"nowa-{next(desk.serial)}", "password": PASSWORD}
    another = ("/v1/people/acceptance", said | {"password": PASSWORD + "!"})
    return Sent(desk.client(None), f"invitation#{code}", "/v1/people/acceptance", said, another)


def revoke(desk: Desk) -> Sent:
    one, two = (desk.post("/v1/people", _invitation(desk))["account"] for _ in range(2))
    return desk.sent(f"/v1/people/{one}/revocation", other=f"/v1/people/{two}/revocation")


def review(desk: Desk) -> Sent:
    reason = {"EDM_Reason": f"Zagro%C5%BCenie%20{next(desk.serial)}"}
    item = next(e for e in desk.served.archive.catalogue.items(desk.served.takeover.number) if e.disposition in STORED)
    with desk.served.client(STRANGER, purpose=Purpose.EMERGENCY, **reason) as stranger:
        assert stranger.get(f"/v1/holdings/{desk.served.takeover.id}/{item.ordinal}").status_code == 200
    waiting = desk.client(AUDITOR).get("/v1/reviews").json()["accounts"][-1]["number"]
    return desk.sent(f"/v1/reviews/{waiting}", {"remark": "zasadne"}, by=AUDITOR, other={"remark": "niezasadne"})


def _run(desk: Desk) -> Body:
    return {"level": "exists", "part": 1, "parts": 100 + next(desk.serial)}


def run(desk: Desk) -> Sent:
    return desk.sent("/v1/runs", _run(desk), other={"level": "sealed"})


def cancel(desk: Desk) -> Sent:
    one, two = (desk.post("/v1/runs", _run(desk))["id"] for _ in range(2))
    return desk.sent(f"/v1/jobs/{one}/cancel", other=f"/v1/jobs/{two}/cancel")


CASES: dict[str, Callable[[Desk], Sent]] = {
    "/v1/consents": give_consent, "/v1/consents/{permission}/withdrawal": withdraw,
    "/v1/grants": give_grant, "/v1/grants/{permission}/revocation": revoke_grant,
    "/v1/relations": relate, "/v1/relations/{relation}/end": unrelate, "/v1/deaths": death,
    "/v1/custody/{takeover}": custody, "/v1/takeovers/{takeover}/bindings": bind,
    "/v1/transfers": transfer, "/v1/takeovers/{takeover}/conclusion": conclude,
    "/v1/protection": protect, "/v1/protection/{flag}/lifting": lift,
    "/v1/approvals": approve, "/v1/authorisations": authorise, "/v1/authorisations/{flag}/end": end_authorisation,
    "/v1/demands": submit, "/v1/demands/expiry": expire, "/v1/demands/{demand}/verification": verify,
    "/v1/demands/{demand}/forwarding": forward, "/v1/demands/{demand}/preparation": prepare,
    "/v1/demands/{demand}/signature": sign, "/v1/demands/{demand}/sending": send,
    "/v1/demands/{demand}/receipt": receive, "/v1/demands/{demand}/confirmations": confirm,
    "/v1/people": invite, "/v1/people/acceptance": accept, "/v1/people/{account}/revocation": revoke,
    "/v1/reviews/{account}": review, "/v1/runs": run, "/v1/jobs/{job}/cancel": cancel,
}  # fmt: skip
