"""What the parts of `Catalogue` share: the room they work in and the clock they are given."""

from collections.abc import Callable
from datetime import UTC, datetime

from repository.catalogue.engine import Room

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    return datetime.now(UTC)


class Desk:
    """One part of the catalogue over a room; it holds no state of its own."""

    def __init__(self, room: Room, *, now: Clock = utc_now) -> None:
        self._room = room
        self._now = now
