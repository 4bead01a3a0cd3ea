"""Invitations and new secrets, told once: to a person or to a program."""

from typing import TYPE_CHECKING, Any

from cli.screen import Screen

if TYPE_CHECKING:
    from repository.people.inviting import Invitation


def as_answer(made: "Invitation") -> dict[str, Any]:
    """An invitation for a program."""
    from repository.clock import stamp

    return {"account": made.account, "code": made.code, "until": stamp(made.until)}


def tell_invitation(screen: Screen, made: "Invitation") -> None:
    """An invitation for a person, with what to do next."""
    from repository.clock import stamp

    until = stamp(made.until)
    screen.say(
        en=f"Invitation code, shown this once and good once, until {until}:\n\n  {made.code}\n\n"
        "Whom it is for accepts it with a name to sign in with: edm-archive user accept NAME",
        pl=f"Kod zaproszenia, pokazany tylko teraz, do jednorazowego użycia do {until}:\n\n  {made.code}\n\n"
        "Zaproszona osoba przyjmuje je, wybierając nazwę logowania: edm-archive user accept NAZWA",
    )


def show_secret(screen: Screen, uri: str) -> None:
    """On standard error where the answer is JSON."""
    show = screen.aside if screen.as_json else screen.say
    show(
        en=f"Put this into the application that shows your codes; it is shown this once:\n\n  {uri}\n",
        pl=f"Wprowadź to do aplikacji pokazującej kody; nie zostanie pokazane ponownie:\n\n  {uri}\n",
    )
