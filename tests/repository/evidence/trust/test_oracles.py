"""Others look at the same chains: `openssl verify`, and the path validation of the cryptography package."""

import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.verification import Criticality, ExtensionPolicy, Policy, PolicyBuilder, Store, VerificationError
from hypothesis import given, settings
from hypothesis import strategies as st

from repository.evidence.trust.errors import TrustError
from tests.repository.evidence.trust.plans import AT, FAULTS, Chain, Fault, Plan, both_lists, chain_of, planned

pytestmark = pytest.mark.requirement("R463-5.6")
OPENSSL = shutil.which("openssl")
needs_openssl = pytest.mark.skipif(OPENSSL is None, reason="openssl is not installed (Debian: openssl)")
SEEN = [fault for fault in FAULTS if fault.elsewhere]


def openssl(chain: Chain, folder: Path) -> bool:
    """Whether `openssl verify` takes the leaf at AT; with lists, each link has to be on a list."""
    (folder / "anchor.pem").write_bytes(chain.anchor.pem)
    (folder / "middle.pem").write_bytes(chain.middle.pem)
    (folder / "leaf.pem").write_bytes(chain.leaf.pem)
    (folder / "lists.pem").write_bytes(b"".join(crl.public_bytes(Encoding.PEM) for crl in chain.lists))
    words = ["verify", "-no-CApath", "-no-CAstore", "-attime", str(int(AT.timestamp())), "-auth_level", "2"]
    words += ["-CAfile", "anchor.pem", "-untrusted", "middle.pem"]
    words += ["-crl_check_all", "-CRLfile", "lists.pem"] if chain.lists else []
    done = subprocess.run([OPENSSL or "", *words, "leaf.pem"], cwd=folder, capture_output=True, check=False, timeout=30)
    return done.returncode == 0


def library(chain: Chain) -> bool:
    """Whether cryptography takes the leaf at AT, asked for no purpose and for no revocation."""

    def signs(_policy: Policy, _certificate: x509.Certificate, usage: x509.KeyUsage) -> None:
        if not usage.key_cert_sign:
            raise ValueError("signs no certificates")

    authority = ExtensionPolicy.permit_all().require_present(x509.BasicConstraints, Criticality.AGNOSTIC, None)
    authority = authority.require_present(x509.KeyUsage, Criticality.AGNOSTIC, signs)
    builder = PolicyBuilder().store(Store([chain.anchor.certificate])).time(AT.replace(tzinfo=None)).max_chain_depth(6)
    builder = builder.extension_policies(ca_policy=authority, ee_policy=ExtensionPolicy.permit_all())
    try:
        builder.build_client_verifier().verify(chain.leaf.certificate, [chain.middle.certificate])
    except VerificationError:
        return False
    return True


def ours(chain: Chain) -> bool:
    with TemporaryDirectory() as folder:
        try:
            chain.judged(Path(folder))
        except TrustError:
            return False
        return True


@needs_openssl
def test_openssl_takes_the_sound_chain(tmp_path: Path) -> None:
    with_lists = Plan()
    both_lists(with_lists)
    for plan in (Plan(), with_lists):
        chain = chain_of(plan)
        assert ours(chain)
        assert openssl(chain, tmp_path)


@needs_openssl
@pytest.mark.parametrize("fault", SEEN, ids=str)
def test_openssl_refuses_what_we_refuse(fault: Fault, tmp_path: Path) -> None:
    chain = chain_of(planned(fault))
    assert not openssl(chain, tmp_path)
    assert not ours(chain)


UNASKED = {"leaf-weak-key"}  # by the library: it looks at the keys of those who issue
ASKED = [each for each in SEEN if each.name not in UNASKED and not any("lists" in part for part in each.parts)]


@pytest.mark.parametrize("fault", [None, *ASKED], ids=str)
def test_the_library_says_the_same(fault: Fault | None) -> None:
    chain = chain_of(planned(fault) if fault else Plan())
    assert library(chain) is ours(chain) is (fault is None)


@pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning", "ignore::UserWarning")
@settings(max_examples=60)
@given(place=st.integers(0, 2**16), change=st.integers(1, 255))
def test_an_intermediate_certificate_with_another_byte_leads_nowhere(place: int, change: int) -> None:
    chain = chain_of(Plan())
    octets = bytearray(chain.middle.der)
    octets[place % len(octets)] ^= change
    try:
        changed = x509.load_der_x509_certificate(bytes(octets))
    except (ValueError, x509.InvalidVersion):
        return
    chain.middle = type(chain.middle)(changed, chain.middle.key)
    assert not ours(chain)
