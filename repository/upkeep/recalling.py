"""What the store says of itself: descriptions read back, and replayed into a catalogue as intake would write them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from repository.catalogue.catalogue import Catalogue
from repository.domain.holding import CustodyEvent, Holding, PackRecord
from repository.domain.takeover import FINAL, Item, State
from repository.evidence.errors import RecordMalformed
from repository.findings import Finding
from repository.takeover.custody import WHOLE
from repository.takeover.errors import DescriptionDamaged
from repository.takeover.inscribing import (
    events_of,
    findings_of,
    handover_of_json,
    holdings_of,
    items_of,
    patient_of,
    read_description,
)
from repository.takeover.sealing import TAKEOVERS, stored_pack
from storage.objects.port import StoredObject
from storage.vault import Inscription, Vault


@dataclass(frozen=True, slots=True)
class Recalled:
    """One object as it describes itself; `says` is the description as plain values."""

    kind: str
    record: PackRecord
    says: dict[str, Any]
    items: tuple[Item, ...]
    findings: tuple[Finding, ...]
    events: tuple[CustodyEvent, ...]

    @property
    def entries(self) -> list[bytes]:
        """The entries of the log that belong to the object."""
        return [holding.entry for holding in self.record.holdings] + [event.entry for event in self.events]


def takeovers_in(vault: Vault) -> Iterator[tuple[str, Iterator[StoredObject]]]:
    """(takeover id, its objects) from a listing of the store; each must be used up before the next is asked for."""
    listing = vault.store.list(TAKEOVERS)
    held = next(listing, None)

    def of(folder: str) -> Iterator[StoredObject]:
        nonlocal held
        while held is not None and _folder(held) == folder:
            yield held
            held = next(listing, None)

    while held is not None:
        folder = _folder(held)
        yield folder, of(folder)
        while held is not None and _folder(held) == folder:
            held = next(listing, None)


def recall(vault: Vault, held: StoredObject) -> Recalled:
    """The object as it describes itself. Raises `SealBroken`, `KeyUnavailable`, `DescriptionDamaged`."""
    inscription = vault.inscription(held.key, size=held.size)
    says = read_description(inscription.text, name=held.key)
    if says.get("takeover") != _folder(held):
        raise DescriptionDamaged(key=held.key)
    try:
        recalled = _understood(says, held, inscription)
    except (KeyError, TypeError, ValueError, AttributeError, RecordMalformed) as error:
        raise DescriptionDamaged(key=held.key) from error
    if len(recalled.record.holdings) != inscription.members:
        raise DescriptionDamaged(key=held.key)
    return recalled


def _understood(says: dict[str, Any], held: StoredObject, inscription: Inscription) -> Recalled:
    """Everything is read here, so that what cannot be understood is known before any of it is written."""
    kind, patient, holdings = says["kind"], None, tuple[Holding, ...]()
    if kind == "items":
        patient = patient_of(says)
        holdings = holdings_of(says, patient=patient.number if patient else WHOLE)
    if kind == "opening":
        handover_of_json(says["handover"])
    if kind == "closing" and State(says["state"]) not in FINAL:
        raise ValueError(says["state"])
    row = stored_pack(
        inscription.pack,
        key=held.key,
        version=held.version,
        record_key=inscription.record_key_id,
        patient=patient.number if patient else WHOLE,
    )
    return Recalled(
        kind=kind,
        record=PackRecord(row, patient, holdings),
        says=says,
        items=items_of(says) if kind in ("items", "closing") else (),
        findings=findings_of(says) if kind in ("opening", "closing") else (),
        events=events_of(says),
    )


def _folder(held: StoredObject) -> str:
    return held.key.removeprefix(TAKEOVERS).partition("/")[0]


class Replay:
    """One takeover written into `target` from its objects, in whatever order they come."""

    def __init__(self, target: Catalogue, takeover_id: str) -> None:
        self._target, self._id = target, takeover_id
        self._number = 0
        self._waiting: list[Recalled] = []
        self._closing: dict[str, Any] | None = None

    def add(self, recalled: Recalled) -> None:
        if recalled.kind == "opening":
            self._open(recalled.says)
        if not self._number:
            self._waiting.append(recalled)  # a clock that ran backwards put it before the opening
            return
        for one in (*self._waiting, recalled):
            self._write(one)
        self._waiting = []

    @property
    def is_closed(self) -> bool:
        return self._closing is not None

    def finish(self, *, reached: State = State.RECEIVING) -> int:
        """The number of the takeover in `target`, in the state that it had reached; 0 if its opening is not there.

        The store tells of the last state alone: `reached` is what else is known of one that was not closed. A closing
        that was recorded just before the takeover stopped is not its last state while that is still `balanced`.
        """
        moves = [State.RECEIVED, State.BALANCED]
        if self._closing is None:
            moves = moves[: moves.index(reached) + 1] if reached in moves else []
        elif reached is not State.BALANCED:
            moves.append(State(self._closing["state"]))
        for state in moves if self._number else ():
            self._target.move(self._number, state, at=self._closing["closed_at"] if self._closing else "")
        return self._number

    def _open(self, says: dict[str, Any]) -> None:
        self._number = self._target.open_takeover(
            handover_of_json(says["handover"]),
            id=self._id,
            package=says["package"],
            fingerprint=says["fingerprint"],
            declared=says["declared"],
            opened_at=says["opened_at"],
        ).number

    def _write(self, recalled: Recalled) -> None:
        if recalled.kind == "closing":
            self._closing = recalled.says
        self._target.list_items(self._number, recalled.items)
        self._target.record(self._number, [recalled.record], findings=recalled.findings, events=recalled.events)
