"""A report as a page for people: one HTML file, in Polish and English, that prints and needs nothing else.

The signed JSON is the report; the page shows it and carries it along, byte for byte, as a download. No scripts, no
resources from elsewhere; whatever came from accounts is escaped.
"""

import base64
import hashlib
from pathlib import Path

from repository.canonical import parse
from repository.polish_time import warsaw_date
from repository.reports.paper import Paper, PaperForm, as_csv, both
from repository.reports.words import PURPOSES, told
from repository.takeover.templating import page_template


def rendered(paper: Paper, form: PaperForm, *, polish: bool, log_key: str) -> bytes:
    """The paper in that form, as it is handed out."""
    match form:
        case PaperForm.JSON:
            return paper.signed
        case PaperForm.CSV:
            return as_csv(paper, polish=polish)
        case PaperForm.HTML:
            return as_page(paper, log_key=log_key).encode("utf-8", "backslashreplace")


def as_page(paper: Paper, *, log_key: str) -> str:
    """The page of `paper`; `log_key` is the archive's public key in the form that `proof paper` takes."""
    value = paper.value
    subject = value["about"].get("patient") or value["about"].get("takeover") or ""
    return page_template(Path(__file__).parent / "templates", "report.html.j2").render(
        kind=paper.kind,
        value=value,
        subject=subject,
        issued=warsaw_date(value["issued_at"]),
        heads=[head for _, head in paper.kind.columns],
        cells=paper.cells,
        upkeep=[(both(told(PURPOSES, each["purpose"])), each) for each in value.get("upkeep", ())],
        undisclosed=value.get("readings_that_left_nothing_outside", 0),
        signature=parse(paper.signed)["signature"],
        log_key=log_key,
        paper_sha256=hashlib.sha256(paper.signed).hexdigest(),
        paper_base64=base64.b64encode(paper.signed).decode(),
    )
