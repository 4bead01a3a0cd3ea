"""High-Throughput JPEG 2000 at the DICOM door: kept and given as it is, decoded where it can be, else told of."""

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from pydicom import dcmread

from dicom_gateway.protocol.negotiating import Proposed
from repository.entitlement import give_custody
from tests.builders import high_throughput as made
from tests.builders.access import OURS
from tests.dicom_gateway.encoded import getting, got
from tests.dicom_gateway.gateways import CT, EXPLICIT, opened
from tests.dicom_gateway.kept import data_sets, sent
from tests.dicom_gateway.raw import line
from tests.dicom_gateway.test_retrieving import data_set_of


@pytest.mark.parametrize("code", [b"", made.BROKEN], ids=["whole", "broken"])
@pytest.mark.parametrize("syntax", made.SYNTAXES)
def test_what_is_stored_comes_back_byte_for_byte(tmp_path: Path, syntax: str, code: bytes) -> None:
    """Nobody looks into the code stream."""
    raw = made.image(syntax, code=code)
    image, content = dcmread(BytesIO(raw)), data_set_of(raw)
    with opened(tmp_path) as door:
        with line(door, Proposed(1, CT, (syntax,))) as peer:
            assert sent(peer, 1, image, content) == 0
            assert peer.released()
        assert data_sets(door) == [content]
        give_custody(door.archive, door.open_one.id, OURS, name="Nasza Przychodnia")
        with getting(door, (CT, (syntax,))) as (association, kept):
            answer = got(association, image.StudyInstanceUID)
    assert (answer.status.Status, answer.accepted, answer.failed) == (0x0000, [syntax], [])
    assert kept.raw == {image.SOPInstanceUID: content}


def test_without_their_syntax_they_come_decoded_and_what_cannot_be_is_told(tmp_path: Path) -> None:
    files = [made.image(syntax, instance=at) for at, syntax in enumerate(made.SYNTAXES, 1)]
    files += [made.image(made.LOSSLESS, instance=4, code=made.BROKEN), made.image(made.LOSSY, instance=5, bits=8)]
    uids = [str(dcmread(BytesIO(each)).SOPInstanceUID) for each in files]
    study = dcmread(BytesIO(files[0])).StudyInstanceUID
    with opened(tmp_path, files=files) as door, getting(door, (CT, (EXPLICIT,))) as (association, kept):
        answer = got(association, study)
    assert (answer.status.Status, answer.failed) == (0xB000, [uids[3]])
    assert answer.status.ErrorComment == "not sent: IMG-004"
    assert set(kept.images) == {*uids[:3], uids[4]}
    for uid, image in kept.images.items():
        assert kept.syntax(uid) == EXPLICIT
        assert np.array_equal(image.pixel_array, made.middle(bits=8 if uid == uids[4] else 12))
        assert "LossyImageCompression" not in image, "its wavelet can be turned back"
