"""Writes DICOM Part 10 files in explicit VR little endian, byte for byte reproducible.

A small writer on its own, so that a synthetic package costs no parsing: it knows just the value representations that
the samples use. pydicom reads every file back in the tests.
"""

from collections.abc import Sequence

EXPLICIT_LITTLE_ENDIAN = "1.2.840.10008.1.2.1"
IMPLEMENTATION_CLASS_UID = "2.25.103920467718374052291884060471533228561"
IMPLEMENTATION_VERSION = "EDM_ARCHIVE_SMPL"
LONG_FORM = frozenset({b"OB", b"OW", b"SQ", b"UN", b"UT"})  # 32-bit length after two reserved bytes (PS3.5 7.1.2)
UNDEFINED_LENGTH = 0xFFFFFFFF
ITEM = 0xFFFE_E000
PREAMBLE = bytes(128)


def element(tag: int, vr: str, value: bytes | str | int | Sequence[int], *, codec: str = "ascii") -> bytes:
    """One data element. `tag` is 0xGGGGEEEE; text is encoded with `codec` and padded to an even length."""
    representation = vr.encode("ascii")
    raw = _padded(representation, _encoded(representation, value, codec))
    head = _tag(tag) + representation
    if representation in LONG_FORM:
        return head + bytes(2) + len(raw).to_bytes(4, "little") + raw
    return head + len(raw).to_bytes(2, "little") + raw


def sequence(tag: int, items: Sequence[bytes]) -> bytes:
    """A sequence of items, each the encoded elements of a nested data set, all with explicit lengths (PS3.5 7.5)."""
    content = b"".join(_tag(ITEM) + len(item).to_bytes(4, "little") + item for item in items)
    return element(tag, "SQ", content)


def file_head(sop_class_uid: str, sop_instance_uid: str) -> bytes:
    """Preamble, DICM and the file meta information (PS3.10 7.1); the data set follows."""
    meta = b"".join(
        (
            element(0x0002_0001, "OB", b"\x00\x01"),
            element(0x0002_0002, "UI", sop_class_uid),
            element(0x0002_0003, "UI", sop_instance_uid),
            element(0x0002_0010, "UI", EXPLICIT_LITTLE_ENDIAN),
            element(0x0002_0012, "UI", IMPLEMENTATION_CLASS_UID),
            element(0x0002_0013, "SH", IMPLEMENTATION_VERSION),
        )
    )
    length = _tag(0x0002_0000) + b"UL" + (4).to_bytes(2, "little") + len(meta).to_bytes(4, "little")
    return PREAMBLE + b"DICM" + length + meta


def _tag(tag: int) -> bytes:
    return (tag >> 16).to_bytes(2, "little") + (tag & 0xFFFF).to_bytes(2, "little")


def _encoded(vr: bytes, value: bytes | str | int | Sequence[int], codec: str) -> bytes:
    if isinstance(value, bytes):
        return value
    if isinstance(value, str):
        return value.encode(codec)
    if vr != b"US":
        raise ValueError(f"internal: numbers are written as US, not {vr!r}")
    numbers = (value,) if isinstance(value, int) else value
    return b"".join(number.to_bytes(2, "little") for number in numbers)


def _padded(vr: bytes, raw: bytes) -> bytes:
    """Even length: NUL after UI and binary values, a space after text (PS3.5 6.2)."""
    if not len(raw) % 2:
        return raw
    return raw + (b"\0" if vr in {b"UI", b"OB", b"OW", b"UN"} else b" ")
