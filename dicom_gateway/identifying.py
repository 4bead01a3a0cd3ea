"""User identity (PS3.7 D.3.3.7): what a peer says of whoever sits at it. It is noted, and widens nothing.

A user name is taken as it is said: the standard has nothing to verify it by, and a positive answer says that it was
heard. A passcode cannot be verified here: accounts of the archive have a second factor, for which it has no place; SAML
assertions and JWTs are verified at the HTTP door alone. These are noted too, and have no positive answer: whoever asks
for one then decides whether to go on without. A Kerberos ticket is refused: it wants an answer that only a service of
its realm could make.

What is noted is the kind and the SHA-256 of the name, assertion or token, as proof of which it was: never the value,
and nothing at all of a passcode.
"""

import hashlib
from dataclasses import dataclass

from dicom_gateway.protocol.negotiating import UserIdentity
from dicom_gateway.rejecting import Rejected, Why

USERNAME, PASSCODE, KERBEROS, SAML, JWT = 1, 2, 3, 4, 5
NOTED = {USERNAME: "username", PASSCODE: "username-with-passcode", SAML: "saml", JWT: "jwt"}
_ANSWERED = b""  # the server response to a user name has zero length (PS3.7 D.3.3.7.2)


@dataclass(frozen=True, slots=True)
class Noted:
    """`evidence`: for the identification of whoever calls. `answer`: to the peer; None where there is none."""

    evidence: str = ""
    answer: bytes | None = None


def noted(identity: UserIdentity | None) -> Noted:
    """What is noted of it, and answered. Raises `Rejected` for a kind that is not taken, and for one that is empty."""
    if identity is None:
        return Noted()
    kind = NOTED.get(identity.kind)
    if kind is None or not identity.primary:
        raise Rejected(Why.IDENTITY)
    evidence = f"user:{kind}:sha256:{hashlib.sha256(identity.primary).hexdigest()}"
    heard = identity.kind == USERNAME and identity.answer_wanted
    return Noted(evidence, _ANSWERED if heard else None)
