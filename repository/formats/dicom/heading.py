"""The header of a file that came as a data set alone (PS3.10 7.1).

The header follows from SOP class, instance and transfer syntax alone: the same data set makes the same file, whoever
sends it and when, so that one that comes twice is known by its digest. Over DIMSE the data set goes out again without
it, byte for byte.
"""

IMPLEMENTATION_UID, IMPLEMENTATION_VERSION = "2.25.213886403402404806430236338098106410285", "EDM-ARCHIVE-1"


def heading(sop_class: str, sop_instance: str, syntax: str) -> bytes:
    """Preamble, DICM and file meta information."""
    meta = b"".join(
        (
            b"\x02\x00\x01\x00OB\x00\x00\x02\x00\x00\x00\x00\x01",
            _text(0x0002, b"UI", sop_class),
            _text(0x0003, b"UI", sop_instance),
            _text(0x0010, b"UI", syntax),
            _OURS,
        )
    )
    return bytes(128) + _BEGINS + len(meta).to_bytes(4, "little") + meta


def heading_end(data: bytes) -> int:
    """Where the data set begins behind a heading of ours; 0 where there is none. What came may begin with elements of
    group 0002 itself, wrongly: then nothing but the length of the heading tells where it ends."""
    end = _LENGTH_ENDS + int.from_bytes(data[_LENGTH_ENDS - 4 : _LENGTH_ENDS], "little")
    ours = data[128 : _LENGTH_ENDS - 4] == _BEGINS and end <= len(data) and data.endswith(_OURS, 0, end)
    return end if ours else 0


def _text(element: int, vr: bytes, value: str) -> bytes:
    content = value.encode("ascii", "replace")
    if len(content) % 2:
        content += b"\0" if vr == b"UI" else b" "
    return b"\x02\x00" + element.to_bytes(2, "little") + vr + len(content).to_bytes(2, "little") + content


_BEGINS = b"DICM\x02\x00\x00\x00UL\x04\x00"
_LENGTH_ENDS = 144  # preamble, DICM, and the element of the group length
_OURS = _text(0x0012, b"UI", IMPLEMENTATION_UID) + _text(0x0013, b"SH", IMPLEMENTATION_VERSION)
