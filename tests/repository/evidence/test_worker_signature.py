"""A worker's signature holds for exactly these bytes, by a certificate in that name, at that time, and for no other."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7
from hypothesis import given, settings
from hypothesis import strategies as st

from repository.evidence import cms, der
from repository.evidence.worker_signature import KINDS, LONGEST, Checked, SignatureRefused, Supplied, check
from tests.builders.access import AT
from tests.builders.chains import Key
from tests.repository.demands.making import archivist, bare, certificate, ec_key, in_cms, rsa_key, trust

pytestmark = pytest.mark.requirement("R463-5.6")
TEXT = b'{"content_sha256":"00"}'
KEYS: list[Callable[[], Key]] = [ec_key, rsa_key]
PEM, DER = Encoding.PEM, Encoding.DER


def checked(supplied: Supplied, text: bytes = TEXT, **said: str) -> Checked:
    names = {"given_name": "Róża", "surname": "Brzęk-Łęcka"} | said
    return check(text, supplied, at=AT, trust=trust(), **names)


def reason(supplied: Supplied, text: bytes = TEXT, **said: str) -> str:
    with pytest.raises(SignatureRefused) as told:
        checked(supplied, text, **said)
    return str(told.value.fields["reason"])


@pytest.mark.parametrize("form", [PEM, DER])
@pytest.mark.parametrize("key", KEYS)
def test_a_bare_signature_holds(key: Callable[[], Key], form: Encoding) -> None:
    known = certificate(key())
    found = checked(Supplied("qualified", bare(key(), TEXT), known.public_bytes(form)))
    assert (found.kind, found.form, found.certificate) == ("qualified", "bare", known.public_bytes(DER))
    assert found.algorithm == ("ecdsa-sha256" if key is ec_key else "rsa-pkcs1-sha256")


def test_a_signature_with_random_padding_holds() -> None:
    known = certificate(rsa_key()).public_bytes(PEM)
    assert checked(Supplied("qualified", bare(rsa_key(), TEXT, pss=True), known)).algorithm == "rsa-pss-sha256"


@pytest.mark.parametrize("digest", [hashes.SHA256, hashes.SHA384, hashes.SHA512])
@pytest.mark.parametrize("options", [[], [pkcs7.PKCS7Options.NoAttributes], [pkcs7.PKCS7Options.NoCerts]])
@pytest.mark.parametrize("key", KEYS)
def test_a_detached_cms_signature_holds(
    key: Callable[[], Key], options: list[pkcs7.PKCS7Options], digest: Callable[[], object]
) -> None:
    known = certificate(key())
    signed = in_cms(key(), TEXT, known, *options, digest=digest)
    found = checked(Supplied("qualified", signed, known.public_bytes(PEM)))
    assert (found.form, found.algorithm.split("-")[-1]) == ("cms", digest().name)  # type: ignore[attr-defined]
    if pkcs7.PKCS7Options.NoCerts not in options:
        assert checked(Supplied("qualified", signed)).certificate == known.public_bytes(DER)
    for other in (TEXT + b" ", b"", TEXT[:-1]):
        assert "bytes" in reason(Supplied("qualified", signed, known.public_bytes(PEM)), other)


def test_a_cms_signature_may_carry_what_it_signs_and_nothing_else() -> None:
    known = certificate(ec_key())
    built = pkcs7.PKCS7SignatureBuilder().set_data(TEXT).add_signer(known, ec_key(), hashes.SHA256())
    carrying = built.sign(DER, [pkcs7.PKCS7Options.Binary])
    assert checked(Supplied("qualified", carrying)).form == "cms"
    assert "bytes" in reason(Supplied("qualified", carrying), b"another")


def test_the_certificate_of_another_key_or_signer_is_not_taken() -> None:
    theirs = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    other, mine = certificate(theirs), certificate(rsa_key())
    assert "key" in reason(Supplied("qualified", bare(rsa_key(), TEXT), other.public_bytes(PEM)))
    assert "signer's" in reason(Supplied("qualified", in_cms(rsa_key(), TEXT, mine), other.public_bytes(PEM)))


@pytest.mark.parametrize(("since", "until"), [(-20, -1), (1, 20)])
def test_a_certificate_counts_while_it_is_valid(since: int, until: int) -> None:
    days = timedelta(days=1)
    known = certificate(ec_key(), since=AT + since * days, until=AT + until * days)
    assert "valid" in reason(Supplied("qualified", bare(ec_key(), TEXT), known.public_bytes(PEM)))


@pytest.mark.parametrize(
    ("given_name", "surname", "holds"),
    [
        ("RÓŻA", "brzęk-łęcka", True),
        ("Ro\u0301z\u0307a", "Brzęk-Łęcka", True),
        ("Róża Maria", "Brzęk-Łęcka", False),  # the worker has two names, the certificate one
        ("Roza", "Brzęk-Łęcka", False),
        ("Róża", "Brzęk", False),
        ("Brzęk-Łęcka", "Róża", False),
        ("", "Brzęk-Łęcka", False),
        ("Róża", "", False),
    ],
)
def test_a_certificate_bears_the_workers_names(given_name: str, surname: str, holds: bool) -> None:
    supplied = Supplied("qualified", bare(ec_key(), TEXT), certificate(ec_key()).public_bytes(PEM))
    if holds:
        checked(supplied, given_name=given_name, surname=surname)
    else:
        assert "names" in reason(supplied, given_name=given_name, surname=surname)


def test_further_given_names_may_follow() -> None:
    known = certificate(ec_key(), archivist(given_name="Róża Maria"))
    checked(Supplied("qualified", bare(ec_key(), TEXT), known.public_bytes(PEM)))


def test_a_pesel_in_both_places_is_the_same() -> None:
    known = certificate(ec_key(), serial="PNOPL-00000000001")
    supplied = Supplied("qualified", bare(ec_key(), TEXT), known.public_bytes(PEM))
    checked(supplied)
    checked(supplied, pesel="00000000001")
    assert "PESEL" in reason(supplied, pesel="00000000002")


def test_a_qualified_signature_has_a_certificate_that_says_so() -> None:
    known = certificate(ec_key(), qualified=False).public_bytes(PEM)
    assert "qualified" in reason(Supplied("qualified", bare(ec_key(), TEXT), known))
    for kind in set(KINDS) - {"qualified"}:
        checked(Supplied(kind, bare(ec_key(), TEXT), known))
    assert "unknown kind" in reason(Supplied("scribble", bare(ec_key(), TEXT), known))


def test_a_certificate_for_something_else_signs_nothing() -> None:
    known = certificate(ec_key(), usage="key_encipherment").public_bytes(PEM)
    assert "not for signing" in reason(Supplied("qualified", bare(ec_key(), TEXT), known))


def test_a_weak_or_unknown_key_signs_nothing() -> None:
    weak = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # small on purpose
    known = certificate(weak).public_bytes(PEM)
    assert "2048" in reason(Supplied("qualified", bare(weak, TEXT), known))
    assert ed25519.Ed25519PrivateKey.generate().sign(TEXT)
    assert "too long" in reason(Supplied("qualified", bytes(LONGEST + 1), known))
    for octets in (b"", b"-----BEGIN CERTIFICATE-----", b"\x30\x80"):
        assert reason(Supplied("qualified", bare(ec_key(), TEXT), octets))


@pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning", "ignore::UserWarning")
@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_signature_with_one_other_byte_is_refused_by_a_typed_error(data: st.DataObject) -> None:
    """Whatever byte it is: what lies outside of what is signed may hold, and then it is the same signature."""
    known = _known()
    octets = bytearray(_SIGNED[0])
    place = data.draw(st.integers(0, len(octets) - 1))
    octets[place] ^= data.draw(st.integers(1, 255))
    try:
        found = checked(Supplied("qualified", bytes(octets), known))
    except SignatureRefused:
        return
    assert found.certificate == certificate_der()


_SIGNED: list[bytes] = []


def _known() -> bytes:
    if not _SIGNED:
        made = certificate(ec_key())
        _SIGNED.extend([in_cms(ec_key(), TEXT, made), made.public_bytes(DER)])
    return _SIGNED[1]


def certificate_der() -> bytes:
    return _SIGNED[1]


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=60))
def test_any_bytes_are_read_as_der_or_refused(octets: bytes) -> None:
    try:
        found = list(der.values(octets))
    except ValueError:
        return
    assert b"".join(each.whole for each in found) == octets
    wrapped = len(found) == 1 and found[0].tag == der.SEQUENCE
    assert cms.is_cms(octets) is (wrapped and found[0].content[:1] == bytes([der.OID]) and _is_der(found[0].content))


def _is_der(octets: bytes) -> bool:
    """Whether the first value of these is one."""
    try:
        next(der.values(octets))
    except ValueError:
        return False
    return True


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2), st.integers(0, 39), st.lists(st.integers(0, 2**40), max_size=5))
def test_an_object_identifier_is_told_in_figures(first: int, second: int, rest: list[int]) -> None:
    from cryptography.x509 import ObjectIdentifier, UnrecognizedExtension

    text = ".".join(map(str, (first, second, *rest)))
    assert UnrecognizedExtension(ObjectIdentifier(text), b"").oid.dotted_string == text
    content = bytes([40 * first + second]) + b"".join(map(_base128, rest))
    assert der.dotted(der.Value(der.OID, content, b"")) == text


def _base128(arc: int) -> bytes:
    octets = [arc & 0x7F]
    while arc := arc >> 7:
        octets.append(arc & 0x7F | 0x80)
    return bytes(reversed(octets))
