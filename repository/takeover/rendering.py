"""The protocol as a page for people: one HTML file, in Polish and English, that prints and needs nothing else.

The signed JSON is the protocol; the page shows it and carries it along, byte for byte, as a download. No scripts, no
resources from elsewhere; whatever came from a package is escaped.
"""

import base64
import hashlib
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from repository.domain.facts import finding_of_json
from repository.findings import rules
from repository.polish_time import warsaw_date
from repository.takeover.concluding import PURPOSE
from repository.takeover.explaining import (
    COUNTS,
    DISPOSITIONS,
    ROUTES,
    SEVERITIES,
    STATES,
    exception_of_json,
    explained,
    told,
)
from repository.takeover.templating import page_template
from storage.errors import Text


def protocol_page(paper: bytes, parts: Mapping[str, Any], *, log_key: str) -> str:
    """The page of the signed protocol `paper`, whose JSON is `parts`; the caller has checked its signature."""
    protocol = parts[PURPOSE]
    return page_template(Path(__file__).parent / "templates", "protocol.html.j2").render(
        protocol=protocol,
        verdict=STATES[protocol["verdict"]],
        route=ROUTES.get(protocol["handover"]["route"] or ""),
        moments={
            name: _moment(stamp)
            for name, stamp in (("opened", protocol["takeover"]["opened_at"]), ("issued", protocol["issued_at"]))
        },
        lots=[(DISPOSITIONS[name], protocol["statement"]["tally"][name]) for name in DISPOSITIONS if name != "pending"],
        counts=[
            (COUNTS.get(check["name"], Text(en=check["name"], pl=check["name"])), check) for check in _counts(parts)
        ],
        exceptions=[_exception(value) for value in protocol["statement"]["exceptions"]],
        findings=[_finding(value) for value in protocol["findings"]],
        checkpoint_size=protocol["checkpoint"].split("\n")[1],
        signature=parts["signature"],
        log_key=log_key,
        paper_sha256=hashlib.sha256(paper).hexdigest(),
        paper_base64=base64.b64encode(paper).decode(),
    )


def _counts(parts: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Declared counts, in the order of people: patients before bytes."""
    order = ("patients", "documents", "studies", "series", "instances", "items", "bytes")
    checks = parts[PURPOSE]["statement"]["counts"]
    return sorted(checks, key=lambda check: order.index(check["name"]) if check["name"] in order else len(order))


def _moment(stamp: str) -> dict[str, str]:
    moment = datetime.fromisoformat(stamp)
    return {"utc": f"{moment:%Y-%m-%d %H:%M:%S} UTC", "stamp": stamp, "warsaw": warsaw_date(stamp)}


def _exception(value: Mapping[str, Any]) -> dict[str, Any]:
    item = exception_of_json(value)
    return {
        "ordinal": item.ordinal,
        "path": item.path,
        "lot": DISPOSITIONS[item.disposition.value],
        "disposition": item.disposition.value,
        "reasons": [(finding.code, told(finding)) for finding in explained(item)],
    }


def _finding(value: Mapping[str, Any]) -> dict[str, Any]:
    finding = finding_of_json(dict(value))
    rule = rules().get(finding.code)
    return {
        "code": finding.code,
        "subject": finding.subject,
        "severity": SEVERITIES[rule.severity.value] if rule else SEVERITIES["note"],
        "level": rule.severity.value if rule else "note",
        "text": told(finding),
    }
