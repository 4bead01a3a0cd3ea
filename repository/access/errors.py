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
