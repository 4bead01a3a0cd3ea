"""What a token may be used for: its scopes, looked at before any journey. They narrow, and never permit by themselves.

    archive.read  archive.write  archive.admin     everything below /v1; read and write at the other doors as well
    dicomweb.read  dicomweb.write                  /dicomweb
    fhir.read  fhir.write                          /fhir
    system/DocumentReference.rs  user/*.read …     /fhir, by kind of resource (SMART App Launch 2.2, and version 1);
                                                   of ImagingStudy at /dicomweb as well

A `patient/` scope counts for patients and those who act for them, `user/` for people, `system/` for all others. Each
door says with `requires` what a route needs; a route that does not say needs `read` for GET and HEAD and `write`
otherwise, so that nobody can forget it. An identity without scopes (None: a session) is not narrowed.
"""

import re
from collections.abc import Awaitable, Callable, Iterable
from enum import StrEnum

from starlette.requests import Request

from api.callers.errors import ScopeTooNarrow
from api.callers.way import Caller
from repository.access.principal import PEOPLE, PrincipalKind

IN_PERSON = frozenset({PrincipalKind.PATIENT, PrincipalKind.REPRESENTATIVE, PrincipalKind.PERSON})
DOORS = {"v1": "archive", "dicomweb": "dicomweb", "fhir": "fhir"}
SUPPORTED = tuple(
    [f"archive.{each}" for each in ("read", "write", "admin")]
    + [f"{door}.{each}" for door in ("dicomweb", "fhir") for each in ("read", "write")]
    + [f"system/{each}.rs" for each in ("DocumentReference", "Patient", "ImagingStudy", "Binary", "AuditEvent", "*")]
)
_SMART = re.compile(r"(patient|user|system)/([A-Za-z]{1,60}|\*)\.(c?r?u?d?s?|read|write|\*)(\?.*)?")
_LETTERS = {"read": "rs", "write": "cud", "*": "cruds"}


def is_ours(scope: str) -> bool:
    """Whether it says anything here at all."""
    return scope in SUPPORTED or _SMART.fullmatch(scope) is not None


class Need(StrEnum):
    READ = "read"
    SEARCH = "search"  # a read for scopes of our own; `s` of a SMART scope
    WRITE = "write"
    ADMIN = "admin"


_LETTER = {Need.READ: "r", Need.SEARCH: "s", Need.WRITE: "c"}


def requires(need: str, *, resource: str = "*") -> Callable[[Request], Awaitable[None]]:
    """A dependency for routers and routes: what they need, and of which kind of FHIR resource. It stands in
    `dependencies=[Depends(requires("read"))]`, which run before the endpoint's own."""
    needed = Need(need)

    async def needs(request: Request) -> None:
        request.state.need = (needed, resource)

    return needs


def require_scope(request: Request, caller: Caller) -> None:
    """The caller's scopes allow what the route needs. Raises `ScopeTooNarrow`."""
    if caller.scopes is None:
        return
    known = getattr(request.state, "need", None)
    need, resource = known or (Need.READ if request.method in ("GET", "HEAD") else Need.WRITE, "*")
    door = DOORS.get(request.url.path.split("/", 2)[1], "archive")
    if not allows(caller.scopes, caller.principal.kind, door=door, need=need, resource=resource):
        raise ScopeTooNarrow(needed="archive.admin" if need is Need.ADMIN else f"{door}.{_own(need)}")


def allows(scopes: Iterable[str], kind: PrincipalKind, *, door: str, need: Need, resource: str = "*") -> bool:
    """Whether one of `scopes` is enough for `need` at `door`. A search-limited one (`?…`) is not: it cannot be kept."""
    if need is Need.ADMIN:
        return "archive.admin" in scopes
    own = (f"archive.{_own(need)}", f"{door}.{_own(need)}")
    return any(scope in own or _smart(scope, kind, door=door, need=need, resource=resource) for scope in scopes)


def _smart(scope: str, kind: PrincipalKind, *, door: str, need: Need, resource: str) -> bool:
    found = _SMART.fullmatch(scope)
    if found is None or found[4] or not found[3] or door == "archive" or not _counts(found[1], kind):
        return False
    wanted = "ImagingStudy" if door == "dicomweb" else resource
    return found[2] in ("*", wanted) and _LETTER[need] in _LETTERS.get(found[3], found[3])


def _own(need: Need) -> Need:
    return Need.READ if need is Need.SEARCH else need


def _counts(context: str, kind: PrincipalKind) -> bool:
    if context == "patient":
        return kind in IN_PERSON
    return kind in PEOPLE if context == "user" else kind not in PEOPLE
