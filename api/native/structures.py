"""The vocabularies and structures of the archive, published to everybody (R463-3.4, R463-8.3): what errors, refusals,
findings and requests refer to, with words in both languages."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from functools import cache
from hashlib import sha256
from typing import Annotated, Any

import orjson
from fastapi import Path, Request, Response
from pydantic import BaseModel, ConfigDict

from api.digests import etag, matches
from api.native.answering import JSON, Words, words
from api.routes import Routes
from repository.access.principal import PrincipalKind
from repository.access.purpose import Purpose, legal_bases
from repository.access.reasons import REASONS
from repository.domain.describing import Kind
from repository.domain.takeover import Route
from repository.findings import rules
from repository.packages.handover_schema import handover_schema
from repository.takeover.explaining import DISPOSITIONS, ROUTES, STATES

_PURPOSES: Mapping[Purpose, Words] = {
    Purpose.TREATMENT: Words(en="treating the patient now", pl="bieżące leczenie pacjenta"),
    Purpose.CONTINUITY: Words(en="going on with a treatment", pl="kontynuacja leczenia"),
    Purpose.EMERGENCY: Words(
        en="a life is in danger; needs a reason in words", pl="zagrożenie życia; wymaga podania powodu"
    ),
    Purpose.PATIENT_REQUEST: Words(
        en="the patient, or who may act for the patient, asks for the record",
        pl="o dokumentację prosi pacjent lub osoba, która może za niego działać",
    ),
    Purpose.CUSTODY: Words(en="the custodian's own duties", pl="obowiązki podmiotu przechowującego"),
    Purpose.STATUTORY: Words(
        en="a duty of law; needs a legal basis and the letter that it answers",
        pl="obowiązek ustawowy; wymaga podstawy prawnej i pisma, na które odpowiada",
    ),
    Purpose.PAYER: Words(
        en="the payer's tasks; needs the letter that it answers",
        pl="zadania płatnika; wymaga pisma, na które odpowiada",
    ),
    Purpose.AUDIT: Words(en="seeing who has looked", pl="sprawdzenie, kto miał dostęp"),
    Purpose.MAINTENANCE: Words(en="repair and checks", pl="naprawy i kontrole"),
}


class Term(BaseModel):
    """One word of a vocabulary. `more`: what else is said of it, by name."""

    model_config = ConfigDict(extra="forbid")

    code: str
    text: Words | None
    more: Mapping[str, str | bool | list[str] | None]


class Vocabulary(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str
    terms: list[Term]


class Vocabularies(BaseModel):
    """`formats`: where the schemas of structures are."""

    model_config = ConfigDict(extra="forbid")

    vocabularies: list[Vocabulary]
    formats: Mapping[str, str]


class Name(StrEnum):
    PURPOSES = "purposes"
    LEGAL_BASES = "legal-bases"
    REASONS = "reasons"
    FINDINGS = "findings"
    ROUTES = "routes"
    STATES = "states"
    DISPOSITIONS = "dispositions"
    KINDS = "kinds"
    CALLERS = "callers"


Named = Annotated[Name, Path(description="Of the vocabulary.")]
_TAG = {"headers": {"ETag": {"schema": {"type": "string"}}}}
_RESPONSES: dict[int | str, dict[str, Any]] = {200: _TAG, 304: {"description": "As named by If-None-Match"}}
_SCHEMA_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: _TAG | {"content": {"application/schema+json": {"schema": {"type": "object"}}}},
    304: {"description": "As named by If-None-Match"},
}
HANDOVER = "/v1/structures/handover.schema.json"
FORMATS = {"handover": HANDOVER, "requests": "/v1/openapi.json", "errors": "/v1/errors"}


def router() -> Routes:
    found = Routes(tags=["structures"])
    one, get = "/structures/{name}", ["GET"]
    found.add_api_route("/structures", structures, methods=get, response_model=Vocabularies, responses=_RESPONSES)
    found.add_api_route(
        HANDOVER.removeprefix("/v1"), handover, methods=get, response_class=Response, responses=_SCHEMA_RESPONSES
    )
    found.add_api_route(one, structure, methods=get, response_model=Vocabulary, responses=_RESPONSES)
    return found


def structures(request: Request) -> Response:
    """Every vocabulary, and where the schemas are."""
    return _given(request, {"vocabularies": [vocabulary(each) for each in Name], "formats": FORMATS})


def structure(request: Request, name: Named) -> Response:
    """One vocabulary."""
    return _given(request, vocabulary(name))


def handover(request: Request) -> Response:
    """JSON Schema of `metadata/handover.json` in a hand-over package."""
    return _answer(request, handover_schema(), media_type="application/schema+json")


@cache
def vocabulary(name: Name) -> dict[str, Any]:
    return {"name": name.value, "terms": [each.model_dump(mode="json") for each in _TERMS[name]()]}


def _given(request: Request, value: Any) -> Response:
    return _answer(request, orjson.dumps(value), media_type=JSON)


def _answer(request: Request, content: bytes, *, media_type: str) -> Response:
    tag = etag(sha256(content).digest())
    headers = {"ETag": tag, "Cache-Control": "public, max-age=3600"}
    if matches(request.headers.get("if-none-match", ""), tag):
        return Response(status_code=304, headers=headers)
    return Response(content, headers=headers, media_type=media_type)


def _bases() -> list[Term]:
    return [
        Term(
            code=each.code,
            text=Words(en=each.en, pl=each.pl),
            more={
                "source": each.source,
                "organisations": sorted(each.organisations),
                "consent": each.consent,
                "since": each.since.isoformat(),
                "until": each.until.isoformat() if each.until else None,
            },
        )
        for each in legal_bases().values()
    ]


def _reasons() -> list[Term]:
    return [
        Term(code=code, text=words(each.what), more={"todo_en": each.todo.en, "todo_pl": each.todo.pl})
        for code, each in REASONS.items()
    ]


def _findings() -> list[Term]:
    return [
        Term(code=code, text=Words(en=rule.en, pl=rule.pl), more={"severity": rule.severity.value})
        for code, rule in sorted(rules().items())
    ]


def _worded(texts: Mapping[str, Any]) -> Callable[[], list[Term]]:
    return lambda: [Term(code=code, text=words(text), more={}) for code, text in texts.items()]


def _plain(kinds: type[StrEnum]) -> Callable[[], list[Term]]:
    return lambda: [Term(code=each.value, text=None, more={}) for each in kinds]


_TERMS: Mapping[Name, Callable[[], list[Term]]] = {
    Name.PURPOSES: lambda: [Term(code=each.value, text=_PURPOSES[each], more={}) for each in Purpose],
    Name.LEGAL_BASES: _bases,
    Name.REASONS: _reasons,
    Name.FINDINGS: _findings,
    Name.ROUTES: _worded({each.value: ROUTES[each.value] for each in Route}),
    Name.STATES: _worded(STATES),
    Name.DISPOSITIONS: _worded(DISPOSITIONS),
    Name.KINDS: _plain(Kind),
    Name.CALLERS: _plain(PrincipalKind),
}
