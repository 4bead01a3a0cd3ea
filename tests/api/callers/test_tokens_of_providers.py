"""Bearer tokens of an identity provider: one that is right opens, and each that is wrong says the same."""

import base64
import hmac
import json
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from joserfc.jwk import RSAKey
from starlette.requests import Request

from api.callers.backend import BackendClients
from api.callers.bearer import ProviderTokens
from api.callers.errors import NotAccepted
from api.callers.identities import identities_of
from api.callers.session import Sessions
from api.callers.way import identified
from tests.api.callers.conftest import Known
from tests.api.served import problem
from tests.builders.identity_provider import ACT_REASON, Provider, identity_of
from tests.peers.plain_http import PLAIN

Forged = Callable[[Provider], str]
OTHER = RSAKey.generate_key(2048, {"kid": "rsa"})
NOW = time.time


def part(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def unsigned(made: Provider) -> str:
    return f"{part({'alg': 'none', 'typ': 'at+jwt'})}.{part(made.claims())}."


def confused(made: Provider) -> str:
    """The public key, used as the shared secret of an HMAC."""
    said = f"{part({'alg': 'HS256', 'kid': 'rsa', 'typ': 'at+jwt'})}.{part(made.claims())}"
    mac = hmac.digest(made.rsa.as_pem(private=False), said.encode(), "sha256")
    return f"{said}.{base64.urlsafe_b64encode(mac).decode().rstrip('=')}"


def bringing(name: str) -> Forged:
    """A key of the forger's own, in the header or at an address there."""
    value: Any = {"jwk": OTHER.as_dict(private=False), "x5c": ["MIIB"]}.get(name, "http://127.0.0.1:1/keys")
    return lambda made: made.token(header={name: value}, key=OTHER)


def altered(made: Provider) -> str:
    header, _, signature = made.token().split(".")
    return f"{header}.{part(made.claims(sub='somebody-else'))}.{signature}"


def said_twice(made: Provider) -> str:
    header, _, _ = made.token().split(".")
    twice = json.dumps(made.claims())[:-1] + ', "sub": "second"}'
    return f"{header}.{base64.urlsafe_b64encode(twice.encode()).decode().rstrip('=')}.AAAA"


WRONG: dict[str, tuple[str, Forged]] = {
    "unsigned": ("unsigned", unsigned),
    "none-with-a-signature": ("algorithm", lambda made: unsigned(made) + "AAAA"),
    "None-in-capitals": ("algorithm", lambda made: f"{part({'alg': 'NONE'})}.{part(made.claims())}.AAAA"),
    "hmac-with-the-public-key": ("algorithm", confused),
    "an-algorithm-that-is-not-listed": ("algorithm", lambda made: made.token(header={"alg": "RS512"})),
    "an-elliptic-signature-under-the-rsa-key": (
        "key",
        lambda made: made.token(header={"alg": "ES256", "kid": "rsa"}, key=made.ec),
    ),
    "signed-by-another": ("signature", lambda made: made.token(key=OTHER)),
    "a-kid-of-nobody": ("key", lambda made: made.token(header={"kid": "../../etc/passwd"})),
    "a-kid-that-is-sql": ("key", lambda made: made.token(header={"kid": "' OR 1=1 --"})),
    "a-kid-that-is-an-address": ("key", lambda made: made.token(header={"kid": "http://127.0.0.1:1/k"}, key=OTHER)),
    "an-endless-kid": ("header", lambda made: made.token(header={"kid": "k" * 5000})),
    "brings-jwk": ("header", bringing("jwk")),
    "brings-jku": ("header", bringing("jku")),
    "brings-x5u": ("header", bringing("x5u")),
    "brings-x5c": ("header", bringing("x5c")),
    "altered": ("signature", altered),
    "says-a-claim-twice": ("malformed", said_twice),
    "an-id-token": ("type", lambda made: made.token(header={"typ": "JWT"})),
    "without-a-type": ("type", lambda made: made.token(header={"typ": None})),
    "a-logout-token": ("type", lambda made: made.token(header={"typ": "logout+jwt"})),
    "expired": ("expired", lambda made: made.token(iat=int(NOW()) - 600, exp=int(NOW()) - 1)),
    "of-the-future": ("early", lambda made: made.token(iat=int(NOW()) + 200, exp=int(NOW()) + 400)),
    "not-yet": ("early", lambda made: made.token(nbf=int(NOW()) + 200)),
    "for-a-year": ("too-long", lambda made: made.token(exp=int(NOW()) + 365 * 86400)),
    "without-an-end": ("times", lambda made: made.token(exp=None)),
    "without-a-beginning": ("times", lambda made: made.token(iat=None)),
    "an-end-that-is-text": ("times", lambda made: made.token(exp="9999999999")),
    "an-end-that-is-true": ("times", lambda made: made.token(exp=True)),
    "an-infinite-end": ("times", lambda made: made.token(exp=float("inf"))),
    "for-another-audience": ("audience", lambda made: made.token(aud="https://another.example")),
    "for-no-audience": ("audience", lambda made: made.token(aud=None)),
    "for-an-audience-that-begins-alike": ("audience", lambda made: made.token(aud="https://archive.example.evil")),
    "of-another-issuer": ("issuer", lambda made: made.token(iss="https://evil.example")),
    "of-an-issuer-with-a-slash-more": ("issuer", lambda made: made.token(iss=made.url + "/")),
    "of-no-issuer": ("issuer", lambda made: made.token(iss=None)),
    "without-a-subject": ("claim-sub", lambda made: made.token(sub=None)),
    "a-subject-that-is-a-list": ("claim-sub", lambda made: made.token(sub=["a"])),
    "without-an-id": ("claim-jti", lambda made: made.token(jti=None)),
    "without-a-surname": ("claim-missing", lambda made: made.token(family_name=None)),
    "without-a-given-name": ("claim-missing", lambda made: made.token(given_name=" ")),
    "without-a-licence": ("claim-missing", lambda made: made.token(npwz=None)),
    "a-licence-that-does-not-check": ("npwz", lambda made: made.token(npwz="5425741")),
    "of-an-organisation-that-is-not-listed": ("organisation", lambda made: made.token(organisation="another")),
    "of-no-organisation": ("organisation", lambda made: made.token(organisation=None)),
    "of-no-role": ("role", lambda made: made.token(role=None)),
    "of-a-role-that-is-not-listed": ("role", lambda made: made.token(role="archive")),
    "of-two-roles": ("role", lambda made: made.token(role=["lekarz", "administrator"])),
    "a-patient-with-equal-digits": ("pesel", lambda made: made.token(role="pacjent", pesel="00000000000")),
    "identified-who-knows-how": ("assurance", lambda made: made.token(acr="urn:unknown")),
    "identified-nobody-says-how": ("assurance", lambda made: made.token(acr=None)),
    "bound-to-a-certificate": ("binding", lambda made: made.token(cnf={"x5t#S256": "A" * 43})),
    "bound-to-a-key": ("binding", lambda made: made.token(cnf={"jkt": "A" * 43})),
    "scopes-of-numbers": ("scope", lambda made: made.token(scope=[1])),
    "a-purpose-that-is-text": ("purpose", lambda made: made.token(extensions={"ihe_iua": {"purpose_of_use": "TREAT"}})),
    "three-empty-parts": ("unsigned", lambda _made: ".."),
    "no-json": ("malformed", lambda _made: "AAAA.AAAA.AAAA"),
    "lists-for-objects": ("malformed", lambda _made: f"{part([])}.{part([])}.AAAA"),
    "deeply-nested": (
        "malformed",
        lambda _made: base64.urlsafe_b64encode(b"[" * 8000).decode().rstrip("=") + f".{part({})}.AAAA",
    ),
    "endless": ("malformed", lambda made: made.token(more="x" * 20_000)),
    "four-parts": ("unknown", lambda made: made.token() + ".AAAA"),
    "no-token-of-ours": ("session", lambda _made: "A" * 43),
    "not-sealed-by-us": ("sealed", lambda _made: "edm1." + "A" * 300),
}  # fmt: skip


def test_a_doctor_with_a_token_reads(known: Known) -> None:
    answer = known.get(known.provider.token())
    assert answer.status_code == 200, answer.text
    last = known.served.archive.catalogue.accounts.last()
    deed = next(known.served.archive.catalogue.journal.deeds(after=last - 1, last=last))
    assert (deed.body["surname"], deed.body["purpose"]) == ("Nowak", "treatment")
    assert deed.body["id"] == f"{known.provider.url}#user-1"


def test_a_token_may_be_signed_with_an_elliptic_curve(known: Known) -> None:
    token = known.provider.token(header={"alg": "ES256", "kid": "ec"}, key=known.provider.ec)
    assert known.get(token).status_code == 200


def test_a_token_may_name_several_audiences_and_spell_its_type_out(known: Known) -> None:
    token = known.provider.token(
        header={"typ": "application/AT+JWT"}, aud=["https://x.example", "https://archive.example"]
    )
    assert known.get(token).status_code == 200


@pytest.mark.parametrize("name", WRONG)
def test_a_token_that_is_wrong_is_refused_like_every_other(known: Known, name: str) -> None:
    _, forged = WRONG[name]
    answer, nobody = known.get(forged(known.provider), EDM_Purpose="treatment"), known.get()
    assert answer.status_code == 401
    assert problem(answer) == problem(nobody)
    unlike = {"date", "x-request-id"}
    assert {k: v for k, v in answer.headers.items() if k not in unlike} == {
        k: v for k, v in nobody.headers.items() if k not in unlike
    }


@pytest.mark.parametrize("name", sorted(WRONG))
def test_each_is_refused_for_its_own_reason(known: Known, name: str) -> None:
    """What the tests above cannot see from outside: that not one fault hides all the others."""
    why, forged = WRONG[name]
    archive = known.served.archive
    file = identities_of(json.dumps(identity_of(known.provider, ("1.2", "3"))).encode(), path="")
    ways = (
        Sessions(archive),
        BackendClients(archive, file, address=""),
        ProviderTokens(file, clock=archive.clock),
    )
    said = [(b"authorization", b"Bearer " + forged(known.provider).encode())]
    with pytest.raises(NotAccepted) as caught:
        identified(ways, Request({"type": "http", "headers": said}))
    assert caught.value.why == why


def test_the_purpose_of_the_token_is_the_only_one(known: Known) -> None:
    token = known.provider.token()
    assert known.get(token, EDM_Purpose="treatment").status_code == 200
    assert known.get(token, EDM_Purpose="custody").status_code == 401


def test_a_purpose_that_is_not_known_allows_nothing(known: Known) -> None:
    said = {"ihe_iua": {"purpose_of_use": [{"system": ACT_REASON, "code": "HMARKT"}]}}
    assert known.get(known.provider.token(extensions=said), EDM_Purpose="treatment").status_code == 401


def test_a_token_without_a_purpose_needs_one_in_the_request(known: Known) -> None:
    token = known.provider.token(extensions=None)
    assert known.get(token).status_code == 400
    assert known.get(token, EDM_Purpose="treatment").status_code == 200


@pytest.mark.parametrize("scope", [None, "", "openid profile", "dicomweb.read", "archive.write", "patient/*.rs"])
def test_a_token_for_something_else_is_not_enough(known: Known, scope: str | None) -> None:
    answer = known.get(known.provider.token(scope=scope))
    assert (answer.status_code, problem(answer)["code"]) == (403, "CAL-003")


def test_a_bad_token_does_not_fall_back_to_a_good_session(known: Known) -> None:
    session = known.served.token()
    assert known.get(session, EDM_Purpose="treatment").status_code == 200
    forged = known.provider.token(key=OTHER)
    headers = [
        ("Authorization", f"Bearer {forged}"),
        ("Authorization", f"Bearer {session}"),
        ("EDM-Purpose", "treatment"),
    ]
    with httpx.Client(trust_env=False, verify=PLAIN, timeout=60) as client:
        answer = client.get(known.served.url + known.address, headers=headers)
    assert (answer.status_code, problem(answer)["code"]) == (400, "CAL-002")


@pytest.mark.parametrize("said", ["Basic YWRtaW46YWRtaW4=", "Bearer", "Digest x", "bearer\tx", "token"])
def test_other_schemes_are_nobody(known: Known, said: str) -> None:
    assert known.get(Authorization=said, EDM_Purpose="treatment").status_code == 401


def test_keys_are_asked_for_once_however_many_tokens_name_unknown_ones(known: Known) -> None:
    known.get(known.provider.token())
    before = known.provider.asked
    for number in range(5):
        known.get(known.provider.token(header={"kid": f"unknown-{number}"}))
    assert known.provider.asked - before <= 2  # one document of metadata, one of keys


def test_a_session_is_not_narrowed_by_scopes(known: Known) -> None:
    assert known.get(known.served.token(), EDM_Purpose="treatment").status_code == 200
