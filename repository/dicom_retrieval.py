"""What a retrieval names (PS3.4 C.4.2, C.4.3) → what of it may be read, and the bytes of the data sets.

wanted      unique keys → holdings, for `admit`
data_set    the bytes of a file → those of its data set: what is sent over DIMSE
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from repository.catalogue.wanting import Keys
from repository.domain.takeover import Takeover
from repository.formats.dicom.part10 import beginning
from repository.opening import Found
from repository.runtime import Archive

_MOST_META = 1 << 16  # bytes before a data set that are looked at


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """All that is said must hold; of several values, one. `takeovers`: ids; None: any."""

    patient_id: str = ""
    studies: tuple[str, ...] = ()
    series: tuple[str, ...] = ()
    instances: tuple[str, ...] = ()
    takeovers: Collection[str] | None = None


def wanted(archive: Archive, what: Wanted) -> Iterator[Found]:
    """The kept images of these keys, by takeover and ordinal. Where takeovers hold several of one UID, all of them."""
    known: dict[int, Takeover] = {}
    numbers = None
    if what.takeovers is not None:
        numbers = [archive.catalogue.takeover(each).number for each in sorted(what.takeovers)]
    keys = Keys(
        patient_id=what.patient_id,
        studies=what.studies,
        series=what.series,
        instances=what.instances,
        takeovers=numbers,
    )
    for number, holding in archive.catalogue.wanting.images(keys):
        if number not in known:
            known[number] = archive.catalogue.takeover_by_number(number)
        yield Found(known[number], holding)


def data_set(pieces: Iterator[bytes]) -> Iterator[bytes | memoryview]:
    """The bytes after preamble and file meta information, as they are. Raises `UnusualEncoding` where it is unclear
    where they begin."""
    head, ended = b"", False
    while len(head) < _MOST_META and not ended:
        piece = next(pieces, b"")
        head, ended = head + piece, not piece
    yield memoryview(head)[beginning(head).start :]
    yield from pieces
