"""A live transfer ends: nobody may push any more, and what came is balanced, concluded and signed as of a package."""

from contextlib import suppress

from repository import journal
from repository.access.principal import Principal
from repository.catalogue.errors import ForbiddenMove
from repository.clock import stamp
from repository.domain.takeover import FINAL, State, Takeover
from repository.intake import conclude, record_opening
from repository.runtime import Archive
from repository.transfer.errors import BindingEnded, NotLive
from repository.transfer.opening import DETAIL, bindings, unbind


def close_transfer(archive: Archive, takeover: Takeover, *, by: Principal | None = None) -> Takeover:
    """The takeover has reached a final state and its protocol is signed, stored and in a published log. Run again
    after a stop, it goes on; run again afterwards, it gives the outcome. Needs the writer's lock.

    A push that is under way is either acknowledged, and then in the statement, or refused. Raises `NotLive`.
    """
    if not takeover.live:
        raise NotLive(takeover=takeover.id)
    takeover = archive.catalogue.takeover(takeover.id)
    if takeover.state in FINAL:
        journal.publish(archive)
        return takeover
    archive.log.confirm()
    if takeover.state is State.RECEIVING:
        takeover = _ended(archive, takeover, by=by)
    return conclude(archive, takeover)


def end_bindings(archive: Archive, takeover: Takeover, *, by: Principal | None) -> None:
    """Every binding that let push has ended; it does not matter who else ends them at the same time."""
    for each in bindings(archive, takeover):
        if not each.ended:
            with suppress(BindingEnded):
                unbind(archive, each.id, takeover=takeover.id, by=by)


def _ended(archive: Archive, takeover: Takeover, *, by: Principal | None) -> Takeover:
    """Nothing more is written to the takeover: the transaction of a push looks at its state (`depositing.write`)."""
    if not archive.catalogue.events(takeover.number):  # stopped between the takeover and its opening
        record_opening(archive, takeover, detail=DETAIL)
    end_bindings(archive, takeover, by=by)
    try:
        return archive.catalogue.move(takeover.number, State.RECEIVED, at=stamp(archive.clock()))
    except ForbiddenMove:  # another process closes it too
        return archive.catalogue.takeover(takeover.id)
