"""The cursors of audit collectors: which account each has had last. The journal is the queue that they move over."""

from dataclasses import dataclass

from sqlalchemy import Connection, select, update

from repository.catalogue import bulk
from repository.catalogue.collector_tables import collector
from repository.catalogue.desk import Desk
from repository.catalogue.text import fit
from repository.clock import instant


@dataclass(frozen=True, slots=True)
class CollectorState:
    """`last_sent` is the number of an account, 0 before any; `failure` a code, empty if the last try went well."""

    name: str
    last_sent: int
    sent_at: str
    failed_at: str
    failure: str


class Collectors(Desk):
    def cursor(self, name: str) -> int:
        """The number of the last account that the collector has had, 0 before the first."""
        with self._room.reading() as connection:
            found = connection.execute(
                select(collector.c.last_sent).where(collector.c.name == name)
            ).scalar_one_or_none()
        return found or 0

    def move(self, name: str, number: int) -> None:
        """The collector has had everything up to `number` at least, and is not failing. Never goes back."""
        mine = update(collector).where(collector.c.name == name)
        with self._room.writing() as connection:
            _known(connection, name)
            connection.execute(mine.values(failure=""))
            further = mine.where(collector.c.last_sent < number)
            connection.execute(further.values(last_sent=number, sent_at=instant(self._now())))

    def failed(self, name: str, code: str) -> None:
        """The last try failed with `code`; the cursor stays."""
        mine = update(collector).where(collector.c.name == name)
        with self._room.writing() as connection:
            _known(connection, name)
            connection.execute(mine.values(failed_at=instant(self._now()), failure=code))

    def collectors(self) -> list[CollectorState]:
        """All that accounts were ever sent to, by name."""
        with self._room.reading() as connection:
            return [CollectorState(*row) for row in connection.execute(select(collector).order_by(collector.c.name))]


def _known(connection: Connection, name: str) -> None:
    bulk.insert_new(connection, collector, [(fit(name), 0, "", "", "")])
