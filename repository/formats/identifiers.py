"""What a Polish national identifier says of itself (PESEL: Dz.U.2010.1427 art. 15).

The archive never refuses an identifier: old and official example documents hold ones whose check digit is wrong.
"""

from datetime import date

from repository.domain.describing import PatientFacts
from repository.findings import Finding

PESEL_ROOT = "2.16.840.1.113883.3.4424.1.1.616"
_WEIGHTS = (1, 3, 7, 9, 1, 3, 7, 9, 1, 3)
_CENTURIES = {0: 1900, 20: 2000, 40: 2100, 60: 2200, 80: 1800}


def pesel_shaped(text: str) -> bool:
    return len(text) == 11 and text.isascii() and text.isdigit()


def pesel_checks(text: str) -> bool:
    """Whether the check digit of an 11-digit PESEL is right and its date exists."""
    total = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, text, strict=False))
    return (10 - total % 10) % 10 == int(text[10]) and bool(pesel_birth_date(text))


def pesel_birth_date(text: str) -> str:
    """The date of birth inside a PESEL as YYYYMMDD, empty where there is no such date."""
    month = int(text[2:4])
    try:
        born = date(_CENTURIES[month // 20 * 20] + int(text[:2]), month % 20, int(text[4:6]))
    except (KeyError, ValueError):
        return ""
    return born.strftime("%Y%m%d")


def pesel_findings(patient: PatientFacts) -> tuple[Finding, ...]:
    """Notes where a PESEL has not its form, its check digit is wrong, or it says another birth date or sex."""
    findings: list[Finding] = []
    for identifier in patient.identifiers:
        if identifier.root != PESEL_ROOT:
            continue
        number = identifier.extension
        if not pesel_shaped(number):
            findings.append(Finding("FMT-003"))
        elif not pesel_checks(number):
            findings.append(Finding("FMT-004"))
        else:
            born, sex = patient.birth_date[:8], "M" if int(number[9]) % 2 else "F"
            if (born and born != pesel_birth_date(number)) or (patient.sex in {"M", "F"} and patient.sex != sex):
                findings.append(Finding("FMT-005"))
    return tuple(findings)


def is_date(text: str) -> bool:
    """Whether the text is YYYYMMDD and such a day exists."""
    if len(text) != 8 or not (text.isascii() and text.isdigit()):
        return False
    try:
        date(int(text[:4]), int(text[4:6]), int(text[6:8]))
    except ValueError:
        return False
    return True
