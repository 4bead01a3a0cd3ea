"""The header of a DICOM item, whatever its encoding: the walker where it can, pydicom for the rest.

Values stay raw bytes: pydicom finds the elements and never converts them, so that a dirty value is neither an error
nor a log line. Deflated data sets are inflated here, to a limit.
"""

import logging
import threading
import warnings
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO

from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.filereader import read_partial
from pydicom.sequence import Sequence

from repository.formats.dicom.elements import (
    DEFLATED,
    EXPLICIT_BIG,
    EXPLICIT_LITTLE,
    IMPLICIT_LITTLE,
    SPECIFIC_CHARACTER_SET,
    STOP_TAG,
    Elements,
    EndsEarly,
    Plan,
    UnusualEncoding,
)
from repository.formats.dicom.part10 import Beginning, beginning, guess_syntax
from repository.formats.dicom.walker import walk

INFLATED_CAP = 64 << 20
_PYDICOM = threading.Lock()


class HeaderUnreadable(Exception):
    """Internal signal: neither the walker nor pydicom makes a header of these bytes."""


@dataclass(slots=True)
class Header:
    """A header in raw values. `stop` is where the reading ended in `data`."""

    elements: Elements
    start: Beginning
    syntax: str  # the transfer syntax, named or guessed
    data: bytes  # what the offsets are in: the item, or its inflated data set
    stop: int
    truncated: bool = False


def read_header(data: bytes, *, whole: bool, plan: Plan) -> Header:
    """The planned elements of the DICOM item that begins with `data`; `whole` says that there is no more of it.

    Raises `EndsEarly` if more is needed and there is more, and `HeaderUnreadable`.
    """
    cut = False
    try:
        header = walk_header(data, plan=plan)
    except EndsEarly:
        if not whole:
            raise
        header, cut = ask_pydicom(data, plan=plan), True
    except UnusualEncoding:
        header = ask_pydicom(data, plan=plan)
    if not whole and header.stop >= len(header.data):
        raise EndsEarly  # an end between two elements is no better than one inside
    header.truncated = header.truncated or cut
    return header


def walk_header(data: bytes, *, plan: Plan) -> Header:
    """The header as the walker reads it. Raises `UnusualEncoding` where it does not."""
    start = beginning(data)
    syntax = start.transfer_syntax or guess_syntax(data, start.start)
    if syntax == EXPLICIT_BIG or data[start.start : start.start + 2] == b"\0\0":
        raise UnusualEncoding
    at = start.start
    cut = False
    if syntax in DEFLATED:
        data, cut = inflate(data[at:])
        at = 0
    elements, stop = walk(data, at, explicit=syntax != IMPLICIT_LITTLE, plan=plan)
    return Header(elements=elements, start=start, syntax=syntax, data=data, stop=stop, truncated=cut)


def inflate(packed: bytes) -> tuple[bytes, bool]:
    """The deflated data set (PS3.5 A.5), up to a limit, and whether it breaks off."""
    engine = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        data = engine.decompress(packed, INFLATED_CAP)
    except zlib.error as error:
        raise HeaderUnreadable from error
    return data, not engine.eof and not engine.unconsumed_tail


def ask_pydicom(data: bytes, *, plan: Plan) -> Header:
    """The header as pydicom finds it, in raw values; also of files that break off. Raises `HeaderUnreadable`."""
    if any(syntax.encode() in data[:4096] for syntax in DEFLATED):
        raise HeaderUnreadable  # pydicom inflates without a limit
    stream = BytesIO(data)
    with _quietly():
        try:
            found = read_partial(stream, stop_when=lambda tag, _vr, _length: tag >= STOP_TAG, force=True)
            elements = _collect(found, plan)
            meta = found.file_meta
            named = [_text(meta, tag) for tag in (0x00020010, 0x00020002, 0x00020003)]
            truncated = any(
                isinstance(raw, RawDataElement) and 0 <= raw.length < 0xFFFFFFFF and len(raw.value or b"") < raw.length
                for raw in found.values()
            )
            stop = stream.tell()
        except Exception as error:  # on damaged bytes pydicom raises whatever its depth raises
            raise HeaderUnreadable from error
    if not len(found) and not len(meta):
        raise HeaderUnreadable
    preamble = found.preamble is not None
    start = Beginning(start=-1, preamble=preamble, transfer_syntax=named[0], sop_class=named[1], sop_instance=named[2])
    implicit, little = found.original_encoding
    guessed = IMPLICIT_LITTLE if implicit else (EXPLICIT_LITTLE if little else EXPLICIT_BIG)
    return Header(elements=elements, start=start, syntax=named[0] or guessed, data=data, stop=stop, truncated=truncated)


def _text(dataset: Dataset, tag: int) -> str:
    value = dataset.get_item(tag, keep_deferred=True).value if tag in dataset else b""
    return value.decode("latin-1").strip("\0 ") if isinstance(value, bytes) else str(value or "").strip("\0 ")


def _collect(dataset: Dataset, plan: Plan) -> Elements:
    """The planned elements of a pydicom data set, unconverted; numbers are turned to little endian."""
    found = Elements()
    for tag, expected in plan.values.items():
        if tag not in dataset:
            continue
        raw: DataElement | RawDataElement = dataset.get_item(tag, keep_deferred=True)
        if not isinstance(raw, RawDataElement):
            if tag == SPECIFIC_CHARACTER_SET:  # pydicom converts this one on its own
                found.values[tag] = _charset_bytes(raw.value)
            continue  # or a sequence of undefined length where a value should be
        value = raw.value or b""
        if not raw.is_little_endian and (raw.VR or expected) in _WIDTHS:
            value = _reversed_numbers(value, width=_WIDTHS[raw.VR or expected])
        found.values[tag] = value
        if raw.VR not in {None, expected}:
            found.vrs[tag] = str(raw.VR)
    for tag, nested in plan.sequences.items():
        if tag in dataset:
            items = dataset[tag].value
            if isinstance(items, Sequence):
                found.items[tag] = [_collect(item, nested) for item in items]
    return found


def _charset_bytes(value: object) -> bytes:
    names = [value] if isinstance(value, str) else list(value) if isinstance(value, Iterable) else []
    return "\\".join(str(name) for name in names).encode("latin-1", "replace")


_WIDTHS = {"US": 2, "SS": 2, "UL": 4, "SL": 4, "FL": 4, "FD": 8, "UV": 8, "SV": 8}


def _reversed_numbers(value: bytes, *, width: int) -> bytes:
    return b"".join(value[at : at + width][::-1] for at in range(0, len(value), width))


@contextmanager
def _quietly() -> Iterator[None]:
    """pydicom's warnings quote values, which may be a patient's: none leaves while this is open.

    One reader at a time, since warning filters are a matter of the whole process; only unusual files come here.
    """
    logger = logging.getLogger("pydicom")
    with _PYDICOM, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        before, logger.disabled = logger.disabled, True
        try:
            yield
        finally:
            logger.disabled = before
