"""A chain of an anchor, an intermediate authority and a leaf, as a plan; and every fault that it can have."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, ObjectIdentifier

from repository.evidence.trust.errors import (
    AlgorithmWeak,
    CertificateEarly,
    CertificateExpired,
    CertificateRevoked,
    ExtensionUnknown,
    IssuerUnfit,
    IssuerUnknown,
    LinkForged,
    ListForged,
    RevocationUnknown,
    TrustError,
    UseUnfit,
)
from repository.evidence.trust.judging import Trusted, trusted
from repository.evidence.trust.links import Usage
from repository.evidence.trust.settings import Revocation
from repository.evidence.trust.store import TrustStore, read_store
from tests.builders.chains import (
    DAY,
    Issued,
    authority,
    fresh_key,
    install,
    issued,
    named,
    revocation_list,
    signed_with,
)

AT = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
STRANGE = (x509.UnrecognizedExtension(ObjectIdentifier("1.2.3.4"), b"\x05\x00"), True)
ONLY_HERE = x509.NameConstraints(permitted_subtrees=[x509.DNSName("example.org")], excluded_subtrees=None)
NO_POLICY = x509.PolicyConstraints(require_explicit_policy=0, inhibit_policy_mapping=None)


@cache
def rsa_of(bits: int) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


@dataclass
class Plan:
    """What differs from the sound chain; `lists` makes lists out of root, middle and leaf."""

    root: dict[str, Any] = field(default_factory=dict)
    middle: dict[str, Any] = field(default_factory=lambda: {"path_length": 0})
    leaf: dict[str, Any] = field(default_factory=dict)
    lists: dict[str, Callable[["Chain"], x509.CertificateRevocationList]] = field(default_factory=dict)
    digest: hashes.SHA1 | hashes.MD5 | None = None
    self_signed: bool = False
    other_anchor: bool = False
    revocation: Revocation = Revocation.WHEN_PRESENT


@dataclass
class Chain:
    root: Issued
    middle: Issued
    leaf: Issued
    plan: Plan
    lists: list[x509.CertificateRevocationList] = field(default_factory=list)

    @property
    def anchor(self) -> Issued:
        return authority("Somebody else") if self.plan.other_anchor else self.root

    def judged(self, folder: Path, *, usage: Usage = Usage.SIGNATURE) -> Trusted:
        """By a real folder, with the intermediate certificate along."""
        install(folder, self.anchor, lists=self.lists)
        store = read_store(folder, revocation=self.plan.revocation)
        return trusted(self.leaf.der, [self.middle.der], store=store, at=AT, usage=usage)


def chain_of(plan: Plan) -> Chain:
    root = authority("Root", **plan.root)
    middle = authority("Middle", root, **plan.middle)
    if plan.digest:
        middle = authority("Middle", root, **plan.middle | {"key": rsa_of(2048)})
    leaf = issued(named("Leaf", GIVEN_NAME="Ewa"), None if plan.self_signed else middle, **plan.leaf)
    if plan.digest:
        leaf = signed_with(leaf, middle, plan.digest)
    chain = Chain(root, middle, leaf, plan)
    chain.lists = [make(chain) for make in plan.lists.values()]
    return chain


def current(chain: Chain, by: Issued, *revoked: Issued, **said: Any) -> x509.CertificateRevocationList:
    return revocation_list(by, revoked, **{"since": AT - DAY, "until": AT + DAY} | said)


def both_lists(plan: Plan) -> None:
    plan.lists.setdefault("root", lambda chain: current(chain, chain.root))
    plan.lists.setdefault("middle", lambda chain: current(chain, chain.middle))


@dataclass(frozen=True)
class Fault:
    """`parts`: what of the plan it changes; two faults of one part are not combined. `elsewhere`: whether other
    implementations see it too."""

    name: str
    parts: frozenset[str]
    make: Callable[[Plan], object]
    error: type[TrustError]
    elsewhere: bool = True

    def __str__(self) -> str:
        return self.name


def _leaf(name: str, error: type[TrustError], *, elsewhere: bool = True, **values: Any) -> Fault:
    parts = frozenset(f"leaf.{each}" for each in values)
    return Fault(f"leaf-{name}", parts, lambda plan: plan.leaf.update(values), error, elsewhere)


def _middle(name: str, error: type[TrustError], *, elsewhere: bool = True, **values: Any) -> Fault:
    parts = frozenset(f"middle.{each}" for each in values)
    return Fault(f"middle-{name}", parts, lambda plan: plan.middle.update(values), error, elsewhere)


def _root(name: str, error: type[TrustError], *, elsewhere: bool = True, **values: Any) -> Fault:
    parts = frozenset(f"root.{each}" for each in values)
    return Fault(f"root-{name}", parts, lambda plan: plan.root.update(values), error, elsewhere)


def _plan(name: str, error: type[TrustError], parts: str, *, elsewhere: bool = True, **values: Any) -> Fault:
    def make(plan: Plan) -> None:
        for key, value in values.items():
            setattr(plan, key, value)

    return Fault(name, frozenset(parts.split()), make, error, elsewhere)


def _listed(
    name: str,
    error: type[TrustError],
    place: str,
    make: Callable[[Chain], x509.CertificateRevocationList],
    *,
    elsewhere: bool = True,
    revocation: Revocation = Revocation.WHEN_PRESENT,
) -> Fault:
    def planned(plan: Plan) -> None:
        both_lists(plan)
        plan.lists[place] = make
        plan.revocation = revocation

    parts = frozenset({f"lists.{place}", "revocation"} if revocation is Revocation.REQUIRED else {f"lists.{place}"})
    return Fault(name, parts, planned, error, elsewhere)


def _required(plan: Plan) -> None:
    plan.revocation = Revocation.REQUIRED


NOT_ISSUED: dict[str, Any] = {"since": AT + DAY, "until": AT + 2 * DAY}
GONE: dict[str, Any] = {"since": AT - 2 * DAY, "until": AT - DAY}
FAULTS = (
    _leaf("expired", CertificateExpired, **GONE),
    _leaf("not-yet-valid", CertificateEarly, **NOT_ISSUED),
    _middle("expired", CertificateExpired, **GONE),
    _middle("not-yet-valid", CertificateEarly, **NOT_ISSUED),
    _root("expired", CertificateExpired, **GONE),
    _leaf("of-another-issuer", IssuerUnknown, issuer=named("Nobody")),
    _leaf("with-a-broken-signature", LinkForged, signed_by=fresh_key()),
    _middle("with-a-broken-signature", LinkForged, signed_by=fresh_key()),
    _middle("no-authority", IssuerUnfit, ca=False, path_length=None),
    _middle("without-basic-constraints", IssuerUnfit, ca=None),
    _root("no-authority", IssuerUnfit, ca=False, path_length=None),
    _middle("may-not-sign-certificates", IssuerUnfit, flags=("crl_sign",)),
    _middle("without-key-usage", IssuerUnfit, flags=None, elsewhere=False),
    _root("path-length-exceeded", IssuerUnfit, path_length=0),
    _leaf("unknown-critical-extension", ExtensionUnknown, extras=[STRANGE]),
    _middle("unknown-critical-extension", ExtensionUnknown, extras=[STRANGE]),
    _middle("name-constraints", ExtensionUnknown, extras=[(ONLY_HERE, False)], elsewhere=False),
    _middle("policy-constraints", ExtensionUnknown, extras=[(NO_POLICY, True)], elsewhere=False),
    _leaf("weak-key", AlgorithmWeak, key=rsa_of(1024)),
    _middle("weak-key", AlgorithmWeak, key=rsa_of(1024)),
    _leaf("sha-224", AlgorithmWeak, digest=hashes.SHA224(), elsewhere=False),
    _plan("sha-1", AlgorithmWeak, "leaf.digest middle.key leaf.signed_by", digest=hashes.SHA1()),
    _plan("md5", AlgorithmWeak, "leaf.digest middle.key leaf.signed_by", digest=hashes.MD5()),
    _plan("a-self-signed-stranger", IssuerUnknown, "leaf.issuer leaf.signed_by leaf.digest", self_signed=True),
    _plan("another-anchor", IssuerUnknown, "root", other_anchor=True),
    _leaf("an-authority", UseUnfit, ca=True, elsewhere=False),
    _leaf("for-ciphering", UseUnfit, flags=("key_encipherment",), elsewhere=False),
    _leaf("without-key-usage", UseUnfit, flags=None, elsewhere=False),
    _leaf("for-servers", UseUnfit, purposes=[ExtendedKeyUsageOID.SERVER_AUTH], elsewhere=False),
    _listed("leaf-revoked", CertificateRevoked, "middle", lambda c: current(c, c.middle, c.leaf)),
    _listed(
        "leaf-suspended", CertificateRevoked, "middle",
        lambda c: current(c, c.middle, c.leaf, entry=[x509.CRLReason(x509.ReasonFlags.certificate_hold)]),
    ),
    _listed(
        "leaf-invalid-before-it-was-revoked", CertificateRevoked, "middle",
        lambda c: current(
            c, c.middle, c.leaf, revoked_on=AT + DAY, until=AT + 2 * DAY, entry=[x509.InvalidityDate(AT - DAY)]
        ),
        elsewhere=False,
    ),
    _listed(
        "leaf-revoked-in-an-old-list", CertificateRevoked, "middle",
        lambda c: current(c, c.middle, c.leaf, since=AT - 9 * DAY, until=AT - 8 * DAY),
    ),
    _listed("middle-revoked", CertificateRevoked, "root", lambda c: current(c, c.root, c.middle)),
    _listed("a-forged-list", ListForged, "middle", lambda c: current(c, c.middle, signed_by=fresh_key())),
    _listed("a-forged-list-of-the-root", ListForged, "root", lambda c: current(c, c.root, signed_by=fresh_key())),
    _listed(
        "a-weak-list", AlgorithmWeak, "middle", lambda c: current(c, c.middle, digest=hashes.SHA224()), elsewhere=False
    ),
    _listed(
        "a-stale-list-where-one-is-required", RevocationUnknown, "middle",
        lambda c: current(c, c.middle, since=AT - 9 * DAY, until=AT - 8 * DAY), revocation=Revocation.REQUIRED,
    ),
    _listed(
        "a-list-from-tomorrow-where-one-is-required", RevocationUnknown, "middle",
        lambda c: current(c, c.middle, since=AT + DAY, until=AT + 2 * DAY), revocation=Revocation.REQUIRED,
    ),
    Fault("no-list-where-one-is-required", frozenset({"revocation"}), _required, RevocationUnknown, elsewhere=False),
)  # fmt: skip


def planned(*faults: Fault) -> Plan:
    plan = Plan()
    for fault in faults:
        fault.make(plan)
    return plan


def combinable(faults: tuple[Fault, ...]) -> bool:
    """No two of them change the same part."""
    parts = [part for fault in faults for part in fault.parts]
    return len(parts) == len(set(parts))


def store_of(folder: Path, *anchors: Issued, revocation: Revocation = Revocation.WHEN_PRESENT) -> TrustStore:
    return read_store(install(folder, *anchors), revocation=revocation)


def judged(leaf: Issued, *along: Issued, store: TrustStore, usage: Usage = Usage.SIGNATURE) -> Trusted:
    return trusted(leaf.der, [each.der for each in along], store=store, at=AT, usage=usage)
