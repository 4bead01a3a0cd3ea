"""The identity file: whom the operator lets speak for whom. HOME/identity.json, or what EDM_ARCHIVE_IDENTITY names.

`issuers` are identity providers and what their claims mean here, `clients` systems that sign in with a key of their own
(SMART Backend Services), `certificates` systems that are known by a TLS certificate. It is read strictly: a word that
is not known is refused, since a limit that is misspelt would be none. Without the file only local accounts sign in.
"""

from pathlib import Path
from stat import S_IWGRP, S_IWOTH
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from api.callers.errors import IdentityFileWrong
from api.callers.loopback import is_loopback
from repository.access.principal import Assurance, Organisation, PrincipalKind
from repository.access.purpose import Purpose
from repository.domain.describing import Identifier
from repository.domain.identifiers import NPWZ_DOCTOR_OID

FILE = "identity.json"  # in the home
LARGEST = 4 << 20
Name = Annotated[str, Field(min_length=1, max_length=500)]
Algorithm = Literal["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"]
Digest = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Body(_Strict):
    """An organisation."""

    root: Name
    extension: Name
    name: Name
    role: Name = "provider"

    @property
    def organisation(self) -> Organisation:
        return Organisation(Identifier(self.root, self.extension), self.name, self.role)


class Kind(_Strict):
    """What a role of an issuer is here. `npwz_root`: the register of that profession's licence numbers."""

    kind: PrincipalKind
    npwz_root: Name = NPWZ_DOCTOR_OID

    @model_validator(mode="after")
    def _nobody_is_the_archive(self) -> Self:
        if self.kind is PrincipalKind.ARCHIVE:
            raise ValueError("nobody signs in as the archive itself")
        return self


class ClaimNames(_Strict):
    """Which claim says what. A name that begins with / is a JSON pointer (RFC 6901): /realm_access/roles."""

    given_name: Name = "given_name"
    surname: Name = "family_name"
    role: Name = "role"
    npwz: Name = "npwz"
    pesel: Name = "pesel"
    organisation: Name = "organisation"
    acr: Name = "acr"


class Issuer(_Strict):
    """An identity provider. `organisations`: those that it may speak for, by what its claim says; `assurance`: by acr,
    "" for a token without one; `types`: of tokens, "at+jwt" alone unless told (RFC 9068 §4)."""

    issuer: Name
    audiences: Annotated[tuple[Name, ...], Field(min_length=1)]
    jwks_uri: str = ""  # discovered unless told (OpenID Connect Discovery 1.0 §4)
    ca: Path | None = None  # PEM file of the authority that its TLS certificate is of; the system's unless told
    algorithms: Annotated[tuple[Algorithm, ...], Field(min_length=1)] = ("RS256", "RS384", "ES256", "ES384", "PS256")
    types: Annotated[tuple[Literal["at+jwt", "JWT", ""], ...], Field(min_length=1)] = ("at+jwt",)
    claims: ClaimNames = ClaimNames()
    kinds: Annotated[dict[str, Kind], Field(min_length=1)]
    organisations: dict[str, Body] = {}
    assurance: Annotated[dict[str, Assurance], Field(min_length=1)]
    default_scopes: tuple[Name, ...] = ()  # of a token that says none that is known here

    @model_validator(mode="after")
    def _is_fetched_safely(self) -> Self:
        for address in filter(None, (self.issuer, self.jwks_uri)):
            require_safe(address)
        return self


class Client(_Strict):
    """A system with a key of its own: `jwks` here, or at `jwks_uri`."""

    client_id: Name
    jwks: dict[str, Any] | None = None
    jwks_uri: str = ""
    ca: Path | None = None
    kind: Literal[PrincipalKind.SYSTEM, PrincipalKind.ORGANISATION] = PrincipalKind.SYSTEM
    organisation: Body
    assurance: Assurance = Assurance.SUBSTANTIAL
    scopes: Annotated[tuple[Name, ...], Field(min_length=1)]
    purposes: tuple[Purpose, ...] | None = None

    @model_validator(mode="after")
    def _has_one_place_of_keys(self) -> Self:
        if (self.jwks is None) == (not self.jwks_uri):
            raise ValueError("a client has jwks or jwks_uri")
        if self.jwks_uri:
            require_safe(self.jwks_uri)
        return self


class Certificate(_Strict):
    """A system that is known by its TLS certificate: that one (`sha256` of its DER), or any that leads to the anchor of
    that SHA-256 and names that organisation (O), that organizationIdentifier, or both."""

    sha256: Digest | None = None
    anchor: Digest | None = None
    subject_organisation: str = ""
    subject_identifier: str = ""
    id: Name
    kind: Literal[PrincipalKind.SYSTEM, PrincipalKind.ORGANISATION] = PrincipalKind.SYSTEM
    organisation: Body
    assurance: Assurance = Assurance.SUBSTANTIAL
    scopes: tuple[Name, ...] | None = None
    purposes: tuple[Purpose, ...] | None = None

    @model_validator(mode="after")
    def _names_one_way(self) -> Self:
        by_name = self.anchor is not None and bool(self.subject_organisation or self.subject_identifier)
        if (self.sha256 is not None) == by_name or (self.sha256 and (self.anchor or self.subject_organisation)):
            raise ValueError("a certificate is known by sha256, or by anchor with subject_organisation or _identifier")
        return self


class Identities(_Strict):
    """What the file says."""

    format: Literal["edm-archive identity 1"] = "edm-archive identity 1"
    issuers: tuple[Issuer, ...] = ()
    clients: tuple[Client, ...] = ()
    certificates: tuple[Certificate, ...] = ()

    @model_validator(mode="after")
    def _says_nothing_twice(self) -> Self:
        for names in (
            [each.issuer for each in self.issuers],
            [each.client_id for each in self.clients],
            [each.sha256 for each in self.certificates if each.sha256],
            [each.id for each in self.certificates],
        ):
            if len(set(names)) != len(names):
                raise ValueError("an issuer, a client or a certificate is there twice")
        return self


def require_safe(address: str) -> None:
    """ValueError unless it is an https address, or an http one of this machine."""
    parts = urlsplit(address)
    safe = parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname or ""))
    if not safe or not parts.hostname or parts.username or parts.fragment:
        raise ValueError("not an https address")


def identities_at(home: Path, *, told: Path | None) -> Identities:
    """What the file that was `told` says, or else the one in the home, which may be missing. Raises
    `IdentityFileWrong`."""
    return read_identities(told or home / FILE, required=told is not None)


def read_identities(path: Path, *, required: bool) -> Identities:
    """What `path` says; nothing where it is not there and not `required`. Raises `IdentityFileWrong`."""
    try:
        if path.stat().st_mode & (S_IWOTH | S_IWGRP):
            raise IdentityFileWrong(path=str(path), reason="others may write to it")
        content = path.read_bytes()
    except FileNotFoundError:
        if required:
            raise IdentityFileWrong(path=str(path), reason="it is not there") from None
        return Identities()
    except OSError:
        raise IdentityFileWrong(path=str(path), reason="not readable") from None
    return identities_of(content, path=str(path))


def identities_of(content: bytes, *, path: str) -> Identities:
    """The identities that this JSON holds. Raises `IdentityFileWrong`."""
    if len(content) > LARGEST:
        raise IdentityFileWrong(path=path, reason="too large")
    try:
        return Identities.model_validate(orjson.loads(content))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise IdentityFileWrong(path=path, reason=f"{place}: {first['msg']}") from None
    except ValueError:
        raise IdentityFileWrong(path=path, reason="not JSON") from None
