"""Packages with consents and custody in them, taken over, and what was recorded of them."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from repository.access.decision import decide
from repository.access.permission import Permission
from repository.access.principal import Principal
from repository.access.rules import rules_at
from repository.domain.takeover import Takeover
from repository.intake import Order, receive
from repository.runtime import Archive
from tests.builders.access import ANNA, BOGDAN, record
from tests.builders.access import request as asked
from tests.builders.archives_at_rest import bare_package
from tests.builders.cda import clinical_document
from tests.repository.taken_over import paper

HEADER = "pesel,grantor,grantee,scope,purpose,valid_from,valid_to,state"
PRODUCER = {"name": "NZOZ", "regon": "192598184"}


def handover(successor: Mapping[str, str] | None = None) -> bytes:
    said: dict[str, Any] = {
        "producer": PRODUCER,
        "cessation_date": "2024-05-31",
        "legal_basis": "x",
        "route": "SUCCESSOR",
    }
    return json.dumps(said | ({"successor": dict(successor)} if successor else {})).encode()


def package(folder: Path, files: Mapping[str, str | bytes], *, successor: Mapping[str, str] | None = None) -> Path:
    """Of the patients ANNA and BOGDAN."""
    patients = f"local_id,pesel\n1,{ANNA.extension}\n2,{BOGDAN.extension}\n"
    given = {name: each.encode() if isinstance(each, str) else each for name, each in files.items()}
    made = {"a.xml": clinical_document(1), "metadata/patients.csv": patients.encode()}
    return bare_package(folder, made | {"metadata/handover.json": handover(successor)} | given)


def taken(archive: Archive, folder: Path) -> Takeover:
    return receive(archive, Order(folder), progress=lambda _: None)


def recorded(archive: Archive, takeover: Takeover) -> list[Permission]:
    return archive.catalogue.entitling.permissions(takeover=takeover.id)


def told(archive: Archive, takeover: Takeover) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for each in paper(archive, takeover)["findings"]:
        if each["code"].startswith("CNS-"):
            found.setdefault(each["code"], []).append(each.get("params", {}))
    return found


def now_known(who: Principal) -> Principal:
    """Identified now and for long."""
    assert who.identification is not None
    until = datetime(2100, 1, 1, tzinfo=UTC)
    return replace(who, identification=replace(who.identification, at=datetime(2026, 1, 1, tzinfo=UTC), until=until))


def permitted(archive: Archive, who: Principal, takeover: Takeover) -> bool:
    """To treat ANNA, now."""
    asks = asked(now_known(who), subject=record(takeover=takeover.id), at=datetime.now(UTC))
    facts = archive.catalogue.entitling.facts(asks.principal, asks.subject)
    return decide(asks, facts, rules=rules_at(asks.at.date())).permitted
