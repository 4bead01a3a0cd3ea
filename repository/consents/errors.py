"""What can go wrong with consents, grants and protection as others write them. No text repeats a value.

ArchiveError (storage/errors.py)
├─ ConsentNotUnderstood     an element that may limit it is unknown or ill-formed: it is refused whole
├─ ConsentNotExpressible    a permission that FHIR Consent has no words for
├─ PermissionOfNothing      it could never be in force
├─ ApprovalOfNothing        a second person's approval that names no record or no time
├─ IdentifierUnfit          an identifier that names nobody in particular
├─ NotYoursToGive           the kind of account that is signed in may not do this
└─ OptionUnreadable         what was said under a name cannot be read, or is missing
"""

from storage.errors import ArchiveError, Text

NOTHING_RECORDED = Text(en="Nothing was recorded or changed.", pl="Niczego nie zapisano ani nie zmieniono.")


class ConsentError(ArchiveError):
    code = "CNS-000"
    exit_code = 2
    kept = NOTHING_RECORDED


class ConsentNotUnderstood(ConsentError):
    """`element` is a path such as `provision.actor[0].role`; `reason` says what is wrong, never the value."""

    code = "CNS-001"
    what = Text(
        en="The consent is not taken: {element} {reason}.",
        pl="Zgoda nie została przyjęta: {element} {reason}.",
    )
    todo = Text(
        en="What may limit a consent is never passed over. Have it issued without this element, or record it by hand "
        "with `edm-archive consent give`.",
        pl="Niczego, co może ograniczać zgodę, nie pomija się. Poproś o zgodę bez tego elementu albo zapisz ją "
        "ręcznie: `edm-archive consent give`.",
    )


class ConsentNotExpressible(ConsentError):
    code = "CNS-002"
    what = Text(
        en="This cannot be said as a FHIR Consent: {reason}.",
        pl="Tego nie da się wyrazić jako FHIR Consent: {reason}.",
    )
    todo = Text(
        en="Show it with `edm-archive consent show ID --json` instead.",
        pl="Zamiast tego użyj `edm-archive consent show ID --json`.",
    )


class PermissionOfNothing(ConsentError):
    code = "CNS-003"
    what = Text(
        en="This permission could never be in force: {reason}.",
        pl="Takie uprawnienie nigdy by nie obowiązywało: {reason}.",
    )
    todo = Text(
        en="Name a patient (by an identifier with its issuer), a purpose and a period.",
        pl="Podaj pacjenta (identyfikator wraz z wydawcą), cel i okres.",
    )


class ApprovalOfNothing(ConsentError):
    code = "CNS-004"
    what = Text(
        en="An approval is for one record and for a time: it names none.",
        pl="Zgoda drugiej osoby dotyczy jednej dokumentacji i okresu: nie podano ich.",
    )
    todo = Text(
        en="Name a takeover and the patient's number in it, or an identifier of the patient, and a time to come.",
        pl="Podaj przejęcie i numer pacjenta albo identyfikator pacjenta oraz przyszły termin.",
    )


class IdentifierUnfit(ConsentError):
    code = "CNS-005"
    what = Text(
        en="The identifier names nobody in particular: it has no issuer, or is a placeholder.",
        pl="Identyfikator nikogo nie wskazuje: brak wydawcy albo wpisano znaki zastępcze.",
    )
    todo = Text(
        en="Give it as OID^NUMBER, or a PESEL of 11 digits.",
        pl="Podaj go jako OID^NUMER albo jako PESEL z 11 cyfr.",
    )


class NotYoursToGive(ConsentError):
    code = "CNS-006"
    exit_code = 10
    what = Text(
        en="The account that is signed in may not do this.",
        pl="Zalogowane konto nie ma do tego prawa.",
    )
    todo = Text(
        en="Consents and grants are recorded by administrators, and by medical workers of the custodian for a takeover "
        "that they name (`--takeover`); protection and custody by administrators.",
        pl="Zgody i uprawnienia zapisują administratorzy, a pracownicy medyczni podmiotu przechowującego – dla "
        "wskazanego przejęcia (`--takeover`); ochronę i przechowywanie – administratorzy.",
    )


class OptionUnreadable(ConsentError):
    code = "CNS-007"
    what = Text(en="{option} cannot be read.", pl="Nie można odczytać {option}.")
    todo = Text(
        en="Identifiers are OID^NUMBER or a PESEL; of bodies RPWDL:NUMBER (12 digits) or REGON:NUMBER, of workers "
        "NPWZ:NUMBER, of systems SYSTEM:NAME; days are YYYY-MM-DD; times are ISO 8601 with a zone.",
        pl="Identyfikatory to OID^NUMER lub PESEL; podmiotów RPWDL:NUMER (12 cyfr) lub REGON:NUMER, pracowników "
        "NPWZ:NUMER, systemów SYSTEM:NAZWA; dni RRRR-MM-DD; czas według ISO 8601 ze strefą.",
    )
