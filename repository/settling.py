"""At the end of a takeover: the consents and grants of the package take effect, and custody begins (R463-6.2, 10.1.4).

Both may be done again after a crash: a permission's id follows from the takeover, the file and the row, and custody is
given where nobody has it yet. Whatever is not recorded is a finding of the protocol, by number and never by name.
"""

import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any, BinaryIO
from uuid import UUID, uuid5

from repository.access.bodies import permission_body
from repository.access.permission import Permission, PermissionKind
from repository.access.purpose import Purpose
from repository.clock import instant
from repository.consents.errors import ConsentNotUnderstood, PermissionOfNothing
from repository.consents.fhir_consent import permissions_in
from repository.consents.table import Faults, Said, read_table
from repository.domain.describing import Identifier
from repository.domain.holding import Holding
from repository.domain.identifiers import (
    PROVIDER_OID,
    REGON_9_OID,
    REGON_14_OID,
    check_regon,
    check_rpwdl_book,
)
from repository.domain.takeover import STORED, Disposition, Item, Takeover
from repository.entitlement import by_body, give_custody, refuse_nothing
from repository.findings import Finding
from repository.journal import note_all
from repository.opening import archive_itself, upkeep
from repository.packages.strict_json import NotStrictJson, read_strict_json
from repository.runtime import Archive
from repository.takeover.sealing import place_of
from storage.warrants import Warrant

TABLES = {"metadata/consents.csv": PermissionKind.CONSENT, "metadata/grants.csv": PermissionKind.GRANT}
BUNDLE = "metadata/consents.json"
LARGEST_BUNDLE = 64 << 20  # bytes
ARCHIVE_NAME = "EDM Archive"
_AT_ONCE = 500
Deed = tuple[str, dict[str, Any], str]


def settle(archive: Archive, takeover: Takeover, *, holdings: int) -> list[Finding]:
    """What the package says of consents is in force, and somebody has the takeover in custody; what is wrong with
    either. A takeover of which nothing was kept has neither."""
    if not holdings:
        return []
    return [*_permissions(archive, takeover), *_custody(archive, takeover)]


def _custody(archive: Archive, takeover: Takeover) -> Iterator[Finding]:
    successor = takeover.handover.successor
    named = _successor(takeover)
    if successor is not None and named is None:  # also where custody was given before a crash: the protocol has to say
        yield Finding("CNS-CUSTODIAN")
    if archive.catalogue.entitling.custody_of(takeover.id):
        return
    custodian = named or archive.identifier
    name = successor.name if successor is not None and named is not None else ARCHIVE_NAME
    give_custody(archive, takeover.id, custodian, name=name, by=archive_itself(archive))


def _successor(takeover: Takeover) -> Identifier | None:
    successor = takeover.handover.successor
    if successor is None:
        return None
    if check_rpwdl_book(successor.rpwdl_book).valid:
        return Identifier(PROVIDER_OID, successor.rpwdl_book)
    if check_regon(successor.regon).valid:
        return Identifier(REGON_9_OID if len(successor.regon) == 9 else REGON_14_OID, successor.regon)
    return None


def _permissions(archive: Archive, takeover: Takeover) -> Iterator[Finding]:
    kept = STORED | {Disposition.DUPLICATE}
    items = archive.catalogue.items_at(takeover.number, (*TABLES, BUNDLE))
    found = [item for item in items if item.disposition in kept]
    if not found:
        return
    warrant = upkeep(archive, Purpose.CUSTODY, takeover=takeover.id, reason="the consents of the package are read")
    for item in found:
        yield from _Source(archive, takeover, item, warrant).record()


class _Source:
    """One file of a package that holds consents."""

    def __init__(self, archive: Archive, takeover: Takeover, item: Item, warrant: Warrant) -> None:
        self._archive, self._takeover, self._item, self._warrant = archive, takeover, item, warrant
        self._holding = archive.catalogue.holding(takeover.number, item.duplicate_of or item.ordinal)
        digest = self._holding.sha256.hex()
        same = item.declared_digests.get("sha256", digest) == digest  # also where it is a duplicate of what was kept
        self._as_declared = same and self._holding.disposition is Disposition.KEPT
        self._now = archive.clock()
        self._faults = Faults(item.path)
        self._told: list[Finding] = []

    def record(self) -> list[Finding]:
        """Every permission of the file is recorded once, however often this is done; what the protocol says of it."""
        count = ended = withheld = 0
        said = self._said()
        while group := list(islice(said, _AT_ONCE)):
            good = [each for each in self._named(group) if self._could_hold(each)]
            taken = [each for each in good if self._as_declared or each.permission.kind is PermissionKind.OBJECTION]
            self._note(taken)
            withheld += len(good) - len(taken)
            count += len(taken)
            ended += sum(bool(each.end) for each in taken)
        if withheld:
            self._told.append(Finding("CNS-ALTERED", self._item.path, {"count": withheld}))
        self._told += self._faults.findings()
        if count:
            self._told.append(Finding("CNS-TAKEN", self._item.path, {"count": count, "ended": ended}))
        return self._told

    def _said(self) -> Iterator[Said]:
        with _opened(self._archive, self._takeover, self._holding, self._warrant) as stream:
            if self._item.path == BUNDLE:
                yield from self._in_bundle(stream)
                return
            yield from read_table(
                stream,
                usual=TABLES[self._item.path],
                at=self._now,
                faults=self._faults,
                report=self._told.append,
                subject=self._item.path,
            )

    def _in_bundle(self, stream: BinaryIO) -> Iterator[Said]:
        try:
            found = permissions_in(read_strict_json(stream, largest=LARGEST_BUNDLE))
        except NotStrictJson as error:
            self._told.append(Finding("CNS-JSON", self._item.path, {"reason": str(error)}))
            return
        except ConsentNotUnderstood:
            self._told.append(Finding("CNS-JSON", self._item.path, {"reason": "not a Bundle"}))
            return
        for place, each in enumerate(found, 1):
            if isinstance(each, ConsentNotUnderstood):
                self._faults.add("CNS-RESOURCE", place, what=str(each.fields["element"]))
            elif each.takeover:  # of another archive: here it would say something else
                self._faults.add("CNS-RESOURCE", place, what="Consent.modifierExtension")
            else:
                yield Said(place, each, (each.end_reason or "withdrawn") if each.ended_at else "")

    def _named(self, group: Sequence[Said]) -> Iterator[Said]:
        """Those whose patient is one of the takeover; a grant may be about all of them."""
        wanted = [each.permission.patient for each in group if each.permission.patient is not None]
        known = self._archive.catalogue.entitling.patients_among(self._takeover.number, wanted)
        for each in group:
            if each.permission.patient is None or each.permission.patient in known:
                yield each
            else:
                self._faults.add("CNS-PATIENT", each.place)

    def _could_hold(self, said: Said) -> bool:
        try:
            refuse_nothing(replace(said.permission, takeover=self._takeover.id))
        except PermissionOfNothing:
            self._faults.add("CNS-CELL", said.place, what="scope")
            return False
        return True

    def _note(self, group: Sequence[Said]) -> None:
        ids = {each.place: str(uuid5(UUID(self._takeover.id), f"{self._item.path}#{each.place}")) for each in group}
        known = self._archive.catalogue.entitling.recorded(list(ids.values()))
        fresh = [each for each in group if ids[each.place] not in known]
        if fresh:
            deeds = [deed for each in fresh for deed in self._deeds(each, ids[each.place])]
            note_all(self._archive, deeds, at=instant(self._now))

    def _deeds(self, said: Said, id: str) -> Iterator[Deed]:  # noqa: A002
        by = by_body(archive_itself(self._archive))
        given: Permission = replace(
            said.permission,
            id=id,
            edition=1,
            takeover=self._takeover.id,
            evidence=f"sha256:{self._holding.sha256.hex()}#{said.place}",
            recorded_at=self._now,
        )
        yield "permission", {**permission_body(given), **by}, given.kind.value
        if said.end:
            yield "permission-end", {"id": id, "edition": 1, "reason": said.end, **by}, said.end


def _opened(archive: Archive, takeover: Takeover, holding: Holding, warrant: Warrant) -> BinaryIO:
    pieces = archive.vault.open(*place_of(takeover, holding), warrant=warrant)
    return io.BufferedReader(_Pieces(pieces), 1 << 16)


class _Pieces(io.RawIOBase):
    """What an iterator of bytes gives, as a stream."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces, self._left = iter(pieces), memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview, /) -> int:  # type: ignore[override]  # typeshed: any Buffer
        while not self._left:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._left = memoryview(piece)
        count = min(len(buffer), len(self._left))
        buffer[:count] = self._left[:count]
        self._left = self._left[count:]
        return count
