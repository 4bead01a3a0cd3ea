"""Images in High-Throughput JPEG 2000 (ISO/IEC 15444-15), for which no encoder is at hand: written by hand.

Of a code block that holds no significant coefficient nothing is coded. So an image of one value, in the middle of its
range, is headers and empty packets. It shows that the code stream is known and read, not that coded blocks are.
"""

import struct

import numpy as np
from pydicom.encaps import encapsulate

from tests.builders import dicom
from tests.builders.compressed import described

_J = "1.2.840.10008.1.2.4."
LOSSLESS, LOSSLESS_RPCL, LOSSY = SYNTAXES = (_J + "201", _J + "202", _J + "203")
BROKEN = b"\xff\x4f\xff\x51" + b"\7" * 60
"""Begins as one, and is none."""
_RPCL = 2  # the order of packets: resolution, position, component, layer
_HT_BLOCKS, _REVERSIBLE = 0x40, 1  # all blocks by the high-throughput coder; the wavelet 5-3


def code_of(rows: int, columns: int, *, bits: int) -> bytes:
    """One component, no decomposition, one layer: one packet."""
    size = struct.pack(">HIIIIIIIIH", 0x4000, columns, rows, 0, 0, columns, rows, 0, 0, 1) + bytes((bits - 1, 1, 1))
    capabilities = struct.pack(">IH", 1 << 31 - 14, 0)  # of part 15
    coding = struct.pack(">BBHBBBBBB", 0, _RPCL, 1, 0, 0, 4, 4, _HT_BLOCKS, _REVERSIBLE)
    quantisation = bytes((0x20, bits << 3))
    main = _segment(0x51, size) + _segment(0x50, capabilities) + _segment(0x52, coding) + _segment(0x5C, quantisation)
    tile = struct.pack(">HIBB", 0, 12 + 2 + 1, 0, 1)
    return b"\xff\x4f" + main + _segment(0x90, tile) + b"\xff\x93" + b"\0" + b"\xff\xd9"


def _segment(marker: int, content: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content


def middle(rows: int = 16, columns: int = 24, *, bits: int) -> np.ndarray:
    """The samples of such an image."""
    return np.full((rows, columns), 1 << bits - 1, np.uint16 if bits > 8 else np.uint8)


def image(syntax: str, *, bits: int = 12, instance: int = 1, code: bytes = b"") -> bytes:
    """As a file; `code` in place of what it would be."""
    samples = middle(bits=bits)
    found = described(samples, bits=bits, instance=instance)
    found.PixelData = encapsulate([code or code_of(*samples.shape, bits=bits)])
    found["PixelData"].is_undefined_length = True
    return dicom.part10(found, syntax=syntax).replace(b"\xe0\x7f\x10\0OW", b"\xe0\x7f\x10\0OB")
