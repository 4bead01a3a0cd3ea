"""Sessions of local accounts as bearer tokens: the embedded default (`POST /v1/sessions`)."""

from starlette.requests import Request

from api.callers.way import Caller, bearer
from repository.people.sessions import who
from repository.runtime import Archive


class Sessions:
    def __init__(self, archive: Archive) -> None:
        self._archive = archive

    def recognises(self, request: Request) -> bool:
        token = bearer(request)
        return bool(token) and "." not in token  # a JSON Web Token has two dots, a session's token none

    def caller(self, request: Request) -> Caller:
        """Raises `SessionOver`."""
        return Caller(principal=who(self._archive, bearer(request)))
