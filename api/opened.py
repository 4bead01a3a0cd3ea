"""The archive behind the door, for endpoints that ask for it."""

from typing import Annotated

from fastapi import Depends, Request

from repository.runtime import Archive


def archive_of(request: Request) -> Archive:
    found = request.app.state.archive
    if not isinstance(found, Archive):
        raise TypeError("internal: the door was built without an archive")
    return found


async def _archive(request: Request) -> Archive:
    """In the loop: what is a plain function is called in a thread, which costs a tenth of a millisecond each way."""
    return archive_of(request)


ForArchive = Annotated[Archive, Depends(_archive)]
