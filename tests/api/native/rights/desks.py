"""A desk before a served sample, on either engine."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.api.native.rights.sent_desk import Desk
from tests.api.served import served_sample
from tests.peers.postgres import postgres


@contextmanager
def desk_on(engine: str, folder: Path) -> Iterator[Desk]:
    if engine == "sqlite":
        with served_sample(folder, patients=3, images=1, rate=1_000_000) as made:
            yield Desk(made)
        return
    with (
        postgres() as server,
        server.database() as url,
        served_sample(folder, catalogue=url, patients=3, images=1, rate=1_000_000) as made,
    ):
        yield Desk(made)
