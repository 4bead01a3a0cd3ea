"""The way to an anchor: how long it may be, which of several is taken, and that looking for it ends."""

from pathlib import Path

import pytest
from cryptography import x509

from repository.evidence.trust import path
from repository.evidence.trust.errors import IssuerUnfit, IssuerUnknown, PathTooLong
from repository.evidence.trust.judging import MOST_ALONG
from repository.evidence.trust.links import require_signed
from repository.evidence.trust.path import LONGEST, MOST_TRIES
from tests.builders.chains import DAY, Issued, authority, fresh_key, issued, named
from tests.repository.evidence.trust.plans import AT, judged, store_of

pytestmark = pytest.mark.requirement("R463-5.6")


def long_chain(length: int) -> list[Issued]:
    """The leaf first, the root last."""
    made = [authority("Root")]
    for number in range(length - 2):
        made.append(authority(f"Step {number}", made[-1]))
    return [issued("Leaf", made[-1]), *reversed(made)]


@pytest.mark.parametrize("length", [LONGEST, LONGEST + 1])
def test_a_path_has_at_most_eight_certificates(length: int, tmp_path: Path) -> None:
    leaf, *steps, root = long_chain(length)
    store = store_of(tmp_path, root)
    if length == LONGEST:
        assert len(judged(leaf, *steps, store=store).chain) == LONGEST
    else:
        with pytest.raises(PathTooLong):
            judged(leaf, *steps, store=store)


def test_a_loop_ends(tmp_path: Path) -> None:
    one, two = fresh_key(), fresh_key()
    first = authority("One", issuer=named("Two"), key=one, signed_by=two, key_ids=False)
    second = authority("Two", issuer=named("One"), key=two, signed_by=one, key_ids=False)
    leaf = issued("Leaf", first, key_ids=False)
    with pytest.raises(IssuerUnknown):
        judged(leaf, first, second, store=store_of(tmp_path, authority("Root")))


def test_a_thicket_of_strangers_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two keys under each of seven names, each signed by both of the next: hundreds of links, and none to an anchor."""
    keys = [[fresh_key() for _ in range(2)] for _ in range(8)]
    along = [
        authority(f"Name {level}", issuer=named(f"Name {level + 1}"), key=key, signed_by=above, key_ids=False)
        for level in range(7) for key in keys[level] for above in keys[level + 1]
    ]  # fmt: skip
    leaf = issued("Leaf", issuer=named("Name 0"), signed_by=keys[0][0], key_ids=False)
    assert len(along) <= MOST_ALONG
    tried = list[object]()

    def counting(child: x509.Certificate, issuer: x509.Certificate) -> None:
        tried.append(child)
        require_signed(child, issuer)

    monkeypatch.setattr(path, "require_signed", counting)
    with pytest.raises(IssuerUnknown):
        judged(leaf, *along, store=store_of(tmp_path, authority("Root")))
    assert LONGEST < len(tried) <= MOST_TRIES


def test_an_authority_that_changed_its_key_under_its_name_is_followed(tmp_path: Path) -> None:
    """The new key certified by the old one (RFC 4210 4.4): issued by itself, so that no path length counts it."""
    old = authority("Root", path_length=0)
    new = authority("Root", old, path_length=0)
    assert len(judged(issued("Leaf", new), new, store=store_of(tmp_path, old)).chain) == 3
    other = authority("Other", old, path_length=0)
    with pytest.raises(IssuerUnfit):
        judged(issued("Leaf", other), other, store=store_of(tmp_path, old))


def test_another_way_is_taken_where_one_is_closed(tmp_path: Path) -> None:
    """A cross-certified authority: one of its certificates has expired, the other leads to the anchor."""
    root, key = authority("Root"), fresh_key()
    gone = authority("Middle", root, key=key, since=AT - 2 * DAY, until=AT - DAY)
    good = authority("Middle", root, key=key)
    leaf = issued("Leaf", good)
    for along in ([gone, good], [good, gone]):
        assert judged(leaf, *along, store=store_of(tmp_path, root)).chain[1] == good.der
