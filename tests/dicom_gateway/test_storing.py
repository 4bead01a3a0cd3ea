from pathlib import Path

import pytest

from repository.transfer.opening import bindings, unbind
from tests.dicom_gateway.gateways import CT, an_image, opened, status_of

MR = "1.2.840.10008.5.1.4.1.1.4"


def test_an_instance_that_is_acknowledged_is_kept(tmp_path: Path) -> None:
    with opened(tmp_path) as door:
        association = door.associated(CT)
        assert association.is_established
        sent = an_image()
        assert status_of(association.send_c_store(sent)) == 0x0000
        association.release()
        (kept,) = door.archive.catalogue.holdings(door.open_one.number)
        assert kept.description.dicom is not None
        assert kept.description.dicom.sop_instance_uid == sent.SOPInstanceUID


def test_the_same_instance_again_is_acknowledged_and_kept_once(tmp_path: Path) -> None:
    with opened(tmp_path) as door:
        association = door.associated(CT)
        assert [status_of(association.send_c_store(an_image())) for _ in range(3)] == [0, 0, 0]
        association.release()
        assert len(list(door.archive.catalogue.holdings(door.open_one.number))) == 1


@pytest.mark.parametrize(
    "sop_class", ["1.2.3.4.5.6.7", "2.25.329800735698586629295641978511506172918", "1.2.840.10008.5.1.4.1.1.9999"]
)
def test_instances_of_unknown_classes_are_kept(sop_class: str, tmp_path: Path) -> None:
    with opened(tmp_path) as door:
        association = door.associated(sop_class)
        sent = an_image()
        sent.SOPClassUID = sent.file_meta.MediaStorageSOPClassUID = sop_class
        assert status_of(association.send_c_store(sent)) == 0x0000
        association.release()


def test_a_peer_without_an_open_takeover_is_refused(tmp_path: Path) -> None:
    with opened(tmp_path) as door:
        for each in bindings(door.archive, door.open_one):
            unbind(door.archive, each.id)
        association = door.associated(CT)
        assert status_of(association.send_c_store(an_image())) == 0x0124
        association.release()
        assert not list(door.archive.catalogue.holdings(door.open_one.number))
