"""All header objects of a takeover made beforehand, so that nobody waits for them."""

from collections.abc import Callable

from repository.catalogue.images import SeriesKey
from repository.domain.takeover import Takeover
from repository.headers.making import current, make, warrant_for
from repository.runtime import Archive
from storage.errors import KeyUnavailable, ObjectMissing, RecordKeyMissing, SealBroken
from storage.warrants import Warrant


def prepare(archive: Archive, takeover: Takeover, *, progress: Callable[[int, int], None]) -> dict[str, int]:
    """Each series of the takeover has its header; the counts of those made, there before, and not to be opened.

    Can be cut off anywhere and run again: what is there is not made again. `progress` gets series done, of all.
    """
    series, warrant = archive.catalogue.images.series_in(takeover.number), None
    counts = {"made": 0, "there": 0, "unreadable": 0}
    for done, each in enumerate(series):
        progress(done, len(series))
        if current(archive, each, takeover_id=takeover.id) is not None:
            counts["there"] += 1
            continue
        warrant = warrant or warrant_for(archive, takeover)
        counts[_made(archive, takeover, each, warrant=warrant)] += 1
    progress(len(series), len(series))
    return counts


def _made(archive: Archive, takeover: Takeover, series: SeriesKey, *, warrant: Warrant) -> str:
    try:
        make(archive, takeover, series, warrant=warrant)
    except (SealBroken, ObjectMissing, RecordKeyMissing, KeyUnavailable):
        return "unreadable"
    return "made"
