"""Why a certificate is not trusted. `certificate` names it by the start of its SHA-256; a person is never named.

TrustError
├─ TrustEmpty             there is no anchor: nothing can be trusted
├─ TrustUnusable          a file of the trust folder cannot be relied on
├─ CertificateUnreadable · CertificateExpired · CertificateEarly
├─ IssuerUnknown          no way to an anchor
├─ LinkForged             the issuer of that name did not sign it
├─ IssuerUnfit            no authority, or not for so long a path
├─ PathTooLong
├─ ExtensionUnknown       a critical extension, or a constraint, that is not understood here
├─ AlgorithmWeak
├─ UseUnfit               not for signing, or not for the connection
├─ CertificateRevoked · RevocationUnknown · ListForged
└─ OrganisationUnnamed
"""

from storage.errors import ArchiveError, Text

_ANOTHER = Text(
    en="Nothing was accepted. Use a valid certificate, and hand in its intermediate certificates with it.",
    pl="Niczego nie przyjęto. Użyj ważnego certyfikatu i dołącz do niego certyfikaty pośrednie.",
)


class TrustError(ArchiveError):
    code = "TRU-000"
    exit_code = 5
    what = Text(en="The certificate is not trusted.", pl="Certyfikat nie jest zaufany.")
    todo = _ANOTHER


class TrustEmpty(TrustError):
    code = "TRU-001"
    exit_code = 2
    what = Text(
        en="No certificate can be trusted: there is no trust anchor in {folder}.",
        pl="Żaden certyfikat nie może być zaufany: w {folder} nie ma kotwicy zaufania.",
    )
    todo = Text(
        en="Put the certificates (PEM or DER) of the authorities that you trust there, then try again.",
        pl="Umieść tam certyfikaty (PEM lub DER) urzędów, którym ufasz, i spróbuj ponownie.",
    )


class TrustUnusable(TrustError):
    """`reason` is one of `Unusable`'s texts."""

    code = "TRU-002"
    exit_code = 2
    what = Text(
        en="The trust folder cannot be relied on because of {file} ({reason}).",
        pl="Na folderze zaufania nie można polegać z powodu pliku {file} ({reason}).",
    )
    todo = Text(
        en="Mend or remove that file, and let nobody else write there. Until then no certificate is trusted.",
        pl="Popraw lub usuń ten plik; inni nie mogą tam zapisywać. Do tego czasu nie ufa się żadnemu certyfikatowi.",
    )


class CertificateUnreadable(TrustError):
    code = "TRU-003"
    what = Text(en="The certificate cannot be read.", pl="Nie można odczytać certyfikatu.")


class CertificateExpired(TrustError):
    code = "TRU-004"
    what = Text(
        en="Certificate {certificate} had expired at that time.",
        pl="Certyfikat {certificate} był wtedy już nieważny (wygasł).",
    )


class CertificateEarly(TrustError):
    code = "TRU-005"
    what = Text(
        en="Certificate {certificate} was not yet valid at that time.",
        pl="Certyfikat {certificate} nie był wtedy jeszcze ważny.",
    )


class IssuerUnknown(TrustError):
    code = "TRU-006"
    what = Text(
        en="From certificate {certificate} no way leads to a trust anchor: its issuer is not known here.",
        pl="Od certyfikatu {certificate} żadna droga nie prowadzi do kotwicy zaufania: wystawca nie jest tu znany.",
    )
    todo = Text(
        en="Hand in its intermediate certificates with it. Whom to trust the operator decides: HOME/trust.",
        pl="Dołącz certyfikaty pośrednie. O tym, komu ufać, decyduje operator: HOME/trust.",
    )


class LinkForged(TrustError):
    code = "TRU-007"
    what = Text(
        en="Certificate {certificate} was not signed by the authority whose name it bears as its issuer.",
        pl="Certyfikatu {certificate} nie podpisał urząd wskazany w nim jako wystawca.",
    )


class IssuerUnfit(TrustError):
    code = "TRU-008"
    what = Text(
        en="Certificate {certificate} may not issue this one: it is no authority, or not for so long a path.",
        pl="Certyfikatem {certificate} nie wolno wystawić tego: nie jest urzędem lub ścieżka jest za długa.",
    )


class PathTooLong(TrustError):
    """Or so many ways that looking for one was given up."""

    code = "TRU-009"
    what = Text(
        en="No trust anchor was found within {limit} certificates.",
        pl="W obrębie {limit} certyfikatów nie znaleziono kotwicy zaufania.",
    )


class ExtensionUnknown(TrustError):
    code = "TRU-010"
    what = Text(
        en="Certificate {certificate} sets a condition that is not understood here (extension {extension}).",
        pl="Certyfikat {certificate} stawia warunek, którego program nie rozumie (rozszerzenie {extension}).",
    )


class AlgorithmWeak(TrustError):
    """Of a certificate or of a revocation list: neither SHA-2 or EdDSA, nor RSA of 2048 bits or a curve of 256."""

    code = "TRU-011"
    what = Text(
        en="{certificate} rests on an algorithm or a key that is too weak, or not known here.",
        pl="{certificate} opiera się na algorytmie lub kluczu zbyt słabym albo tu nieznanym.",
    )


class UseUnfit(TrustError):
    code = "TRU-012"
    what = Text(
        en="Certificate {certificate} was not issued for this use.",
        pl="Certyfikatu {certificate} nie wystawiono do takiego użycia.",
    )


class CertificateRevoked(TrustError):
    code = "TRU-013"
    what = Text(
        en="Certificate {certificate} had been revoked or suspended.",
        pl="Certyfikat {certificate} był unieważniony lub zawieszony.",
    )


class RevocationUnknown(TrustError):
    """Only where lists are required. `standing`: no-list or stale."""

    code = "TRU-014"
    what = Text(
        en="Whether certificate {certificate} was revoked is not known ({standing}), and has to be.",
        pl="Nie wiadomo, czy certyfikat {certificate} unieważniono ({standing}), a jest to wymagane.",
    )
    todo = Text(
        en="Fetch its issuer's current revocation list (CRL) into HOME/trust/crl, then try again.",
        pl="Pobierz aktualną listę unieważnień (CRL) wystawcy do HOME/trust/crl i spróbuj ponownie.",
    )


class ListForged(TrustError):
    """`sha256` of the list."""

    code = "TRU-015"
    what = Text(
        en="The revocation list {sha256} was not signed by the authority whose name it bears.",
        pl="Listy unieważnień {sha256} nie podpisał urząd w niej wskazany.",
    )
    todo = Text(
        en="Find out how it came into HOME/trust/crl, and put the authority's own list in its place.",
        pl="Ustal, jak trafiła do HOME/trust/crl, i zastąp ją listą pochodzącą od urzędu.",
    )


class OrganisationUnnamed(TrustError):
    code = "TRU-016"
    what = Text(
        en="Certificate {certificate} names no organisation.",
        pl="Certyfikat {certificate} nie wskazuje organizacji.",
    )
