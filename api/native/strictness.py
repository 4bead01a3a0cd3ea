"""What a request asks beyond its description is refused: a misspelt parameter would be passed over in silence."""

from collections.abc import Iterator

from fastapi import Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from pydantic import BaseModel

from api.errors import RequestNotUnderstood


def only_known(request: Request) -> None:
    """Raises `RequestNotUnderstood` for a query parameter that the route does not have. Its name is not repeated."""
    if not request.query_params:
        return
    route = request.scope.get("route")
    if isinstance(route, APIRoute) and not set(request.query_params) <= set(_names(route.dependant)):
        raise RequestNotUnderstood(reason="query: a parameter that is not known here")


def _names(dependant: Dependant) -> Iterator[str]:
    """Of all query parameters, those of models and of dependencies included."""
    for field in dependant.query_params:
        kind = field.field_info.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from (each.alias or name for name, each in kind.model_fields.items())
        else:
            yield field.alias
    for each in dependant.dependencies:
        yield from _names(each)
