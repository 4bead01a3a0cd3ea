"""Which lists count for whom, and when."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from cryptography import x509

from repository.evidence.trust.errors import CertificateRevoked, ListForged
from repository.evidence.trust.revocation import Standing, standing
from repository.evidence.trust.store import FiledList
from tests.builders.chains import DAY, Issued, authority, fresh_key, issued, revocation_list
from tests.repository.evidence.trust.plans import AT

pytestmark = pytest.mark.requirement("R463-5.6")
HERE, THERE = (x509.UniformResourceIdentifier(f"http://crl.example/{name}") for name in ("here", "there"))
NOTHING = {
    "full_name": None, "relative_name": None, "only_contains_user_certs": False, "only_contains_ca_certs": False,
    "only_some_reasons": None, "indirect_crl": False, "only_contains_attribute_certs": False,
}  # fmt: skip


def point(**said: Any) -> tuple[x509.ExtensionType, bool]:
    return x509.IssuingDistributionPoint(**NOTHING | said), True


def at(*names: x509.GeneralName) -> tuple[x509.ExtensionType, bool]:
    places = [x509.DistributionPoint(list(names), None, None, None)]
    return x509.CRLDistributionPoints(places), False


def listed(by: Issued, *revoked: Issued, **said: Any) -> x509.CertificateRevocationList:
    return revocation_list(by, revoked, **{"since": AT - DAY, "until": AT + DAY} | said)


def stood(child: Issued, by: Issued, *lists: x509.CertificateRevocationList, when: datetime = AT) -> Standing:
    filed = [FiledList(f"{number}.crl", crl) for number, crl in enumerate(lists)]
    return standing(child.certificate, by.certificate, filed, at=when).standing


def test_a_current_list_clears_an_old_one_does_not_and_a_stranger_s_says_nothing() -> None:
    root = authority("Root")
    leaf, other = issued("Leaf", root), issued("Other", root)
    assert stood(leaf, root, listed(root, other)) is Standing.GOOD
    assert stood(leaf, root, listed(root), when=AT + 2 * DAY) is Standing.STALE
    assert stood(leaf, root, listed(authority("Stranger"), leaf)) is Standing.NO_LIST
    assert stood(leaf, root) is Standing.NO_LIST


def test_the_newest_list_is_the_one_that_is_told() -> None:
    root = authority("Root")
    leaf = issued("Leaf", root)
    old, new = listed(root, since=AT - 9 * DAY, until=AT + DAY), listed(root)
    for lists in ((old, new), (new, old)):
        found = standing(leaf.certificate, root.certificate, [FiledList("x", each) for each in lists], at=AT)
        assert found.this_update == AT - DAY


def test_a_revocation_counts_from_its_own_instant() -> None:
    root = authority("Root")
    leaf = issued("Leaf", root)
    crl = listed(root, leaf, revoked_on=AT, until=AT + 3 * DAY)
    for when in (AT, AT + DAY):
        with pytest.raises(CertificateRevoked):
            stood(leaf, root, crl, when=when)
    assert stood(leaf, root, crl, when=AT - DAY / 2) is Standing.GOOD
    later = listed(root, leaf, since=AT + DAY, until=AT + 2 * DAY, revoked_on=AT - DAY)
    with pytest.raises(CertificateRevoked):
        stood(leaf, root, later)


def test_the_lists_of_two_keys_under_one_name_are_told_apart() -> None:
    old, new = authority("Root"), authority("Root")
    leaf = issued("Leaf", new)
    assert stood(leaf, new, listed(old, leaf)) is Standing.NO_LIST
    assert stood(leaf, new, listed(old, leaf), listed(new)) is Standing.GOOD
    with pytest.raises(ListForged):
        stood(leaf, new, listed(old, leaf, key_id=False))


def test_an_authority_that_may_not_sign_lists_has_none() -> None:
    root = authority("Root", flags=("key_cert_sign",))
    leaf = issued("Leaf", root)
    assert stood(leaf, root, listed(root)) is Standing.NO_LIST


@pytest.mark.parametrize(
    ("extras", "counts"),
    [
        ([point(only_contains_user_certs=True)], True),
        ([point(full_name=[HERE])], True),
        ([point(full_name=[HERE, THERE])], True),
        ([point(full_name=[THERE])], False),
        ([point(only_contains_ca_certs=True)], False),
        ([point(only_contains_attribute_certs=True)], False),
        ([point(indirect_crl=True)], False),
        ([point(only_some_reasons=frozenset({x509.ReasonFlags.key_compromise}))], False),
        ([(x509.DeltaCRLIndicator(1), True)], False),
        ([(x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00"), True)], False),
        ([(x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00"), False)], True),
    ],
)
def test_a_list_of_part_of_the_truth_clears_nobody(extras: list[tuple[x509.ExtensionType, bool]], counts: bool) -> None:
    root = authority("Root")
    leaf = issued("Leaf", root, extras=[at(HERE)])
    assert (stood(leaf, root, listed(root, extras=extras)) is Standing.GOOD) is counts


def test_a_list_of_authorities_alone_is_about_authorities() -> None:
    root = authority("Root")
    middle = authority("Middle", root)
    assert stood(middle, root, listed(root, extras=[point(only_contains_ca_certs=True)])) is Standing.GOOD
    assert stood(middle, root, listed(root, extras=[point(only_contains_user_certs=True)])) is Standing.NO_LIST


@pytest.mark.parametrize("entry", [[], [x509.CRLReason(x509.ReasonFlags.key_compromise)]])
@pytest.mark.parametrize("spoil", [lambda by: {"signed_by": fresh_key()}, lambda by: {"signed_by": by.key}])
def test_a_list_counts_only_by_its_signature(
    entry: list[x509.ExtensionType], spoil: Callable[[Issued], dict[str, Any]]
) -> None:
    root = authority("Root")
    leaf = issued("Leaf", root)
    said = spoil(root)
    error = CertificateRevoked if said["signed_by"] is root.key else ListForged
    with pytest.raises(error):
        stood(leaf, root, listed(root, leaf, entry=entry, **said))
