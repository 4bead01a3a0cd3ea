"""What is asked for in A-ASSOCIATE-RQ and agreed in A-ASSOCIATE-AC (PS3.8 9.3, PS3.7 D.3), as values.

pynetdicom's PDU classes read the bytes; what is agreed to is decided elsewhere. They take 17 ms to read what `getscu`
asks for, 120 classes with their roles. A peer asks for the same again and again: what the last ones asked for is
remembered, but of nobody who said who he is.
"""

import logging
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pynetdicom.pdu import A_ASSOCIATE_AC, A_ASSOCIATE_RQ
from pynetdicom.pdu_primitives import (
    A_ASSOCIATE,
    ImplementationVersionNameNotification,
    MaximumLengthNotification,
    SCP_SCU_RoleSelectionNegotiation,
    SOPClassExtendedNegotiation,
    UserIdentityNegotiation,
)
from pynetdicom.presentation import PresentationContext

from dicom_gateway.protocol.errors import ProtocolBroken
from dicom_gateway.protocol.latest import Latest
from dicom_gateway.protocol.pdus import ASSOCIATE_AC, ASSOCIATE_RQ, INVALID_PARAMETER

APPLICATION = "1.2.840.10008.3.1.1.1"
IMPLEMENTATION_UID, IMPLEMENTATION_VERSION = "2.25.213886403402404806430236338098106410285", "EDM-ARCHIVE-1"
ACCEPTED, NO_ABSTRACT_SYNTAX, NO_TRANSFER_SYNTAX = 0, 3, 4  # PS3.8 Table 9-18


@dataclass(frozen=True, slots=True)
class Proposed:
    """A presentation context as it is asked for."""

    id: int
    abstract: str
    syntaxes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class UserIdentity:
    """PS3.7 D.3.3.7. `kind`: 1 user name, 2 with passcode, 3 Kerberos, 4 SAML, 5 JWT. Not to be written anywhere."""

    kind: int
    primary: bytes = field(repr=False)
    secondary: bytes = field(repr=False)
    answer_wanted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """`roles`: of the requestor, SCU and SCP, where it says them. `longest`: bytes of a PDU that it takes; 0 any,
    and where it is we who ask, `LARGEST`. `version`: of the protocol, a bit for each (PS3.8 9.3.2)."""

    calling: str
    called: str
    application: str = APPLICATION
    contexts: Sequence[Proposed] = ()
    roles: Mapping[str, tuple[bool, bool]] = field(default_factory=dict)
    extended: Mapping[str, bytes] = field(default_factory=dict)
    identity: UserIdentity | None = None
    longest: int = 0
    implementation: str = ""
    version: int = 1


@dataclass(frozen=True, slots=True)
class Context:
    """A presentation context that is agreed on; `serves`: we are its SCP, `requests`: we are its SCU."""

    id: int
    abstract: str
    syntax: str
    serves: bool = True
    requests: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreed:
    """`longest`: bytes of a PDU that the peer takes; 0 any."""

    contexts: Mapping[int, Context]
    longest: int
    extended: Mapping[str, bytes] = field(default_factory=dict)


def discreet() -> None:
    """From now on the libraries that read what strangers send do not repeat it in logs: both tell of each character
    that is not as it should be, with the whole value. Again changes nothing."""
    for name in ("pynetdicom", "pydicom"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    warnings.filterwarnings("ignore", "(Invalid value for VR|The value length)")


MOST_REMEMBERED = 32  # requests
# Bytes of a request: five times what `getscu` sends. What is read of one may be ten times as large (roles of thousands
# of classes), so that strangers make a process keep 11 MB of theirs at most.
LONGEST_REMEMBERED = 32 << 10
_requests: Latest[bytes, Asked] = Latest(MOST_REMEMBERED)


def asked(content: bytes | memoryview) -> Asked:
    """What the content of an A-ASSOCIATE-RQ asks for. Raises `ProtocolBroken`."""
    raw = bytes(content)
    if (known := _requests.get(raw)) is not None:
        return known
    found = _read(raw)
    if found.identity is None and len(raw) <= LONGEST_REMEMBERED:  # no passcode is kept
        _requests.keep(raw, found)
    return found


def _read(content: bytes) -> Asked:
    try:
        pdu = A_ASSOCIATE_RQ()
        pdu.decode(_whole(ASSOCIATE_RQ, content))
        found = pdu.to_primitive()
        contexts, said = _all_proposed(found.presentation_context_definition_list), _information(found)
        return Asked(
            calling=found.calling_ae_title.strip(),
            called=found.called_ae_title.strip(),
            application=str(found.application_context_name or ""),
            contexts=contexts,
            roles=said.roles,
            extended=said.extended,
            identity=said.identity,
            longest=said.longest,
            implementation=said.implementation,
            version=int(pdu.protocol_version),
        )
    except ProtocolBroken:
        raise
    except Exception:  # noqa: BLE001  whatever the library raises at bytes that are none
        raise ProtocolBroken(INVALID_PARAMETER) from None


def agreed(content: bytes | memoryview, what: Asked) -> Agreed:
    """What an A-ASSOCIATE-AC agrees to of `what`. Raises `ProtocolBroken`."""
    try:
        pdu = A_ASSOCIATE_AC()
        pdu.decode(_whole(ASSOCIATE_AC, content))
        found = pdu.to_primitive()
        said = _information(found)
        results = [
            (each.context_id, str(each.transfer_syntax[0]))
            for each in found.presentation_context_definition_results_list
            if each.result == ACCEPTED
        ]
    except ProtocolBroken:
        raise
    except Exception:  # noqa: BLE001  as above
        raise ProtocolBroken(INVALID_PARAMETER) from None
    contexts = {id: _context_agreed(what, said, id=id, syntax=syntax) for id, syntax in results if id is not None}  # noqa: A001
    return Agreed(contexts=contexts, longest=said.longest, extended=said.extended)


def _context_agreed(what: Asked, said: "_Said", *, id: int, syntax: str) -> Context:  # noqa: A002
    proposed = next((each for each in what.contexts if each.id == id), None)
    if proposed is None or syntax not in proposed.syntaxes:
        raise ProtocolBroken(INVALID_PARAMETER)
    default = True, False
    wanted = what.roles.get(proposed.abstract, default)
    given = said.roles.get(proposed.abstract, default)
    return Context(id, proposed.abstract, syntax, serves=wanted[1] and given[1], requests=wanted[0] and given[0])


@dataclass(slots=True)
class _Said:
    """User information (PS3.8 D.1, PS3.7 D.3.3)."""

    longest: int = 0
    implementation: str = ""
    identity: UserIdentity | None = None
    roles: dict[str, tuple[bool, bool]] = field(default_factory=dict)
    extended: dict[str, bytes] = field(default_factory=dict)


def _whole(kind: int, content: bytes | memoryview) -> bytes:
    return bytes((kind, 0)) + len(content).to_bytes(4, "big") + bytes(content)


def _all_proposed(contexts: Sequence[PresentationContext]) -> list[Proposed]:
    """Each with an id of its own (PS3.8 7.1.1.13)."""
    found = {each.id: each for each in map(_proposed, contexts)}
    if len(found) != len(contexts):
        raise ProtocolBroken(INVALID_PARAMETER)
    return list(found.values())


def _proposed(context: PresentationContext) -> Proposed:
    syntaxes = tuple(str(each) for each in context.transfer_syntax)
    if context.context_id is None or not context.abstract_syntax or not syntaxes:
        raise ProtocolBroken(INVALID_PARAMETER)
    return Proposed(context.context_id, str(context.abstract_syntax), syntaxes)


def _information(found: A_ASSOCIATE) -> _Said:
    said = _Said()
    for each in found.user_information:
        if isinstance(each, MaximumLengthNotification):
            said.longest = each.maximum_length_received
        elif isinstance(each, ImplementationVersionNameNotification):
            said.implementation = each.implementation_version_name or ""
        elif isinstance(each, SCP_SCU_RoleSelectionNegotiation):
            said.roles[str(each.sop_class_uid)] = bool(each.scu_role), bool(each.scp_role)
        elif isinstance(each, SOPClassExtendedNegotiation):
            said.extended[str(each.sop_class_uid)] = each.service_class_application_information or b""
        elif isinstance(each, UserIdentityNegotiation) and each.user_identity_type is not None:
            said.identity = UserIdentity(
                each.user_identity_type,
                each.primary_field or b"",
                each.secondary_field or b"",
                each.positive_response_requested,
            )
    if 0 < said.longest < _LEAST:
        raise ProtocolBroken(INVALID_PARAMETER)
    return said


_LEAST = 64  # bytes of a PDU: less would be a way to make much out of little
