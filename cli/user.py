"""`edm-archive user invite | accept | list | revoke | password | sign-in | sign-out | authorise |
unauthorise`: local accounts.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli import authorising, permitting, typed
from cli.identity import forget, keep, kept_token, noting, signed_in
from cli.invitation import as_answer, show_secret, tell_invitation
from cli.opening import opened
from cli.options import Json, Misused
from cli.screen import Screen, heads, screen_of
from repository.access.principal import Organisation, PrincipalKind
from repository.domain.describing import Identifier

if TYPE_CHECKING:
    from repository.people.inviting import Confirm
    from repository.runtime import Archive

verbs = typer.Typer(no_args_is_help=True, help="Local accounts: who may sign in.")

Name = Annotated[str, typer.Argument(metavar="NAME", help="The name to sign in with.")]
PasswordFile = Annotated[
    Path | None,
    typer.Option("--password-file", metavar="FILE", help="Holds the password; only you can read it."),
]
Totp = Annotated[str, typer.Option("--totp", metavar="CODE", help="The code that your device shows.")]
GivenName = Annotated[str, typer.Option("--given-name", metavar="TEXT", help="First name.")]
Surname = Annotated[str, typer.Option("--surname", metavar="TEXT", help="Surname.")]


@verbs.command("invite")
def invite_command(
    context: typer.Context,
    *,
    kind: Annotated[PrincipalKind, typer.Option("--kind", help="What the account is.")],
    given_name: GivenName = "",
    surname: Surname = "",
    role: Annotated[str, typer.Option("--role", metavar="TEXT", help="Role in the organisation.")] = "",
    npwz: Annotated[str, typer.Option("--npwz", metavar="NUMBER", help="Licence number of a medical worker.")] = "",
    identifier: Annotated[
        str, typer.Option("--identifier", metavar="NUMBER", help="PESEL:…, NPWZ:…, OID^NUMBER.")
    ] = "",
    organisation: Annotated[str, typer.Option("--organisation", metavar="NAME", help="Whom they work for.")] = "",
    organisation_id: Annotated[
        str, typer.Option("--organisation-id", metavar="NUMBER", help="Its own: RPWDL:…, REGON:…, OID^NUMBER.")
    ] = "",
    organisation_role: Annotated[
        str, typer.Option("--organisation-role", metavar="TEXT", help="provider, payer, authority, insurer, archive")
    ] = "provider",
    name: Annotated[str, typer.Option("--name", metavar="NAME", help="Name to sign in with; else they choose.")] = "",
    operator: Annotated[
        bool, typer.Option("--operator", metavar="", help="Invite by the key ring, where no administrator can sign in.")
    ] = False,
    as_json: Json = False,  # noqa: ARG001  the screen knows
) -> None:
    """Make an account that waits for its owner, and print the code that it is accepted with, once."""
    from repository.people.inviting import OPERATOR, invite

    screen = screen_of(context)
    if kind is PrincipalKind.ARCHIVE:
        raise Misused(en="--kind cannot be archive", pl="--kind nie może mieć wartości archive")
    house = _organisation(organisation, organisation_id, role=organisation_role)
    known = _identifier(identifier, "--identifier")
    with opened(screen) as archive:
        by = OPERATOR if operator else _signed_in(archive, screen, PrincipalKind.ADMINISTRATOR)
        made = invite(
            archive, kind=kind, given_name=given_name, surname=surname, role=role, npwz=npwz, by=by, name=name,
            identifier=known, organisation=house, note=noting(archive),
        )  # fmt: skip
    screen.json(as_answer(made)) if screen.as_json else tell_invitation(screen, made)


@verbs.command("accept")
def accept_command(
    context: typer.Context,
    *,
    name: Name,
    given_name: GivenName = "",
    surname: Surname = "",
    without_totp: Annotated[bool, typer.Option("--without-totp", metavar="", help="No codes, where allowed.")] = False,
    no_confirm: Annotated[bool, typer.Option("--no-confirm", metavar="", help="Do not ask for a first code.")] = False,
    password_file: PasswordFile = None,
    as_json: Json = False,  # noqa: ARG001  the screen knows
) -> None:
    """Take over an account: its invitation code and a password are asked for, its TOTP secret is shown once.

    Without a terminal they are read from standard input, a line each: code, password, first TOTP code.
    """
    from repository.people.inviting import accept, invited

    screen = screen_of(context)
    with opened(screen) as archive:
        code = typed.typed(screen, typed.INVITATION)
        if not (invited(archive, code).surname or surname) and typed.at_a_terminal():
            given_name = typed.typed(screen, typed.GIVEN_NAME, secret=False)
            surname = typed.typed(screen, typed.SURNAME, secret=False)
        secret = typed.password(screen, password_file, question=typed.NEW_PASSWORD, twice=True)
        done = accept(
            archive, code, name=name, password=secret, given_name=given_name, surname=surname,
            totp=not without_totp, confirm=None if no_confirm else _confirming(screen), note=noting(archive),
        )  # fmt: skip
    if screen.as_json:
        screen.json({"account": done.account, "name": done.name, "otpauth": done.otpauth})
        return
    if done.otpauth and no_confirm:
        show_secret(screen, done.otpauth)
    screen.say(
        en=f"The account {name} is yours.\nNext: edm-archive user sign-in {name}",
        pl=f"Konto {name} należy do Ciebie.\nDalej: edm-archive user sign-in {name}",
    )


@verbs.command("list")
def list_command(context: typer.Context, as_json: Json = False) -> None:  # noqa: ARG001  the screen knows
    """Show all accounts, for administrators and auditors."""
    from repository.people.keeping import people, told

    screen = screen_of(context)
    with opened(screen) as archive:
        _signed_in(archive, screen, PrincipalKind.ADMINISTRATOR, PrincipalKind.AUDITOR)
        found = people(archive)
    if screen.as_json:
        names = {one.account: one.shown for one in found}
        answers = (told(one) | {"invited_by_name": names.get(one.invited_by, "")} for one in found)
        screen.json_with_rows({"count": len(found)}, "people", answers)
        return
    titles = heads(("Name", "Nazwa"), ("Kind", "Rodzaj"), ("State", "Stan"), ("Person", "Osoba"), ("Until", "Do"))
    rows = [
        (one.shown, one.kind.value, one.state.value, f"{one.given_name} {one.surname}".strip() or "–",
         (one.locked_until or one.invitation_until)[:19] or "–")
        for one in found
    ]  # fmt: skip
    screen.table(titles, rows, whole=(0,))


@verbs.command("revoke")
def revoke_command(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Its name, or its account id.")],
    operator: Annotated[
        bool, typer.Option("--operator", metavar="", help="Revoke by the key ring, where no administrator can sign in.")
    ] = False,
    as_json: Json = False,  # noqa: ARG001  the screen knows
) -> None:
    """Take an account away for good: its sessions end now, its invitation is void, its name is never given again."""
    from repository.people.inviting import OPERATOR
    from repository.people.keeping import revoke, told

    screen = screen_of(context)
    with opened(screen) as archive:
        by = OPERATOR if operator else _signed_in(archive, screen, PrincipalKind.ADMINISTRATOR)
        gone = revoke(archive, name, by=by, note=noting(archive))
    screen.answer(
        told(gone),
        en="The account is revoked; its sessions are over.",
        pl="Konto unieważniono; jego sesje zakończono.",
    )


@verbs.command("password")
def password_command(
    context: typer.Context,
    *,
    name: Name,
    totp: Totp = "",
    password_file: PasswordFile = None,
    new_password_file: Annotated[
        Path | None, typer.Option("--new-password-file", metavar="FILE", help="Holds the new password.")
    ] = None,
    as_json: Json = False,  # noqa: ARG001  the screen knows
) -> None:
    """Change the password of your account; all its sessions end.

    Without a terminal and files: lines of standard input, the old password, the code unless --totp, the new password.
    """
    from repository.people.signing_in import change_password

    screen = screen_of(context)
    with opened(screen) as archive:
        old, code = _proof(screen, password_file, totp)
        new = typed.password(screen, new_password_file, question=typed.NEW_PASSWORD, twice=True)
        change_password(archive, name, old, new=new, totp=code, note=noting(archive))
    screen.answer(
        {"name": name, "changed": True},
        en=f"The password is changed and all sessions are over.\nNext: edm-archive user sign-in {name}",
        pl=f"Hasło zmieniono i zakończono wszystkie sesje.\nDalej: edm-archive user sign-in {name}",
    )


@verbs.command("sign-in")
def sign_in_command(
    context: typer.Context,
    *,
    name: Name,
    totp: Totp = "",
    password_file: PasswordFile = None,
    as_json: Json = False,  # noqa: ARG001  the screen knows
) -> None:
    """Sign in: the session is kept in EDM_ARCHIVE_SESSION_FILE (~/.config/edm-archive/session) for other commands.

    Without a terminal the password and, unless --totp, the code are lines of standard input.
    """
    from repository.clock import stamp
    from repository.people.sessions import IDLE, IDLE_OF_ADMINISTRATORS
    from repository.people.signing_in import sign_in

    screen = screen_of(context)
    with opened(screen) as archive:
        secret, code = _proof(screen, password_file, totp)
        session = sign_in(archive, name, secret, totp=code, note=noting(archive))
    file = keep(session.token)
    until = stamp(session.until)
    if screen.as_json:
        whose = {"account": session.account, "name": name}
        screen.json({**whose, "session": session.id, "until": until, "file": str(file)})
        return
    idle, idle_of_administrators = (int(each.total_seconds()) // 60 for each in (IDLE, IDLE_OF_ADMINISTRATORS))
    screen.say(
        en=f"Signed in as {name} until {until}, unless nothing is asked for {idle} minutes "
        f"(administrators: {idle_of_administrators}).",
        pl=f"Zalogowano jako {name} do {until}, chyba że przez {idle} minut o nic się nie zapyta "
        f"(administratorzy: {idle_of_administrators}).",
    )


@verbs.command("sign-out")
def sign_out_command(context: typer.Context, as_json: Json = False) -> None:  # noqa: ARG001  the screen knows
    """End the session that is kept here, and forget it."""
    from repository.people.errors import SessionOver
    from repository.people.sessions import sign_out

    screen = screen_of(context)
    with opened(screen) as archive:
        try:
            ended = sign_out(archive, kept_token(), note=noting(archive))
        except SessionOver:
            ended = ""
    forget()
    screen.answer({"session": ended}, en="Signed out.", pl="Wylogowano.")


verbs.command("authorise")(authorising.authorise_command)
verbs.command("unauthorise")(authorising.unauthorise_command)


def _confirming(screen: Screen) -> "Confirm":
    def confirm(uri: str) -> str:
        show_secret(screen, uri)
        return typed.typed(screen, typed.CONFIRMING)

    return confirm


def _proof(screen: Screen, file: Path | None, totp: str) -> tuple[str, str]:
    secret = typed.password(screen, file)
    return secret, totp or typed.typed(screen, typed.CODE)


def _signed_in(archive: "Archive", screen: Screen, *kinds: PrincipalKind) -> str:
    """The account id of who is signed in, if of one of these kinds. Raises `NotAllowed`."""
    from repository.people.keeping import require_kind

    return require_kind(signed_in(archive, screen), *kinds).id


def _organisation(name: str, id: str, *, role: str) -> Organisation | None:  # noqa: A002
    known = _identifier(id, "--organisation-id")
    if bool(name) != bool(known):
        raise Misused(
            en="--organisation and --organisation-id go together",
            pl="--organisation i --organisation-id podaje się razem",
        )
    return Organisation(known, name, role) if known else None


def _identifier(text: str, option: str) -> Identifier | None:
    """As `permitting.number_of` reads it, but no number that does not say of which register; OID:NUMBER as well."""
    root, colon, extension = text.partition(":")
    if text and not colon and "^" not in text:
        raise Misused(
            en=f"{option} does not say of which register its number is (as in RPWDL:… or OID^NUMBER)",
            pl=f"{option} nie podaje, z którego rejestru jest numer (jak w RPWDL:… albo OID^NUMER)",
        )
    if colon and extension and root.replace(".", "").isdecimal():
        return Identifier(root, extension)
    return permitting.number_of(option, text) if text else None
