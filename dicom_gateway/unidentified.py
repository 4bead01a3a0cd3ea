"""Connections of whoever has not said yet who he is: places of their own, apart from those of associations.

A connection that says nothing costs its peer nothing. So however many there are, they never take a place that somebody
could associate by: when all of an address, or all there are, are taken, the one that has been silent longest goes, of
the address that has the most; whoever comes is let in. Whoever has begun to speak has a moment to say who he is.
"""

import socket
import threading
import time
from collections import Counter
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address

from dicom_gateway.protocol.waiting import READING, ready
from dicom_gateway.securing import ended

SPEAKING = 2.0  # seconds that a connection on which something has come keeps its place at any rate
_OF_ONE_SITE = 64  # bits of an IPv6 address, of which whoever has one has all


@dataclass(slots=True, eq=False)
class Guest:
    """A connection, open as long as it has its place. `spoken_at`: when something came first; None before."""

    connection: socket.socket
    neighbourhood: str
    spoken_at: float | None = None


class Unidentified:
    """At most `most`, and `of_one` from one address. `crowded_out`: how many had to go."""

    def __init__(self, *, most: int, of_one: int) -> None:
        self._most, self._of_one = most, min(of_one, most)
        self._turn = threading.Lock()
        self._guests: dict[Guest, None] = {}  # in the order in which they came
        self.crowded_out = 0

    def let_in(self, connection: socket.socket, address: str) -> Guest | None:
        """It has a place; None where all that have one speak at the moment."""
        guest = Guest(connection, neighbourhood(address))
        with self._turn:
            own = [each for each in self._guests if each.neighbourhood == guest.neighbourhood]
            if len(own) >= self._of_one:
                room = self._make_room(own)
            elif len(self._guests) >= self._most:
                room = self._make_room(self._of_the_most())
            else:
                room = True
            if room:
                self._guests[guest] = None
        return guest if room else None

    def becomes(self, guest: Guest, connection: socket.socket) -> None:
        """The same one goes on by that connection: it has TLS now. It has ended where the guest had to go."""
        with self._turn:
            guest.connection = connection
            if guest not in self._guests:
                ended(connection)

    def spoke(self, guest: Guest) -> None:
        with self._turn:
            guest.spoken_at = guest.spoken_at or time.monotonic()

    def leave(self, guest: Guest) -> bool:
        """It has no place here any more; whether it had one until now."""
        with self._turn:
            had = guest in self._guests
            self._guests.pop(guest, None)
        return had

    def close(self) -> None:
        """All that are there now have gone."""
        with self._turn:
            for each in self._guests:
                ended(each.connection)
            self._guests.clear()

    def _of_the_most(self) -> list[Guest]:
        """Those of the address that has the most, an older one before a newer."""
        counted = Counter(each.neighbourhood for each in self._guests)
        (found, _), *_ = counted.most_common(1)
        return [each for each in self._guests if each.neighbourhood == found]

    def _make_room(self, among: list[Guest]) -> bool:
        """The oldest silent one has gone, else the one that speaks longest, if it had its moment; whether one has."""
        now = time.monotonic()
        going = next((each for each in among if each.spoken_at is None and not _has_come(each)), None)
        if going is None:
            spoken = [each for each in among if each.spoken_at is not None and each.spoken_at + SPEAKING < now]
            going = min(spoken, key=lambda each: each.spoken_at or now, default=None)
        if going is None:
            return False
        self._guests.pop(going)
        self.crowded_out += 1
        ended(going.connection)
        return True


def neighbourhood(address: str) -> str:
    """The address, as far as it tells one who calls from another."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if not isinstance(found, IPv6Address):
        return str(found)
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return f"{int(found) >> (128 - _OF_ONE_SITE):x}"


def _has_come(guest: Guest) -> bool:
    """Whether something is there that nobody has read yet."""
    return ready(guest.connection, READING, seconds=0, beside=None)
