"""In which transfer syntaxes images are kept, within what somebody may learn of: what is agreed on before it is known
what will be asked for."""

from collections.abc import Collection, Mapping

from repository.access.subject import Operation, Subject
from repository.errand import Errand
from repository.runtime import Archive
from repository.searching import within_reach

_SECONDS = 1.0  # of an association's beginning; a million images take about that once in each process


def held(archive: Archive, errand: Errand, within: Collection[str] | None) -> Mapping[str, Mapping[str, int]] | None:
    """SOP class → transfer syntax → images that the errand may learn of in the takeovers of these ids (None: all). None
    where that is not known: it may learn of parts of takeovers, or there is much that was not yet looked at.

    No account is written: nothing of it says anything of anybody. Nothing is counted of whoever is hidden from the
    errand, in whole or in part. Raises what the catalogue raises."""
    reach = within_reach(archive, errand.request(archive, Operation.SEARCH, Subject(takeover="")))
    if reach.empty:
        return {}
    if any(within is None or not part.takeover or part.takeover in within for part in reach.parts):
        return None
    return archive.catalogue.encodings.held(within, seconds=_SECONDS, within=reach)
