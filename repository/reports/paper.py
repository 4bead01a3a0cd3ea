"""Reports as papers: signed JSON that is what counts, and CSV and a page that show it.

The paper is canonical JSON under the name of its purpose (`repository/evidence/signing.py`). All papers say which
archive made them, when, about what, and up to which account and checkpoint they are complete.
"""

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from repository.access.account import Account
from repository.accounting.csv_export import FORMULA
from repository.clock import stamp
from repository.evidence.signing import signed
from repository.reports.asking import Complete, Period
from repository.runtime import Archive
from storage.errors import Text

Json = dict[str, Any]


class PaperForm(StrEnum):
    JSON = "json"  # the signed paper itself
    CSV = "csv"
    HTML = "html"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of report: `purpose` is what it is signed as; `columns` are (name in the paper, heading)."""

    purpose: str
    title: Text
    law: Text
    columns: tuple[tuple[str, Text], ...]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(name for name, _ in self.columns)


@dataclass(frozen=True, slots=True)
class Paper:
    """`value` is what was signed, `signed` the paper as it is handed out. `cells` shows a row to people."""

    kind: Kind
    value: Json
    signed: bytes
    cells: tuple[tuple[str, ...], ...]


def draw_up(
    archive: Archive, kind: Kind, *, about: Json, period: Period, complete: Complete, rows: Sequence[Json],
    cells: Sequence[tuple[str, ...]], more: Json | None = None,
) -> Paper:  # fmt: skip
    """The report with these rows, signed by the archive."""
    value: Json = {
        "format": f"edm-archive {kind.purpose} 1",
        "archive": archive.id.hex,
        "issued_at": stamp(archive.clock()),
        "about": about,
        "period": period.as_json(),
        "complete_up_to": complete.as_json(),
        "columns": list(kind.names),
        "rows": list(rows),
    } | (more or {})
    paper = signed(value, purpose=kind.purpose, seed=archive.ring.signing_seed())
    return Paper(kind, value, paper, tuple(cells))


def as_csv(paper: Paper, *, polish: bool = True) -> bytes:
    """The rows as CSV (RFC 4180) in UTF-8, with the headings of the report and nothing else.

    A cell that a spreadsheet would take for a formula has an apostrophe before it, as in `csv_export`.
    """
    heads = [head.pl if polish else head.en for _, head in paper.kind.columns]
    return b"".join(map(_line, [heads, *paper.cells]))


def _line(cells: Iterable[str]) -> bytes:
    line = io.StringIO()
    guarded = ["'" + each if each.startswith((*FORMULA, "'")) else each for each in cells]
    csv.writer(line, lineterminator="\r\n").writerow(guarded)
    return line.getvalue().encode("utf-8", "backslashreplace")


def both(text: Text) -> str:
    """A text in a cell that people of either language read."""
    return text.pl if text.pl == text.en else f"{text.pl} / {text.en}"


def spoken(name: str) -> str:
    """A name in DICOM form as it is said: given name before family name (PS3.5 6.2.1.1)."""
    family, given, middle, *_ = [*name.partition("=")[0].split("^"), "", "", ""]
    return " ".join(part.strip() for part in (given, middle, family) if part.strip())


def who(account: Account) -> str:
    """First name and surname, as they were then."""
    return " ".join(part.strip() for part in (account.given_name, account.surname) if part.strip())


def up_to(accounts: Iterable[Account], number: int) -> list[Account]:
    """Those up to the last one that a checkpoint covers; `accounts` come by number."""
    found: list[Account] = []
    for each in accounts:
        if each.number > number:
            break
        found.append(each)
    return found
