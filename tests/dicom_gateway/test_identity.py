"""User identity (PS3.7 D.3.3.7): noted with whoever calls, never more than that."""

import hashlib
import socket
from pathlib import Path

import pytest
from pynetdicom import AE
from pynetdicom.association import Association
from pynetdicom.pdu import A_ASSOCIATE_RQ
from pynetdicom.pdu_primitives import UserIdentityNegotiation

from dicom_gateway.contexts import STUDY_FIND
from dicom_gateway.identifying import NOTED, noted
from dicom_gateway.protocol.encoding import request
from dicom_gateway.protocol.negotiating import Asked, Proposed, UserIdentity
from dicom_gateway.protocol.pdus import ASSOCIATE_AC, reject
from dicom_gateway.rejecting import Rejected
from repository.access.account_query import AccountQuery
from repository.peers.peer import Service
from repository.peers.registering import register
from tests.dicom_gateway.finding import question
from tests.dicom_gateway.gateways import CT, CUSTODIAN, EXPLICIT, VERIFICATION, Door, an_image, named, opened, status_of

SECRET = b"correct horse"


def said(kind: int, primary: bytes, *, secondary: bytes = b"", answer: bool = False) -> UserIdentityNegotiation:
    made = UserIdentityNegotiation()
    made.user_identity_type, made.primary_field, made.positive_response_requested = kind, primary, answer
    if kind == 2:
        made.secondary_field = secondary
    return made


def called(
    door: Door, identity: UserIdentityNegotiation, *contexts: str, title: str = CUSTODIAN.ae_title
) -> Association:
    entity = AE(ae_title=title)
    entity.acse_timeout = entity.dimse_timeout = entity.network_timeout = 60
    for each in contexts or (VERIFICATION,):
        entity.add_requested_context(each)
    return entity.associate("127.0.0.1", door.port, ae_title="EDM-ARCHIVE", ext_neg=[identity])


def answer_of(association: Association) -> bytes | None:
    """The server response that came, if one did."""
    found = [each for each in association.acceptor.user_information if isinstance(each, UserIdentityNegotiation)]
    return found[0].server_response if found else None


@pytest.mark.parametrize("kind", [1, 2, 4, 5])
@pytest.mark.parametrize("wanted", [False, True])
def test_only_a_user_name_has_a_positive_answer_and_only_where_one_is_wanted(
    door: Door, kind: int, *, wanted: bool
) -> None:
    association = called(door, said(kind, b"jan.kowalski", secondary=SECRET, answer=wanted))
    assert association.is_established
    assert association.send_c_echo().Status == 0x0000
    assert answer_of(association) == (b"" if kind == 1 and wanted else None)
    association.release()


def first_answer(door: Door, identity: UserIdentityNegotiation) -> bytes:
    """The ten bytes of a rejection, or the first ten of what else there is. Not by pynetdicom's association, which now
    and then takes a rejection for an abort."""
    content = request(Asked(calling="PACS", called="EDM-ARCHIVE", contexts=[Proposed(1, VERIFICATION, (EXPLICIT,))]))
    pdu = A_ASSOCIATE_RQ()
    pdu.decode(content)
    primitive = pdu.to_primitive()
    primitive.user_information.append(identity)
    with socket.create_connection(("127.0.0.1", door.port), timeout=30) as connection:
        connection.sendall(A_ASSOCIATE_RQ(primitive).encode())
        return connection.recv(10)


@pytest.mark.parametrize("wanted", [False, True])
def test_a_kerberos_ticket_is_refused(door: Door, *, wanted: bool) -> None:
    assert first_answer(door, said(3, b"ticket", answer=wanted)) == reject(1, 2, 1)
    assert first_answer(door, said(1, b"name", answer=wanted))[0] == ASSOCIATE_AC


@pytest.mark.parametrize("kind", [0, 3, 6, 255])
def test_kinds_that_are_not_taken_are_refused(kind: int) -> None:
    with pytest.raises(Rejected):
        noted(UserIdentity(kind, b"x", b"", answer_wanted=False))


@pytest.mark.parametrize("kind", sorted(NOTED))
def test_an_identity_that_says_nothing_is_refused(kind: int) -> None:
    with pytest.raises(Rejected):
        noted(UserIdentity(kind, b"", SECRET, answer_wanted=True))


def test_what_is_said_is_in_the_accounts_as_a_digest_and_its_value_nowhere(tmp_path: Path) -> None:
    with opened(tmp_path, patients=1) as door:
        association = called(door, said(2, b"jan.kowalski", secondary=SECRET), STUDY_FIND)
        assert [each.Status for each, _ in association.send_c_find(question("STUDY", PatientID=""), STUDY_FIND)][
            -1
        ] == 0x0000
        association.release()
        account = list(door.archive.catalogue.accounts.every(AccountQuery()))[-1]
        digest = hashlib.sha256(b"jan.kowalski").hexdigest()
        assert account.proof == f"ae-title:PACS@127.0.0.1;user:username-with-passcode:sha256:{digest}"
    files = [each.read_bytes() for each in tmp_path.rglob("*") if each.is_file()]
    assert not any(b"jan.kowalski" in each or SECRET in each for each in files)
    assert not any(hashlib.sha256(SECRET).hexdigest().encode() in each for each in files)


def test_no_identity_lets_a_peer_do_what_it_may_not(tmp_path: Path) -> None:
    with opened(tmp_path) as door:
        register(door.archive, named(CUSTODIAN, "NIC", services=frozenset({Service.GET})))
        association = called(door, said(5, b"eyJhbGciOiJub25lIn0.e30."), VERIFICATION, CT, STUDY_FIND, title="NIC")
        assert [str(each.abstract_syntax) for each in association.accepted_contexts] == [VERIFICATION]
        association.release()
        assert not called(door, said(1, b"PACS"), title="OBCY").is_established
        own = called(door, said(1, b"PACS"), CT)
        assert status_of(own.send_c_store(an_image())) == 0x0000
        own.release()
