"""Names as they sound to a Polish ear: the words of a name, and one key for all spellings of a word.

The words are those of the folded name, and so without accents: half of the producers write none. That is why `o` and
`u` are one here (Wojcik is Wójcik, who is Wujcik), and `u` and `i` are not (Müller is Mueller, but not Miller).
Whoever changes the key fills `name_word` anew by a migration; docs/decisions/0018-names-that-sound-alike.md.
"""

import re
from collections.abc import Iterator
from functools import lru_cache

SHORTEST_BEGINNING = 3  # letters; fewer ask for a word that is spelt or sounds so, not for any that begins so
_APART = re.compile(r"[\s^=\-\u2010-\u2015\u2212,.;:/\\()\[\]\"+&_]+")
_SILENT = str.maketrans(dict.fromkeys("'`\u2019\u02bc"))
_CUT = "\u2026"  # stands in keys alone (`text.key`): folding writes it as three dots
_ENDINGS = re.compile(r"(?<=[^\W\d_])(sk|ck|dzk)a$")  # Kowalska has the surname of Kowalski, Zawadzka of Zawadzki

# In this order; what comes earlier is not seen by what follows.
_SPELLINGS = (
    ("qu", "kv"), ("q", "k"), ("x", "ks"), ("ph", "f"), ("th", "t"), ("tz", "c"),
    ("sch", "s"), ("szcz", "sc"), ("sz", "s"), ("cz", "c"), ("rz", "z"), ("ch", "h"),
    ("w", "v"), ("j", "i"), ("y", "i"),
    ("ae", "a"), ("oe", "o"), ("ue", "u"),  # umlauts as they are written without their dots
)  # fmt: skip
_ROUND = re.compile(r"o[nm](?=[^\Waeiou\d_nm])")  # Dombrowski is Dąbrowski
_FRONT = re.compile(r"e[nm](?=[^\Waeiou\d_nm])")  # Lempicki is Łępicki
_DOUBLED = re.compile(r"([^\W\d_])\1+")


def words_of(name: str) -> Iterator[str]:
    """The words of a folded name, or of the key that stands for one that is too long: then of its beginning. Wildcards
    stay in them."""
    for word in _APART.split(name.partition(_CUT)[0].translate(_SILENT)):
        if word:
            yield word


@lru_cache(maxsize=8192)  # given names and the surnames of many; 8 µs a word otherwise
def sound_of(word: str) -> str:
    """What all words have in common that sound like `word`, which is folded; of letters that are not Latin, and of
    digits, the word itself."""
    found = _ENDINGS.sub(r"\1i", word)
    for written, heard in _SPELLINGS:
        found = found.replace(written, heard)
    found = _FRONT.sub("e", _ROUND.sub("a", found)).replace("o", "u")
    return _DOUBLED.sub(r"\1", found)
