"""Names to sign in with: short, plain, one spelling each; never given to another account of
the same catalogue. After a rebuild names are free: what must last is kept for the account's id, which is no name."""

import re

from repository.people.errors import NameRefused

_NAME = re.compile(r"(?=.{3,32}\Z)[a-z](?:[._-]?[a-z0-9])*", re.ASCII)


def is_name(text: str) -> bool:
    return _NAME.fullmatch(text) is not None


def checked_name(text: str) -> str:
    """`text`, if it is a name. Raises `NameRefused`."""
    if not is_name(text):
        raise NameRefused
    return text
