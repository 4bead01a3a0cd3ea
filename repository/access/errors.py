"""What goes wrong before and beside a decision. A refusal itself says the same, whatever was refused and why."""

from storage.errors import ArchiveError, Text


class AccessRefused(ArchiveError):
    """Not there, or not for whoever asked: from outside there is no telling which. The account has the reason."""

    code = "ACC-001"
    exit_code = 10
    what = Text(
        en="Nothing of that name is available to you.",
        pl="Pod tą nazwą nic nie jest dla Ciebie dostępne.",
    )
    todo = Text(
        en="Check the name, the purpose and who is signed in. The attempt was accounted for.",
        pl="Sprawdź nazwę, cel i kto jest zalogowany. Próbę odnotowano.",
    )


class PermissionUnknown(ArchiveError):
    code = "ACC-002"
    exit_code = 2
    what = Text(
        en="There is no consent, objection or grant of that id that is still in force.",
        pl="Nie ma zgody, sprzeciwu ani uprawnienia o tym identyfikatorze, które jeszcze obowiązuje.",
    )
    todo = Text(
        en="Nothing was changed. List them with `edm-archive consent list` or `edm-archive grant list`.",
        pl="Niczego nie zmieniono. Wypisz je poleceniem `edm-archive consent list` lub `edm-archive grant list`.",
    )


class NothingToEnd(ArchiveError):
    code = "ACC-004"
    exit_code = 2
    what = Text(
        en="There is nothing of that id that still lasts.",
        pl="Nie ma nic o tym identyfikatorze, co jeszcze trwa.",
    )
    todo = Text(
        en="Nothing was changed. Relations are listed by `edm-archive relation list`; the id of an authorisation was "
        "printed when it was given.",
        pl="Niczego nie zmieniono. Relacje wypisuje `edm-archive relation list`; identyfikator upoważnienia podano "
        "przy jego nadaniu.",
    )


class RelationUnfit(ArchiveError):
    code = "ACC-006"
    exit_code = 2
    what = Text(
        en="Nobody is related to himself, and what ends before it begins is no relation.",
        pl="Nikt nie pozostaje w relacji z samym sobą, a to, co kończy się przed początkiem, nie jest relacją.",
    )
    todo = Text(
        en="Nothing was changed. Check the two identifiers and the two days.",
        pl="Niczego nie zmieniono. Sprawdź oba identyfikatory i oba dni.",
    )


class AuthorisationUnfit(ArchiveError):
    code = "ACC-005"
    exit_code = 2
    what = Text(
        en="An authorisation is for an administrator who has an account in use, for a reason in words and a time to "
        "come.",
        pl="Upoważnienie dotyczy administratora z czynnym kontem, z powodem podanym słowami i czasem w przyszłości.",
    )
    todo = Text(
        en="Nothing was changed. Check the name by `edm-archive user list`, the reason and the day.",
        pl="Niczego nie zmieniono. Sprawdź nazwę poleceniem `edm-archive user list`, powód i dzień.",
    )


class SecondPersonNeeded(ArchiveError):
    code = "ACC-003"
    exit_code = 2
    what = Text(
        en="This needs a second person: nobody may give it to himself.",
        pl="To wymaga drugiej osoby: nikt nie może nadać tego samemu sobie.",
    )
    todo = Text(
        en="Nothing was changed. Let another authorised person do it.",
        pl="Niczego nie zmieniono. Niech zrobi to inna uprawniona osoba.",
    )


class PurposeNeeded(ArchiveError):
    code = "ACC-007"
    exit_code = 2
    what = Text(
        en="Names of files may say whose they are: they are told for a purpose alone.",
        pl="Nazwy plików mogą mówić, czyje one są: podaje się je tylko w określonym celu.",
    )
    todo = Text(
        en="Sign in (`edm-archive user sign-in`) and say what for: `--purpose custody`, say.",
        pl="Zaloguj się (`edm-archive user sign-in`) i podaj cel, na przykład `--purpose custody`.",
    )
