"""The query parameters of QIDO-RS (PS3.18 8.3.4): matching keys, `includefield`, `limit`, `offset`, `fuzzymatching`.

Each attribute by keyword or tag, or by a path of these into a sequence, and once. What is no attribute is refused
rather than passed over: a search that leaves out a condition finds too much.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from api.errors import RequestNotUnderstood
from repository.catalogue.query import MOST, MOST_SKIPPED
from repository.formats.dicom.names import name_of, path_of

ALL = "all"
USUAL = 100  # matches in an answer to whom no limit was named
_ELSEWHERE = frozenset({"accept"})  # read where the form of the answer is chosen
_MOST_KEYS, _MOST_FIELDS, _LONGEST = 64, 512, 8192
Path = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """`keys`: text by the tags of an attribute; empty text matches everything and asks for the attribute. `unknown`:
    how many of the fields to include are no attributes. `limit` None: none was named."""

    keys: Mapping[Path, str] = field(default_factory=dict)
    include: frozenset[Path] = frozenset()
    everything: bool = False
    unknown: int = 0
    limit: int | None = None
    offset: int = 0
    fuzzy: bool = False


def read(parameters: Iterable[tuple[str, str]]) -> Asked:
    """Raises `RequestNotUnderstood`, which never repeats what was sent."""
    keys: dict[Path, str] = {}
    include: set[Path] = set()
    once: dict[str, str] = {}
    everything, unknown = False, 0
    for name, text in parameters:
        if len(text) > _LONGEST:
            raise RequestNotUnderstood(reason=f"a parameter of more than {_LONGEST} characters")
        if name == "includefield":
            paths = [each.strip() for each in text.split(",") if each.strip()]
            everything = everything or ALL in paths
            known = [path_of(each) for each in paths if each != ALL]
            include.update(each for each in known if each is not None)
            unknown += known.count(None)
        elif name in ("limit", "offset", "fuzzymatching") or name in _ELSEWHERE:
            if name in once:
                raise RequestNotUnderstood(reason=f"{name}: said twice")
            once[name] = text
        else:
            path = path_of(name)
            if path is None:
                raise RequestNotUnderstood(reason="a parameter that is no attribute")
            if path in keys:
                raise RequestNotUnderstood(reason=f"{name_of(path)}: said twice")
            keys[path] = text
    if len(keys) > _MOST_KEYS or len(include) + unknown > _MOST_FIELDS:
        raise RequestNotUnderstood(reason="too many attributes")
    return Asked(
        keys=keys,
        include=frozenset(include),
        everything=everything,
        unknown=unknown,
        limit=_number(once["limit"], "limit", least=1) if "limit" in once else None,
        offset=_number(once.get("offset", "0"), "offset", least=0, most=MOST_SKIPPED),
        fuzzy=_truth(once.get("fuzzymatching", "false")),
    )


def written(asked: Asked) -> list[tuple[str, str]]:
    """Parameters from which `read` makes the same, where nothing was unknown."""
    found = [(name_of(path), text) for path, text in asked.keys.items()]
    if asked.everything or asked.include:
        names = sorted(name_of(path) for path in asked.include)
        found.append(("includefield", ",".join([*([ALL] if asked.everything else []), *names])))
    if asked.limit is not None:
        found.append(("limit", str(asked.limit)))
    if asked.offset:
        found.append(("offset", str(asked.offset)))
    return [*found, ("fuzzymatching", "true")] if asked.fuzzy else found


def page_of(asked: Asked) -> int:
    """How many matches are told at most."""
    return min(USUAL if asked.limit is None else asked.limit, MOST)


def _number(text: str, name: str, *, least: int, most: int | None = None) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= 18) or int(text) < least:
        raise RequestNotUnderstood(reason=f"{name}: a whole number of {least} or more")
    if most is not None and int(text) > most:
        raise RequestNotUnderstood(reason=f"{name}: {most} at most; narrow the search by a key")
    return int(text)


def _truth(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise RequestNotUnderstood(reason="fuzzymatching: true or false")
    return text.lower() == "true"
