"""States of an association in which a peer does what it may not."""

from collections.abc import Callable

from dicom_gateway.protocol import commands
from dicom_gateway.protocol.commands import written
from dicom_gateway.protocol.pdus import (
    COMMAND,
    LAST,
)
from tests.dicom_gateway import raw
from tests.dicom_gateway.gateways import Door
from tests.dicom_gateway.raw import (
    CT_ID,
    MR,
    Raw,
    an_instance,
    command,
    data,
    getting,
    value,
)


def study_of(door: Door) -> str:
    assert door.sample is not None
    facts = (each.description.dicom for each in door.archive.catalogue.holdings(door.sample.number))
    return next(each.study_instance_uid for each in facts if each is not None)


def images(door: Door) -> int:
    assert door.sample is not None
    study = study_of(door)
    facts = (each.description.dicom for each in door.archive.catalogue.holdings(door.sample.number))
    return sum(each is not None and each.study_instance_uid == study for each in facts)


def kept(door: Door) -> int:
    return len(list(door.archive.catalogue.holdings(door.open_one.number)))


def before(_peer: Raw, _door: Door) -> None: ...


def idle(peer: Raw, _door: Door) -> None:
    peer.associated()


def mid_command(peer: Raw, _door: Door) -> None:
    peer.associated()
    peer.send(data(value(CT_ID, COMMAND, b"\0\0\0\0")))


def mid_data_set(peer: Raw, _door: Door) -> None:
    peer.associated()
    made = an_instance(9)
    said = command(commands.C_STORE_RQ, MR, has=commands.DATA_SET, AFFECTED_INSTANCE=str(made.SOPInstanceUID))
    peer.send(data(value(CT_ID, COMMAND | LAST, written(said)), value(CT_ID, 0, raw.encoded(made)[:200])))


def mid_get(peer: Raw, door: Door) -> None:
    """An image has been given to the peer, which does not answer that it has it."""
    peer.associated()
    peer.send(getting(study_of(door)))
    found = peer.command()
    assert found is not None
    assert found.field == commands.C_STORE_RQ


STATES: tuple[Callable[[Raw, Door], None], ...] = (before, idle, mid_command, mid_data_set, mid_get)
