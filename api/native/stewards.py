"""Who sees to who may read what, at this door: whoever is signed in, with a token that is good for that.

A token that was given for other purposes (`Caller.purposes`) is not used for this one.
"""

from typing import Annotated

from fastapi import Depends

from api.callers.way import Caller
from api.errands import caller_of
from api.errors import NoCaller
from api.native.wording import DOOR
from repository.access.principal import Principal
from repository.access.purpose import Purpose
from repository.opening import Errand
from repository.reports.asking import errand_of
from repository.stewarding.showing import purpose_of

ForCaller = Annotated[Caller, Depends(caller_of)]


def steward_of(caller: ForCaller) -> Principal:
    """Raises `NoCaller`."""
    return good_for(caller, purpose_of(caller.principal))


def looking_of(caller: ForCaller) -> Errand:
    """What whoever asks looks at accounts for: one's own, or others' doings. Raises `NoCaller`."""
    errand = errand_of(caller.principal, door=DOOR)
    if errand.purpose is not None:
        good_for(caller, errand.purpose)
    return errand


def self_of(caller: ForCaller) -> Principal:
    """Whoever asks for what is his own, or for somebody for whom he stands. Raises `NoCaller`."""
    return good_for(caller, Purpose.PATIENT_REQUEST)


def party_of(caller: ForCaller) -> Principal:
    """Whoever is signed in, for what needs no purpose."""
    return caller.principal


def good_for(caller: Caller, purpose: Purpose) -> Principal:
    """Whoever it is, where the token is good for that. Raises `NoCaller`."""
    if caller.purposes is not None and purpose not in caller.purposes:
        raise NoCaller
    return caller.principal


ForSteward = Annotated[Principal, Depends(steward_of)]
ForLooking = Annotated[Errand, Depends(looking_of)]
ForSelf = Annotated[Principal, Depends(self_of)]
ForParty = Annotated[Principal, Depends(party_of)]
