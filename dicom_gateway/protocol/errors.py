"""How a connection ends before its time. These are not for people: the gateway logs their names, without content."""


class ConnectionEnds(Exception):
    """Nothing more can be said on this connection."""


class PeerGone(ConnectionEnds):
    """The peer has closed the connection."""


class PeerSilent(ConnectionEnds):
    """What had to come has not come in time, or what is sent is not taken."""


class PeerAborted(ConnectionEnds):
    """The peer has sent A-ABORT, or has released the association in the midst: nothing is to be said any more."""


class Stopping(ConnectionEnds):
    """This gateway is being stopped, and the peer asks for nothing at the moment."""


class CalledOff(ConnectionEnds):
    """Whoever a connection of ours is for wants no more of it, or is gone."""


class ProtocolBroken(ConnectionEnds):
    """The peer has sent what may not come. `reason` is one of PS3.8 Table 9-26, for A-ABORT."""

    def __init__(self, reason: int) -> None:
        super().__init__(f"reason {reason}")
        self.reason = reason


class Interrupted(ConnectionEnds):
    """What was to be sent could not be had to its end, and some of it has gone: no other word may follow."""


class NotAgreed(ConnectionEnds):
    """An association that we asked for was not accepted. `words`: result, source and reason (PS3.8 Table 9-21)."""

    def __init__(self, result: int, source: int, reason: int) -> None:
        super().__init__(f"rejected ({result}, {source}, {reason})")
        self.words = result, source, reason


class NotReached(ConnectionEnds):
    """There is nobody at the address, or no connection to it."""
