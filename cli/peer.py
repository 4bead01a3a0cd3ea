"""`edm-archive peer add | list | remove | echo`: DICOM peers that may call, and whether one answers.

An administrator registers and removes them; each is a deed, in force from the next association on.
"""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli import permitting
from cli.opening import opened, takeover_id
from cli.options import Json
from cli.peer_commit import commit_command, commitments_command
from cli.screen import heads, screen_of
from repository.access.purpose import Purpose
from repository.peers.peer import Service

if TYPE_CHECKING:
    from repository.peers.peer import Peer

verbs = typer.Typer(no_args_is_help=True, help="DICOM peers: who may call the archive, for what.")

Title = Annotated[str, typer.Argument(metavar="AE-TITLE", help="Of the peer, 1 to 16 characters.")]


@verbs.command("add")
def add_command(
    context: typer.Context,
    *,
    ae_title: Title,
    organisation: Annotated[
        str, typer.Option("--organisation", metavar="WHO", help="Whom it speaks for: RPWDL:…, REGON:…, NIP:…")
    ],
    name: Annotated[str, typer.Option("--name", help="Of the organisation, as accounts tell it.")],
    service: Annotated[list[Service], typer.Option("--service", help="What it may ask for; may be repeated.")],
    purpose: Annotated[Purpose, typer.Option("--purpose", help="What it reads for.")],
    basis: Annotated[
        str, typer.Option("--basis", metavar="CODE", help="The legal basis, where the purpose needs one.")
    ] = "",
    role: Annotated[str, typer.Option("--role", help="Of the organisation: provider, payer, authority.")] = "provider",
    address: Annotated[
        list[str] | None, typer.Option("--address", metavar="NETWORK", help="Where it calls from; else its --host.")
    ] = None,
    host: Annotated[str, typer.Option("--host", help="Where it listens.")] = "",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="At which port.")] = 0,
    tls: Annotated[bool, typer.Option("--tls", metavar="", help="It listens with TLS.")] = False,
    certificate: Annotated[
        str, typer.Option("--certificate", metavar="SHA256", help="Of the TLS certificate that it must show.")
    ] = "",
    takeover: Annotated[
        list[str] | None, typer.Option("--takeover", metavar="ID", help="It sees this one alone; may be repeated.")
    ] = None,
    as_json: Json = False,  # noqa: ARG001  the screen knows
) -> None:
    """Register a peer: it may call from now on. What it may read is decided for its organisation each time."""
    from repository.access.permission import GranteeKind
    from repository.access.principal import Organisation
    from repository.consents.errors import OptionUnreadable
    from repository.consents.grammar import grantee_of_words
    from repository.peers.peer import Peer
    from repository.peers.registering import register

    screen = screen_of(context)
    whom = permitting.read("--organisation", lambda: grantee_of_words(organisation))
    if whom.kind is not GranteeKind.ORGANISATION or whom.identifier is None:
        raise OptionUnreadable(option="--organisation")
    with opened(screen) as archive:
        by = permitting.administrator(archive, screen)
        made = Peer(
            ae_title=ae_title,
            organisation=Organisation(whom.identifier, name, role),
            services=frozenset(service),
            purpose=purpose,
            basis=basis,
            host=host,
            port=port,
            tls=tls,
            addresses=tuple(address or ()),
            certificate=certificate.replace(":", "").lower(),
            takeovers=tuple(takeover_id(archive, each) for each in takeover or ()),
        )
        known = register(archive, made, by=by)
    screen.answer(_as_row(known), en=f"Registered: {known.ae_title}", pl=f"Zarejestrowano: {known.ae_title}")


@verbs.command("list")
def list_command(
    context: typer.Context,
    as_json: Json = False,  # noqa: ARG001  the screen knows
) -> None:
    """All peers that may call now, and when each last did since the DICOM door was opened on this machine."""
    from dicom_gateway.measures import SEEN
    from repository.measuring import last_seen
    from repository.peers.registering import peers

    screen = screen_of(context)
    with opened(screen) as archive:
        permitting.administrator(archive, screen)
        found = peers(archive)
        seen = last_seen(archive.settings.home, SEEN)
    if screen.as_json:
        screen.json({"peers": [_as_row(each) | {"last_seen": seen.get(each.ae_title, "")} for each in found]})
        return
    if not found:
        screen.say(en="No peer is registered.", pl="Nie zarejestrowano żadnego węzła.")
        return
    screen.table(
        heads(
            ("AE title", "Tytuł AE"),
            ("Organisation", "Podmiot"),
            ("May", "Może"),
            ("For", "Cel"),
            ("At", "Adres"),
            ("Last call", "Ostatnio"),
        ),
        [
            [
                each.ae_title,
                each.organisation.name,
                " ".join(sorted(each.services)),
                each.purpose.value,
                _place(each),
                seen.get(each.ae_title, "")[:19] or "–",
            ]
            for each in found
        ],
    )


@verbs.command("remove")
def remove_command(
    context: typer.Context,
    *,
    ae_title: Title,
    as_json: Json = False,  # noqa: ARG001  the screen knows
) -> None:
    """The peer may not call any more; the journal keeps who it was."""
    from repository.peers.registering import remove

    screen = screen_of(context)
    with opened(screen) as archive:
        by = permitting.administrator(archive, screen)
        gone = remove(archive, ae_title, by=by)
    screen.answer(_as_row(gone), en=f"Removed: {gone.ae_title}", pl=f"Usunięto: {gone.ae_title}")


@verbs.command("echo")
@verbs.command("test")
def echo_command(
    context: typer.Context,
    *,
    ae_title: Title,
    as_json: Json = False,  # noqa: ARG001  the screen knows
) -> None:
    """Ask the peer for a C-ECHO, at the address where it listens."""
    import os

    from dicom_gateway.echoing import echo
    from dicom_gateway.settings import settings_of
    from repository.peers.errors import PeerUnknown
    from repository.peers.registering import registered

    screen, settings = screen_of(context), settings_of(os.environ)
    with opened(screen) as archive:
        permitting.administrator(archive, screen)
        known = registered(archive, ae_title)
    if known is None:
        raise PeerUnknown(ae_title=ae_title)
    milliseconds = round(echo(known, settings) * 1000, 1)
    screen.answer(
        {"ae_title": known.ae_title, "milliseconds": milliseconds},
        en=f"{known.ae_title} answers: {milliseconds} ms",
        pl=f"{known.ae_title} odpowiada: {milliseconds} ms",
    )


verbs.command("commit")(commit_command)
verbs.command("commitments")(commitments_command)


def _place(peer: "Peer") -> str:
    return f"{peer.host}:{peer.port}" if peer.host else ", ".join(peer.addresses)


def _as_row(peer: "Peer") -> dict[str, Any]:
    return {
        "ae_title": peer.ae_title,
        "organisation": permitting.words_of(peer.organisation.identifier),
        "name": peer.organisation.name,
        "services": sorted(each.value for each in peer.services),
        "purpose": peer.purpose.value,
        "basis": peer.basis,
        "host": peer.host,
        "port": peer.port,
        "tls": peer.tls,
        "addresses": list(peer.addresses),
        "certificate": peer.certificate,
        "takeovers": list(peer.takeovers),
    }
