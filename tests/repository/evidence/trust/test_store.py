"""The trust folder is read whole or not at all, and tells what it holds."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from repository.errors import SettingWrong
from repository.evidence.trust import store as module
from repository.evidence.trust.errors import TrustUnusable
from repository.evidence.trust.settings import Revocation
from repository.evidence.trust.stock import Concern, stock_of
from repository.evidence.trust.store import TrustStore, read_store
from repository.settings import from_environment
from tests.builders.chains import DAY, authority, install, issued, revocation_list
from tests.repository.evidence.trust.plans import AT, rsa_of


def read(folder: Path) -> TrustStore:
    return read_store(folder, revocation=Revocation.WHEN_PRESENT)


def test_pem_and_der_and_several_in_one_file_are_read(tmp_path: Path) -> None:
    made = [authority(f"Root {number}") for number in range(3)]
    install(tmp_path, *made, intermediates=made[:1], lists=[revocation_list(made[0], since=AT, until=AT + DAY)] * 2)
    (tmp_path / "bundle").write_bytes(b"Three of them:\n" + b"and\n".join(each.pem for each in made))
    (tmp_path / ".half-written.pem").write_bytes(b"-----BEGIN")
    (tmp_path / "some folder").mkdir()
    found = read(tmp_path)
    assert (len(found.anchors), len(found.intermediates), len(found.lists)) == (6, 1, 2)
    assert {each.file for each in found.anchors} == {"0.pem", "1.cer", "2.pem", "bundle"}
    assert [each.file for each in found.lists] == ["crl/0.crl", "crl/1.crl"]


@pytest.mark.parametrize("place", ["", "intermediates", "crl"])
@pytest.mark.parametrize("octets", [b"", b"hello", b"\x30\x03\x02\x01\x00", b"-----BEGIN CERTIFICATE-----\nAA\n"])
def test_one_file_that_is_something_else_makes_the_folder_unusable(place: str, octets: bytes, tmp_path: Path) -> None:
    install(tmp_path, authority("Root"))
    (tmp_path / place / "x.pem").write_bytes(octets)
    with pytest.raises(TrustUnusable) as told:
        read(tmp_path)
    assert str(told.value.fields["file"]).endswith("x.pem")


def test_a_list_is_no_certificate_and_a_certificate_no_list(tmp_path: Path) -> None:
    root = authority("Root")
    crl = revocation_list(root, since=AT, until=AT + DAY).public_bytes(Encoding.DER)
    for number, (place, octets) in enumerate((("x", crl), ("crl/x", root.der), ("crl/x", root.pem))):
        folder = install(tmp_path / str(number), root)
        (folder / place).write_bytes(octets)
        with pytest.raises(TrustUnusable):
            read(folder)


def test_a_folder_or_file_that_everybody_may_write_to_is_not_relied_on(tmp_path: Path) -> None:
    for number, name in enumerate(("", "0.pem", "crl", "intermediates")):
        folder = install(tmp_path / str(number), authority("Root"))
        read(folder)
        path = folder / name
        path.chmod(path.stat().st_mode | 0o002)
        with pytest.raises(TrustUnusable) as told:
            read(folder)
        assert "everybody" in told.value.message.en


def test_a_broken_link_and_a_huge_file_are_not_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = install(tmp_path / "one", authority("Root"))
    (folder / "crl" / "lost.crl").symlink_to(tmp_path / "nowhere")
    with pytest.raises(TrustUnusable):
        read(folder)
    monkeypatch.setattr(module, "LARGEST_CERTIFICATES", 100)
    with pytest.raises(TrustUnusable) as told:
        read(install(tmp_path / "two", authority("Root")))
    assert "large" in told.value.message.en


def test_a_file_where_the_folder_should_be_is_not_an_empty_folder(tmp_path: Path) -> None:
    (tmp_path / "trust").write_bytes(b"")
    with pytest.raises(TrustUnusable):
        read(tmp_path / "trust")


def test_the_environment_names_the_folder_and_what_is_wanted(tmp_path: Path) -> None:
    plain = from_environment({"EDM_ARCHIVE_HOME": str(tmp_path)})
    assert (plain.trust_path, plain.revocation) == (tmp_path / "trust", Revocation.WHEN_PRESENT)
    said = from_environment({"EDM_ARCHIVE_TRUST_FOLDER": "/etc/trust", "EDM_ARCHIVE_REVOCATION": "required"})
    assert (said.trust_path, said.revocation) == (Path("/etc/trust"), Revocation.REQUIRED)
    with pytest.raises(SettingWrong):
        from_environment({"EDM_ARCHIVE_REVOCATION": "sometimes"})


def test_what_will_soon_not_do_is_told(tmp_path: Path) -> None:
    good, soon = authority("Good"), authority("Soon", until=AT + 30 * DAY)
    gone, later = authority("Gone", until=AT - DAY), authority("Later", since=AT + DAY)
    weak, leaf = authority("Weak", key=rsa_of(1024)), issued("Leaf")
    lists = [
        revocation_list(good, since=AT - DAY, until=AT + DAY),
        revocation_list(soon, since=AT - DAY, until=AT + DAY / 12),
        revocation_list(gone, since=AT - 2 * DAY, until=AT - DAY),
        revocation_list(authority("Stranger"), since=AT - DAY, until=AT + DAY),
        revocation_list(good, since=AT - 9 * DAY, until=AT - 8 * DAY),
    ]
    install(tmp_path, good, soon, gone, later, weak, leaf, intermediates=[soon], lists=lists)
    found = stock_of(read(tmp_path), at=AT)
    assert (found.anchors, found.intermediates, found.lists) == (6, 1, 5)
    assert [(each.concern, each.file) for each in found.notices] == [
        (Concern.EXPIRES, "1.cer"),
        (Concern.EXPIRED, "2.pem"),
        (Concern.UNFIT, "4.pem"),
        (Concern.UNFIT, "5.cer"),
        (Concern.EXPIRES, "intermediates/0.pem"),
        (Concern.ENDS, "crl/1.crl"),
        (Concern.STALE, "crl/2.crl"),
        (Concern.ORPHAN, "crl/3.crl"),
    ]
