"""What can be done below /dicomweb (PS3.18 8.9): as JSON or as WADL; and that nothing can be deleted.

It says what the program can do and nothing of what it holds; still only callers are told.
"""

from collections.abc import Iterator
from typing import Any
from xml.sax.saxutils import quoteattr

import orjson
from fastapi import Request, Response
from fastapi.routing import APIRoute, RouteContext, iter_route_contexts

from api.accepting import Offer, chosen
from api.dicomweb.qido_parameters import PARAMETERS
from api.dicomweb.wado_paths import PREFIX, Accept, answers, base_of
from api.errands import ForPrincipal
from api.errors import MethodNotAllowed
from api.routes import Routes

JSON, WADL = "application/json", "application/vnd.sun.wadl+xml"
_OFFERS = (Offer(WADL), Offer(JSON), Offer("application/xml"))
_TITLE = "EDM Archive"


def include(router: Routes) -> None:
    """`router` has the capabilities at its own address, and answers DELETE wherever it is asked."""
    told = {key: each for key, each in answers(WADL, JSON).items() if key not in (304, 404)}
    for method in ("GET", "HEAD", "OPTIONS"):  # an operation in OpenAPI has one method
        router.add_api_route(
            "",
            capabilities,
            methods=[method],
            response_class=Response,
            responses=told,
            tags=["qido-rs"],
            include_in_schema=method == "GET",
        )
    for path in ("", "/{anything:path}"):
        router.add_api_route(path, never_deleted, methods=["DELETE"], include_in_schema=False)


def capabilities(request: Request, caller: ForPrincipal, *, accept: Accept = "") -> Response:  # noqa: ARG001  only callers are told
    """The resources of DICOMweb, their methods and parameters."""
    offer = chosen(request.headers.get("accept", ""), _OFFERS, parameter=accept)
    resources = _resources(request)
    if offer.media_type == JSON:
        content = orjson.dumps({"name": _TITLE, "base": base_of(request), "resources": resources})
    else:
        content = _wadl(base_of(request), resources)
    return Response(content, headers={"Content-Type": offer.media_type, "Vary": "Accept"})


def never_deleted(request: Request) -> Response:
    """405, with what can be done instead: nothing that was taken over is deleted by a request."""
    raise MethodNotAllowed(allow=", ".join(sorted(_methods(request))))


def _routes(request: Request) -> Iterator[RouteContext]:
    for each in iter_route_contexts(request.app.routes):
        if isinstance(each.original_route, APIRoute) and (each.path or "").startswith(PREFIX):
            yield each


def _methods(request: Request) -> set[str]:
    here = [each for each in _routes(request) if each.path_regex.match(request.scope["path"])]
    return {method for each in here for method in each.methods or ()} - {"DELETE"}


def _resources(request: Request) -> list[dict[str, Any]]:
    found: dict[str, set[str]] = {}
    for each in _routes(request):
        if each.endpoint is not never_deleted:
            found.setdefault(str(each.path).removeprefix(PREFIX), set()).update(each.methods or ())
    return [
        {
            "path": path.lstrip("/"),
            "methods": sorted(methods),
            "parameters": [each["name"] for each in PARAMETERS] if _is_search(path) else [],
        }
        for path, methods in sorted(found.items())
    ]


def _is_search(path: str) -> bool:
    return path.rpartition("/")[2] in ("studies", "series", "instances")


def _wadl(base: str, resources: list[dict[str, Any]]) -> bytes:
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', '<application xmlns="http://wadl.dev.java.net/2009/02">']
    lines.append(f"<resources base={quoteattr(base)}>")
    for each in resources:
        lines.append(f"<resource path={quoteattr(each['path'])}>")
        for method in each["methods"]:
            names = each["parameters"] if method == "GET" else []
            said = "".join(f'<param name={quoteattr(name)} style="query"/>' for name in names)
            lines.append(f"<method name={quoteattr(method)}><request>{said}</request></method>")
        lines.append("</resource>")
    return "\n".join([*lines, "</resources>", "</application>", ""]).encode()
