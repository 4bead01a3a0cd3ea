"""Holdings: one kept item, bit for bit as it was received, with the proof that it is."""

from typing import Annotated

from fastapi import Path, Request, Response

from api.errands import ForArchive, ForErrand
from api.giving import given
from api.routes import Routes
from repository.access.errors import AccessRefused
from repository.access.subject import Operation
from repository.opening import Admitted, Errand, admit
from repository.retrieval import resolve
from repository.runtime import Archive

TakeoverId = Annotated[str, Path(pattern="^[0-9a-f-]{1,36}$", description="Id of the takeover, or its beginning.")]
Ordinal = Annotated[int, Path(ge=1, lt=10**18, description="Number of the item in its takeover.")]


def router() -> Routes:
    found = Routes(tags=["holdings"])
    found.add_api_route("/holdings/{takeover}/{ordinal}", holding, methods=["GET", "HEAD"], response_class=Response)
    found.add_api_route("/holdings/{takeover}/{ordinal}/proof", proof, methods=["GET"], response_class=Response)
    return found


def holding(
    request: Request, archive: ForArchive, *, errand: ForErrand, takeover: TakeoverId, ordinal: Ordinal
) -> Response:
    """The bytes, whole or by `Range`; `ETag` and `Repr-Digest` are their SHA-256, `Link` leads to the proof."""
    return given(archive, request, _admitted(archive, errand, f"{takeover}/{ordinal}"))


def proof(archive: ForArchive, errand: ForErrand, *, takeover: TakeoverId, ordinal: Ordinal) -> Response:
    """The proof file of a holding, checkable offline by `edm-archive proof check`."""
    found = _admitted(archive, errand, f"{takeover}/{ordinal}").found
    index = archive.catalogue.index_of(found.takeover.number, found.holding.ordinal)
    return Response(archive.log.prove_record(found.holding.record, index), media_type="text/plain")


def _admitted(archive: Archive, errand: Errand, what: str) -> Admitted:
    """The one holding of that name, accounted for. Raises `AccessRefused`."""
    for admitted in admit(archive, errand, resolve(archive, what), operation=Operation.READ):
        return admitted
    raise AccessRefused
