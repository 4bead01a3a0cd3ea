"""Which presentation contexts are agreed on (PS3.7 D.3.2): by what the peer may ask for, and what is served.

Everything that is not a service of another kind is taken for a storage class, unknown and private ones included, in
whatever transfer syntax comes first: it is kept as it comes. Where the peer offers to be the SCP of a class (role
selection, PS3.7 D.3.3.4), instances of it can be given to it by C-GET, in the syntax by which most of them can.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from pynetdicom.service_class import NonPatientObjectStorageServiceClass, ServiceClass, StorageServiceClass
from pynetdicom.sop_class import uid_to_service_class

from dicom_gateway.callers import Caller
from dicom_gateway.choosing import chosen
from dicom_gateway.protocol.commands import (
    C_ECHO_RQ,
    C_FIND_RQ,
    C_GET_RQ,
    C_MOVE_RQ,
    C_STORE_RQ,
    N_ACTION_RQ,
    N_EVENT_REPORT_RQ,
)
from dicom_gateway.protocol.negotiating import (
    NO_ABSTRACT_SYNTAX,
    NO_TRANSFER_SYNTAX,
    Asked,
    Context,
    Proposed,
)
from repository.peers.peer import Service

VERIFICATION = "1.2.840.10008.1.1"
PATIENT_FIND, PATIENT_MOVE, PATIENT_GET = (f"1.2.840.10008.5.1.4.1.2.1.{each}" for each in (1, 2, 3))
STUDY_FIND, STUDY_MOVE, STUDY_GET = (f"1.2.840.10008.5.1.4.1.2.2.{each}" for each in (1, 2, 3))
COMMITMENT = "1.2.840.10008.1.20.1"
INVENTORY_STORAGE, INVENTORY_FIND, INVENTORY_MOVE, INVENTORY_GET = (
    f"1.2.840.10008.5.1.4.1.1.201.{each}" for each in (1, 2, 3, 4)
)
REPOSITORY_QUERY = "1.2.840.10008.5.1.4.1.1.201.6"
SERVED = {
    PATIENT_FIND: Service.FIND,
    STUDY_FIND: Service.FIND,
    PATIENT_MOVE: Service.MOVE,
    STUDY_MOVE: Service.MOVE,
    PATIENT_GET: Service.GET,
    STUDY_GET: Service.GET,
    COMMITMENT: Service.COMMITMENT,
    INVENTORY_FIND: Service.INVENTORY,
    INVENTORY_MOVE: Service.INVENTORY,
    INVENTORY_GET: Service.INVENTORY,
    REPOSITORY_QUERY: Service.INVENTORY,
}
EXPLICIT, IMPLICIT = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2"
_ASKED = {
    C_FIND_RQ: Service.FIND,
    C_MOVE_RQ: Service.MOVE,
    C_GET_RQ: Service.GET,
    N_ACTION_RQ: Service.COMMITMENT,
    N_EVENT_REPORT_RQ: Service.COMMITMENT,
}
_INVENTORY = {
    INVENTORY_FIND: C_FIND_RQ,
    INVENTORY_MOVE: C_MOVE_RQ,
    INVENTORY_GET: C_GET_RQ,
    REPOSITORY_QUERY: C_FIND_RQ,
}
_READ = (EXPLICIT, IMPLICIT)  # of data sets that are questions and answers, the preferred one first
_DICOM = "1.2.840.10008."


@dataclass(frozen=True, slots=True)
class Settled:
    """`refused`: reasons by context id."""

    contexts: tuple[Context, ...]
    refused: dict[int, int]


@dataclass(frozen=True, slots=True)
class Giving:
    """`held`: SOP class → transfer syntax → images that may be asked for; None where that is not known. It is asked for
    at most once, and only where something depends on it. `decodes`: there are codecs."""

    held: Callable[[], Mapping[str, Mapping[str, int]] | None]
    decodes: bool


def settled(what: Asked, caller: Caller, giving: Giving) -> Settled:
    contexts, refused = list[Context](), dict[int, int]()
    for each in what.contexts:
        found = _one(each, what, caller)
        if isinstance(found, Context):
            contexts.append(found)
        else:
            refused[each.id] = found
    return Settled(_by_what_is_held(contexts, what, giving), refused)


def _by_what_is_held(contexts: Iterable[Context], what: Asked, giving: Giving) -> tuple[Context, ...]:
    """Those by which we alone send, with the syntaxes that serve that best. Where a peer both stores and gets by a
    context, it stays with the first that it names, which is how it prefers to send: what it would have to encode anew
    for us is kept like that for ever, and what cannot be given by one association can be by the next."""
    proposed = {each.id: each for each in what.contexts}
    ours: dict[str, list[Proposed]] = {}
    for each in contexts:
        if each.requests and not each.serves and is_storage(each.abstract):
            ours.setdefault(each.abstract, []).append(proposed[each.id])
    if not any(len(each.syntaxes) > 1 for every in ours.values() for each in every):
        return tuple(contexts)
    held, syntaxes = giving.held(), dict[int, str]()
    for abstract, every in ours.items():
        own = None if held is None else held.get(abstract, {})
        syntaxes |= chosen(every, own, decodes=giving.decodes)
    return tuple(
        each if syntaxes.get(each.id, each.syntax) == each.syntax else replace(each, syntax=syntaxes[each.id])
        for each in contexts
    )


NEGOTIABLE = (
    ("relational queries", True),
    ("combined matching of dates and times", True),
    ("fuzzy semantic matching of names of persons", True),
    ("adjustment of time zones", False),
    ("enhanced multi-frame image conversion", False),
)
"""What may be asked for, in the order of the bytes (PS3.4 tables C.5-1 and C.5-2), and whether it is done. Later bytes
(matching of empty and of several values) are not."""


@dataclass(frozen=True, slots=True)
class Ways:
    """In which ways questions of a class are answered on an association."""

    relational: bool = False
    combined: bool = False
    fuzzy: bool = False


def extended(what: Asked, contexts: Iterable[Context]) -> dict[str, bytes]:
    """Answers to SOP class extended negotiation of queries (PS3.4 C.5.1.1), as long as what was asked: 1 for what is
    asked for and `NEGOTIABLE`, to whoever asks."""
    asked = {each.abstract for each in contexts}
    queries = {each for each in asked if SERVED.get(each) is Service.FIND or each == REPOSITORY_QUERY}
    done = [done for _, done in NEGOTIABLE]
    return {
        uid: bytes(said[at] == 1 and at < len(done) and done[at] for at in range(len(said)))
        for uid, said in what.extended.items()
        if said and uid in queries
    }


def ways_agreed(answer: bytes) -> Ways:
    """What `extended` agreed to for a class; nothing is, where nothing was asked."""
    return Ways(*(each == 1 for each in answer[:3]))


def fits(context: Context, field: int) -> bool:
    """Whether that request belongs to the context's class. What a peer may ask for is settled with its contexts: by one
    of another class it would get past that."""
    if field == C_ECHO_RQ:
        return context.abstract == VERIFICATION
    if field == C_STORE_RQ:
        return context.serves and is_storage(context.abstract)
    if context.abstract in _INVENTORY:
        return field not in _ASKED or _INVENTORY[context.abstract] == field
    return field not in _ASKED or SERVED.get(context.abstract) is _ASKED[field]


@lru_cache(4096)  # of what peers make up there is no end
def is_storage(abstract: str) -> bool:
    """Of DICOM's own classes those that pynetdicom knows as storage; all that are not DICOM's own."""
    if not abstract.startswith(_DICOM):
        return True
    kind = uid_to_service_class(abstract)
    if issubclass(kind, StorageServiceClass | NonPatientObjectStorageServiceClass):
        return True
    return kind is ServiceClass and abstract.startswith(f"{_DICOM}5.1.4.1.1.")  # a storage class that is newer


def _one(each: Proposed, what: Asked, caller: Caller) -> Context | int:
    if is_storage(each.abstract):
        scu, scp = what.roles.get(each.abstract, (True, False))
        given = Service.INVENTORY if each.abstract == INVENTORY_STORAGE else Service.GET
        serves, requests = scu and caller.may(Service.STORE), scp and caller.may(given)
        if not (serves or requests):
            return NO_ABSTRACT_SYNTAX
        return Context(each.id, each.abstract, each.syntaxes[0], serves=serves, requests=requests)
    wanted = SERVED.get(each.abstract)
    if each.abstract != VERIFICATION and (wanted is None or not caller.may(wanted)):
        return NO_ABSTRACT_SYNTAX
    syntax = next((known for known in _READ if known in each.syntaxes), None)
    if syntax is None:
        return NO_TRANSFER_SYNTAX
    if each.abstract == COMMITMENT:  # whoever is its SCP reports to us
        scu, scp = what.roles.get(each.abstract, (True, False))
        return Context(each.id, each.abstract, syntax, serves=scu, requests=scp)
    return Context(each.id, each.abstract, syntax)
