"""C-FIND of more than a page: everything comes once, each page has its account, C-CANCEL ends it; what goes wrong.

Pages are made short, for it takes a while to take over a thousand images.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from pydicom import Dataset
from sqlalchemy import event

from dicom_gateway.protocol import commands
from dicom_gateway.protocol.association import Association
from dicom_gateway.protocol.commands import written
from dicom_gateway.protocol.messages import Gathered, gathering
from dicom_gateway.protocol.negotiating import Asked, Proposed
from dicom_gateway.protocol.pdus import fragments
from dicom_gateway.protocol.requesting import Address, associated
from dicom_gateway.settings import DEFAULT_TITLE
from repository.access.account_query import AccountQuery
from repository.entitlement import give_custody
from repository.formats.dicom.identifiers import read_identifier
from repository.formats.dicom.identifiers_writing import write_identifier
from repository.intake import Order, receive
from tests.builders.access import OURS
from tests.builders.dicom import data_set, part10
from tests.dicom_gateway.finding import PATIENT_ROOT, STUDY_ROOT, answers, asking, found, question
from tests.dicom_gateway.gateways import CUSTODIAN, EXPLICIT, PATIENT, Door, opened

PAGE, GROUP = 20, 7
IMAGES = 2 * PAGE + 13
UP = data_set(1)


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """A series of more images than a page has."""
    folder = tmp_path_factory.mktemp("length")
    with opened(folder) as made, pytest.MonkeyPatch.context() as patched:
        patched.setattr("repository.searching.MOST", PAGE)
        patched.setattr("dicom_gateway.services.finding._AT_ONCE", GROUP)
        package = folder / "images"
        package.mkdir()
        for number in range(IMAGES):
            (package / f"{number}.dcm").write_bytes(part10(data_set(1, instance=number)))
        made.sample = receive(made.archive, Order(package), progress=lambda _: None)
        give_custody(made.archive, made.sample.id, OURS, name="Nasza Przychodnia")
        yield made


def images() -> Dataset:
    return question(
        "IMAGE", StudyInstanceUID=UP.StudyInstanceUID, SeriesInstanceUID=UP.SeriesInstanceUID, SOPInstanceUID=""
    )


def test_what_fills_more_than_a_page_comes_once_and_each_page_has_its_account(door: Door) -> None:
    before = door.archive.catalogue.journal.size()
    uids = [each.SOPInstanceUID for each in found(door, images())]
    assert len(uids) == len(set(uids)) == IMAGES
    accounts = door.archive.catalogue.accounts.search(AccountQuery(after=before))
    assert sorted(each.count for each in accounts) == [13, PAGE, PAGE]


@contextmanager
def raw(door: Door) -> Iterator[Association]:
    """An association of our own, whose bytes we choose."""
    asked = Asked(calling=CUSTODIAN.ae_title, called=DEFAULT_TITLE, contexts=[Proposed(1, STUDY_ROOT, (EXPLICIT,))])
    with associated(asked, Address("127.0.0.1", door.port), patience=PATIENT) as made:
        yield made


def message(values: dict[int, int | str], content: bytes | None = None) -> list[bytes]:
    pieces = [each for group in fragments(1, [written(values)], longest=0, command=True) for each in group]
    if content is not None:
        pieces += [each for group in fragments(1, [content], longest=0) for each in group]
    return [bytes(each) for each in pieces]


def find(content: bytes) -> list[bytes]:
    values: dict[int, int | str] = {
        commands.AFFECTED_CLASS: STUDY_ROOT, commands.FIELD: commands.C_FIND_RQ, commands.MESSAGE_ID: 7,
        commands.PRIORITY: 0, commands.DATA_SET_TYPE: commands.DATA_SET,
    }  # fmt: skip
    return message(values, content)


def cancel(of: int) -> list[bytes]:
    return message(
        {commands.FIELD: commands.C_CANCEL_RQ, commands.RESPONDS_TO: of, commands.DATA_SET_TYPE: commands.NO_DATA_SET}
    )


def all_images() -> bytes:
    elements = [(0x00080018, "UI", ""), (0x00080052, "CS", "IMAGE"), (0x0020000D, "UI", UP.StudyInstanceUID),
        (0x0020000E, "UI", UP.SeriesInstanceUID)]  # fmt: skip
    return write_identifier(elements, syntax=EXPLICIT)


def statuses(association: Association) -> list[int]:
    """Of all responses to the one request, up to the last one."""
    told = []
    while True:
        came = association.receive(gathering, patience=30)
        assert came is not None
        told.append(came.command.number(commands.STATUS))
        assert came.command.number(commands.RESPONDS_TO) == 7
        if told[-1] not in (0xFF00, 0xFF01):
            return told
        assert isinstance(came.data_set, Gathered)
        assert read_identifier(came.data_set.content, syntax=EXPLICIT).keys["SOPInstanceUID"]


def test_a_question_that_is_cancelled_before_its_first_answer_has_none(door: Door) -> None:
    with raw(door) as association:
        association.wire.send([*find(all_images()), *cancel(7)])
        assert statuses(association) == [0xFE00]
        association.wire.send(find(all_images()))  # the association goes on, and an old C-CANCEL is not for this one


def test_the_cancelling_of_something_else_ends_nothing(door: Door) -> None:
    with raw(door) as association:
        association.wire.send([*find(all_images()), *cancel(3)])
        assert statuses(association) == [0xFF00] * IMAGES + [0]


def test_a_question_that_is_cancelled_underway_ends(door: Door) -> None:
    """Whichever comes first, the cancelling or the last answer."""
    association = asking(door)
    told = []
    for status, _ in association.send_c_find(images(), STUDY_ROOT, msg_id=5):
        told.append(status.Status)
        if len(told) == 1:
            association.send_c_cancel(5, query_model=STUDY_ROOT)
    assert told[-1] in (0xFE00, 0x0000)
    assert len(told) <= IMAGES + 1
    (again,), _ = answers(association, question("STUDY", StudyInstanceUID="1.2.3"))
    assert again.Status == 0
    association.release()


@pytest.mark.parametrize(
    ("content", "status"),
    [
        pytest.param(b"", 0xA900, id="nothing, and so no level (PS3.4 C.4.1.1.4)"),
        pytest.param(b"\x08\0\x52\0CS\x10\0SHORT", 0xC000, id="cut off"),
        pytest.param(b"\xff" * 64, 0xC000, id="noise"),
    ],
)
def test_what_is_no_identifier_is_refused_and_the_association_goes_on(door: Door, content: bytes, status: int) -> None:
    with raw(door) as association:
        association.wire.send(find(content))
        assert statuses(association) == [status]
        association.wire.send(find(all_images()))
        assert statuses(association)[-1] == 0


def test_a_peer_that_leaves_amidst_its_answers_holds_nothing_up(door: Door) -> None:
    for _ in range(3):
        association = asking(door)
        for _ in association.send_c_find(images(), STUDY_ROOT):
            association.abort()
            break
    assert len(found(door, images())) == IMAGES


def test_while_nothing_can_be_accounted_for_the_peer_is_told_to_try_again(tmp_path: Path) -> None:
    """Another process holds the catalogue for itself: a real lock, and a wait made short."""
    with opened(tmp_path, patients=1) as door:
        engine = door.archive.catalogue._room.engine  # to wait less long than BUSY_SECONDS
        event.listen(engine, "connect", lambda made, _: made.execute("PRAGMA busy_timeout=50").close())
        door.archive.catalogue._room._connections.close()
        engine.dispose()
        asked = question("PATIENT", PatientID="", PatientName="")
        association = asking(door, PATIENT_ROOT)
        with closing(sqlite3.connect(str(engine.url.database), isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            told, identifiers = answers(association, asked, PATIENT_ROOT)
            assert ([each.Status for each in told], identifiers) == ([0xA700], [])
            assert told[0].ErrorComment
            other.execute("ROLLBACK")
        told, _ = answers(association, asked, PATIENT_ROOT)
        association.release()
        assert told[-1].Status == 0
