"""Storage commitments as rows: what was asked for, what came of it, and whether the other side knows.

A transaction is known by who asked whom and by its UID: asked for twice it is one. Each change says which state it
leaves, so that a process which does again what another has done meanwhile changes nothing.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Row, Text, and_, cast, exists, insert, literal, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from repository.catalogue.commitment_tables import commitment
from repository.catalogue.depositing import TRANSFER
from repository.catalogue.desk import Desk
from repository.catalogue.journal_tables import leave
from repository.catalogue.tables import job
from repository.catalogue.text import packed, unpacked
from repository.clock import instant
from storage.ids import new_id

NOT_TOLD = -1
"""In the place of a reason: the other side has said nothing of the instance."""


class Side(StrEnum):
    """OURS: a peer asks whether the archive has it. THEIRS: the archive asks whether a peer does."""

    OURS = "ours"
    THEIRS = "theirs"


class CommitmentState(StrEnum):
    RECEIVED = "received"  # ours: to be checked
    CHECKED = "checked"  # ours: to be reported to the peer
    REPORTED = "reported"  # ours: the peer knows
    PREPARED = "prepared"  # theirs: to be sent to the peer
    SENT = "sent"  # theirs: the peer has taken it on
    REFUSED = "refused"  # theirs: the peer has not
    ANSWERED = "answered"  # theirs: the peer has reported


@dataclass(frozen=True, slots=True)
class Instance:
    """As the asking side names it."""

    sop_class: str
    uid: str


@dataclass(frozen=True, slots=True)
class Commitment:
    """`title`: the AE title of ours by which the peer asked. `takeovers`: ids of those that are looked into, or that
    the instances are of. `failures`: reasons (PS3.3 C.14.1.1) by place in `instances`; with none in a settled one, all
    are committed to. Times are empty until they are."""

    id: str
    side: Side
    peer: str
    title: str
    transaction: str
    state: CommitmentState
    round: int
    takeovers: tuple[str, ...]
    instances: tuple[Instance, ...]
    failures: Mapping[int, int]
    asked_at: str
    settled_at: str
    told_at: str

    @property
    def failed(self) -> list[tuple[Instance, int]]:
        return [(self.instances[place], reason) for place, reason in sorted(self.failures.items())]

    @property
    def committed(self) -> list[Instance]:
        """Of a settled one."""
        return [each for place, each in enumerate(self.instances) if place not in self.failures]


def _read(row: Row[*tuple[Any, ...]]) -> Commitment:
    return Commitment(
        id=row.id,
        side=Side(row.side),
        peer=row.peer,
        title=row.title,
        transaction=row.transaction_uid,
        state=CommitmentState(row.state),
        round=row.round,
        takeovers=tuple(unpacked(row.takeovers)),
        instances=tuple(Instance(*each) for each in unpacked(row.instances)),
        failures={place: reason for place, reason in unpacked(row.failures)},  # noqa: C416  of lists, not of tuples
        asked_at=row.asked_at,
        settled_at=row.settled_at,
        told_at=row.told_at,
    )


class Commitments(Desk):
    def ask(
        self, peer: str, transaction: str, *, title: str, takeovers: Collection[str], instances: Sequence[Instance]
    ) -> Commitment:
        """There is one of ours of this peer and UID: a new one, durable, or the one that was there, as it is."""
        row = self._row(Side.OURS, peer, transaction, takeovers=takeovers, instances=instances) | {"title": title}
        with self._room.writing() as connection:
            dialect = sqlite if self._room.sqlite else postgresql  # as in `jobs.enqueue`
            keys = ["side", "peer", "transaction_uid"]
            connection.execute(dialect.insert(commitment).on_conflict_do_nothing(index_elements=keys), row)
            return _read(connection.execute(select(commitment).where(_of(Side.OURS, peer, transaction))).one())

    def prepare(self, peer: str, takeover: str, transactions: Mapping[str, Sequence[Instance]]) -> None:
        """There are these of theirs, by UID, to be sent to the peer: all, or none where this raises."""
        rows = [
            self._row(Side.THEIRS, peer, uid, takeovers=[takeover], instances=instances)
            for uid, instances in transactions.items()
        ]
        with self._room.writing() as connection:
            connection.execute(insert(commitment), rows)

    def _row(
        self, side: Side, peer: str, transaction: str, *, takeovers: Collection[str], instances: Sequence[Instance]
    ) -> dict[str, object]:
        first = CommitmentState.RECEIVED if side is Side.OURS else CommitmentState.PREPARED
        return {
            "id": str(new_id()), "side": side.value, "peer": peer, "title": "", "transaction_uid": transaction,
            "state": first.value, "round": 1, "takeovers": packed(sorted(takeovers)),
            "instances": packed([[each.sop_class, each.uid] for each in instances]), "failures": packed([]),
            "asked_at": instant(self._now()), "settled_at": "", "told_at": "",
        }  # fmt: skip

    def again(self, known: Commitment) -> Commitment:
        """It is asked for anew: what came of it before is forgotten. Unchanged where another did that meanwhile."""
        received = CommitmentState.RECEIVED.value
        values = {"round": known.round + 1, "state": received, "failures": packed([]), "settled_at": "", "told_at": ""}
        return self._change(known, {CommitmentState(known.state)}, values)

    def checked(self, known: Commitment, failures: Mapping[int, int]) -> Commitment:
        """What came of looking is durable. Unchanged where it was there."""
        values = {"state": CommitmentState.CHECKED.value, **self._settled(failures)}
        return self._change(known, {CommitmentState.RECEIVED}, values)

    def reported(self, known: Commitment) -> Commitment:
        """The peer has acknowledged the report."""
        values = {"state": CommitmentState.REPORTED.value, "told_at": instant(self._now())}
        return self._change(known, {CommitmentState.CHECKED}, values)

    def sent(self, known: Commitment, *, taken: bool) -> Commitment:
        """The peer has taken it on, or refused to."""
        state = CommitmentState.SENT if taken else CommitmentState.REFUSED
        values = {"state": state.value, "told_at": instant(self._now())}
        return self._change(known, {CommitmentState.PREPARED, CommitmentState.REFUSED}, values)

    def answered(self, known: Commitment, failures: Mapping[int, int]) -> Commitment:
        """What the peer has reported is durable: the last that it has said. It may be faster than its own answer."""
        there = {CommitmentState.PREPARED, CommitmentState.REFUSED, CommitmentState.SENT, CommitmentState.ANSWERED}
        return self._change(known, there, {"state": CommitmentState.ANSWERED.value, **self._settled(failures)})

    def _settled(self, failures: Mapping[int, int]) -> dict[str, str]:
        return {
            "failures": packed([list(each) for each in sorted(failures.items())]),
            "settled_at": instant(self._now()),
        }

    def _change(
        self, known: Commitment, before: Collection[CommitmentState], values: Mapping[str, object]
    ) -> Commitment:
        mine = (commitment.c.id == known.id) & (commitment.c.round == known.round)
        from_there = mine & commitment.c.state.in_([each.value for each in before])
        with self._room.writing() as connection:
            connection.execute(update(commitment).where(from_there).values(**values))
            return _read(connection.execute(select(commitment).where(commitment.c.id == known.id)).one())

    def commitment(self, id: str) -> Commitment | None:  # noqa: A002  the domain calls it id everywhere
        with self._room.reading() as connection:
            row = connection.execute(select(commitment).where(commitment.c.id == id)).one_or_none()
        return None if row is None else _read(row)

    def find(self, side: Side, peer: str, transaction: str) -> Commitment | None:
        with self._room.reading() as connection:
            row = connection.execute(select(commitment).where(_of(side, peer, transaction))).one_or_none()
        return None if row is None else _read(row)

    def listing(self, *, peer: str = "", limit: int = 100) -> list[Commitment]:
        """The newest first."""
        wanted = select(commitment).order_by(commitment.c.asked_at.desc(), commitment.c.id).limit(limit)
        wanted = wanted.where(commitment.c.peer == peer) if peer else wanted
        with self._room.reading() as connection:
            return [_read(row) for row in connection.execute(wanted)]

    def prepared(self, peer: str, takeover: str) -> list[Commitment]:
        """Those of a takeover that were to be sent to the peer and were not, the oldest first."""
        there = commitment.c
        wanted = select(commitment).where(there.state == CommitmentState.PREPARED.value, there.peer == peer)
        wanted = wanted.where(there.takeovers == packed([takeover])).order_by(there.asked_at, there.id)
        with self._room.reading() as connection:
            return [_read(row) for row in connection.execute(wanted)]

    def without_a_job(self, kinds: Mapping[CommitmentState, str], *, limit: int = 100) -> list[Commitment]:
        """Those in a state that a job of that kind leads out of, which nobody has enqueued."""
        there, waiting = commitment.c, []
        for state, kind in kinds.items():
            key = literal(f"{kind}/", Text).concat(cast(there.id, Text)).concat("/").concat(cast(there.round, Text))
            waiting.append(and_(there.state == state.value, ~exists().where(job.c.key == key)))
        wanted = select(commitment).where(there.side == Side.OURS.value, or_(*waiting)).limit(limit)
        with self._room.reading() as connection:
            return [_read(row) for row in connection.execute(wanted.order_by(there.asked_at))]

    def pushed_into(self, grantees: Sequence[str]) -> list[str]:
        """Ids of the takeovers that one of these may push into, or once might: closed ones as well."""
        there = leave.c
        wanted = select(there.takeover).where(there.kind == TRANSFER, there.person.in_(grantees)).distinct()
        with self._room.reading() as connection:
            return sorted(connection.execute(wanted).scalars())


def _of(side: Side, peer: str, transaction: str) -> Any:
    there = commitment.c
    return (there.side == side.value) & (there.peer == peer) & (there.transaction_uid == transaction)
