"""The journey out: what is wanted → holdings → a decision on them → files, bit for bit as received, with proofs.

    resolve   a name that a person gives → the holdings that it names, in all takeovers
    admit     those that the errand may read, accounted for (`repository/opening.py`)
    deliver   them → files in a folder, checked while they are written, `<file>.tlog-proof` beside them

One item that cannot be given out is named and does not stop the others; a store or a disk that fails does.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from repository.catalogue.errors import TakeoverAmbiguous, TakeoverUnknown
from repository.catalogue.query import Level, Query
from repository.delivering import Target, file_name
from repository.domain.takeover import STORED, Disposition, Item, Takeover
from repository.evidence.errors import LogError
from repository.evidence.proof import SUFFIX
from repository.opening import Admitted, Found
from repository.runtime import Archive
from repository.streaming import whole
from storage.errors import ObjectMissing, RecordKeyMissing, SealBroken

_NUMBERED = re.compile(r"([0-9a-f-]{1,36})/([1-9][0-9]{0,17})")
_BY_PATH = re.compile(r"([0-9a-f-]{1,36})/path:(.+)", re.DOTALL)
_UID = re.compile(r"[0-9]+(?:\.[0-9]+)+")
_PAGE = 500
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Delivered:
    """One holding that was given out, or not: then `fault` is the code that says why, and there is no file.

    `proof` is empty while no signed checkpoint covers the holding: its takeover is still going on.
    """

    name: str
    size: int
    sha256: str
    file: str = ""
    proof: str = ""
    fault: str = ""


def resolve(archive: Archive, what: str) -> Iterator[Found]:
    """The holdings that `what` names; none where it names nothing. Raises what the catalogue raises.

    `what` is TAKEOVER/ORDINAL, TAKEOVER/path:PATH, the UID of a study, series or SOP instance, or a document id
    (ROOT^EXTENSION). A takeover is named by the beginning of its id; a duplicate is the item that holds its bytes.
    """
    try:
        yield from _resolved(archive, what)
    except (TakeoverUnknown, TakeoverAmbiguous):
        return


def _resolved(archive: Archive, what: str) -> Iterator[Found]:
    if numbered := _NUMBERED.fullmatch(what):
        with archive.catalogue.together():
            takeover = archive.catalogue.takeover(numbered[1])
            return _of_item(archive, takeover, archive.catalogue.item(takeover.number, int(numbered[2])))
    if by_path := _BY_PATH.fullmatch(what):
        with archive.catalogue.together():
            takeover = archive.catalogue.takeover(by_path[1])
            found = archive.catalogue.items_at(takeover.number, (by_path[2],))  # as long for what is not there
            return _of_item(archive, takeover, found[0] if found else None)
    if _UID.fullmatch(what):
        return _of_uid(archive, what)
    root, mark, extension = what.partition("^")
    return _of_document(archive, root, extension) if mark else iter(())


def _of_item(archive: Archive, takeover: Takeover, item: Item | None) -> Iterator[Found]:
    """Found when this returns, so that it is one transaction with what was asked before."""
    ordinal = 0
    if item is not None and item.disposition in STORED:
        ordinal = item.ordinal
    elif item is not None and item.disposition is Disposition.DUPLICATE:
        ordinal = item.duplicate_of
    return iter((Found(takeover, archive.catalogue.holding(takeover.number, ordinal)),) if ordinal else ())


def _of_uid(archive: Archive, uid: str) -> Iterator[Found]:
    images = Query(level=Level.INSTANCE, limit=_PAGE)
    for asked in (
        replace(images, study_uids=(uid,)),
        replace(images, series_uids=(uid,)),
        replace(images, sop_instance_uids=(uid,)),
    ):
        found = _of_query(archive, asked)
        if (first := next(found, None)) is not None:
            yield first
            yield from found
            return


def _of_document(archive: Archive, root: str, extension: str) -> Iterator[Found]:
    asked = Query(level=Level.DOCUMENT, document_root=root, document_id=extension, limit=_PAGE)
    for found in _of_query(archive, asked):
        document = found.holding.description.document
        if document is not None and (document.identifier.root, document.identifier.extension) == (root, extension):
            yield found


def _of_query(archive: Archive, query: Query) -> Iterator[Found]:
    takeovers: dict[int, Takeover] = {}
    while True:
        page = archive.catalogue.search(query)
        with archive.catalogue.together():
            for number in {hit.takeover for hit in page.hits} - takeovers.keys():
                takeovers[number] = archive.catalogue.takeover_by_number(number)
            found = archive.catalogue.holdings_at([(hit.takeover, hit.ordinal) for hit in page.hits])
        yield from (Found(takeovers[number], holding) for number, holding in found)
        if not page.next:
            return
        query = replace(query, after=page.next)


def deliver(
    archive: Archive, wanted: Iterable[Admitted], target: Target, *, progress: Progress = lambda _files, _bytes: None
) -> Iterator[Delivered]:
    """Each of `wanted` in its turn, once it is written; all of them are durable when the iterator ends.

    What belongs to another takeover than the first one goes to a folder of that takeover: nothing of two is mixed.
    Raises `DeliveryRefused`, `PlaceTaken` and what a failing store raises.
    """
    checkpoint, given = archive.log.latest(), 0
    signed = checkpoint.size if checkpoint else 0
    first, others = "", set()
    for files, admitted in enumerate(wanted, 1):
        found = admitted.found
        takeover = found.takeover.id
        first = first or takeover
        apart = takeover if takeover != first else ""
        others |= {apart} - {""}
        path = target.place(file_name(found.holding.ordinal, found.holding.path), apart=apart)
        yield _delivered(archive, admitted, target, path=path, signed=signed)
        given += found.holding.size
        progress(files, given)
    target.settle(*others)


def _delivered(archive: Archive, admitted: Admitted, target: Target, *, path: Path, signed: int) -> Delivered:
    found, holding = admitted.found, admitted.found.holding
    sha256 = holding.sha256.hex()
    beside = path.with_name(path.name + SUFFIX)
    index = archive.catalogue.index_of(found.takeover.number, holding.ordinal)
    try:
        if not target.holds(path, size=holding.size, sha256=holding.sha256):
            target.write(path, whole(archive, admitted))  # without an end there is no file of that name
        proof = archive.log.prove_record(holding.record, index, size=signed) if index < signed else b""
    except (SealBroken, ObjectMissing, RecordKeyMissing, LogError) as fault:
        return Delivered(found.name, holding.size, sha256, fault=fault.code)
    if proof and not target.is_file_with(beside, proof):
        target.write(beside, iter((proof,)), replace=True)
    return Delivered(found.name, holding.size, sha256, str(path), str(beside) if proof else "")


def target_for(dest: Path, *, single: bool) -> Target:
    """Where to deliver: the folder `dest`, or, for a single holding, a file of that name if it has an extension."""
    as_file = single and dest.suffix != "" and not dest.is_dir()
    return Target(dest.parent, file=dest.name) if as_file else Target(dest)
