"""STOW-RS: what is answered is durable, what is not kept is named with a reason, and nobody pushes who is not bound."""

import io
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from xml.etree import ElementTree

import httpx
import pydicom
import pytest
from dicomweb_client.api import DICOMwebClient
from dicomweb_client.session_utils import create_session

from api.dicomweb.stow_answer import BESIDE, INVALID, MISMATCH, OTHER_STUDY
from repository.domain.takeover import Disposition
from repository.takeover.sealing import place_of
from repository.transfer.closing import close_transfer
from tests.api.dicomweb.pushing import CLERK, Open, listed, served_transfer
from tests.api.served import problem
from tests.builders.access import THEIRS
from tests.builders.dicom import UID_ROOT
from tests.builders.pushing import image, large_image, opened_for_clinic
from tests.builders.staff import Staff, session_of
from tests.builders.warrants import EVERY
from tests.peers.plain_http import PLAIN

REFERENCED, FAILED = "00081199", "00081198"
INSTANCE, REASON, WARNING, ADDRESS = "00081155", "00081197", "00081196", "00081190"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Open]:
    """For tests that look at their own images alone: each has patients of its own."""
    with served_transfer(tmp_path_factory.mktemp("stow")) as found:
        yield found


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Open]:
    with served_transfer(tmp_path) as found:
        yield found


def kept(found: Open) -> list[bytes]:
    archive, takeover = found.archive, found.takeover
    return [
        b"".join(archive.vault.open(*place_of(takeover, each), warrant=EVERY))
        for each in sorted(archive.catalogue.holdings(takeover.number), key=lambda holding: holding.ordinal)
    ]


def test_what_is_pushed_is_kept_bit_for_bit(own: Open) -> None:
    contents = [image(1), image(1, instance=2), image(2)]
    answer = own.push(*contents)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/dicom+json"
    assert kept(own) == contents
    assert FAILED not in answer.json()
    uids = [f"{UID_ROOT}.2.1.1.1", f"{UID_ROOT}.2.1.1.2", f"{UID_ROOT}.3.1.1.1"]
    assert listed(answer, REFERENCED, INSTANCE) == uids
    study = f"{own.url}/dicomweb/studies/{UID_ROOT}.2.1"
    assert listed(answer, REFERENCED, ADDRESS)[0] == f"{study}/series/{UID_ROOT}.2.1.1/instances/{uids[0]}"
    assert ADDRESS not in answer.json()  # of two studies


def test_a_client_that_people_use_pushes_and_reads_the_answer(served: Open) -> None:
    session = create_session()
    session.headers.update(served.bearer)
    session.trust_env = False
    client = DICOMwebClient(f"{served.url}/dicomweb", session=session, chunk_size=1000)
    sets = [pydicom.dcmread(io.BytesIO(image(50, instance=number))) for number in (1, 2, 3)]
    answer = client.store_instances(sets, study_instance_uid=sets[0].StudyInstanceUID)
    assert [item.ReferencedSOPInstanceUID for item in answer.ReferencedSOPSequence] == [
        each.SOPInstanceUID for each in sets
    ]
    assert answer.RetrieveURL == f"{served.url}/dicomweb/studies/{sets[0].StudyInstanceUID}"
    assert "FailedSOPSequence" not in answer


def test_pushed_again_it_is_answered_alike_and_kept_once(own: Open) -> None:
    first, again = own.push(image(), image(instance=2)), own.push(image(), image(instance=2))
    assert (again.status_code, again.json()) == (first.status_code, first.json())
    assert own.holdings == 2
    items = own.archive.catalogue.items(own.takeover.number)
    assert [each.disposition for each in items] == [Disposition.KEPT] * 2 + [Disposition.DUPLICATE] * 2


def test_other_bytes_of_the_same_uid_are_kept_beside_with_a_warning(own: Open) -> None:
    own.push(image())
    answer = own.push(image(pixels=bytes(128)))
    assert (answer.status_code, listed(answer, REFERENCED, WARNING)) == (202, [BESIDE])
    assert kept(own) == [image(), image(pixels=bytes(128))]


def test_one_instance_without_parts(served: Open) -> None:
    with served.client() as client:
        answer = client.post("/dicomweb/studies", content=image(60), headers={"Content-Type": "application/dicom"})
    assert (answer.status_code, len(listed(answer, REFERENCED, INSTANCE))) == (200, 1)


def test_what_is_larger_than_memory_allows_comes_through_the_disk(own: Open) -> None:
    content = large_image()
    answer = own.push(image(1), content, image(2))
    assert (answer.status_code, len(listed(answer, REFERENCED, INSTANCE))) == (200, 3)
    assert kept(own) == [image(1), content, image(2)]
    assert list((own.archive.settings.home / "spool").iterdir()) == []


def test_many_parts_come_in_their_order(own: Open) -> None:
    contents = [image(1, instance=number) for number in range(1, 151)]
    answer = own.push(*contents)
    assert answer.status_code == 200
    assert kept(own) == contents


def test_an_instance_of_another_study_fails_and_the_others_do_not(served: Open) -> None:
    answer = served.push(image(61), image(61, study=2), study=f"{UID_ROOT}.62.1")
    assert answer.status_code == 202
    assert listed(answer, FAILED, REASON) == [OTHER_STUDY]
    assert listed(answer, FAILED, INSTANCE) == [f"{UID_ROOT}.62.2.1.1"]
    assert listed(answer, REFERENCED, INSTANCE) == [f"{UID_ROOT}.62.1.1.1"]


@pytest.mark.parametrize("content", [b"", b"no image", b"\0" * 128 + b"DICM", b"<!DOCTYPE x [<!ENTITY a 'b'>]><x/>"])
def test_what_is_no_instance_fails_and_nothing_kept_is_409(served: Open, content: bytes) -> None:
    before = served.holdings
    answer = served.push(content)
    assert (answer.status_code, listed(answer, FAILED, REASON)) == (409, [INVALID])
    assert REFERENCED not in answer.json()
    assert served.holdings == before


def test_an_instance_that_is_cut_is_kept_as_it_is_with_a_warning(served: Open) -> None:
    answer = served.push(image(63)[:-20])
    assert (answer.status_code, listed(answer, REFERENCED, WARNING)) == (202, [MISMATCH])


def test_a_part_that_says_it_is_something_else_is_not_kept(served: Open) -> None:
    body = b"--b\r\nContent-Type: application/json\r\n\r\n{}\r\n--b\r\n\r\n" + image(64) + b"\r\n--b--"
    with served.client(Content_Type="multipart/related; type=application/dicom; boundary=b") as client:
        answer = client.post("/dicomweb/studies", content=body)
    assert (answer.status_code, listed(answer, FAILED, REASON)) == (202, [INVALID])
    assert len(listed(answer, REFERENCED, INSTANCE)) == 1


def test_the_answer_can_be_xml(served: Open) -> None:
    answer = served.push(image(65), Accept="application/dicom+xml")
    assert answer.headers["content-type"] == "application/dicom+xml"
    root = ElementTree.fromstring(answer.content)
    found = [each.text for each in root.iter() if (each.text or "").startswith(UID_ROOT)]
    assert found == [f"{UID_ROOT}.66.1.1.1"]


RELATED = 'multipart/related; type="application/dicom"; boundary=b'


@pytest.mark.parametrize(
    ("content_type", "body", "status", "code"),
    [
        (RELATED, b"", 400, "API-023"),
        (RELATED, b"--b--", 400, "API-027"),
        (RELATED, b"--other\r\n\r\nx\r\n--other--", 400, "API-023"),
        (RELATED, b"--b\r\n\r\nx", 400, "API-022"),
        (RELATED, b"--b\r\nno field\r\n\r\nx\r\n--b--", 400, "API-024"),
        (RELATED, b"--b\r\nContent-Length: 2\r\n\r\nxyz\r\n--b--", 400, "API-026"),
        (RELATED, b"--bxx", 400, "API-020"),
        ('multipart/related; type="application/dicom"', b"--b--", 400, "API-021"),
        ("application/dicom", b"", 400, "API-027"),
        ('multipart/related; type="application/dicom+json"; boundary=b', b"--b--", 415, "API-010"),
        ("application/json", b"{}", 415, "API-010"),
        ("nonsense", b"", 415, "API-010"),
        ("multipart/form-data; boundary=b", b"--b--", 415, "API-010"),
    ],
)
def test_bodies_that_are_not_understood(served: Open, content_type: str, body: bytes, status: int, code: str) -> None:
    before = served.holdings
    with served.client(Content_Type=content_type) as client:
        answer = client.post("/dicomweb/studies", content=body)
    assert (answer.status_code, problem(answer)["code"]) == (status, code)
    assert served.holdings == before


def test_what_came_whole_before_a_fault_may_be_sent_again(own: Open) -> None:
    body = b"--b\r\n\r\n" + image(1) + b"\r\n--b\r\n\r\n" + image(2)[:700]
    with own.client(Content_Type=RELATED) as client:
        assert client.post("/dicomweb/studies", content=body).status_code == 400
    assert own.push(image(1), image(2)).status_code == 200
    assert kept(own) == [image(1), image(2)]


def test_a_client_that_goes_away_leaves_nothing_half(own: Open) -> None:
    host, port = own.url.removeprefix("http://").split(":")
    for sent in (0, 5, 400, 6 << 20):
        body = b"--b\r\n\r\n" + large_image(9)
        head = f"POST /dicomweb/studies HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {own.token}\r\n"
        head += f"Content-Type: {RELATED}\r\nContent-Length: {len(body) + 100}\r\n\r\n"
        with socket.create_connection((host, int(port))) as connection:
            connection.sendall(head.encode() + body[:sent])
    assert own.push(image(1)).status_code == 200
    assert kept(own) == [image(1)]
    with own.client() as client:
        for _ in range(100):
            if not list((own.archive.settings.home / "spool").iterdir()):
                break
            client.get("/v1/health")
    assert list((own.archive.settings.home / "spool").iterdir()) == []


def test_many_push_at_a_time(own: Open) -> None:
    contents = [image(seed % 4, instance=seed) for seed in range(32)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(own.push, contents))
    assert [each.status_code for each in answers] == [200] * 32
    assert sorted(kept(own)) == sorted(contents)


def test_a_body_that_is_too_large_is_413_whatever_it_says_of_itself(tmp_path: Path) -> None:
    with served_transfer(tmp_path, most_body=100_000) as found:
        told = found.push(large_image())
        assert (told.status_code, problem(told)["code"]) == (413, "API-004")

        def unsaid() -> Iterator[bytes]:
            yield b"--b\r\n\r\n"
            for _ in range(40):
                yield bytes(4096)

        with found.client(Content_Type=RELATED) as client:
            answer = client.post("/dicomweb/studies", content=unsaid())
        assert (answer.status_code, problem(answer)["code"]) == (413, "API-004")
        assert found.holdings == 0


def test_nobody_pushes_without_a_name(served: Open) -> None:
    answer = httpx.post(
        f"{served.url}/dicomweb/studies",
        content=image(),
        headers={"Content-Type": "application/dicom"},
        verify=PLAIN,
        timeout=60,
    )
    assert (answer.status_code, problem(answer)["code"]) == (401, "API-001")


def test_whoever_is_not_bound_is_told_what_everybody_is_told_and_it_is_written_down(own: Open) -> None:
    stranger = session_of(own.archive, Staff(house=THEIRS, surname="Obca"), name="stranger").token
    answer = own.push(image(), Authorization=f"Bearer {stranger}")
    assert (answer.status_code, problem(answer)["code"]) == (404, "ACC-001")
    assert own.holdings == 0
    (deed,) = own.archive.catalogue.journal.deeds(kind="deposit")
    assert deed.outcome == "refused"


def test_of_several_takeovers_one_is_named_in_the_address_or_in_a_header(own: Open) -> None:
    second = opened_for_clinic(own.archive)
    assert (own.push(image()).status_code, own.holdings) == (409, 0)
    assert own.push(image(1), EDM_Takeover=second.id).status_code == 200
    with own.client(Content_Type="application/dicom") as client:
        answer = client.post("/dicomweb/studies", content=image(2), params={"takeover": second.id})
    assert answer.status_code == 200
    assert own.archive.catalogue.counts(second.number).holdings == 2


def test_after_it_is_closed_nothing_is_taken(own: Open) -> None:
    own.push(image())
    close_transfer(own.archive, own.takeover)
    assert own.push(image(1)).status_code == 404
    assert own.holdings == 1


def test_a_form_of_answer_that_is_not_there_is_refused_before_anything_is_kept(served: Open) -> None:
    before = served.holdings
    assert served.push(image(66), Accept="text/html").status_code == 406
    assert served.holdings == before


def test_a_study_that_is_no_uid_is_refused(served: Open) -> None:
    before = served.holdings
    assert served.push(image(), study="not-a-uid").status_code == 400
    assert served.holdings == before


def test_what_was_pushed_is_not_readable_by_whoever_pushed_it(own: Open) -> None:
    assert own.push(image()).status_code == 200
    assert [each.ordinal for each in own.archive.catalogue.holdings(own.takeover.number)] == [1]
    with own.client(EDM_Purpose="treatment") as client:
        assert client.get(f"/v1/holdings/{own.takeover.id}/1").status_code == 404
    assert CLERK.house is not None
