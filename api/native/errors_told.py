"""Every error by its code, in both languages: where the `type` of a problem leads. Open to everybody."""

import importlib
import pkgutil
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import cache
from typing import Annotated

from fastapi import Path, Response
from pydantic import BaseModel, ConfigDict

import api
import repository
import storage
from api.errors import NothingOfThatName
from api.native.answering import Words, json_answer, words
from api.problems import status_of_kind
from api.routes import Routes
from storage.errors import ArchiveError

PARTS = (storage, repository, api)
_FRESH = {"Cache-Control": "public, max-age=3600"}

Code = Annotated[
    str, Path(pattern="^[A-Z]{3}-[A-Z0-9]{3}$", description="As `code` of a problem.", examples=["ACC-001"])
]


class Meaning(BaseModel):
    """`what` happened, what was `kept`, what `todo`. Words in braces are filled in from the case at hand."""

    model_config = ConfigDict(extra="forbid")

    name: str
    status: int
    exit_code: int
    retryable: bool
    what: Words
    kept: Words
    todo: Words


class KnownError(BaseModel):
    """Most codes have one meaning; what a person would be told in the same words shares a code."""

    model_config = ConfigDict(extra="forbid")

    code: str
    meanings: list[Meaning]


class KnownErrors(BaseModel):
    model_config = ConfigDict(extra="forbid")

    errors: list[KnownError]


def router() -> Routes:
    found = Routes(tags=["errors"])
    found.add_api_route("/errors", errors, methods=["GET"], response_model=KnownErrors)
    found.add_api_route("/errors/{code}", error, methods=["GET"], response_model=KnownError)
    return found


def errors() -> Response:
    """All errors, by code."""
    return json_answer({"errors": list(known_errors().values())}, headers=_FRESH)


def error(code: Code) -> Response:
    """What a code says, and what to do about it."""
    found = known_errors().get(code)
    if found is None:
        raise NothingOfThatName
    return json_answer(found, headers=_FRESH)


@cache
def known_errors() -> Mapping[str, KnownError]:
    """Every error that has words, by code. The modules of all parts are imported for it."""
    for name in _modules():
        with suppress(ModuleNotFoundError):  # an extra that is not installed: its part cannot be used here either
            importlib.import_module(name)
    found = defaultdict[str, list[Meaning]](list)
    for kind in sorted(_kinds(ArchiveError), key=lambda each: (each.code, each.__module__, each.__qualname__)):
        found[kind.code].append(_meaning(kind))
    return {code: KnownError(code=code, meanings=meanings) for code, meanings in sorted(found.items())}


def _modules() -> Iterator[str]:
    for part in PARTS:
        for module in pkgutil.walk_packages(part.__path__, f"{part.__name__}."):
            if not module.name.endswith("__main__") and ".migrations." not in module.name:
                yield module.name


def _kinds(root: type[ArchiveError]) -> Iterator[type[ArchiveError]]:
    own = tuple(part.__name__ for part in PARTS)
    waiting, seen = [root], set[type[ArchiveError]]()
    while waiting:
        kind = waiting.pop()
        waiting.extend(kind.__subclasses__())
        if kind not in seen and hasattr(kind, "what") and kind.__module__.split(".")[0] in own:
            seen.add(kind)
            yield kind


def _meaning(kind: type[ArchiveError]) -> Meaning:
    return Meaning(
        name=kind.__name__,
        status=status_of_kind(kind),
        exit_code=kind.exit_code,
        retryable=kind.retryable,
        what=words(kind.what),
        kept=words(kind.kept),
        todo=words(kind.todo),
    )
