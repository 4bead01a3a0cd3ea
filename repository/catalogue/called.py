"""Names by their words, in any order, as they are spelt or as they sound: fuzzy matching (PS3.4 C.2.2.2.1.1).

What is asked becomes a select of names, which lead to patients and studies. What sounds alike is in `sounding.py`.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Select, and_, exists, false, or_, select, union
from sqlalchemy.engine import Dialect

from repository.catalogue.folding import folded_name
from repository.catalogue.matching import ABOVE, wild
from repository.catalogue.sounding import SHORTEST_BEGINNING, sound_of, words_of
from repository.catalogue.tables import name_word, patient_name
from repository.catalogue.text import key

_WILD = frozenset("*?")
MOST_WORDS = 6
"""That are asked for, the longest: of more a name has to have these. PostgreSQL plans each together with all others: 3
words in 4 ms, 6 in 20, 8 in 90, 120 in 14 s, and with 300 its memory ended first."""


def words_asked(name: str) -> list[str]:
    """The words that a name has to have, those first that are likely to lead to the fewest. None where nothing is
    asked that is a word: then the name is matched as a whole, and no other way."""
    folded = folded_name(name)
    asked = dict.fromkeys(words_of(folded if _WILD & set(folded) else key(folded)))
    words = filter(lambda each: each.strip("*"), asked)
    return sorted(words, key=lambda each: (each[0] in _WILD, -len(each)))[:MOST_WORDS]


def people_called(name: str, scope: Sequence[ColumnElement[bool]], dialect: Dialect) -> Select[tuple[int, int]]:
    """(takeover, number) of the patients with a name that matches `name`; `scope` holds for their rows."""
    theirs = patient_name.c
    wanted = select(theirs.takeover, theirs.number).where(*scope)
    whole = wanted.where(wild(theirs.name_folded, folded_name(name), dialect=dialect))
    words = words_asked(name)
    if not words:
        return whole
    # A join, and told in this order: SQLite would go through all names of a takeover for a list of some.
    named = name_word.join(patient_name, _same(name_word, patient_name))
    alike = wanted.select_from(named).where(*_have(words, dialect))
    if not _reaches_over(words):
        return alike
    either = union(alike, whole).subquery()  # SQLite goes along no index for what a union gives as it is
    return select(either.c.takeover, either.c.number)


def names_called(name: str, takeovers: tuple[int, ...] | None, dialect: Dialect) -> Select[tuple[int, str]]:
    """(takeover, folded name) of the names that have the words of `name`: none where it has none."""
    words = words_asked(name)
    parts: list[ColumnElement[bool]] = _have(words, dialect) if words else [false()]
    if takeovers is not None:
        parts.append(name_word.c.takeover.in_(takeovers))
    return select(name_word.c.takeover, name_word.c.name_folded).where(*parts)


def _reaches_over(words: Sequence[str]) -> bool:
    """Whether a wildcard may stand for the end of a word and what comes behind it."""
    return any("?" in each or "*" in each.strip("*") for each in words)


def _have(words: Sequence[str], dialect: Dialect) -> list[ColumnElement[bool]]:
    """The name of a row of `name_word` has each of `words`; the row is that of the first."""
    first, *others = words
    parts = [_is(name_word, first, dialect)]
    for place, word in enumerate(others):
        beside = name_word.alias(f"word_{place}")
        there = select(beside.c.word).where(_same(beside, name_word), _is(beside, word, dialect))
        parts.append(exists(there.correlate(name_word)))
    return parts


def _same(one: FromClause, other: FromClause) -> ColumnElement[bool]:
    return and_(*(one.c[each] == other.c[each] for each in ("takeover", "name_folded")))


def _is(table: FromClause, word: str, dialect: Dialect) -> ColumnElement[bool]:
    if _WILD & set(word):
        return wild(table.c.word, word, dialect=dialect)
    alike: ColumnElement[bool] = table.c.sound == sound_of(word)
    if len(word) < SHORTEST_BEGINNING:
        return alike
    begins: Any = and_(table.c.word >= word, table.c.word < word + ABOVE)
    return or_(alike, begins)
