"""How people write consents in tables and on the command line: short words that are understood whole or not at all.

who        RPWDL:000000190353 · REGON:… · NIP:… · NPWZ:… · PESEL:… · ORGANISATION:OID^NUMBER · PERSON:OID^NUMBER ·
           SYSTEM:PEER · ANYBODY
scope      ALL, or limits parted by |, all of which hold; limits of one kind are alternatives:
           DOCUMENT:OID^NUMBER · CLASS:CODE · EVENT:OID^NUMBER · STUDY:UID · SPECIALTY:CODE · FROM:DAY · TO:DAY
purposes   TREATMENT|CONTINUITY|…; ALL for an objection
"""

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime

from repository.access.identity import names
from repository.access.permission import Grantee, GranteeKind, Grantor, PermissionKind
from repository.access.purpose import Purpose
from repository.access.subject import Scope
from repository.accounting.fhir_dates import interval
from repository.domain.describing import Identifier
from repository.domain.identifiers import (
    NIP_OID,
    NPWZ_DOCTOR_OID,
    NPWZ_NURSE_OID,
    PESEL_OID,
    PROVIDER_OID,
    REGON_9_OID,
    REGON_14_OID,
    check_nip,
    check_npwz_doctor,
    check_npwz_nurse,
    check_pesel,
    check_regon,
    check_rpwdl_book,
)

_OID = re.compile(r"[0-2](\.(0|[1-9][0-9]*))+")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_UID = re.compile(r"[0-9]+(\.[0-9]+)+")
_CAPACITIES = {
    PermissionKind.CONSENT: frozenset({"patient", "representative", "court"}),
    PermissionKind.OBJECTION: frozenset({"patient", "representative", "court"}),
    PermissionKind.GRANT: frozenset({"custodian", "administrator", "court"}),
}


def identifier_of_words(text: str) -> Identifier:
    """OID^NUMBER, or a PESEL of 11 digits. ValueError for anything else."""
    root, mark, extension = text.strip().rpartition("^")
    if not mark:
        return Identifier(PESEL_OID, _pesel(extension))
    if not _OID.fullmatch(root) or not names(Identifier(root, extension)) or not extension.isprintable():
        raise ValueError("not an identifier")
    return Identifier(root, extension)


def grantee_of_words(text: str, *, name: str = "") -> Grantee:
    """ValueError for what names nobody."""
    prefix, mark, rest = text.strip().partition(":")
    prefix = prefix.upper()
    if prefix in {"ANYBODY", "ALL"} and not mark:
        return Grantee(GranteeKind.ANYBODY)
    if prefix == "SYSTEM" and rest.strip():
        return Grantee(GranteeKind.SYSTEM, Identifier("", rest.strip()), name)
    if prefix in {"ORGANISATION", "PERSON"}:
        return Grantee(GranteeKind[prefix], identifier_of_words(rest), name)
    kind = GranteeKind.PERSON if prefix in {"NPWZ", "PESEL"} else GranteeKind.ORGANISATION
    return Grantee(kind, _numbered(prefix, rest.strip()), name)


def _numbered(prefix: str, number: str) -> Identifier:
    known: Mapping[str, tuple[tuple[str, bool], ...]] = {
        "RPWDL": ((PROVIDER_OID, check_rpwdl_book(number).valid),),
        "REGON": ((REGON_9_OID if len(number) == 9 else REGON_14_OID, check_regon(number).valid),),
        "NIP": ((NIP_OID, check_nip(number).valid),),
        "PESEL": ((PESEL_OID, check_pesel(number).valid),),
        "NPWZ": (
            (NPWZ_DOCTOR_OID, check_npwz_doctor(number).valid),
            (NPWZ_NURSE_OID, check_npwz_nurse(number).valid),
        ),
    }
    for root, holds in known.get(prefix, ()):
        if holds:
            return Identifier(root, number)
    raise ValueError("not a number of that kind")


def grantor_of_words(text: str, kind: PermissionKind, *, patient: Identifier | None, name: str = "") -> Grantor:
    """CAPACITY, or CAPACITY:IDENTIFIER; only those who may give a permission of that kind. ValueError otherwise."""
    word, mark, rest = text.strip().partition(":")
    capacity = word.lower()
    if capacity not in _CAPACITIES[kind]:
        raise ValueError("not who may give it")
    if mark:
        return Grantor(capacity, name, identifier_of_words(rest))
    return Grantor(capacity, name, patient if capacity == "patient" else None)


def purposes_of_words(text: str, kind: PermissionKind) -> frozenset[Purpose]:
    """ValueError for a word that is none, and for no purpose where one must be said."""
    if kind is PermissionKind.OBJECTION and text.strip().upper() == "ALL":
        return frozenset()
    return frozenset(Purpose(word.strip().lower().replace("_", "-")) for word in text.split("|"))


def scope_of_words(text: str) -> Scope:
    """ValueError for a limit that is not understood: none is passed over."""
    found: dict[str, list[str]] = {}
    for word in [] if text.strip().upper() == "ALL" else text.split("|"):
        name, mark, value = word.strip().partition(":")
        if not mark or not value.strip():
            raise ValueError("not a limit")
        found.setdefault(name.upper(), []).append(value.strip())
    return scope_of_limits(found)


def scope_of_limits(limits: Mapping[str, list[str]]) -> Scope:
    """Limits by kind (DOCUMENT, CLASS, EVENT, STUDY, SPECIALTY, FROM, TO)."""
    if not _KINDS.issuperset(limits) or any(len(limits.get(name, ())) > 1 for name in ("FROM", "TO")):
        raise ValueError("not a limit")
    first, last = _day(limits.get("FROM")), _day(limits.get("TO"))
    if first and last and last < first:
        raise ValueError("ends before it begins")
    if not all(_UID.fullmatch(uid) for uid in limits.get("STUDY", ())):
        raise ValueError("not a UID")
    return Scope(
        documents=_each(limits, "DOCUMENT", identifier_of_words),
        classes=tuple(limits.get("CLASS", ())),
        events=_each(limits, "EVENT", identifier_of_words),
        studies=tuple(limits.get("STUDY", ())),
        specialties=tuple(limits.get("SPECIALTY", ())),
        first_day=first,
        last_day=last,
    )


_KINDS = frozenset({"DOCUMENT", "CLASS", "EVENT", "STUDY", "SPECIALTY", "FROM", "TO"})


def day_of_words(text: str) -> tuple[datetime, datetime]:
    """The first moment of a day in Poland (YYYY-MM-DD), and the first after it. ValueError for anything else."""
    if not _DAY.fullmatch(text.strip()):
        raise ValueError("not a day")
    first, after = interval(f"eq{text.strip()}")
    return datetime.fromisoformat(first), datetime.fromisoformat(after)


def _each(limits: Mapping[str, list[str]], kind: str, read: Callable[[str], Identifier]) -> tuple[Identifier, ...]:
    return tuple(read(value) for value in limits.get(kind, ()))


def _day(values: list[str] | None) -> str:
    if not values:
        return ""
    if not _DAY.fullmatch(values[0]):
        raise ValueError("not a day")
    return date.fromisoformat(values[0]).strftime("%Y%m%d").zfill(8)


def _pesel(number: str) -> str:
    if not check_pesel(number).valid:
        raise ValueError("not a PESEL")
    return number
