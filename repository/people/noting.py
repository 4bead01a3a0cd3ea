"""What is said of each change and each try, for the journal: deeds of the kind `person`, without secrets.

A body is {"what": …, "id": …, "by": …} and, where one is meant, "session". `id` is the account's name, or its
account id while it has none, and empty for a try under a name that nobody has: people type passwords there. A deed is
noted after its change is durable; if it cannot be noted, the caller gets that error instead of what was asked for.
"""

from collections.abc import Callable
from typing import Any

Note = Callable[[str, dict[str, Any]], None]
KIND = "person"

INVITED, ACCEPTED, REVOKED = "invited", "accepted", "revoked"
SIGNED_IN, REFUSED, LOCKED = "signed-in", "refused", "locked"
SESSION_ENDED, PASSWORD_CHANGED = "session-ended", "password-changed"


def unnoted(_kind: str, _body: dict[str, Any]) -> None:
    """Nothing is noted."""


def noted(note: Note, what: str, *, id: str, by: str, session: str = "") -> None:  # noqa: A002  the deed's word
    """`note` has been told."""
    note(KIND, {"what": what, "id": id, "by": by} | ({"session": session} if session else {}))
