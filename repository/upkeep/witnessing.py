"""The outcome of a verification in the evidence log: a custody event (PREMIS `fixity check`) of each takeover in it.

So that whoever holds a proof can be shown, from the same log, that the takeover was whole at later times too. An event
is a small object and a leaf for each takeover, so it is written when asked for and not by every nightly run.
"""

from repository import journal
from repository.clock import stamp
from repository.domain.takeover import FINAL, Takeover
from repository.runtime import Archive
from repository.takeover.custody import custody_event, seal_description, takeover_key
from repository.takeover.inscribing import inscribe_events
from repository.upkeep.verifying import VerifyOrder, VerifyReport


def witness(archive: Archive, order: VerifyOrder, report: VerifyReport) -> int:
    """How many takeovers have the outcome of a complete run in the published log. Needs the writer's lock.

    Takeovers that are still open have none: their own journey goes on.
    """
    if not report.complete:
        return 0
    named = [archive.catalogue.takeover(order.takeover)] if order.takeover else archive.catalogue.takeovers()
    ended = [takeover for takeover in named if takeover.state in FINAL]
    for takeover in ended:
        _record(archive, takeover, order, report)
    journal.publish(archive)
    return len(ended)


def _record(archive: Archive, takeover: Takeover, order: VerifyOrder, report: VerifyReport) -> None:
    damaged = any(found.subject.startswith(takeover.id) for found in report.damage)
    part, parts = order.sample
    event = custody_event(
        "fixity check",
        archive=archive.id.hex,
        takeover=takeover.id,
        at=stamp(archive.clock()),
        outcome="findings" if damaged else "unchecked" if report.tally.unchecked else "whole",
        detail=f"run {report.run}, level {report.level.value}, part {part} of {parts}",
    )
    key = takeover_key(archive.vault, archive.catalogue, takeover.number)
    description = inscribe_events(takeover.id, [event])
    pack = seal_description(archive.vault, takeover.id, key=key, description=description)
    archive.catalogue.record(takeover.number, [pack], events=[event])
