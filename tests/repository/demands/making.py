"""Orders, workers' certificates and signatures for demands: synthetic, of nobody."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7
from cryptography.x509.oid import NameOID, ObjectIdentifier

from repository.access.decision import Decision
from repository.access.principal import Principal
from repository.access.purpose import Purpose
from repository.access.request import AccessRequest
from repository.demands.moving import found
from repository.demands.order import Demand, DemandOrder
from repository.demands.preparing import frozen, prepare
from repository.demands.receiving import confirm, receive
from repository.demands.signing import send, sign, to_be_signed
from repository.demands.submitting import accept_or_reject, submit
from repository.demands.verifying import forward, verify
from repository.domain.demand import DemandState, Place
from repository.domain.describing import Identifier
from repository.evidence.trust.store import Filed, TrustStore
from repository.evidence.worker_signature import Supplied
from repository.runtime import Archive
from repository.settings import Settings
from tests.builders.access import AT, SUCCESSOR, organisation, worker
from tests.builders.chains import Issued, Key, authority, install, issued
from tests.builders.holdings import PESEL

TAKEOVER = "takeover-one"
PATIENT = Identifier(PESEL, f"{1:011d}")
QUALIFIED = bytes.fromhex("300a 3008 0606 0400 8e46 0101".replace(" ", ""))  # QcCompliance, ETSI EN 319 412-5
_NUMBERS = count(1)


@dataclass
class Ticking:
    """A clock that goes on by a millisecond each time; `later` sets it forward."""

    ahead: timedelta = timedelta(0)
    _ticks: Iterator[int] = field(default_factory=count)

    def __call__(self) -> datetime:
        return AT + self.ahead + timedelta(milliseconds=next(self._ticks))

    def later(self, by: timedelta) -> None:
        self.ahead += by


def order(**changes: Any) -> DemandOrder:
    """A complete one, each under a message id of its own: a worker wants to treat PATIENT."""
    made = DemandOrder(
        message_id=f"message-{next(_NUMBERS)}", requester=requester(), patient=PATIENT,
        purpose=Purpose.TREATMENT, takeover=TAKEOVER,
    )  # fmt: skip
    return replace(made, **changes)


def archivist(**changes: Any) -> Principal:
    """A worker of the custodian."""
    known = {"id": "archivist-1", "given_name": "Róża", "surname": "Brzęk-Łęcka", "npwz": "5425740"}
    mine = {"identifier": None, "organisation": organisation(SUCCESSOR, name="Następca")}
    return worker(**known | mine | changes)


def requester(**changes: Any) -> Principal:
    return worker(**{"id": "requester-1"} | changes)


def permitting(request: AccessRequest) -> Decision:
    return Decision((), "consent", (), "test-rules", request.at)


def refusing(request: AccessRequest) -> Decision:
    return Decision(("CONSENT_MISSING",), "", (), "test-rules", request.at)


@cache
def ec_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@cache
def rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@cache
def anchor() -> Issued:
    """The authority that issues to all workers of these tests; `trusting` makes an archive trust it."""
    return authority("Urząd testowy", path_length=0)


def trust() -> TrustStore:
    return TrustStore(Path("trust"), anchors=(Filed("anchor.pem", anchor().certificate),))


def trusting(settings: Settings) -> Settings:
    """The archive there trusts `anchor`."""
    install(settings.trust_path, anchor())
    return settings


def certificate(
    key: Key,
    who: Principal | None = None,
    *,
    by: Issued | None = None,
    since: datetime = AT - timedelta(days=30),
    until: datetime = AT + timedelta(days=300),
    qualified: bool = True,
    usage: str = "content_commitment",
    serial: str = "",
) -> x509.Certificate:
    who = who or archivist()
    said = [(NameOID.COUNTRY_NAME, "PL"), (NameOID.GIVEN_NAME, who.given_name), (NameOID.SURNAME, who.surname)]
    said += [(NameOID.SERIAL_NUMBER, serial)] if serial else []
    name = x509.Name([x509.NameAttribute(oid, value) for oid, value in said])
    extras = [(x509.UnrecognizedExtension(ObjectIdentifier("1.3.6.1.5.5.7.1.3"), QUALIFIED), False)]
    made = issued(
        name, by or anchor(), key=key, since=since, until=until, flags=(usage,), extras=extras if qualified else []
    )
    return made.certificate


def bare(key: Key, content: bytes, *, pss: bool = False) -> bytes:
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return key.sign(content, ec.ECDSA(hashes.SHA256()))
    scheme: padding.AsymmetricPadding = padding.PKCS1v15()
    if pss:
        scheme = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.MAX_LENGTH)
    return key.sign(content, scheme, hashes.SHA256())


def in_cms(
    key: Key,
    content: bytes,
    known: x509.Certificate,
    *options: pkcs7.PKCS7Options,
    digest: Callable[[], Any] = hashes.SHA256,
    along: Sequence[x509.Certificate] = (),
) -> bytes:
    built = pkcs7.PKCS7SignatureBuilder().set_data(content).add_signer(known, key, digest())
    for each in along:
        built = built.add_certificate(each)
    wanted = [pkcs7.PKCS7Options.DetachedSignature, pkcs7.PKCS7Options.Binary, *options]
    return built.sign(Encoding.DER, wanted)


def signature(content: bytes, who: Principal | None = None, **said: Any) -> Supplied:
    known = certificate(ec_key(), who, **said)
    return Supplied("qualified", bare(ec_key(), content), known.public_bytes(Encoding.PEM))


def brought_to(archive: Archive, state: DemandState, wanted: DemandOrder | None = None) -> Demand:
    """A demand on the straight way, up to `state`."""
    demand = submit(archive, wanted or order())
    asker, who, holdings = demand.order.requester, archivist(), [(TAKEOVER, 1), (TAKEOVER, 2)]

    def digest() -> str:
        return frozen(archive, demand.id, by=who)[1]

    def signed() -> object:
        text = to_be_signed(archive, demand.id, worker=who)
        return sign(archive, demand.id, worker=who, signature=signature(text))

    steps: dict[DemandState, Callable[[], object]] = {
        DemandState.ACCEPTED: lambda: accept_or_reject(archive, demand.id, by=asker),
        DemandState.VERIFIED: lambda: verify(archive, demand.id, decide=permitting, by=who),
        DemandState.FORWARDED: lambda: forward(archive, demand.id, by=who),
        DemandState.PREPARED: lambda: prepare(archive, demand.id, worker=who, holdings=holdings, decide=permitting),
        DemandState.SIGNED: signed,
        DemandState.SENT: lambda: send(archive, demand.id, by=who, decide=permitting),
        DemandState.RECEIVED: lambda: receive(archive, demand.id, content_sha256=digest(), by=asker),
        DemandState.CONFIRMED: lambda: [confirm(archive, demand.id, place=place, by=asker) for place in Place],
    }
    if state is not DemandState.SUBMITTED:
        for reached, step in steps.items():
            step()
            if reached is state:
                break
    demand = found(archive, demand.id)
    assert demand.state is state
    return demand
