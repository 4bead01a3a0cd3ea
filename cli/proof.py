"""`edm-archive proof check | protocol | paper`: papers checked offline; no archive, no catalogue, no store is asked."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.options import Json
from cli.screen import Screen, screen_of
from storage.errors import ArchiveError, Text

if TYPE_CHECKING:
    from repository.evidence.proof import CheckedProof
    from repository.evidence.record import HoldingRecord

PAPERS = frozenset({"protocol", "register", "who-looked", "special-report"})
"""What is signed so that it can be checked by itself."""

Key = Annotated[str, typer.Option("--key", metavar="VERIFIER_KEY", help="The archive's public key.")]
KeyFile = Annotated[
    Path | None, typer.Option("--key-file", metavar="FILE", help="A file with it.  [EDM_ARCHIVE_HOME/log.pub]")
]

verbs = typer.Typer(no_args_is_help=True, help="Check what was given out, without the archive.")


class NothingToCheck(ArchiveError):
    code = "PRF-011"
    exit_code = 2
    what = Text(en="The file or the proof cannot be read.", pl="Nie można odczytać pliku lub dowodu.")
    kept = Text(en="Nothing was checked.", pl="Niczego nie sprawdzono.")
    todo = Text(en="Check both names and the permissions.", pl="Sprawdź obie nazwy i uprawnienia.")


@verbs.command("check")
def check_command(
    context: typer.Context,
    *,
    file: Annotated[Path, typer.Argument(metavar="FILE")],
    proof: Annotated[Path, typer.Argument(metavar="PROOF")],
    key: Key = "",
    key_file: KeyFile = None,
    as_json: Json = False,  # noqa: ARG001  the screen knows
) -> None:
    """Is FILE, bit for bit, what the archive took over? Exit code 0: yes; 5: no."""
    from repository.evidence.proof import LARGEST_PROOF, check

    screen, verifier = screen_of(context), _verifier(key, key_file)
    try:
        with proof.open("rb") as paper, file.open("rb") as stream:
            checked = check(stream, paper.read(LARGEST_PROOF + 1), [verifier])
    except OSError as error:
        raise NothingToCheck from error
    (_tell_programs if screen.as_json else _tell)(screen, checked, verifier)


@verbs.command("protocol")
def protocol_command(
    context: typer.Context,
    *,
    paper: Annotated[Path, typer.Argument(metavar="PROTOCOL")],
    key: Key = "",
    key_file: KeyFile = None,
    as_json: Json = False,  # noqa: ARG001  the screen knows
) -> None:
    """Did the archive sign PROTOCOL (JSON), and is it unchanged? Exit code 0: yes; 5: no."""
    screen = screen_of(context)
    protocol = _opened(_read(paper), purpose="protocol", key=key, key_file=key_file)
    takeover, verdict = protocol["takeover"]["id"], protocol["verdict"]
    if screen.as_json:
        screen.json({"holds": True, "archive": protocol["archive"], "takeover": takeover, "verdict": verdict})
        return
    screen.say(
        en=f"The archive {protocol['archive']} signed this protocol of takeover {takeover}: {verdict}.",
        pl=f"Archiwum {protocol['archive']} podpisało ten protokół przejęcia {takeover}: {verdict}.",
    )


@verbs.command("paper")
def paper_command(
    context: typer.Context,
    *,
    paper: Annotated[Path, typer.Argument(metavar="PAPER")],
    key: Key = "",
    key_file: KeyFile = None,
    as_json: Json = False,  # noqa: ARG001  the screen knows
) -> None:
    """Did the archive sign PAPER (a register, report or protocol in JSON), and is it unchanged? 0: yes; 5: no."""
    screen, signed = screen_of(context), _read(paper)
    purpose = _purpose(signed)
    value = _opened(signed, purpose=purpose, key=key, key_file=key_file)
    archive, issued, complete = value["archive"], value["issued_at"], value.get("complete_up_to", {})
    if screen.as_json:
        answer = {"holds": True, "purpose": purpose, "archive": archive, "issued_at": issued}
        screen.json(answer | {"complete_up_to": complete.get("number", 0)})
        return
    screen.say(
        en=f"The archive {archive} signed this paper ({purpose}) at {issued}, and it is unchanged.",
        pl=f"Archiwum {archive} podpisało ten dokument ({purpose}) {issued}; jest niezmieniony.",
    )
    if complete:
        number = complete["number"]
        screen.say(en=f"It is complete up to account {number}.", pl=f"Jest kompletny do zapisu {number}.")


def _read(paper: Path) -> bytes:
    try:
        return paper.read_bytes()
    except OSError as error:
        raise NothingToCheck from error


def _purpose(signed: bytes) -> str:
    """What the paper says that it is: the name beside its signature. Raises `PaperForged` for what says none."""
    from repository.canonical import NotCanonical, parse
    from repository.evidence.errors import PaperForged

    try:
        parts = parse(signed)
    except NotCanonical as error:
        raise PaperForged(purpose="paper") from error
    names = sorted(set(parts) - {"signature"}) if isinstance(parts, dict) else []
    if len(names) != 1 or names[0] not in PAPERS:
        raise PaperForged(purpose="paper")
    return str(names[0])


def _opened(signed: bytes, *, purpose: str, key: str, key_file: Path | None) -> Mapping[str, Any]:
    from repository.evidence.note import Verifier
    from repository.evidence.signing import opened

    return opened(signed, purpose=purpose, public_key=Verifier.parse(_verifier(key, key_file)).public)


def _verifier(key: str, key_file: Path | None) -> str:
    from cli.verifier_key import given

    return given(key, key_file, home=Path(os.environ.get("EDM_ARCHIVE_HOME") or "var/archive"))


def _tell_programs(screen: Screen, checked: "CheckedProof[HoldingRecord]", verifier: str) -> None:
    record = checked.record
    answer = {"holds": True, "archive": record.archive, "takeover": record.takeover, "ordinal": record.ordinal}
    answer |= {"received_at": record.at, "index": checked.index, "checkpoint_size": checked.checkpoint.size}
    screen.json(answer | {"key": verifier})


def _tell(screen: Screen, checked: "CheckedProof[HoldingRecord]", verifier: str) -> None:
    record = checked.record
    screen.say(
        en=f"The proof holds. The archive {record.archive} took this file over at {record.at}, bit for bit as it is.",
        pl=f"Dowód jest ważny. Archiwum {record.archive} przejęło ten plik {record.at}, co do bitu taki sam.",
    )
    screen.say(
        en=f"Takeover {record.takeover}, item {record.ordinal}; entry {checked.index} of {checked.checkpoint.size}.",
        pl=f"Przejęcie {record.takeover}, pozycja {record.ordinal}; wpis {checked.index} z {checked.checkpoint.size}.",
    )
    screen.say(en=f"Checked by the key {verifier}", pl=f"Sprawdzono kluczem {verifier}")
