"""However a data set is written, and whatever it says of that, its bytes come back as they came."""

import struct
import zlib
from collections.abc import Mapping
from pathlib import Path

import pytest
from pydicom import Dataset
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)
from pynetdicom import evt

from dicom_gateway.contexts import STUDY_GET
from dicom_gateway.protocol.negotiating import Proposed
from repository.entitlement import give_custody
from tests.builders.access import OURS
from tests.builders.dicom import bare
from tests.dicom_gateway.gateways import opened
from tests.dicom_gateway.kept import data_sets, sent
from tests.dicom_gateway.raw import MR, an_instance, line
from tests.dicom_gateway.test_retrieving import Taken

EXPLICIT, IMPLICIT = str(ExplicitVRLittleEndian), str(ImplicitVRLittleEndian)
BIG, DEFLATED = str(ExplicitVRBigEndian), str(DeflatedExplicitVRLittleEndian)
PRIVATE, JPEG_XL = "1.3.6.1.4.1.99999.9.1", "1.2.840.10008.1.2.4.110"
IMAGE = an_instance(1)
PLAIN = bare(IMAGE, syntax=EXPLICIT)


def element(tag: int, vr: bytes, value: bytes) -> bytes:
    return struct.pack("<HH2sH", tag >> 16, tag & 0xFFFF, vr, len(value)) + value


def before(tag: int, more: bytes) -> bytes:
    """The plain data set with `more` before its element `tag`."""
    at = PLAIN.index(struct.pack("<HH", tag >> 16, tag & 0xFFFF))
    return PLAIN[:at] + more + PLAIN[at:]


def said(charset: str) -> bytes:
    """It says this of its text, and is in UTF-8."""
    old = element(0x00080005, b"CS", b"ISO_IR 192")
    assert PLAIN.startswith(old)
    return element(0x00080005, b"CS", charset.encode().ljust(len(charset) + len(charset) % 2)) + PLAIN[len(old) :]


def undefined_lengths() -> bytes:
    made = an_instance(1)
    for each in made:
        if each.VR == "SQ":
            each.is_undefined_length = True
            for item in each.value:
                item.is_undefined_length_sequence_item = True
    return bare(made, syntax=EXPLICIT)


META = element(0x00020010, b"UI", IMPLICIT.encode() + b"\0") + element(0x00020012, b"UI", b"1.2.3\0")
CASES: Mapping[str, tuple[str, bytes, int]] = {
    "implicit": (IMPLICIT, bare(IMAGE, syntax=IMPLICIT), 0),
    "big endian": (BIG, bare(IMAGE, syntax=BIG), 0),
    "deflated": (DEFLATED, bare(IMAGE, syntax=DEFLATED), 0),
    "deflated, with an even length": (DEFLATED, bare(IMAGE, syntax=DEFLATED) + b"\0", 0),
    "deflated in stored blocks": (DEFLATED, b"\1" + struct.pack("<HH", len(PLAIN), 0xFFFF ^ len(PLAIN)) + PLAIN, 0),
    "text that is not in the set it names": (EXPLICIT, said("ISO_IR 100"), 0),
    "text in a set that there is not": (EXPLICIT, said("ISO_IR 999"), 0),
    "text in sets that are switched to and are not": (EXPLICIT, said("\\ISO 2022 IR 87\\ISO 2022 IR 159"), 0),
    "sequences without lengths": (EXPLICIT, undefined_lengths(), 0),
    "a group length that is wrong": (EXPLICIT, element(0x00080000, b"UL", struct.pack("<I", 7)) + PLAIN, 0),
    "group lengths within that are wrong": (
        EXPLICIT, before(0x00100010, element(0x00100000, b"UL", struct.pack("<I", 0xFFFFFFF0))), 0,
    ),
    "padding at its end": (EXPLICIT, PLAIN + b"\xfc\xff\xfc\xffOB\0\0" + struct.pack("<I", 6) + bytes(6), 0),
    "private elements of no known kind": (
        EXPLICIT,
        before(0x00100010, element(0x00090010, b"LO", b"NIKT ") + element(0x00091001, b"UN", b"")[:6] + bytes(6)),
        0,
    ),
    "file meta information in the data set": (EXPLICIT, META + PLAIN, 0),
    "implicit where explicit was agreed": (EXPLICIT, bare(IMAGE, syntax=IMPLICIT), 0),
    "a transfer syntax that is newer": (JPEG_XL, PLAIN, 0),
    "a private transfer syntax, explicit": (PRIVATE, PLAIN, 0),
    "a private transfer syntax, implicit": (PRIVATE, bare(IMAGE, syntax=IMPLICIT), 0),
    "a private transfer syntax, big endian": (PRIVATE, bare(IMAGE, syntax=BIG), 0xB007),
    "a private transfer syntax, deflated": (PRIVATE, bare(IMAGE, syntax=DEFLATED), 0xB007),
    "a private transfer syntax that nobody can read": (PRIVATE, zlib.compress(PLAIN)[::-1], 0xB007),
    "a private transfer syntax of zeros": (PRIVATE, bytes(512), 0xB007),
    "a private transfer syntax of three bytes": (PRIVATE, b"abc", 0xB007),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_the_bytes_of_a_data_set_come_back(tmp_path: Path, name: str) -> None:
    syntax, content, status = CASES[name]
    with opened(tmp_path) as door:
        with line(door, Proposed(1, MR, (syntax,))) as peer:
            assert sent(peer, 1, IMAGE, content) == status
            assert peer.released()
        assert data_sets(door) == [content]
        give_custody(door.archive, door.open_one.id, OURS, name="Nasza Przychodnia")
        taken, keys = Taken(), Dataset()
        keys.QueryRetrieveLevel, keys.SOPInstanceUID = "IMAGE", IMAGE.SOPInstanceUID
        association = door.getting(MR, model=STUDY_GET, syntax=syntax)
        association.bind(evt.EVT_C_STORE, taken.take)
        *_, (answer, _) = association.send_c_get(keys, STUDY_GET)
        association.release()
        assert (answer.Status, taken.syntaxes) == (0x0000, [syntax])
        assert taken.data_sets == [content]


@pytest.mark.parametrize("content", [b"\xff" * 512, zlib.compress(PLAIN), bytes(512)])
def test_what_cannot_be_read_in_a_transfer_syntax_that_can_is_refused(tmp_path: Path, content: bytes) -> None:
    """Nothing tells that it is the instance that the command names."""
    with opened(tmp_path) as door, line(door, Proposed(1, MR, (EXPLICIT,)), Proposed(3, MR, (DEFLATED,))) as peer:
        assert [sent(peer, each, IMAGE, content) for each in (1, 3)] == [0xC000, 0xC000]
        assert sent(peer, 1, IMAGE) == 0
        assert peer.released()
        assert len(data_sets(door)) == 1
