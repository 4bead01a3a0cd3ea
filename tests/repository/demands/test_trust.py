"""A worker's signature counts by a certificate that the operator trusts; what was found is sealed with it."""

from base64 import b64decode
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from repository.demands.errors import WrongState
from repository.demands.moving import found
from repository.demands.progress import progress
from repository.demands.signing import PURPOSE, seal_of, send, sign, to_be_signed
from repository.domain.demand import DemandState
from repository.evidence.signing import opened
from repository.evidence.trust.errors import (
    CertificateRevoked,
    IssuerUnknown,
    RevocationUnknown,
    TrustEmpty,
    TrustError,
    TrustUnusable,
)
from repository.evidence.trust.settings import Revocation
from repository.evidence.worker_signature import Supplied
from repository.runtime import Archive
from tests.builders.access import AT, administrator
from tests.builders.chains import Issued, authority, install, revocation_list
from tests.repository.demands.making import (
    anchor,
    archivist,
    bare,
    brought_to,
    certificate,
    ec_key,
    in_cms,
    permitting,
    signature,
)

pytestmark = [pytest.mark.requirement("R463-5.6"), pytest.mark.requirement("R463-4.1")]
DAY = timedelta(days=1)


def refused(archive: Archive, error: type[TrustError], by: Issued | None = None) -> TrustError:
    """A prepared demand stays prepared, and nothing is sent."""
    demand = brought_to(archive, DemandState.PREPARED)
    text = to_be_signed(archive, demand.id, worker=archivist())
    with pytest.raises(error) as told:
        sign(archive, demand.id, worker=archivist(), signature=signature(text, by=by))
    assert found(archive, demand.id).state is DemandState.PREPARED
    with pytest.raises(WrongState):
        send(archive, demand.id, by=administrator(), decide=permitting)
    return told.value


def test_without_an_anchor_nobody_signs(plain: Archive) -> None:
    for file in plain.settings.trust_path.glob("*.pem"):
        file.unlink()
    assert str(plain.settings.trust_path) in refused(plain, TrustEmpty).message.pl


def test_a_folder_that_cannot_be_relied_on_lets_nobody_sign(plain: Archive) -> None:
    (plain.settings.trust_path / "crl" / "cut-off.crl").write_bytes(b"\x30\x82")
    refused(plain, TrustUnusable)


def test_a_certificate_of_somebody_else_s_authority_signs_nothing(plain: Archive) -> None:
    """The same names in it, and the same name above it: anybody can make one."""
    refused(plain, IssuerUnknown, by=authority("Urząd testowy"))


def test_a_revoked_certificate_signs_nothing(plain: Archive) -> None:
    demand = brought_to(plain, DemandState.PREPARED)
    text = to_be_signed(plain, demand.id, worker=archivist())
    mine = certificate(ec_key())
    crl = revocation_list(anchor(), [Issued(mine, ec_key())], since=AT - DAY, until=AT + DAY)
    install(plain.settings.trust_path, anchor(), lists=[crl])
    supplied = Supplied("qualified", bare(ec_key(), text), mine.public_bytes(Encoding.PEM))
    with pytest.raises(CertificateRevoked):
        sign(plain, demand.id, worker=archivist(), signature=supplied)
    sign(plain, demand.id, worker=archivist(), signature=signature(text))


def test_what_was_found_is_sealed_with_the_signature(plain: Archive) -> None:
    crl = revocation_list(anchor(), since=AT - DAY, until=AT + DAY)
    for lists in ([], [crl]):
        install(plain.settings.trust_path, anchor(), lists=lists)
        demand = brought_to(plain, DemandState.SIGNED)
        sealed = opened(seal_of(plain, demand.id), purpose=PURPOSE, public_key=plain.ring.signing_public_key())
        said = sealed["signature"]
        assert said == progress(plain, demand.id)[-1].detail["signature"]
        assert ("revocation" in said["checked"], "revocation" in said["unchecked"]) == (bool(lists), not lists)
        assert "chain" in said["checked"]
        assert "trusted list" in said["unchecked"]
        trust = said["trust"]
        assert trust["chain"] == [said["certificate_sha256"], sha256(anchor().der).hexdigest()]
        assert [b64decode(each) for each in trust["issuers"]] == [anchor().der]
        assert trust["links"][0]["standing"] == ("good" if lists else "no-list")
        assert trust["links"][0]["list_sha256"] == (sha256(crl.public_bytes(Encoding.DER)).hexdigest() if lists else "")


def test_where_lists_are_required_one_has_to_be_there(plain: Archive) -> None:
    strict = replace(plain, settings=replace(plain.settings, revocation=Revocation.REQUIRED))
    assert "crl" in refused(strict, RevocationUnknown).advice.en
    install(plain.settings.trust_path, anchor(), lists=[revocation_list(anchor(), since=AT - DAY, until=AT + DAY)])
    brought_to(strict, DemandState.SIGNED)


@pytest.mark.parametrize("form", ["bundle", "cms"])
def test_intermediate_certificates_come_with_the_signature(plain: Archive, form: str) -> None:
    root = authority("Korzeń")
    middle = authority("Pośredni", root)
    install(plain.settings.trust_path, root)
    demand = brought_to(plain, DemandState.PREPARED)
    text = to_be_signed(plain, demand.id, worker=archivist())
    mine = certificate(ec_key(), by=middle)
    alone, bundle = mine.public_bytes(Encoding.PEM), mine.public_bytes(Encoding.PEM) + middle.pem
    with pytest.raises(IssuerUnknown):
        sign(plain, demand.id, worker=archivist(), signature=Supplied("qualified", bare(ec_key(), text), alone))
    given = Supplied("qualified", bare(ec_key(), text), bundle)
    if form == "cms":
        given = Supplied("qualified", in_cms(ec_key(), text, mine, along=[middle.certificate]))
    sign(plain, demand.id, worker=archivist(), signature=given)
    chain = (mine.public_bytes(Encoding.DER), middle.der, root.der)
    trust = progress(plain, demand.id)[-1].detail["signature"]["trust"]
    assert trust["chain"] == [sha256(each).hexdigest() for each in chain]
