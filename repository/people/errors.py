"""What can go wrong with accounts. Texts and fields never hold a name, a password, a code or a token.

ArchiveError
└─ PeopleError
   ├─ SignInRefused       whatever the cause: it is not told
   ├─ SessionOver         unknown, lapsed, or ended: it is not told
   ├─ InvitationRefused   unknown, used, revoked, or lapsed: it is not told
   ├─ NameRefused · NameTaken · NamesMissing · LicenceRefused
   ├─ PasswordRefused · PasswordGuessable · CodeNotConfirmed · TotpRequired
   ├─ PersonUnknown · AccountsExist
   └─ NotAllowed          the principal is of another kind than this needs
"""

from storage.errors import ArchiveError, Text

NOTHING_CHANGED = Text(en="Nothing was changed.", pl="Niczego nie zmieniono.")


class PeopleError(ArchiveError):
    code = "PPL-000"
    exit_code = 2
    kept = NOTHING_CHANGED
    what = Text(en="The account cannot be used so.", pl="Konta nie można tak użyć.")
    todo = Text(en="Ask an administrator of the archive.", pl="Zwróć się do administratora archiwum.")


class SignInRefused(PeopleError):
    code = "PPL-001"
    what = Text(en="Signing in was refused.", pl="Odmówiono zalogowania.")
    todo = Text(
        en="Check name, password and code. A code works once; after several failures an account waits, up to 15 min.",
        pl="Sprawdź nazwę, hasło i kod. Kod działa raz; po kilku nieudanych próbach konto czeka do 15 minut.",
    )


class SessionOver(PeopleError):
    code = "PPL-002"
    what = Text(en="There is no such session, or it is over.", pl="Nie ma takiej sesji albo się zakończyła.")
    todo = Text(en="Sign in: `edm-archive user sign-in`.", pl="Zaloguj się: `edm-archive user sign-in`.")


class InvitationRefused(PeopleError):
    code = "PPL-003"
    what = Text(en="This invitation cannot be accepted.", pl="Tego zaproszenia nie można przyjąć.")
    todo = Text(
        en="Check the code. It works once, until its last day; an administrator can make another invitation.",
        pl="Sprawdź kod. Działa raz i do dnia ważności; administrator może wystawić nowe zaproszenie.",
    )


class NameRefused(PeopleError):
    code = "PPL-004"
    what = Text(en="This name cannot be used to sign in.", pl="Tej nazwy nie można użyć do logowania.")
    todo = Text(
        en="Use 3 to 32 characters: a to z, digits, and . _ - between them; it begins with a letter. "
        "If the invitation was made for a name, it is that one.",
        pl="Użyj od 3 do 32 znaków: a–z, cyfr oraz . _ - między nimi; na początku litera. "
        "Jeśli zaproszenie wystawiono na nazwę, musi to być ta nazwa.",
    )


class NameTaken(PeopleError):
    code = "PPL-005"
    what = Text(en="This name belongs to an account, or did once.", pl="Ta nazwa należy albo należała do konta.")
    todo = Text(en="Choose another one.", pl="Wybierz inną.")


class NamesMissing(PeopleError):
    code = "PPL-006"
    what = Text(en="An account of a person needs first name and surname.", pl="Konto osoby wymaga imienia i nazwiska.")
    todo = Text(en="Give both: readings are accounted for by them.", pl="Podaj oba: odczyty są na nie rozliczane.")


class LicenceRefused(PeopleError):
    code = "PPL-015"
    what = Text(
        en="This is no number of a licence to practise: its digits contradict one another, or are too few or too many.",
        pl="To nie jest numer prawa wykonywania zawodu: jego cyfry są ze sobą sprzeczne albo jest ich za mało lub za "
        "dużo.",
    )
    todo = Text(
        en="Check the number. A doctor's has 7 digits, a nurse's or midwife's 7 digits and P or A.",
        pl="Sprawdź numer. Numer lekarza ma 7 cyfr, pielęgniarki lub położnej 7 cyfr oraz literę P lub A.",
    )


class PasswordRefused(PeopleError):
    code = "PPL-007"
    what = Text(en="This password is too short or too long.", pl="To hasło jest za krótkie albo za długie.")
    todo = Text(
        en="Use 12 characters or more, up to 1024 bytes; a sentence of several words is easy to keep.",
        pl="Użyj co najmniej 12 znaków, do 1024 bajtów; łatwo zapamiętać zdanie z kilku słów.",
    )


class PasswordGuessable(PasswordRefused):
    code = "PPL-013"
    what = Text(
        en="This password is among the first to be guessed.", pl="To hasło odgadnie się jako jedno z pierwszych."
    )
    todo = Text(
        en="Use no names, no repetitions and no rows of keys; a sentence of several words is easy to keep.",
        pl="Unikaj nazw, powtórzeń i ciągów klawiszy; łatwo zapamiętać zdanie z kilku słów.",
    )


class CodeNotConfirmed(PeopleError):
    code = "PPL-008"
    what = Text(en="The code is not that of the new secret.", pl="Kod nie pochodzi z nowego sekretu.")
    todo = Text(
        en="The invitation is still good: accept it again, and check the clock of the device that shows codes.",
        pl="Zaproszenie jest nadal ważne: przyjmij je ponownie i sprawdź zegar urządzenia pokazującego kody.",
    )


class TotpRequired(PeopleError):
    code = "PPL-009"
    what = Text(en="An account of this kind needs codes (TOTP).", pl="Konto tego rodzaju wymaga kodów (TOTP).")
    todo = Text(en="Accept the invitation without leaving them out.", pl="Przyjmij zaproszenie bez ich pomijania.")


class PersonUnknown(PeopleError):
    code = "PPL-010"
    what = Text(en="There is no such account.", pl="Nie ma takiego konta.")
    todo = Text(en="List the accounts with `edm-archive user list`.", pl="Wypisz konta: `edm-archive user list`.")


class AccountsExist(PeopleError):
    code = "PPL-011"
    what = Text(en="The archive has accounts already.", pl="Archiwum ma już konta.")
    todo = Text(
        en="An administrator invites others: `edm-archive user invite`. If none can sign in, see its `--operator`.",
        pl="Innych zaprasza administrator: `edm-archive user invite`. Gdy żaden nie może się zalogować: `--operator`.",
    )


class NotAllowed(PeopleError):
    code = "PPL-012"
    what = Text(en="Your account may not do this.", pl="Twoje konto nie może tego zrobić.")
    todo = Text(en="Ask an administrator of the archive.", pl="Zwróć się do administratora archiwum.")


class SessionUnknown(PeopleError):
    """One of the account's own sessions is meant by its id."""

    code = "PPL-014"
    what = Text(en="You have no session of that id that lasts.", pl="Nie masz trwającej sesji o tym identyfikatorze.")
    todo = Text(en="List your sessions again.", pl="Wypisz swoje sesje ponownie.")
