"""The latest answers to the same questions, of which there are never more than so many."""

from collections import OrderedDict
from threading import Lock
from typing import Generic, TypeVar

Question = TypeVar("Question")
Answer = TypeVar("Answer")


class Latest(Generic[Question, Answer]):
    """Safe to use from many threads. What was asked for longest ago goes first."""

    def __init__(self, most: int) -> None:
        self._most, self._lock = most, Lock()
        self._known: OrderedDict[Question, Answer] = OrderedDict()

    def __len__(self) -> int:
        return len(self._known)

    def get(self, question: Question) -> Answer | None:
        with self._lock:
            if question in self._known:
                self._known.move_to_end(question)
            return self._known.get(question)

    def keep(self, question: Question, answer: Answer) -> None:
        with self._lock:
            self._known[question] = answer
            self._known.move_to_end(question)
            while len(self._known) > self._most:
                self._known.popitem(last=False)
