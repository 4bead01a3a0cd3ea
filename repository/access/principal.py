"""Who asks, and how we know: a principal with the evidence of its identity (R463-4.1).

Names and organisation are those of the moment: they are written into accounts as they were then (R463-10.3).
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from repository.domain.describing import Identifier


class PrincipalKind(StrEnum):
    MEDICAL_WORKER = "medical-worker"
    ORGANISATION = "organisation"  # a provider, successor, payer or authority that acts as such
    SYSTEM = "system"  # a peer: a PACS, a hospital system
    PATIENT = "patient"
    REPRESENTATIVE = "representative"  # statutory representative (przedstawiciel ustawowy)
    PERSON = "person"  # authorised by the patient, or close to a patient who has died
    ADMINISTRATOR = "administrator"
    AUDITOR = "auditor"
    SPECIAL_SERVICE = "special-service"  # § 10(2)-(3): ABW, AW, SKW, SWW, CBA
    ARCHIVE = "archive"  # the archive's own upkeep: no person reads


PEOPLE = frozenset(
    {
        PrincipalKind.MEDICAL_WORKER,
        PrincipalKind.PATIENT,
        PrincipalKind.REPRESENTATIVE,
        PrincipalKind.PERSON,
        PrincipalKind.ADMINISTRATOR,
        PrincipalKind.AUDITOR,
        PrincipalKind.SPECIAL_SERVICE,
    }
)
"""Kinds that are one human being, who has a first name and a surname."""


class Method(StrEnum):
    """How an identity was established."""

    QUALIFIED_CERTIFICATE = "qualified-certificate"
    TRUSTED_PROFILE = "trusted-profile"  # profil zaufany
    PERSONAL_SIGNATURE = "personal-signature"  # podpis osobisty
    OIDC = "oidc"
    MUTUAL_TLS = "mutual-tls"
    AE_TITLE = "ae-title"
    LOCAL_ACCOUNT = "local-account"
    PROCESS = "process"  # a process of the archive itself


class Assurance(StrEnum):
    """Levels of Regulation (EU) 910/2014 art. 8."""

    LOW = "low"
    SUBSTANTIAL = "substantial"
    HIGH = "high"

    @property
    def rank(self) -> int:
        return _RANKS[self]


_RANKS = {each: rank for rank, each in enumerate(Assurance)}  # made once: two decisions in three ask for it


@dataclass(frozen=True, slots=True)
class Identification:
    """The evidence of an identity. `evidence` is what can be looked up or shown again: the SHA-256 of a certificate,
    issuer and id of a token, the id of a session; never a secret. Valid from `at` until `until`."""

    method: Method
    assurance: Assurance
    evidence: str
    at: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Organisation:
    """A provider, an authority, the archive itself. `identifier` as RPWDL book (OID 2.16.840.1.113883.3.4424.2.3.1),
    REGON or another root; `role` says what it is for the rules: provider, payer, authority, insurer, archive."""

    identifier: Identifier
    name: str
    role: str = "provider"


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """`id` names it in this archive: an account's id, an AE title, an issuer and subject. `identifier` is the person's
    or worker's official one (PESEL, NPWZ), which decides what is its own."""

    kind: PrincipalKind
    id: str
    given_name: str = ""
    surname: str = ""
    role: str = ""
    npwz: str = ""
    identifier: Identifier | None = None
    organisation: Organisation | None = None
    identification: Identification | None = None
