"""Client assertions that were used: each is good once, for all processes and across restarts."""

from datetime import datetime
from hashlib import sha256

from sqlalchemy import delete, insert, select

from repository.catalogue.assertion_tables import client_assertion
from repository.catalogue.desk import Desk
from repository.catalogue.errors import CatalogueConflict
from repository.clock import instant


class Assertions(Desk):
    def use(self, client: str, jti: str, *, until: datetime, at: datetime) -> bool:
        """Whether this is the first use; durable before it is told. Those that ended before `at` are forgotten."""
        key = sha256(f"{client}\0{jti}".encode("utf-8", "surrogatepass")).hexdigest()
        there = client_assertion.c
        try:
            with self._room.writing() as connection:
                connection.execute(delete(client_assertion).where(there.until < instant(at)))
                if connection.execute(select(there.key).where(there.key == key)).first() is not None:
                    return False
                connection.execute(insert(client_assertion).values(key=key, until=instant(until)))
        except CatalogueConflict:  # another process was faster by a moment
            return False
        return True
