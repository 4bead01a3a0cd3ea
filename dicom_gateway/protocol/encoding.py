"""A-ASSOCIATE-RQ and A-ASSOCIATE-AC as bytes (PS3.8 9.3.2, 9.3.3), written by pynetdicom's PDU classes.

An answer to 120 classes with their roles takes 8 ms: the last ones are remembered, but for those that answer somebody's
identity.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from pynetdicom.pdu import A_ASSOCIATE_AC, A_ASSOCIATE_RQ
from pynetdicom.pdu_primitives import (
    A_ASSOCIATE,
    ImplementationClassUIDNotification,
    ImplementationVersionNameNotification,
    MaximumLengthNotification,
    SCP_SCU_RoleSelectionNegotiation,
    SOPClassExtendedNegotiation,
    UserIdentityNegotiation,
)
from pynetdicom.presentation import PresentationContext

from dicom_gateway.protocol.negotiating import (
    ACCEPTED,
    APPLICATION,
    IMPLEMENTATION_UID,
    IMPLEMENTATION_VERSION,
    Asked,
    Context,
)
from dicom_gateway.protocol.pdus import LARGEST

MOST_REMEMBERED = 64  # answers
_Own = MaximumLengthNotification | ImplementationClassUIDNotification | ImplementationVersionNameNotification


def acceptance(
    what: Asked,
    contexts: Sequence[Context],
    *,
    refused: Mapping[int, int],
    extended: Mapping[str, bytes],
    identity: bytes | None = None,
    longest: int = LARGEST,
) -> bytes:
    """The A-ASSOCIATE-AC. `refused`: reasons by context id. `identity`: the answer to a user identity. `longest`: bytes
    of a PDU that we take."""
    agreed = {each.id: each for each in contexts}
    spoken = {each.abstract: each for each in contexts if each.abstract in what.roles}
    answer = _Answer(
        calling=what.calling,
        called=what.called,
        results=tuple(
            (each.id, each.abstract, agreed[each.id].syntax, ACCEPTED)
            if each.id in agreed
            else (each.id, each.abstract, each.syntaxes[0], refused[each.id])
            for each in what.contexts
        ),
        roles=tuple((uid, each.serves, each.requests) for uid, each in spoken.items()),
        extended=tuple(extended.items()),
        identity=identity,
        longest=longest,
    )
    return _written(answer) if identity is None else _written.__wrapped__(answer)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    """All that an A-ASSOCIATE-AC says. `results`: id, class, syntax, reason; `roles`: class, SCU, SCP."""

    calling: str
    called: str
    results: tuple[tuple[int, str, str, int], ...]
    roles: tuple[tuple[str, bool, bool], ...]
    extended: tuple[tuple[str, bytes], ...]
    identity: bytes | None
    longest: int


@lru_cache(MOST_REMEMBERED)
def _written(answer: _Answer) -> bytes:
    primitive = A_ASSOCIATE()
    primitive.application_context_name = APPLICATION
    primitive.calling_ae_title, primitive.called_ae_title = answer.calling, answer.called
    primitive.result, primitive.result_source = 0, 1
    results = []
    for id, abstract, syntax, reason in answer.results:  # noqa: A001
        made = _context(id, abstract, (syntax,))
        made.result = reason
        results.append(made)
    primitive.presentation_context_definition_results_list = results
    primitive.user_information = [
        *_own_information(answer.longest),
        *(_role(uid, scu=scu, scp=scp) for uid, scu, scp in answer.roles),
        *_extended(dict(answer.extended)),
        *([_identity_answer(answer.identity)] if answer.identity is not None else []),
    ]
    return _encoded(A_ASSOCIATE_AC(primitive))


def request(what: Asked) -> bytes:
    """The A-ASSOCIATE-RQ that asks for `what`."""
    primitive = A_ASSOCIATE()
    primitive.application_context_name = APPLICATION
    primitive.calling_ae_title, primitive.called_ae_title = what.calling, what.called
    primitive.presentation_context_definition_list = [
        _context(each.id, each.abstract, each.syntaxes) for each in what.contexts
    ]
    roles = [_role(uid, scu=scu, scp=scp) for uid, (scu, scp) in what.roles.items()]
    primitive.user_information = [*_own_information(what.longest or LARGEST), *roles, *_extended(what.extended)]
    return _encoded(A_ASSOCIATE_RQ(primitive))


def _context(id: int, abstract: str, syntaxes: Sequence[str]) -> PresentationContext:  # noqa: A002
    made = PresentationContext()
    made.context_id, made.abstract_syntax = id, abstract
    for each in syntaxes:
        made.add_transfer_syntax(each)
    return made


def _own_information(most: int = LARGEST) -> list[_Own]:
    longest, implementation = MaximumLengthNotification(), ImplementationClassUIDNotification()
    version = ImplementationVersionNameNotification()
    longest.maximum_length_received = most
    implementation.implementation_class_uid = IMPLEMENTATION_UID
    version.implementation_version_name = IMPLEMENTATION_VERSION
    return [longest, implementation, version]


def _role(uid: str, *, scu: bool, scp: bool) -> SCP_SCU_RoleSelectionNegotiation:
    """Of the requestor."""
    made = SCP_SCU_RoleSelectionNegotiation()
    made.sop_class_uid, made.scu_role, made.scp_role = uid, scu, scp
    return made


def _extended(information: Mapping[str, bytes]) -> list[SOPClassExtendedNegotiation]:
    found = []
    for uid, content in information.items():
        made = SOPClassExtendedNegotiation()
        made.sop_class_uid, made.service_class_application_information = uid, content
        found.append(made)
    return found


def _identity_answer(content: bytes) -> UserIdentityNegotiation:
    made = UserIdentityNegotiation()
    made.server_response = content
    return made


def _encoded(pdu: A_ASSOCIATE_AC | A_ASSOCIATE_RQ) -> bytes:
    return bytes(pdu.encode())
