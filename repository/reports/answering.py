"""Who signed what went out in answer to a demand: the account of a reading names the demand it answers."""

import re
from dataclasses import dataclass

from repository.access.account import Account
from repository.demands.errors import DemandError
from repository.demands.moving import found
from repository.demands.progress import progress
from repository.domain.demand import DemandState
from repository.reports.register import Signed, Signer
from repository.runtime import Archive

_DEMAND = re.compile(r"demand:([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})")


def signer_of(archive: Archive) -> Signer:
    """The signer of the register: an account whose `evidence` is `demand:ID` was the answer to that demand."""
    known: dict[str, _Answer | None] = {}

    def signed(account: Account) -> Signed | None:
        named = _DEMAND.fullmatch(account.evidence)
        if named is None:
            return None
        if named[1] not in known:
            known[named[1]] = _answer(archive, named[1])
        answer = known[named[1]]
        return answer.signed if answer is not None and account.id in answer.people else None

    return signed


@dataclass(frozen=True, slots=True)
class _Answer:
    """`people`: who may have fetched it, the requester and the worker who signed. Anybody can write a demand's id."""

    signed: Signed
    people: frozenset[str]


def _answer(archive: Archive, demand_id: str) -> _Answer | None:
    """None for a demand that is not there, or that nobody has signed."""
    try:
        requester = found(archive, demand_id).order.requester
    except DemandError:
        return None
    move = next((each for each in progress(archive, demand_id) if each.state is DemandState.SIGNED), None)
    if move is None or move.by is None:
        return None
    signature = move.detail["signature"]
    signed = Signed(
        given_name=move.by.given_name,
        surname=move.by.surname,
        npwz=move.by.npwz,
        signature=f"{signature['kind']} {signature['certificate_sha256']}",
        recipient=f"{requester.given_name} {requester.surname}".strip(),
        recipient_organisation=requester.organisation.name if requester.organisation else "",
    )
    return _Answer(signed, frozenset({requester.id, move.by.id}))
