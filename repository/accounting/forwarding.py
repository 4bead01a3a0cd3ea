"""Accounts on their way to a collector. The journal itself is the queue: all that is kept is how far each collector is.

At least once, in order: the cursor moves when a batch is known to have been read, so a stop at any point repeats
accounts and loses none. Deeds become visible in the order of their numbers (`repository/catalogue/journal.py`), so an
account below the cursor never turns up later.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from repository.access.account import Account
from storage.errors import ArchiveError

Source = Callable[[int, int], Sequence[Account]]
"""(after, limit) → accounts with numbers above `after`, the lowest first, at most `limit`. Other deeds have numbers
too, so those of accounts have gaps."""


class Cursors(Protocol):
    """Where each collector is (`repository.catalogue.collectors.Collectors`)."""

    def cursor(self, name: str) -> int: ...
    def move(self, name: str, number: int) -> None: ...
    def failed(self, name: str, code: str) -> None: ...


class Sender(Protocol):
    """One collector (`syslog.SyslogTls`)."""

    def send(self, messages: Sequence[bytes]) -> None: ...


@dataclass(frozen=True, slots=True)
class Forwarded:
    """`sent` accounts arrived in this run, `last` is the newest that ever did. `more`: others may be waiting, after a
    `failure` or because one run takes only so many."""

    sent: int
    last: int
    more: bool
    failure: ArchiveError | None


def forward(
    source: Source,
    cursors: Cursors,
    sender: Sender,
    *,
    name: str,
    render: Callable[[Account], bytes],
    batch: int = 100,
    batches_most: int = 1000,
) -> Forwarded:
    """What is due to the collector `name` has been sent, batch by batch, up to the first failure.

    A failure of the collector is kept beside its cursor and returned; one of the catalogue is raised.
    """
    sent, last = 0, cursors.cursor(name)
    for _ in range(batches_most):
        found = source(last, batch)
        failure = _sent(sender, [render(each) for each in found])
        if failure is None and found:
            sent, last = sent + len(found), found[-1].number
            cursors.move(name, last)
        if failure is not None:
            cursors.failed(name, failure.code)
        if failure is not None or len(found) < batch:
            return Forwarded(sent, last, more=failure is not None, failure=failure)
    return Forwarded(sent, last, more=True, failure=None)


def _sent(sender: Sender, messages: Sequence[bytes]) -> ArchiveError | None:
    """None: the collector has read them."""
    try:
        if messages:
            sender.send(messages)
    except ArchiveError as error:
        return error
    return None
