"""Polish identifiers: what their digits prove, and the OIDs that say whose they are.

A check never changes a value and never raises: it says whether the structure and the checksum hold. Whoever keeps the
value keeps it as found. Sources: PESEL art. 15 of the population register act; REGON and NIP by their registers'
weights; NPWZ by the chamber of physicians; the book number by the register of medical activity (RPWDL).
"""

import re
from dataclasses import dataclass
from datetime import date

CEZ = "2.16.840.1.113883.3.4424"
PESEL_OID = f"{CEZ}.1.1.616"
NPWZ_PHARMACIST_OID = f"{CEZ}.1.6.1"
NPWZ_DOCTOR_OID = f"{CEZ}.1.6.2"
NPWZ_NURSE_OID = f"{CEZ}.1.6.3"
NPWZ_DIAGNOSTICIAN_OID = f"{CEZ}.1.6.4"
NPWZ_PHYSIOTHERAPIST_OID = f"{CEZ}.1.6.5"
NPWZ_OIDS = frozenset(
    {
        NPWZ_PHARMACIST_OID,
        NPWZ_DOCTOR_OID,
        NPWZ_NURSE_OID,
        NPWZ_DIAGNOSTICIAN_OID,
        NPWZ_PHYSIOTHERAPIST_OID,
    }
)
NIP_OID = f"{CEZ}.2.1"
REGON_9_OID = f"{CEZ}.2.2.1"
REGON_14_OID = f"{CEZ}.2.2.2"
PROVIDER_OID = f"{CEZ}.2.3.1"
UNIT_OID = f"{CEZ}.2.3.2"
CELL_OID = f"{CEZ}.2.3.3"
LOCAL_NODE_OID = f"{CEZ}.2.7"  # .{system}.17.1 is the local patient id of that system


def personal_id_oid(country: int) -> str:
    """The OID of the national personal id of a country (ISO 3166-1 numeric)."""
    return f"{CEZ}.1.1.{country}"


def identity_card_oid(country: int) -> str:
    return f"{CEZ}.1.2.{country}"


def passport_oid(country: int) -> str:
    return f"2.16.840.1.113883.4.330.{country}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """`well_formed`: length and characters are right; `checksum`: the check digit agrees (True where there is none)."""

    well_formed: bool
    checksum: bool

    @property
    def valid(self) -> bool:
        return self.well_formed and self.checksum


@dataclass(frozen=True, slots=True)
class PeselVerdict(Verdict):
    """`birth_date` (YYYYMMDD) and `sex` (M, F) are what the digits say; empty where they say nothing true.

    `placeholder`: eleven equal digits, which pass the checksum in part and are typed in place of a number.
    """

    birth_date: str = ""
    sex: str = ""
    placeholder: bool = False

    @property
    def valid(self) -> bool:
        return self.well_formed and self.checksum and bool(self.birth_date) and not self.placeholder


NOT_WELL_FORMED = Verdict(well_formed=False, checksum=False)
CENTURIES = {80: 1800, 0: 1900, 20: 2000, 40: 2100, 60: 2200}  # month offset → first year


def check_pesel(value: str) -> PeselVerdict:
    if not _digits(value, 11):
        return PeselVerdict(well_formed=False, checksum=False)
    check = -_weighed(value, (1, 3, 7, 9, 1, 3, 7, 9, 1, 3)) % 10
    return PeselVerdict(
        well_formed=True,
        checksum=check == int(value[10]),
        birth_date=_pesel_date(value),
        sex="FM"[int(value[9]) % 2],
        placeholder=len(set(value)) == 1,
    )


def check_regon(value: str) -> Verdict:
    """REGON of 9 digits (an entity) or 14 (its local unit, whose first nine are a REGON as well)."""
    if _digits(value, 9):
        return Verdict(well_formed=True, checksum=_regon_9(value))
    if _digits(value, 14):
        longer = _weighed(value, (2, 4, 8, 5, 0, 9, 7, 3, 6, 1, 2, 4, 8)) % 11 % 10
        return Verdict(well_formed=True, checksum=longer == int(value[13]) and _regon_9(value[:9]))
    return NOT_WELL_FORMED


def check_nip(value: str) -> Verdict:
    if not _digits(value, 10):
        return NOT_WELL_FORMED
    check = _weighed(value, (6, 5, 7, 2, 3, 4, 5, 6, 7)) % 11  # 10 is no digit: such a NIP is never given
    return Verdict(well_formed=True, checksum=check == int(value[9]))


def check_npwz_doctor(value: str) -> Verdict:
    """The licence number of a doctor or dentist: the check digit comes first and is never 0."""
    if not _digits(value, 7):
        return NOT_WELL_FORMED
    check = _weighed(value[1:], (1, 2, 3, 4, 5, 6)) % 11
    return Verdict(well_formed=True, checksum=value[0] != "0" and check == int(value[0]))


def check_npwz_nurse(value: str) -> Verdict:
    """The licence number of a nurse (P) or midwife (A). Its check rule is not public: the structure is all."""
    return Verdict(well_formed=re.fullmatch(r"[0-9]{7}[PA]", value) is not None, checksum=True)


_LICENCES = {NPWZ_DOCTOR_OID: check_npwz_doctor, NPWZ_NURSE_OID: check_npwz_nurse}


def can_be_licence(value: str, register: str = "") -> bool:
    """Whether a licence number can be one of the `register`. Where none is told, seven digits are a doctor's; of a
    number of which no rule is known here, anything can."""
    check = _LICENCES.get(register or (NPWZ_DOCTOR_OID if _digits(value, 7) else ""))
    return check is None or check(value).valid


def check_rpwdl_book(value: str) -> Verdict:
    """The register book number of a provider: 12 digits, zero-padded, without a check digit."""
    return Verdict(well_formed=_digits(value, 12), checksum=True)


def split_rpwdl(value: str) -> tuple[str, str]:
    """Book number and the unit's or cell's suffix (`000000190353-11`); both empty where it is no such number."""
    match = re.fullmatch(r"([0-9]{12})(?:-([0-9]{1,7}))?", value)
    return (match[1], match[2] or "") if match else ("", "")


def _digits(value: str, count: int) -> bool:
    return len(value) == count and value.isascii() and value.isdigit()


def _weighed(value: str, weights: tuple[int, ...]) -> int:
    return sum(int(digit) * weight for digit, weight in zip(value, weights, strict=False))


def _regon_9(value: str) -> bool:
    return _weighed(value, (8, 9, 2, 3, 4, 5, 6, 7)) % 11 % 10 == int(value[8])


def _pesel_date(value: str) -> str:
    offset, month = divmod(int(value[2:4]), 20)
    try:
        found = date(CENTURIES[offset * 20] + int(value[:2]), month, int(value[4:6]))
    except ValueError:
        return ""
    return found.strftime("%Y%m%d")
