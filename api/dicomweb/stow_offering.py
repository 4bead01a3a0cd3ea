"""Parts of a push, made ready for their deposit, and what became of each: for a thread, with nothing that waits but a
disk."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from api.dicomweb.stow_answer import BESIDE, INVALID, MISMATCH, OTHER_STUDY, PROCESSING, RESOURCES, Received
from api.multipart.errors import NoParts
from api.multipart.parameters import read_media_type
from api.multipart.reading import Begun, Piece, events
from repository.domain.describing import DicomFacts
from repository.transfer.offering import Collecting, Offer, Outcome, label_of
from storage.errors import ArchiveError

DICOM = "application/dicom"


@dataclass(slots=True)
class Coming:
    """One part; `wanted` is false for one that says that it is no instance: its content is not kept."""

    number: int
    collecting: Collecting
    wanted: bool = True
    pieces: list[bytes] = field(default_factory=list)
    held: int = 0

    def add(self, piece: bytes) -> None:
        if self.wanted:
            self.pieces.append(piece)
            self.held += len(piece)


Taken = Sequence[tuple[int, Offer]]
Told = dict[int, Received]


def is_wanted(headers: Mapping[str, str]) -> bool:
    named = read_media_type(headers.get("content-type", DICOM))
    return named is not None and named.name == DICOM


def parts_of(chunks: Iterable[bytes], boundary: bytes, *, home: Path) -> Iterator[Coming]:
    """The parts of a body that is there whole; without a boundary, it is the only one. Raises a `MultipartError`."""
    if not boundary:
        part = Coming(1, Collecting(home))
        for chunk in chunks:
            part.add(chunk)
        if not part.held:
            raise NoParts
        yield part
        return
    current: Coming | None = None
    for event in events(chunks, boundary):
        if isinstance(event, Begun):
            current = Coming(event.number, Collecting(home), is_wanted(event.headers))
        elif current is not None and isinstance(event, Piece):
            current.add(event.content)
        elif current is not None:
            yield current


def offered(parts: Iterable[Coming], *, study: str) -> tuple[Taken, Told]:
    """Those that may be kept, hashed and described, by number; and what is told of the others."""
    taken: list[tuple[int, Offer]] = []
    told: Told = {}
    for coming in parts:
        if not coming.wanted:
            told[coming.number] = Received(failure=INVALID)
            continue
        try:
            coming.collecting.add(coming.pieces)
            offer = coming.collecting.offer()
        except ArchiveError as error:
            coming.collecting.discard()
            told[coming.number] = Received(failure=RESOURCES, fault=error)
            continue
        instance = offer.instance
        if instance is None or (study and instance.study_instance_uid != study):
            offer.close()
            told[coming.number] = Received(_facts(offer), failure=INVALID if instance is None else OTHER_STUDY)
            continue
        offer.path = label_of(instance, coming.number)
        taken.append((coming.number, offer))
    return taken, told


def deposited(taken: Taken, deposit: Callable[[Sequence[Offer]], Sequence[Outcome]]) -> Told:
    """What is told of those that `deposit` was asked to keep. Never raises what it raises."""
    if not taken:
        return {}
    try:
        outcomes = deposit([offer for _, offer in taken])
    except Exception as error:  # noqa: BLE001  told with the answer, for each instance
        return failed(taken, error)
    return settled(taken, outcomes)


def settled(taken: Taken, outcomes: Sequence[Outcome]) -> Told:
    return {number: _settled(outcome) for (number, _), outcome in zip(taken, outcomes, strict=True)}


def failed(taken: Taken, error: Exception) -> Told:
    """None of them was kept; what waited on disk is gone."""
    passing = isinstance(error, ArchiveError) and error.retryable
    for _, offer in taken:
        offer.close()
    return {
        number: Received(_facts(offer), failure=RESOURCES if passing else PROCESSING, fault=error)
        for number, offer in taken
    }


def _facts(offer: Offer) -> DicomFacts | None:
    return offer.description.dicom if offer.description else None


def _settled(outcome: Outcome) -> Received:
    facts = outcome.description.dicom if outcome.description else None
    if outcome.reason:
        return Received(facts, failure=INVALID)
    return Received(facts, warning=BESIDE if outcome.conflicts_with else MISMATCH if outcome.lacking else 0)
