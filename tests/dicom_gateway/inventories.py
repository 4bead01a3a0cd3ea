"""Repository queries, as pynetdicom's SCU, and what they lead to."""

from typing import Any

from pydicom import Dataset
from pynetdicom.association import Association

from dicom_gateway.contexts import REPOSITORY_QUERY
from repository.domain.takeover import Takeover
from repository.entitlement import give_custody
from repository.intake import Order, receive
from tests.builders.access import OURS
from tests.builders.dicom import data_set, part10
from tests.dicom_gateway.finding import asking, question
from tests.dicom_gateway.gateways import Door

LIMITED, FOREIGN = 0xB001, 0xA710


def record_question(level: str = "STUDY", *, prior: bytes = b"", most: int = 0, **keys: object) -> Dataset:
    """One that asks for record keys."""
    made = question(level, RecordKey=None, **keys)
    if prior:
        made.PriorRecordKey = prior
    if most:
        made.MaximumNumberOfRecords = most
    return made


def told(association: Association, asked: Dataset) -> tuple[int, list[Dataset]]:
    """The last status, and the identifiers before it. pynetdicom waits for another response behind B001, which is the
    last one (PS3.4 C.6.4: the processing is terminated): so it is not asked for more."""
    found: list[Dataset] = []
    for status, identifier in association.send_c_find(asked, REPOSITORY_QUERY):
        if identifier is None:
            association._reactor_checkpoint.set()
            return (int(status.Status) if "Status" in status else -1), found
        found.append(identifier)
    raise AssertionError("no last status")


def walked(
    door: Door, level: str = "STUDY", *, most: int, how: dict[str, Any] | None = None, **keys: object
) -> list[list[Dataset]]:
    """All pages, each asked for on an association of its own."""
    pages: list[list[Dataset]] = []
    prior = b""
    while True:
        association = asking(door, REPOSITORY_QUERY, **(how or {}))
        status, found = told(association, record_question(level, prior=prior, most=most, **keys))
        association.release()
        pages.append(found)
        if status == 0x0000:
            return pages
        assert status == LIMITED
        assert len(found) == most
        prior = found[-1].RecordKey


def taken_over(door: Door, name: str, *, seeds: range, studies: int = 1) -> Takeover:
    """A takeover of `studies` of each of some patients, in the custody of who asks."""
    package = door.package.parent / name
    package.mkdir()
    for seed in seeds:
        for study in range(1, studies + 1):
            (package / f"{seed}.{study}.dcm").write_bytes(part10(data_set(seed, study=study)))
    made = receive(door.archive, Order(package), progress=lambda _: None)
    give_custody(door.archive, made.id, OURS, name="Nasza Przychodnia")
    return made
