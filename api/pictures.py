"""The processes that decode pixels for the doors: one pool for each process that serves, made with the application."""

from typing import Annotated

from fastapi import Depends, Request

from repository.rendering.pool import Pool


def pool_of(request: Request) -> Pool:
    found = request.app.state.pool
    if not isinstance(found, Pool):
        raise TypeError("internal: the application has no pool")
    return found


async def _pool(request: Request) -> Pool:
    return pool_of(request)


ForPool = Annotated[Pool, Depends(_pool)]
