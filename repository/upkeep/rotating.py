"""A new root key: every record key and every small secret is re-wrapped under a new epoch, the old root key is
destroyed, no payload moves."""

from collections.abc import Callable
from dataclasses import dataclass

from repository.people.keeping import reseal
from repository.runtime import Archive


@dataclass(frozen=True, slots=True)
class Rotation:
    """The epoch now active, how many record keys were moved to it, and the epochs that no longer exist."""

    epoch: int
    moved: int
    destroyed: tuple[int, ...]


def rotate(archive: Archive, *, progress: Callable[[int], None], also: Callable[[], object] = lambda: None) -> Rotation:
    """Every record key, and each person's secret, lies under a new root key alone. Needs the writer's lock.

    `also` does the same to what lies in the home and not in the store or the catalogue: keys of uploads.

    Stopped anywhere, nothing is unreadable: an epoch is destroyed only when no record key needs it. Run again after a
    stop, it finishes the rotation that was begun instead of beginning another.
    """
    ring, keys = archive.ring, archive.vault.record_keys
    begun = len(ring.epochs) > 1
    epoch = ring.active_epoch if begun else ring.add_epoch()
    moved = keys.rewrap(progress)
    reseal(archive)  # what people's codes are checked by
    also()
    past = tuple(held for held in ring.epochs if held != epoch)
    for old in past:
        ring.destroy_epoch(old)
    return Rotation(epoch, moved, past)
