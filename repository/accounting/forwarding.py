"""Accounts on their way to a collector. The journal itself is the queue: all that is kept is how far each collector is.

At least once, in order: the cursor moves when a batch is known to have been read, so a stop at any point repeats accounts
and loses none.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Protocol

from repository.access.account import Account
from repository.accounting.errors import JournalGap
from storage.errors import ArchiveError

Source = Callable[[int, int], Sequence[Account]]
"""(after, limit) → accounts with numbers above `after`, the lowest first, at most `limit`."""


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
    """`sent` accounts arrived in this run, `last` is the newest that ever did. `failure` is why it stopped; None: all
    that was due arrived, or `more` is waiting beyond what one run takes."""

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
    start = last = cursors.cursor(name)
    sent = 0
    for _ in range(batches_most):
        found = source(last, batch)
        due = _consecutive(found, after=last)
        try:
            if due:
                sender.send([render(each) for each in due])
                last = due[-1].number
                sent += len(due)
                cursors.move(name, last)
            if len(due) < len(found):
                raise JournalGap(number=last + 1)  # noqa: TRY301  recorded like any other failure
        except ArchiveError as error:
            return _stopped(cursors, error, name=name, sent=sent, last=last)
        if len(found) < batch:
            return Forwarded(sent, last, more=False, failure=None)
    return Forwarded(sent, last, more=last > start, failure=None)


def _consecutive(accounts: Sequence[Account], *, after: int) -> list[Account]:
    """The accounts up to the first number that is missing: one that is being written now must not be passed over."""
    numbered = takewhile(lambda pair: pair[0] == pair[1].number, enumerate(accounts, after + 1))
    return [account for _, account in numbered]
