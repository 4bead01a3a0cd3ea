"""Routes that are written down part by part: made once, whole, and in their order."""

from typing import Any

from fastapi import Depends, FastAPI
from fastapi.routing import APIRoute, iter_route_contexts

from api.routes import Routes


def outer() -> None: ...


def inner() -> None: ...


def own() -> None: ...


def here() -> str:
    return "here"


def there() -> str:
    return "there"


def made(routes: Routes) -> list[Any]:
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    routes.put(app.router)
    return list(iter_route_contexts(app.routes))


def parts() -> Routes:
    part = Routes("/part", tags=["part"], dependencies=[Depends(inner)])
    part.add_api_route("/{name}", here, methods=["PATCH"], status_code=202, tags=["own"], dependencies=[Depends(own)])
    whole = Routes("/v1", dependencies=[Depends(outer)])
    whole.include(part, prefix="/below")
    whole.add_api_route("", there)
    return whole


def test_a_route_has_what_is_said_of_all_parts_that_it_is_in_from_the_outside_in() -> None:
    one, two = made(parts())
    assert (one.path, one.methods, one.status_code, one.endpoint) == ("/v1/below/part/{name}", {"PATCH"}, 202, here)
    assert one.tags == ["part", "own"]
    assert [each.dependency for each in one.dependencies] == [outer, inner, own]
    assert (two.path, two.endpoint, [each.dependency for each in two.dependencies]) == ("/v1", there, [outer])


def test_every_route_is_the_applications_own() -> None:
    """What is in a router of the application is made twice, and looked for twice in every request."""
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    parts().put(app.router)
    assert [type(each) for each in app.routes] == [APIRoute, APIRoute]


def test_what_is_not_described_stays_so_in_whatever_it_is() -> None:
    hidden = Routes(include_in_schema=False)
    hidden.add_api_route("/a", here)
    hidden.add_api_route("/b", here, include_in_schema=True)
    shown = Routes()
    shown.include(hidden)
    shown.add_api_route("/c", here, include_in_schema=False)
    shown.add_api_route("/d", here)
    assert [(each.path, each.include_in_schema) for each in made(shown)] == [
        ("/a", False), ("/b", False), ("/c", False), ("/d", True)
    ]  # fmt: skip


def test_what_a_part_is_given_later_is_not_in_what_included_it_before() -> None:
    part, whole = Routes(), Routes()
    part.add_api_route("/x", here)
    whole.include(part)
    part.add_api_route("/y", here)
    assert [path for path, _, _ in whole.written()] == ["/x"]
