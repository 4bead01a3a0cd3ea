"""A chain is trusted if nothing at all is wrong with it, and each thing that can be wrong has its own name."""

import json
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, ObjectIdentifier
from hypothesis import given, settings
from hypothesis import strategies as st

from repository.access.principal import Assurance, Method
from repository.canonical import canonical
from repository.evidence.trust.errors import (
    CertificateUnreadable,
    IssuerUnknown,
    OrganisationUnnamed,
    TrustEmpty,
    TrustError,
    UseUnfit,
)
from repository.evidence.trust.identifying import identification
from repository.evidence.trust.judging import MOST_ALONG, trusted, trusted_organisation
from repository.evidence.trust.links import Usage
from repository.evidence.trust.revocation import Standing
from repository.evidence.trust.settings import Revocation
from repository.evidence.trust.store import Filed, TrustStore, read_store
from tests.builders.chains import DAY, FAR_AHEAD, Issued, authority, install, issued, named
from tests.repository.evidence.trust.plans import (
    AT,
    FAULTS,
    Chain,
    Fault,
    Plan,
    both_lists,
    chain_of,
    combinable,
    current,
    judged,
    planned,
    rsa_of,
    store_of,
)

pytestmark = pytest.mark.requirement("R463-5.6")
ANY_POLICY = x509.CertificatePolicies([x509.PolicyInformation(ObjectIdentifier("2.5.29.32.0"), None)])
POLISH = x509.CertificatePolicies([x509.PolicyInformation(ObjectIdentifier("1.2.616.1.113527.2.4.1.12.1"), None)])
DOCUMENTS, CLIENT = ObjectIdentifier("1.3.6.1.5.5.7.3.36"), ExtendedKeyUsageOID.CLIENT_AUTH


def test_a_sound_chain_is_trusted_and_tells_all_of_itself(tmp_path: Path) -> None:
    plan = Plan()
    both_lists(plan)
    chain = chain_of(plan)
    found = chain.judged(tmp_path)
    assert found.chain == (chain.leaf.der, chain.middle.der, chain.root.der)
    assert found.revocation_known
    assert found.until == FAR_AHEAD
    told = json.loads(canonical(found.evidence()))
    assert told["chain"] == list(found.fingerprints)
    assert told["anchor"] == found.fingerprints[2] == found.anchor
    assert (told["at"], told["usage"], told["revocation"]) == (
        "2026-11-21T10:00:00.000000Z",
        "signature",
        "when-present",
    )
    assert [each["standing"] for each in told["links"]] == ["good", "good"]
    assert [each["certificate"] for each in told["links"]] == told["chain"][:2]
    assert all(len(each["list_sha256"]) == 64 and each["next_update"] for each in told["links"])


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_each_fault_has_its_own_name(fault: Fault, tmp_path: Path) -> None:
    with pytest.raises(TrustError) as told:
        chain_of(planned(fault)).judged(tmp_path)
    assert type(told.value) is fault.error
    assert "{" not in told.value.message.pl + told.value.message.en + told.value.advice.pl
    assert "Ewa" not in str(told.value)


HARMLESS = st.fixed_dictionaries(
    {
        "key": st.sampled_from(["ec", "rsa"]),
        "key_ids": st.booleans(),
        "critical_policies": st.booleans(),
        "purposes": st.sampled_from([[], [ExtendedKeyUsageOID.EMAIL_PROTECTION], [DOCUMENTS, CLIENT]]),
        "lists": st.booleans(),
    }
)  # fmt: skip


def varied(plan: Plan, harmless: dict[str, object]) -> Plan:
    """The same with what must not matter; a fault's own part stays as the fault has it."""
    plan.leaf = {"key": rsa_of(2048)} | plan.leaf if harmless["key"] == "rsa" else plan.leaf
    plan.leaf = {"purposes": harmless["purposes"]} | plan.leaf
    if harmless["critical_policies"]:
        plan.leaf, plan.middle = (
            {"extras": [(POLISH, True)]} | plan.leaf,
            {"extras": [(ANY_POLICY, True)]} | plan.middle,
        )
    for part in (plan.root, plan.middle, plan.leaf):
        part["key_ids"] = harmless["key_ids"]
    if harmless["lists"]:
        both_lists(plan)
    return plan


@settings(max_examples=120)
@given(st.lists(st.sampled_from(FAULTS), max_size=4, unique_by=lambda fault: fault.name), HARMLESS)
def test_a_chain_is_trusted_exactly_if_it_has_no_fault(faults: list[Fault], harmless: dict[str, object]) -> None:
    """However faults are combined: no fault ever makes up for another."""
    faults = list(dict.fromkeys(faults))
    while not combinable(tuple(faults)):
        faults.pop()
    if "no-list-where-one-is-required" in map(str, faults):
        harmless = harmless | {"lists": False}
        faults = [each for each in faults if not any(part.startswith("lists.") for part in each.parts)]
    plan = varied(planned(*faults), harmless)
    if plan.digest and not harmless["key_ids"]:
        plan.leaf["key_ids"] = False
    with TemporaryDirectory() as folder:
        if not faults:
            assert chain_of(plan).judged(Path(folder)).revocation_known is harmless["lists"]
            return
        with pytest.raises(TrustError) as told:
            chain_of(plan).judged(Path(folder))
    assert told.value.code != TrustError.code


def test_without_an_anchor_nothing_is_trusted_and_it_says_what_to_do(tmp_path: Path) -> None:
    for folder in (tmp_path / "not there", tmp_path):
        store = read_store(folder, revocation=Revocation.WHEN_PRESENT)
        with pytest.raises(TrustEmpty) as told:
            judged(chain_of(Plan()).leaf, store=store)
        assert str(folder) in told.value.message.pl
        assert "PEM" in told.value.advice.en


def test_intermediates_may_lie_in_the_folder_and_are_not_trusted_by_themselves(tmp_path: Path) -> None:
    chain = chain_of(Plan())
    install(tmp_path / "whole", chain.root, intermediates=[chain.middle])
    whole = read_store(tmp_path / "whole", revocation=Revocation.WHEN_PRESENT)
    assert judged(chain.leaf, store=whole).fingerprints[-1] == trusted_root(whole)
    install(tmp_path / "part", authority("Another"), intermediates=[chain.middle])
    with pytest.raises(IssuerUnknown):
        judged(chain.leaf, store=read_store(tmp_path / "part", revocation=Revocation.WHEN_PRESENT))


def trusted_root(store: TrustStore) -> str:
    from repository.evidence.trust.reading import fingerprint

    return fingerprint(store.anchors[0].certificate)


def test_an_authority_in_the_folder_is_an_anchor_whoever_issued_it(tmp_path: Path) -> None:
    chain = chain_of(Plan())
    assert len(judged(chain.leaf, store=store_of(tmp_path, chain.middle)).chain) == 2


def test_when_a_list_is_missing_or_stale_it_is_recorded(tmp_path: Path) -> None:
    plan = Plan()
    plan.lists["middle"] = lambda chain: current(chain, chain.middle, since=AT - 9 * DAY, until=AT - 8 * DAY)
    found = chain_of(plan).judged(tmp_path)
    assert [each.standing for each in found.links] == [Standing.STALE, Standing.NO_LIST]
    assert not found.revocation_known
    assert [each["list_sha256"] == "" for each in found.evidence()["links"]] == [False, True]


def test_too_many_certificates_along_are_refused(tmp_path: Path) -> None:
    chain = chain_of(Plan())
    with pytest.raises(CertificateUnreadable):
        judged(chain.leaf, *[chain.middle] * (MOST_ALONG + 1), store=store_of(tmp_path, chain.root))


@pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning", "ignore::UserWarning")
@settings(max_examples=200)
@given(place=st.integers(0, 2**16), change=st.integers(1, 255))
def test_a_certificate_with_another_byte_is_never_trusted(place: int, change: int) -> None:
    chain = _sound()
    octets = bytearray(chain.leaf.der)
    octets[place % len(octets)] ^= change
    store = TrustStore(Path("trust"), anchors=_filed(chain.root))
    with pytest.raises(TrustError):
        trusted(bytes(octets), [chain.middle.der], store=store, at=AT, usage=Usage.SIGNATURE)


def test_a_signature_of_fewer_bits_than_its_octets_is_not_another_spelling_of_it(tmp_path: Path) -> None:
    """The count of unused bits is not signed: where the last bits are zero, a reader may not notice that it changed."""
    chain = chain_of(Plan())
    while chain.leaf.certificate.signature[-1] % 2:
        chain = chain_of(Plan())
    octets = bytearray(chain.leaf.der)
    place = len(octets) - len(chain.leaf.certificate.signature) - 1
    assert octets[place] == 0
    octets[place] = 1
    store = store_of(tmp_path, chain.root)
    assert judged(chain.leaf, chain.middle, store=store)
    with pytest.raises(CertificateUnreadable):
        trusted(bytes(octets), [chain.middle.der], store=store, at=AT, usage=Usage.SIGNATURE)


@cache
def _sound() -> Chain:
    return chain_of(Plan())


def _filed(one: Issued) -> tuple[Filed, ...]:
    return (Filed("anchor.pem", one.certificate),)


@settings(max_examples=100)
@given(st.binary(max_size=80), st.lists(st.binary(max_size=40), max_size=3))
def test_any_octets_are_refused_by_a_typed_error(leaf: bytes, along: list[bytes]) -> None:
    with pytest.raises(CertificateUnreadable):
        trusted(
            leaf, along, store=TrustStore(Path("trust"), anchors=_filed(_sound().root)), at=AT, usage=Usage.SIGNATURE
        )


def test_what_came_along_and_is_no_certificate_does_no_harm(tmp_path: Path) -> None:
    chain = chain_of(Plan())
    store = store_of(tmp_path, chain.root)
    assert trusted(chain.leaf.der, [b"noise", chain.middle.der], store=store, at=AT, usage=Usage.SIGNATURE)


def test_an_organisation_at_the_other_end_is_named_by_its_certificate(tmp_path: Path) -> None:
    root = authority("Root")
    name = named("pacs", ORGANIZATION_NAME="Szpital Testowy", ORGANIZATION_IDENTIFIER="NTRPL-0000000000")
    store = store_of(tmp_path, root)
    for flags, purposes in ((("digital_signature",), [CLIENT]), (None, []), (("digital_signature",), [])):
        peer = issued(name, root, flags=flags, purposes=purposes)
        found = trusted_organisation([peer.der, root.der], store=store, at=AT)
        assert (found.name, found.identifier) == ("Szpital Testowy", "NTRPL-0000000000")
        assert found.trusted.usage is Usage.TLS_CLIENT
    evidence = identification(found.trusted, assurance=Assurance.SUBSTANTIAL, until=FAR_AHEAD + DAY)
    assert (evidence.method, evidence.at, evidence.until) == (Method.MUTUAL_TLS, AT, FAR_AHEAD)
    assert found.sha256 in evidence.evidence
    assert "revocation not known" in evidence.evidence


def test_a_connection_is_not_opened_by_what_is_for_something_else(tmp_path: Path) -> None:
    root = authority("Root")
    store, name = store_of(tmp_path, root), named("pacs", ORGANIZATION_NAME="Szpital")
    for flags, purposes in ((("content_commitment",), []), (None, [ExtendedKeyUsageOID.SERVER_AUTH])):
        with pytest.raises(UseUnfit):
            trusted_organisation([issued(name, root, flags=flags, purposes=purposes).der], store=store, at=AT)
    with pytest.raises(OrganisationUnnamed):
        trusted_organisation([issued("pacs", root, flags=None).der], store=store, at=AT)
    with pytest.raises(CertificateUnreadable):
        trusted_organisation([], store=store, at=AT)
