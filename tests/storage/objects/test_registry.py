"""Addresses of stores, and TLS, which only an address turns on."""

import datetime
import ipaddress
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from storage.errors import StoreRefused, StoreUnavailable
from storage.objects.filesystem import FilesystemStore
from storage.objects.memory import MemoryStore
from storage.objects.registry import create_store, open_store
from storage.objects.retrying import RetryingStore
from tests.peers import rclone

KEYS = {"access_key": rclone.ACCESS_KEY, "secret_key": rclone.SECRET_KEY}


def test_a_folder_is_opened_once_it_was_made(tmp_path: Path) -> None:
    address = (tmp_path / "a b%41ż").as_uri()
    with pytest.raises(StoreUnavailable):
        open_store(address, workers=1)
    create_store(address)
    create_store(address)
    store = open_store(address, workers=1)
    store.put("o", [b"x"])
    store.close()
    assert isinstance(store, FilesystemStore)
    assert (tmp_path / "a b%41ż" / "o").read_bytes() == b"x"


def test_memory_is_new_each_time() -> None:
    open_store("memory:", workers=1).put("o", [b"x"])
    again = open_store("memory:", workers=1)
    assert isinstance(again, MemoryStore)
    assert list(again.list()) == []


def test_a_bucket_is_made_opened_and_retried(rclone_endpoint: str) -> None:
    address = f"s3://registry-bucket/one/two?endpoint=http://{rclone_endpoint}&region=pl-1"
    with pytest.raises(StoreRefused):
        create_store(address, **KEYS)  # rclone keeps no versions
    create_store(address, versioned=False, **KEYS)
    create_store(address, versioned=False, **KEYS)
    store = open_store(address, workers=2, **KEYS)
    assert isinstance(store, RetryingStore)
    store.put("o", [b"x"])
    above = open_store(address.replace("/one/two", ""), workers=1, **KEYS)
    assert [found.key for found in above.list()] == ["one/two/o"]
    store.close()
    above.close()


@pytest.mark.parametrize(
    "address",
    [
        "",
        "/srv/objects",
        "file:relative",
        "file://host/path",
        "file:///path?x=1",
        "ftp://host/path",
        "s3:///prefix",
        "s3://b",
        "s3://bucket/UPPER",
        "s3://bucket/a/../b",
        "s3://bucket?endpoint=localhost:9000",
        "s3://bucket?endpoint=http://",
        "s3://bucket?endpoint=http://host/path",
        "s3://bucket?endpoint=http://key:secret@host",
        "s3://key:secret@bucket",
        "s3://bucket?endpoint=http://host&secret_key=x",
        "s3://bucket?region=NO SUCH&endpoint=http://host",
        "s3://bucket?endpoint=http://host:99999",
        "s3://bucket?broken",
    ],
)
def test_what_is_no_address_is_refused_without_repeating_it(address: str) -> None:
    with pytest.raises(StoreRefused) as refusal:
        open_store(address, workers=1, access_key="k", secret_key="s")
    assert "secret" not in str(refusal.value)
    assert "key" not in str(refusal.value).replace("access key", "")


def test_a_secret_is_not_shown_with_its_location() -> None:
    store = open_store("s3://bucket", workers=1, access_key="k", secret_key="very-hidden")
    assert "very-hidden" not in repr(store)
    assert "very-hidden" not in repr(vars(store))
    store.close()


def self_signed(folder: Path) -> tuple[Path, Path]:
    """(certificate, key) for 127.0.0.1, valid for an hour."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    now = datetime.datetime.now(datetime.UTC)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(minutes=5))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "certificate.pem").write_bytes(certificate.public_bytes(pem))
    (folder / "key.pem").write_bytes(secret)
    return folder / "certificate.pem", folder / "key.pem"


def test_a_certificate_is_checked_and_an_own_authority_can_be_named(tmp_path: Path) -> None:
    certificate, key = self_signed(tmp_path)
    with rclone.serving(tmp_path / "served", certificate=certificate, key=key) as endpoint:
        address = f"s3://over-tls?endpoint=https://{endpoint}"
        with pytest.raises(StoreRefused, match="certificate"):
            create_store(address, versioned=False, **KEYS)
        trusting = f"{address}&ca_file={certificate}"
        create_store(trusting, versioned=False, **KEYS)
        store = open_store(trusting, workers=1, **KEYS)
        store.put("o", [bytes(100_000), b"end"])
        with store.open("o", offset=100_000) as reader:
            assert reader.read() == b"end"
        store.close()
