"""What every rendering of an account says in the same words: names, objects, and text that any reader can take."""

import unicodedata
from urllib.parse import quote, urlencode

from repository.access.account import Account
from repository.domain.describing import Identifier

NOBODY = "unidentified"
"""Stands for the id of whoever showed none: such an attempt is refused, and accounted for."""

_DETAILS = (
    "day", "hour", "door", "operation", "takeover", "ordinal", "study", "purpose", "basis", "reason", "evidence",
    "role", "npwz", "organisation", "organisation_role", "method", "assurance", "proof", "identified_at",
    "identified_until", "count", "rules", "rule", "manner",
)  # fmt: skip


def legible(text: str) -> str:
    """`text` on one line, as XML 1.0 and FHIR take it: line ends and tabs are spaces, whatever else is no character
    (controls, surrogates, noncharacters) is U+FFFD; nothing but space is nothing."""
    if text.isascii() and text.isprintable():
        return text.strip()
    return "".join(_plain(each) for each in text).strip()


def _plain(letter: str) -> str:
    if letter in "\t\n\r\x85\u2028\u2029":
        return " "
    number = ord(letter)
    unfit = unicodedata.category(letter) in ("Cc", "Cs") or number & 0xFFFE == 0xFFFE or 0xFDD0 <= number <= 0xFDEF
    return "\ufffd" if unfit else letter


def person(account: Account) -> str:
    """First name and surname, or the organisation where there is neither; empty where nothing is known."""
    return legible(f"{account.given_name} {account.surname}") or legible(account.organisation)


def patient_id(account: Account) -> str:
    """`TAKEOVER.NUMBER`, the id of the patient everywhere outside; empty where no one patient was meant."""
    takeover = legible(account.takeover)
    return f"{takeover}.{account.patient}" if takeover and account.patient else ""


def holding_id(account: Account) -> str:
    """`TAKEOVER/ORDINAL`; empty where no one holding was meant."""
    takeover = legible(account.takeover)
    return f"{takeover}/{account.ordinal}" if takeover and account.ordinal else ""


def pair(identifier: Identifier | None) -> str:
    return f"{identifier.root}|{identifier.extension}" if identifier else ""


def searched(account: Account) -> str:
    """What a search asked for, in the words of the account; in older ones, what it was about, as a query string."""
    if account.query:
        return account.query
    asked = {
        "takeover": account.takeover,
        "patient": patient_id(account),
        "holding": holding_id(account),
        "study": account.study,
        "document": pair(account.document),
    }
    known = {name: value.encode("utf-8", "backslashreplace") for name, value in asked.items() if value}
    return urlencode(known, quote_via=quote)


def details(account: Account) -> list[tuple[str, str]]:
    """Everything else that the account says, as (name, value), what is empty or 0 left out; values as they are.

    But for the official number of the person (PESEL): the id is enough for others, and the journal has the number.
    """
    found = [(name, str(getattr(account, name) or "")) for name in _DETAILS]
    found += [("organisation_id", pair(account.organisation_id)), ("document", pair(account.document))]
    found += [("reason_code", each) for each in account.reasons] + [("duty", each) for each in account.duties]
    return [(name, value) for name, value in found if value]
