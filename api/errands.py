"""What for: from the header fields of a request to an errand, which every journey that reads asks for (R463-10.3).

    EDM-Purpose    treatment, continuity, emergency, patient-request, custody, statutory, payer, audit, maintenance
    EDM-Basis      code of a legal basis, where the purpose needs one
    EDM-Reason     in words, percent-encoded UTF-8; an emergency needs it
    EDM-Evidence   the letter, order or demand that it answers, percent-encoded UTF-8

A token that was given for one purpose says it; the header may then be left out, and may not say another.
"""

from typing import Annotated
from urllib.parse import unquote

from fastapi import Depends, Request

from api.callers.entrance import Entrance
from api.callers.way import Caller
from api.errors import NoCaller, PurposeNotSaid, RequestNotUnderstood
from api.opened import ForArchive, archive_of
from repository.access.principal import Principal
from repository.access.purpose import Purpose
from repository.opening import Errand

__all__ = ["ForArchive", "ForErrand", "ForPrincipal", "archive_of", "caller_of", "errand_of", "principal_of"]

PURPOSE, BASIS, REASON, EVIDENCE = "edm-purpose", "edm-basis", "edm-reason", "edm-evidence"
_LONGEST = 1000  # characters of a header field of ours
_PURPOSES = frozenset(Purpose)
_DOORS = {"v1": "rest", "dicomweb": "dicomweb", "fhir": "fhir"}


def caller_of(request: Request) -> Caller:
    """Whoever asks; found once for a request, and with scopes for it. Raises what `Entrance.caller` raises."""
    known = getattr(request.state, "caller", None)
    if not isinstance(known, Caller):
        entrance: Entrance = request.app.state.entrance
        known = request.state.caller = entrance.caller(request)
    return known


def errand_of(request: Request) -> Errand:
    """The errand of a request that reads. Raises as `caller_of`, `PurposeNotSaid`, `RequestNotUnderstood`."""
    caller = caller_of(request)
    return Errand(
        principal=caller.principal,
        purpose=_purpose(request, caller),
        door=_DOORS.get(request.scope["path"].split("/", 2)[1], "rest"),
        basis=_field(request, BASIS),
        reason=_field(request, REASON),
        evidence=_field(request, EVIDENCE),
        manner="electronic",
    )


def _purpose(request: Request, caller: Caller) -> Purpose:
    said = request.headers.get(PURPOSE, "")
    if not said and caller.purposes is not None and len(caller.purposes) == 1:
        return next(iter(caller.purposes))
    if said not in _PURPOSES:
        raise PurposeNotSaid(known=", ".join(Purpose))
    purpose = Purpose(said)
    if caller.purposes is not None and purpose not in caller.purposes:
        raise NoCaller
    return purpose


def _field(request: Request, name: str) -> str:
    text = request.headers.get(name)
    if text is None:
        return ""
    if len(text) > _LONGEST:
        raise RequestNotUnderstood(reason=f"{name}: longer than {_LONGEST} characters")
    try:
        return unquote(text, errors="strict")
    except UnicodeDecodeError:
        raise RequestNotUnderstood(reason=f"{name}: not percent-encoded UTF-8") from None


def principal_of(request: Request) -> Principal:
    return caller_of(request).principal


ForPrincipal = Annotated[Principal, Depends(principal_of)]
ForErrand = Annotated[Errand, Depends(errand_of)]
