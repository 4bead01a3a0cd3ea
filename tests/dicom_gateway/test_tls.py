"""TLS at the DICOM door: who shows what, and that whoever shows nothing holds up nobody."""

import hashlib
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from pynetdicom import AE
from pynetdicom.association import Association

from dicom_gateway.echoing import echo
from dicom_gateway.errors import PeerDoesNotAnswer, TlsUnfit
from dicom_gateway.securing import ended, secured, wrapped
from dicom_gateway.settings import GatewaySettings
from repository.peers.registering import register
from tests.builders.certificates import Authority, Pair
from tests.dicom_gateway.gateways import CUSTODIAN, PATIENT, VERIFICATION, Door, named, opened


def fingerprint(pair: Pair) -> str:
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(pair.certificate.read_text())).hexdigest()


def called(door: Door, authority: Authority, own: Pair | None, *, title: str) -> Association:
    """An association with TLS, `own` shown."""
    context = ssl.create_default_context(cafile=authority.file)
    if own is not None:
        context.load_cert_chain(own.certificate, own.key)
    entity = AE(ae_title=title)
    entity.acse_timeout = entity.dimse_timeout = entity.network_timeout = 60
    entity.add_requested_context(VERIFICATION)
    return entity.associate("127.0.0.1", door.port, ae_title="EDM-ARCHIVE", tls_args=(context, "127.0.0.1"))


@contextmanager
def opened_with_tls(folder: Path, authority: Authority, **more: object) -> Iterator[Door]:
    server = authority.sign("gateway")
    with opened(folder, certificate=server.certificate, key=server.key, ca=authority.file, **more) as door:
        yield door


def test_a_peer_is_known_by_the_certificate_that_it_shows(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    own, others = authority.sign("pacs"), authority.sign("other")
    with opened_with_tls(tmp_path, authority) as door:
        register(door.archive, named(CUSTODIAN, "SWOJ", certificate=fingerprint(own)))
        with_own = called(door, authority, own, title="SWOJ")
        assert with_own.is_established
        assert with_own.send_c_echo().Status == 0x0000
        with_own.release()
        assert not called(door, authority, others, title="SWOJ").is_established


def test_without_a_certificate_of_the_authority_there_is_no_connection(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    authority, stranger = Authority(tmp_path), Authority(elsewhere, name="Somebody Else")
    with opened_with_tls(tmp_path, authority) as door:
        for own in (None, stranger.sign("pacs")):
            assert not called(door, authority, own, title="PACS").is_established
        plain = door.associated(VERIFICATION)
        assert not plain.is_established


def test_a_peer_that_shakes_no_hands_holds_up_nobody(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    own = authority.sign("pacs")
    with opened_with_tls(tmp_path, authority) as door:
        silent = [socket.create_connection(("127.0.0.1", door.port)) for _ in range(20)]
        try:
            association = called(door, authority, own, title="PACS")
            assert association.is_established
            association.release()
        finally:
            for each in silent:
                each.close()


def test_a_version_below_the_lowest_is_refused(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    own = authority.sign("pacs")
    with opened_with_tls(tmp_path, authority, tls_minimum="1.3") as door:
        context = ssl.create_default_context(cafile=authority.file)
        context.load_cert_chain(own.certificate, own.key)
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        with socket.create_connection(("127.0.0.1", door.port)) as raw, pytest.raises(ssl.SSLError):
            context.wrap_socket(raw, server_hostname="127.0.0.1")


def test_a_peer_that_listens_with_tls_is_called_with_our_certificate(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    ours = authority.sign("ours")
    with opened_with_tls(tmp_path, authority) as door:
        known = named(CUSTODIAN, "EDM-ARCHIVE", host="127.0.0.1", port=door.port, tls=True)
        register(door.archive, known)
        calling = GatewaySettings(certificate=ours.certificate, key=ours.key, ca=authority.file, patience=PATIENT)
        assert echo(known, calling) > 0
        with pytest.raises(PeerDoesNotAnswer):
            echo(known, GatewaySettings(patience=PATIENT))


def test_files_that_are_no_certificate_and_key_are_told_of_when_the_door_opens(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.pem"
    wrong.write_text("nothing")
    for certificate in (wrong, tmp_path / "missing.pem"):
        with pytest.raises(TlsUnfit):
            secured(GatewaySettings(certificate=certificate, key=certificate))
    with pytest.raises(TlsUnfit):
        secured(GatewaySettings(ciphers="NONE-SUCH"))


def test_a_connection_that_another_thread_ends_never_goes_on_in_clear(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    own = authority.sign("gateway")
    house = secured(GatewaySettings(certificate=own.certificate, key=own.key, ca=authority.file))
    assert house.accepting is not None
    ours, theirs = socket.socketpair()
    with wrapped(ours, house.accepting) as line, theirs:
        ended(line)
        assert theirs.recv(1) == b""
        with pytest.raises(ssl.SSLError):  # a plain socket, which it would be without its keys, says another thing
            line.send(b"of somebody")
