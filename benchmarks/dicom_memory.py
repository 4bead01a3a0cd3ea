"""Ten associations, each sending one multi-frame object of a GiB at one time: the server's memory at its peak, beside
that of objects of an eighth of it."""

import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from random import Random

from benchmarks.dicom_sides import TITLE, known, ours, scaled
from benchmarks.measuring import Row, memory_of
from dicom_gateway.contexts import EXPLICIT
from dicom_gateway.protocol.commands import (
    AFFECTED_CLASS,
    AFFECTED_INSTANCE,
    C_STORE_RQ,
    DATA_SET,
    DATA_SET_TYPE,
    FIELD,
    MESSAGE_ID,
    PRIORITY,
    STATUS,
)
from dicom_gateway.protocol.negotiating import Asked, Proposed
from dicom_gateway.protocol.requesting import Address, associated
from dicom_gateway.protocol.wire import Patience
from dicom_gateway.settings import DEFAULT_TITLE
from repository.formats.dicom.identifiers_writing import write_identifier
from repository.runtime import open_archive
from repository.samples.images import derived_uid
from tests.builders.homes import new_home

MULTI_FRAME = "1.2.840.10008.5.1.4.1.1.7.3"  # Multi-frame Grayscale Word Secondary Capture
AT_ONCE, ROWS, FRAME = 10, 512, 512 * 512 * 2
SIZE, PIECE = 1 << 30, 1 << 20
_PATIENCE = Patience(acse=60, dimse=600, network=300)


def memory(folder: Path) -> Iterator[Row]:
    folder.mkdir()
    size = max(8 * FRAME, scaled(SIZE) // FRAME * FRAME)
    what = f"C-STORE, {AT_ONCE} × {size / 2**30:.2g} GiB at one time"
    print(f"  {what} …", file=sys.stderr, flush=True)
    home = new_home(folder)
    with open_archive(home) as archive:
        known(archive, {})
    with ours(home) as (port, pid):
        with memory_of(pid) as eighth:
            _sent(port, size // 8)
        with memory_of(pid) as whole:
            seconds = _sent(port, size)
    told = f"{whole.peak:.0f} MB, {AT_ONCE * size / seconds / 1e6:.0f} MB/s in all"
    beside = f"of an eighth of the size {eighth.peak:.0f} MB, at rest {eighth.rest:.0f} MB"
    yield Row(f"{what}: the server's memory at its peak", told, beside, f"{whole.peak / eighth.peak:.2f}×", "flat")


def _sent(port: int, size: int) -> float:
    """Seconds until all are acknowledged."""
    with ThreadPoolExecutor(AT_ONCE) as senders:
        began = time.perf_counter()
        statuses = list(senders.map(partial(_one, port, size), range(AT_ONCE)))
        seconds = time.perf_counter() - began
    if any(statuses):
        raise RuntimeError(f"not kept: {[f'{each:04X}' for each in statuses]}")
    return seconds


def _one(port: int, size: int, number: int) -> int:
    """The status that an object of `size` bytes of pixels is answered with."""
    uid = derived_uid("memory", size, number)
    what = Asked(calling=TITLE, called=DEFAULT_TITLE, contexts=[Proposed(1, MULTI_FRAME, (EXPLICIT,))])
    with associated(what, Address("127.0.0.1", port), patience=_PATIENCE) as line:
        message = line.next_id()
        command: dict[int, int | str] = {
            AFFECTED_CLASS: MULTI_FRAME, FIELD: C_STORE_RQ, MESSAGE_ID: message, PRIORITY: 0, DATA_SET_TYPE: DATA_SET,
            AFFECTED_INSTANCE: uid,
        }  # fmt: skip
        line.send(line.terms.contexts[1], command, _data_set(uid, size, number))
        return line.response(message, patience=_PATIENCE.dimse).command.number(STATUS)


def _data_set(uid: str, size: int, number: int) -> Iterator[bytes]:
    """Piece by piece; what no codec makes smaller."""
    texts = [
        (0x00080016, "UI", MULTI_FRAME), (0x00080018, "UI", uid), (0x00080020, "DA", "20250101"),
        (0x00080060, "CS", "OT"), (0x00100010, "PN", "Pomiar^Jan"), (0x00100020, "LO", f"M{number}"),
        (0x0020000D, "UI", f"{uid}.1"), (0x0020000E, "UI", f"{uid}.2"), (0x00200013, "IS", "1"),
        (0x00280008, "IS", str(size // FRAME)),
    ]  # fmt: skip
    numbers = ((0x0002, 1), (0x0010, ROWS), (0x0011, ROWS), (0x0100, 16), (0x0101, 16), (0x0102, 15), (0x0103, 0))
    head = write_identifier(texts, syntax=EXPLICIT)
    for element, value in numbers:
        head += b"\x28\x00" + element.to_bytes(2, "little") + b"US\x02\x00" + value.to_bytes(2, "little")
    yield head + b"\xe0\x7f\x10\x00OW\x00\x00" + size.to_bytes(4, "little")
    block = Random(size + number).randbytes(PIECE)
    for at in range(0, size, PIECE):
        rest = min(PIECE, size - at)
        yield at.to_bytes(8, "little") + block[8:rest]
