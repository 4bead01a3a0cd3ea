"""Why there is no association: for the peer in the words of A-ASSOCIATE-RJ (PS3.8 Table 9-21), for us more exactly.

A peer that is not registered, calls from elsewhere or shows another certificate is told the same: its calling AE title
is not recognised.
"""

from enum import Enum

APPLICATION_UNKNOWN, CALLING_UNKNOWN, CALLED_UNKNOWN = (1, 1, 2), (1, 1, 3), (1, 1, 7)
NO_REASON, VERSION_UNKNOWN = (1, 2, 1), (1, 2, 2)
TRY_LATER, TOO_MANY = (2, 3, 1), (2, 3, 2)
"""Result, source and reason of A-ASSOCIATE-RJ."""


class Why(Enum):
    """`value`: as the log and the measures have it. `words`: what the peer is told."""

    APPLICATION = "application-context", APPLICATION_UNKNOWN
    VERSION = "protocol-version", VERSION_UNKNOWN
    NOT_REGISTERED = "calling-not-registered", CALLING_UNKNOWN
    OTHER_ADDRESS = "calling-from-another-address", CALLING_UNKNOWN
    OTHER_CERTIFICATE = "calling-with-another-certificate", CALLING_UNKNOWN
    CALLED = "called-unknown", CALLED_UNKNOWN
    NOT_ITS_TAKEOVER = "called-takeover-not-the-peers", CALLED_UNKNOWN
    IDENTITY = "user-identity", NO_REASON
    PEER_LIMIT = "limit-of-the-peer", TOO_MANY
    LIMIT = "limit", TOO_MANY
    OURS = "archive-cannot", TRY_LATER

    def __init__(self, name: str, words: tuple[int, int, int]) -> None:
        self.shown, self.words = name, words


class Rejected(Exception):
    """Internal signal: no association, and why."""

    def __init__(self, why: Why) -> None:
        super().__init__(why.shown)
        self.why = why
