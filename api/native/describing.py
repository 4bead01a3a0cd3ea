"""OpenAPI of the native door, completed: what every route has, and no route should have to say again. Of the other
doors, what a request has to carry.

Problems by status, the token that a route needs, the header fields of an errand, limits. It is read off the routes
themselves: whoever depends on a caller needs a token, whoever depends on an errand says what for.
"""

import re
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute, iter_route_contexts

from api.errands import BASIS, EVIDENCE, PURPOSE, REASON, archive_of, errand_of
from api.native.declared import Problem, Sentences, problems
from repository.access.purpose import Purpose

PREFIX = "/v1/"
ALWAYS = (400, 405, 413, 429, 431, 500, 503)
_TOLD: Mapping[int, str] = {
    405: "This cannot be done at this address.",
    408: "The body comes too slowly.",
    413: "The body is too large.",
    431: "The header fields are too large.",
}
_WHO = frozenset({"api.errands", "api.native.roles", "api.native.stewards", "api.native.metrics", "api.native.me"})
_NAMES = (PURPOSE, BASIS, REASON, EVIDENCE)
_SAID = {
    PURPOSE: ("EDM-Purpose", {"type": "string", "enum": [each.value for each in Purpose]}, "What for."),
    BASIS: ("EDM-Basis", {"type": "string", "maxLength": 1000}, "Code of a legal basis, where the purpose needs one."),
    REASON: ("EDM-Reason", {"type": "string", "maxLength": 1000}, "In words, percent-encoded UTF-8."),
    EVIDENCE: ("EDM-Evidence", {"type": "string", "maxLength": 1000}, "The letter or order that it answers, likewise."),
}  # fmt: skip


def described(app: FastAPI) -> Callable[[], dict[str, Any]]:
    """What `app.openapi` is to be: made once, when it is first asked for."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            with warnings.catch_warnings():  # of two methods of one route, which are told apart below
                warnings.simplefilter("ignore", UserWarning)
                made = get_openapi(title=app.title, version=app.version, routes=app.routes)
            _complete(made, dict(_operations(app)))
            app.openapi_schema = made
        return app.openapi_schema

    return openapi


def _operations(app: FastAPI) -> Iterator[tuple[tuple[str, str], Dependant]]:
    for context in iter_route_contexts(app.routes):
        if isinstance(context.original_route, APIRoute) and context.path_format is not None:
            for method in context.methods or ():
                yield (context.path_format, method.lower()), context.dependant


def _complete(schema: dict[str, Any], depends: Mapping[tuple[str, str], Dependant]) -> None:
    components = schema.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    for model in (Problem, Sentences):
        schemas[model.__name__] = model.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas[model.__name__].pop("$defs", None)
    components["securitySchemes"] = {"bearer": {"type": "http", "scheme": "bearer"}}
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            operation["operationId"] = method + re.sub(r"[^A-Za-z0-9]+", "_", path).rstrip("_")
            calls = set(_calls(depends.get((path, method))))
            if errand_of in calls:
                operation["parameters"] = [*operation.get("parameters", ()), *map(_header, _NAMES)]
            if path.startswith(PREFIX):
                _complete_one(operation, calls)
            elif any(_knows_who(call) for call in calls):
                operation["security"] = [{"bearer": []}]
    for unused in ("HTTPValidationError", "ValidationError"):
        if f'/{unused}"' not in str(schema["paths"]).replace("'", '"'):
            schemas.pop(unused, None)


def _complete_one(operation: dict[str, Any], calls: set[Any]) -> None:
    responses = operation["responses"]
    if "HTTPValidationError" in str(responses.get("422", "")):
        del responses["422"]  # our own answer to what is not as described is 400
    values = (422,) if "requestBody" in operation or operation.get("parameters") else ()
    statuses = [*ALWAYS, *values, *((408, 415) if "requestBody" in operation else ())]
    if any(_knows_who(call) for call in calls):
        operation["security"] = [{"bearer": []}]
        statuses += [401, 403, 404]
    elif any(each["in"] == "path" for each in operation.get("parameters", ())):
        statuses.append(404)
    _declare(responses, statuses)


def _knows_who(call: Any) -> bool:
    """Whether it asks who is calling: all that stands where callers and their roles are found, but the archive."""
    return call is not archive_of and getattr(call, "__module__", "") in _WHO


def _declare(responses: dict[str, Any], statuses: Iterable[int]) -> None:
    known = problems(404, 406, 409, 412, 413, 415, 422)
    usual = known[404]
    for status in statuses:
        made = known.get(status) or {**usual, "description": _TOLD[status]}
        if str(status) not in responses or "content" not in responses[str(status)]:
            responses[str(status)] = dict(made) | responses.get(str(status), {})
    for name, response in responses.items():
        headers = {"X-Request-Id": _text()}
        headers |= {"WWW-Authenticate": _text()} if name == "401" else {}
        headers |= {"Retry-After": _text()} if name in ("409", "429", "503") else {}
        headers |= {"Allow": _text()} if name == "405" else {}
        response["headers"] = headers | response.get("headers", {})


def _text() -> dict[str, Any]:
    return {"schema": {"type": "string"}}


def _header(name: str) -> dict[str, Any]:
    shown, schema, said = _SAID[name]
    return {"name": shown, "in": "header", "required": name == PURPOSE, "schema": schema, "description": said}


def _calls(dependant: Dependant | None) -> Iterator[Any]:
    for each in dependant.dependencies if dependant is not None else ():
        yield each.call
        yield from _calls(each)
