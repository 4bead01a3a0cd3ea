"""What is made once for each shape of question, and kept while it is asked for."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from repository.catalogue.query import Query

T = TypeVar("T")
MOST = 16  # shapes: some 20 KB each, for every asker whose like are remembered


class Layouts(Generic[T]):
    """Up to `MOST` of those asked for last. Safe to share between threads.

    Made when a shape comes for the second time: to make a statement for good takes ten times as long as to ask one
    that SQLAlchemy has compiled for somebody else, and many an asker asks once.
    """

    def __init__(self) -> None:
        self._known: OrderedDict[Query, Sequence[T] | None] = OrderedDict()
        self._turn = threading.Lock()
        self._last: tuple[Query, Sequence[T]] | None = None  # whoever asks, mostly asks alike again

    def of(self, template: Query, make: Callable[[], Sequence[T]]) -> Sequence[T]:
        """Nothing the first time."""
        last = self._last
        if last is not None and last[0] is template:  # else it has to be hashed, which takes 10 µs
            return last[1]
        with self._turn:
            known = self._known.get(template)
            first = template not in self._known
            if first:
                self._known[template], self._last = None, None
                while len(self._known) > MOST:
                    self._known.popitem(last=False)
            else:
                self._known.move_to_end(template)
        if first:
            return ()
        if known is None:
            known = make()
            with self._turn:
                self._known[template] = known
        self._last = template, known
        return known
