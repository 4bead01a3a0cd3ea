"""Who may ask for what holds nothing of any patient: states, counts, codes, jobs, the log, measures.

An *overseer* is an administrator, an auditor, or a system whose token has the scope `archive.admin`. Such a system may
do what an administrator does at this door.
"""

from typing import Annotated

from fastapi import Depends, Request

from api.callers.way import Caller
from api.errands import caller_of
from api.native.errors import RoleMissing
from repository.access.principal import Principal, PrincipalKind

ADMIN = "archive.admin"


def administers(caller: Caller) -> bool:
    kind, scopes = caller.principal.kind, caller.scopes
    if kind is PrincipalKind.ADMINISTRATOR:
        return True
    return kind is PrincipalKind.SYSTEM and scopes is not None and ADMIN in scopes


def oversees(caller: Caller) -> bool:
    return administers(caller) or caller.principal.kind is PrincipalKind.AUDITOR


def administrator_of(request: Request) -> Principal:
    """Raises `RoleMissing`, and what `caller_of` raises."""
    caller = caller_of(request)
    if not administers(caller):
        raise RoleMissing(roles="administrators")
    return caller.principal


def overseer_of(request: Request) -> Principal:
    """Raises `RoleMissing`, and what `caller_of` raises."""
    caller = caller_of(request)
    if not oversees(caller):
        raise RoleMissing(roles="administrators, auditors")
    return caller.principal


ForCaller = Annotated[Caller, Depends(caller_of)]
ForAdministrator = Annotated[Principal, Depends(administrator_of)]
ForOverseer = Annotated[Principal, Depends(overseer_of)]
