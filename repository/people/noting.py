"""What is said of each change and each try, for the journal: deeds of the kind `person`, without secrets.

A body is {"what": …, "id": …, "name": …, "by": …} and, where one is meant, "session". `id` is the account's id, `name`
what it is signed in with, empty until that is chosen; both are empty for a try under a name that nobody has: people
type passwords there. `by` is the account id of whoever did it, or `operator`. "invited" and "accepted" say besides who
is let in (`about`), "refused" whether the account is `locked` from then on. A deed is noted after its change is
durable; if it cannot be noted, the caller gets that error instead of what was asked for.
"""

from collections.abc import Callable
from typing import Any

from repository import journal
from repository.access.bodies import identifier_body
from repository.catalogue.people_rows import Person
from repository.runtime import Archive

Note = Callable[[str, dict[str, Any]], None]
KIND = "person"

INVITED, ACCEPTED, REVOKED = "invited", "accepted", "revoked"
SIGNED_IN, REFUSED = "signed-in", "refused"
SESSION_ENDED, PASSWORD_CHANGED = "session-ended", "password-changed"


def unnoted(_kind: str, _body: dict[str, Any]) -> None:
    """Nothing is noted."""


def into_journal(archive: Archive) -> Note:
    """What is noted is a deed of this archive."""

    def written(kind: str, body: dict[str, Any]) -> None:
        journal.note(archive, kind, body, outcome=str(body["what"]))

    return written


def noted(note: Note, what: str, whose: Person | None, *, by: str, **more: Any) -> None:
    """`note` has been told of the account, or of a try for none; `more` are further members of the body."""
    account, name = (whose.account, whose.name) if whose else ("", "")
    note(KIND, {"what": what, "id": account, "name": name, "by": by} | more)


def about(whose: Person) -> dict[str, Any]:
    """Who is let in, as canonical JSON values: kind, names, role, NPWZ, identifier, organisation; no secrets."""
    house = whose.organisation
    return {
        "kind": whose.kind.value,
        "given_name": _writable(whose.given_name),
        "surname": _writable(whose.surname),
        "role": _writable(whose.role),
        "npwz": _writable(whose.npwz),
        "identifier": _written(identifier_body(whose.identifier)),
        "organisation": None
        if house is None
        else {
            "identifier": _written(identifier_body(house.identifier)),
            "name": _writable(house.name),
            "role": _writable(house.role),
        },
    }


def _written(body: dict[str, Any] | None) -> dict[str, str] | None:
    return None if body is None else {name: _writable(value) for name, value in body.items()}


def _writable(text: str) -> str:
    """The same, but for text that is not Unicode, which has no canonical form."""
    return text.encode("utf-8", "backslashreplace").decode()
