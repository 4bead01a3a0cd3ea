"""What codes of accounts are called in reports: data, with the law they come from, in Polish and English."""

from collections.abc import Mapping

from repository.access.account import PERMITTED, REFUSED, Account
from repository.access.purpose import Purpose
from repository.access.subject import Operation
from storage.errors import Text

MANNERS: Mapping[str, Text] = {
    "view": Text(en="for viewing (art. 27(1)(1))", pl="do wglądu (art. 27 ust. 1 pkt 1)"),
    "extract": Text(en="an extract (art. 27(1)(2))", pl="wyciąg (art. 27 ust. 1 pkt 2)"),
    "copy": Text(en="a copy (art. 27(1)(2))", pl="odpis lub kopia (art. 27 ust. 1 pkt 2)"),
    "printout": Text(en="a printout (art. 27(1)(2))", pl="wydruk (art. 27 ust. 1 pkt 2)"),
    "original": Text(
        en="the original, against receipt (art. 27(1)(3))",
        pl="oryginał za pokwitowaniem odbioru (art. 27 ust. 1 pkt 3)",
    ),
    "electronic": Text(
        en="by electronic communication (art. 27(1)(4))",
        pl="za pośrednictwem środków komunikacji elektronicznej (art. 27 ust. 1 pkt 4)",
    ),
    "carrier": Text(
        en="on a data carrier (art. 27(1)(5))", pl="na informatycznym nośniku danych (art. 27 ust. 1 pkt 5)"
    ),
}
"""UPP art. 27(1), by `Account.manner`."""

PURPOSES: Mapping[str, Text] = {
    "": Text(en="none was said", pl="nie podano"),
    Purpose.TREATMENT: Text(en="treatment", pl="udzielanie świadczeń zdrowotnych"),
    Purpose.CONTINUITY: Text(en="continuity of care", pl="ciągłość leczenia"),
    Purpose.EMERGENCY: Text(en="threat to life (emergency)", pl="stan zagrożenia życia (tryb ratunkowy)"),
    Purpose.PATIENT_REQUEST: Text(en="at the patient's request", pl="na żądanie pacjenta"),
    Purpose.CUSTODY: Text(en="custody of the documentation", pl="przechowywanie dokumentacji"),
    Purpose.STATUTORY: Text(en="statutory duty", pl="obowiązek ustawowy"),
    Purpose.PAYER: Text(en="the payer's statutory tasks", pl="zadania ustawowe płatnika"),
    Purpose.AUDIT: Text(en="audit", pl="kontrola dostępu"),
    Purpose.MAINTENANCE: Text(en="maintenance", pl="utrzymanie systemu"),
}
OPERATIONS: Mapping[str, Text] = {
    Operation.SEARCH: Text(en="searched", pl="wyszukanie"),
    Operation.READ: Text(en="read", pl="odczyt"),
    Operation.EXPORT: Text(en="carried to another system", pl="przekazanie do innego systemu"),
    Operation.ACCOUNTS: Text(en="looked at accounts of access", pl="wgląd w zapisy dostępu"),
    Operation.UPKEEP: Text(en="upkeep by the archive", pl="utrzymanie przez archiwum"),
}
OUTCOMES: Mapping[str, Text] = {
    PERMITTED: Text(en="permitted", pl="udzielono"),
    REFUSED: Text(en="refused", pl="odmówiono"),
}
NOBODY_KNOWN = Text(en="of no known patient", pl="pacjent nieustalony")


def told(words: Mapping[str, Text], code: str) -> Text:
    """The text of a code; a code that has none stands for itself."""
    return words.get(code) or Text(en=code, pl=code)


def scope(account: Account) -> Text:
    """The part of the documentation that was meant: the narrowest thing that the account names."""
    where = f" [{account.takeover}]" if account.takeover else ""
    many = Text(en=f", items: {account.count}", pl=f", pozycji: {account.count}") if account.count else Text("", "")
    if account.document is not None:
        name = "^".join(part for part in (account.document.root, account.document.extension) if part)
        return Text(en=f"document {name}{where}", pl=f"dokument {name}{where}")
    if account.study:
        return Text(en=f"study {account.study}{many.en}{where}", pl=f"badanie {account.study}{many.pl}{where}")
    if account.ordinal:
        return Text(en=f"item {account.ordinal}{where}", pl=f"pozycja {account.ordinal}{where}")
    if account.patient and account.count:
        return Text(en=f"part of the record{many.en}{where}", pl=f"część dokumentacji{many.pl}{where}")
    if account.patient:
        return Text(en=f"the patient's record{where}", pl=f"dokumentacja pacjenta{where}")
    return Text(en=f"documentation{many.en}{where}", pl=f"dokumentacja{many.pl}{where}")
