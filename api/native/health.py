"""Whether the door is up, and whether it can serve: for balancers, without signing in and without telling anything."""

from fastapi import Response

from api.errands import ForArchive
from api.routes import Routes


def router() -> Routes:
    found = Routes(tags=["health"])
    found.add_api_route("/health", health, methods=["GET"])
    found.add_api_route("/ready", ready, methods=["GET"])
    return found


def health() -> dict[str, str]:
    """The process answers."""
    return {"status": "up"}


def ready(archive: ForArchive, response: Response) -> dict[str, str]:
    """The catalogue answers and the newest checkpoint of the log can be read: 200; else the error, 503."""
    archive.catalogue.archive()
    archive.log.latest()
    response.headers["Cache-Control"] = "no-store"
    return {"status": "ready"}
