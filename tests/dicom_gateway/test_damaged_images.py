"""What cannot be opened any more is told of by C-GET and C-MOVE, and the others come."""

from pathlib import Path

import pytest

from dicom_gateway.protocol.commands import COMPLETED, FAILED, STATUS
from repository.peers.registering import register
from tests.dicom_gateway.destinations import Manner, destination
from tests.dicom_gateway.failing import a_study, damage, final, reopened, without_keys
from tests.dicom_gateway.gateways import named, opened
from tests.dicom_gateway.raw import (
    echo,
    getting,
    line,
    moving,
)


@pytest.mark.parametrize("service", ["C-GET", "C-MOVE"])
@pytest.mark.parametrize("which", [0, 1, -1])
def test_an_image_that_is_damaged_is_told_of_and_the_others_come(tmp_path: Path, service: str, which: int) -> None:
    with opened(tmp_path, patients=1) as door:
        study, ordinals = a_study(door.archive)
        damage(door.archive, ordinals[which])
        with destination(Manner.GOOD) as to:
            register(door.archive, named(door.peer, "DALEKI", host="127.0.0.1", port=to.port))
            with line(door) as peer:
                peer.send(getting(study) if service == "C-GET" else moving(study, "DALEKI"))
                found, given = final(peer)
                assert found.number(STATUS) == 0xB000
                assert (found.number(COMPLETED), found.number(FAILED)) == (len(ordinals) - 1, 1)
                assert (given or len(to.came)) == len(ordinals) - 1
                peer.send(echo())
                assert peer.status() == 0
                assert peer.released()


def test_images_whose_key_is_gone_are_told_of_as_failed(tmp_path: Path) -> None:
    with opened(tmp_path, patients=1) as door:
        settings = door.archive.settings
        study, ordinals = a_study(door.archive)
    without_keys(settings)
    with reopened(settings) as behind, line(behind.port) as peer:
        peer.send(getting(study))
        found, given = final(peer)
        assert (found.number(STATUS), found.number(FAILED), given) == (0xA702, len(ordinals), 0)
        assert peer.released()
