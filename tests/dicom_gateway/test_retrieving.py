"""C-GET and C-MOVE: what comes back is what was handed over, and nobody gets what is not for him."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

import pytest
from pydicom import Dataset, dcmread
from pydicom.filebase import DicomBytesIO
from pynetdicom import AE, evt
from pynetdicom.association import Association
from pynetdicom.events import Event

from dicom_gateway.contexts import PATIENT_GET, STUDY_GET, STUDY_MOVE
from repository.access.principal import Organisation
from repository.domain.describing import Identifier
from repository.peers.registering import register
from tests.dicom_gateway.gateways import CT, EXPLICIT, IMPLICIT, Door, named, opened

STRANGER = Organisation(Identifier("2.16.840.1.113883.3.4424.2.3.1", "000000999999"), "Obca Przychodnia")


def images_of(door: Door) -> list[Path]:
    return [
        each for each in sorted(door.package.rglob("*")) if each.is_file() and each.read_bytes()[128:132] == b"DICM"
    ]


def data_set_of(content: bytes) -> bytes:
    """The bytes after the file meta information, as pydicom finds them."""
    stream = DicomBytesIO(content)
    found = dcmread(BytesIO(content), stop_before_pixels=True)
    length = 144 + found.file_meta.FileMetaInformationGroupLength
    stream.seek(length)
    return stream.read()


def asked(level: str, **keys: str) -> Dataset:
    made = Dataset()
    made.QueryRetrieveLevel = level
    for name, value in keys.items():
        setattr(made, name, value)
    return made


@dataclass
class Taken:
    """What a storage SCP was given."""

    data_sets: list[bytes] = field(default_factory=list)
    syntaxes: list[str] = field(default_factory=list)

    def take(self, event: Event) -> int:
        self.data_sets.append(event.request.DataSet.getvalue())
        self.syntaxes.append(str(event.context.transfer_syntax))
        return 0x0000


def got(association: Association, keys: Dataset, model: str) -> list[tuple[Dataset, Dataset | None]]:
    return list(association.send_c_get(keys, model))


@contextmanager
def getting(door: Door, taken: Taken, *, model: str = STUDY_GET, syntax: str = EXPLICIT) -> Iterator[Association]:
    association = door.getting(CT, model=model, syntax=syntax)
    association.bind(evt.EVT_C_STORE, taken.take)
    assert association.is_established
    yield association
    association.release()


def test_a_study_comes_back_by_c_get_with_the_bytes_that_were_handed_over(door: Door) -> None:
    files = [each.read_bytes() for each in images_of(door)]
    first = dcmread(BytesIO(files[0]))
    own = [each for each in files if dcmread(BytesIO(each)).StudyInstanceUID == first.StudyInstanceUID]
    taken = Taken()
    with getting(door, taken) as association:
        answers = got(association, asked("STUDY", StudyInstanceUID=first.StudyInstanceUID), STUDY_GET)
    status, _ = answers[-1]
    assert status.Status == 0x0000
    assert status.NumberOfCompletedSuboperations == len(own)
    assert sorted(taken.data_sets) == sorted(map(data_set_of, own))


@pytest.mark.parametrize("level", ["PATIENT", "SERIES", "IMAGE"])
def test_each_level_is_retrieved_by_its_unique_key(door: Door, level: str) -> None:
    files = [dcmread(each) for each in images_of(door)]
    first = files[0]
    key = {"PATIENT": "PatientID", "SERIES": "SeriesInstanceUID", "IMAGE": "SOPInstanceUID"}[level]
    own = [each for each in files if each[key].value == first[key].value]
    above = {"PATIENT": [], "SERIES": ["StudyInstanceUID"], "IMAGE": ["StudyInstanceUID", "SeriesInstanceUID"]}[level]
    keys = asked(level, **{name: first[name].value for name in [key, *above]})
    model = PATIENT_GET if level == "PATIENT" else STUDY_GET
    taken = Taken()
    with getting(door, taken, model=model) as association:
        status, _ = got(association, keys, model)[-1]
    assert status.Status == 0x0000
    assert len(taken.data_sets) == len(own)


def test_what_is_not_there_is_retrieved_as_nothing(door: Door) -> None:
    taken = Taken()
    with getting(door, taken) as association:
        status, _ = got(association, asked("STUDY", StudyInstanceUID="1.2.3.4.5"), STUDY_GET)[-1]
    assert (status.Status, status.NumberOfCompletedSuboperations) == (0x0000, 0)
    assert not taken.data_sets


def test_what_is_of_no_level_is_refused(door: Door) -> None:
    for keys in (asked("NONE", StudyInstanceUID="1.2"), asked("STUDY"), asked("STUDY", SeriesInstanceUID="1.2.3")):
        with getting(door, Taken()) as association:
            status, _ = got(association, keys, STUDY_GET)[-1]
        assert status.Status == 0xA900


def test_where_the_stored_syntax_is_not_agreed_on_it_comes_in_another_one(door: Door) -> None:
    first = dcmread(images_of(door)[0])
    taken = Taken()
    keys = asked(
        "IMAGE", StudyInstanceUID=first.StudyInstanceUID, SeriesInstanceUID=first.SeriesInstanceUID,
        SOPInstanceUID=first.SOPInstanceUID,
    )  # fmt: skip
    with getting(door, taken, syntax=IMPLICIT) as association:
        status, _ = got(association, keys, STUDY_GET)[-1]
    assert status.Status == 0x0000
    assert taken.syntaxes == [IMPLICIT]
    from pynetdicom.dsutils import decode

    again = decode(BytesIO(taken.data_sets[0]), True, True)
    assert {each.tag: each.value for each in again} == {each.tag: each.value for each in first}


@contextmanager
def destination(taken: Taken, *, title: str = "ARCHIWUM2", syntax: str = EXPLICIT) -> Iterator[int]:
    """A storage SCP of pynetdicom's."""
    entity = AE(ae_title=title)
    entity.add_supported_context(CT, syntax)
    server = entity.start_server(("127.0.0.1", 0), block=False, evt_handlers=[(evt.EVT_C_STORE, taken.take)])
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()


def moved(door: Door, keys: Dataset, to: str) -> Dataset:
    association = door.associated(STUDY_MOVE)
    assert association.is_established
    *_, (status, identifier) = association.send_c_move(keys, to, STUDY_MOVE)
    association.release()
    found: Dataset = status
    if identifier:
        found.FailedSOPInstanceUIDList = identifier.FailedSOPInstanceUIDList
    return found


def test_a_study_is_moved_to_a_registered_peer_byte_for_byte(tmp_path: Path) -> None:
    with opened(tmp_path, patients=1) as door:
        taken = Taken()
        files = [each.read_bytes() for each in images_of(door)]
        with destination(taken) as port:
            register(door.archive, named(door.peer, "ARCHIWUM2", host="127.0.0.1", port=port))
            study = str(dcmread(BytesIO(files[0])).StudyInstanceUID)
            status = moved(door, asked("STUDY", StudyInstanceUID=study), "ARCHIWUM2")
        assert status.Status == 0x0000
        assert status.NumberOfCompletedSuboperations == len(taken.data_sets) > 0
        assert set(taken.data_sets) <= set(map(data_set_of, files))


def test_nothing_is_moved_to_a_destination_that_is_not_known_dead_or_not_entitled(tmp_path: Path) -> None:
    with opened(tmp_path, patients=1) as door:
        taken = Taken()
        study = str(dcmread(images_of(door)[0]).StudyInstanceUID)
        keys = asked("STUDY", StudyInstanceUID=study)
        with destination(taken, title="OBCY") as port:
            register(
                door.archive,
                named(door.peer, "OBCY", host="127.0.0.1", port=port, organisation=STRANGER),
            )
            assert moved(door, keys, "NIEZNANY").Status == 0xA801
            refused = moved(door, keys, "OBCY")
        assert (refused.Status, refused.NumberOfCompletedSuboperations) == (0x0000, 0)
        assert not taken.data_sets
        register(door.archive, named(door.peer, "MARTWY", host="127.0.0.1", port=port))
        dead = moved(door, keys, "MARTWY")
        assert dead.Status == 0xA702
        assert dead.NumberOfFailedSuboperations > 0
        assert dead.FailedSOPInstanceUIDList
