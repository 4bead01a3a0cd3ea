"""Which passwords are taken, and in which form they are hashed.

NFKC first (NIST SP 800-63B §5.1.1.2), so that a letter typed on another keyboard is the same letter. Length counts,
kinds of characters do not; refused is what is guessed first: the name, one character or a short piece over and over, a
run of the keyboard, and a few words that everybody tries.
"""

import unicodedata
from itertools import pairwise

from repository.people.errors import PasswordGuessable, PasswordRefused

SHORTEST, LONGEST_BYTES = 12, 1024
_OBVIOUS = (
    "password", "passw0rd", "haslo", "hasło", "qwerty", "zaq12wsx", "1q2w3e4r", "letmein", "admin", "administrator",
    "edmarchive", "archiwum", "archive", "welcome", "witaj", "polska", "secret", "tajne", "changeme", "zmienmnie",
)  # fmt: skip
_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm", "1234567890", "abcdefghijklmnopqrstuvwxyz")
_LEAST_LEFT = 6  # characters that must be left when obvious words are taken away


def octets_of(password: str) -> bytes:
    """The password as it is hashed; empty for what no account can have as one."""
    try:
        octets = unicodedata.normalize("NFKC", password).encode()
    except UnicodeEncodeError:  # a lone surrogate: bytes that were no text
        return b""
    return octets if len(octets) <= LONGEST_BYTES else b""


def checked_password(password: str, *, names: tuple[str, ...]) -> bytes:
    """The password as it is hashed. `names`: those of its owner. Raises `PasswordRefused`, `PasswordGuessable`."""
    octets = octets_of(password) if len(password) <= LONGEST_BYTES else b""
    if not octets:
        raise PasswordRefused
    plain = octets.decode()
    if len(plain) < SHORTEST:
        raise PasswordRefused
    folded = "".join(plain.casefold().split())
    if _repeats(folded) or _runs(folded) or _is_obvious(folded, names):
        raise PasswordGuessable
    return octets


def _repeats(text: str) -> bool:
    """Whether it is one piece of at most a third of it, over and over."""
    lengths = range(1, len(text) // 3 + 1)
    return any(text == (text[:length] * len(text))[: len(text)] for length in lengths)


def _runs(text: str) -> bool:
    """Whether nearly every character follows the one before on the keyboard or in the alphabet, in either direction."""
    steps = {pair for row in _ROWS for pair in (*pairwise(row), *pairwise(row[::-1]), (row[-1], row[0]))}
    pairs = list(pairwise(text))
    return sum(pair in steps or pair[0] == pair[1] for pair in pairs) >= len(pairs) - 2


def _is_obvious(text: str, names: tuple[str, ...]) -> bool:
    """Whether little is left without the obvious words and the names of the account."""
    left = text
    for word in sorted((*_OBVIOUS, *(name.casefold() for name in names if len(name) >= 3)), key=len, reverse=True):
        left = left.replace(word, "")
    return left != text and len(set(left)) < _LEAST_LEFT
