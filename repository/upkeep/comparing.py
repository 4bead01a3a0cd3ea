"""Two catalogues that should know the same of a takeover: which rows differ, in memory that does not grow.

Rows fall into buckets by their hash; each side is summed up by exclusive or. Only the rows of buckets that differ are
read a second time and held. Rows are named by their keys; no value of a row leaves the catalogue.
"""

from collections.abc import Collection, Iterator
from hashlib import sha256

import orjson

from repository.catalogue.catalogue import Catalogue
from repository.findings import Finding

_NAMING = ("ordinal", "number", "patient", "position", "object_id", "kind", "role")
_KEYED_BY = {"stored_object": ("object_id",), "takeover": (), "item": ("ordinal",), "holding": ("ordinal",)}


def differences(
    live: tuple[Catalogue, int], told: tuple[Catalogue, int], *, subject: str, without: Collection[str] = ()
) -> Iterator[Finding]:
    """What the live catalogue says otherwise than `told`, which the store told; tables in `without` are left out."""
    one, other = _sums(*live, without), _sums(*told, without)
    buckets = {bucket for bucket in one.keys() | other.keys() if one.get(bucket, 0) != other.get(bucket, 0)}
    if not buckets:
        return
    here, there = _rows(*live, without, buckets=buckets), _rows(*told, without, buckets=buckets)
    names_here = {(table, _name(table, row)) for table, row in here - there}
    names_there = {(table, _name(table, row)) for table, row in there - here}
    for table, row in sorted(names_here | names_there):
        both = (table, row) in names_here and (table, row) in names_there
        code = "VFY-ROW-CHANGED" if both else "VFY-ROW-ADDED" if (table, row) in names_here else "VFY-ROW-LOST"
        yield Finding(code, subject, {"table": table, "row": row})


def _sums(catalogue: Catalogue, number: int, without: Collection[str]) -> dict[int, int]:
    """The sum of each bucket that holds a row: at most 65,536, by the first two bytes of the hash."""
    sums: dict[int, int] = {}
    for table, row in catalogue.dump(number):
        if table not in without:
            digest = sha256(table.encode() + b"\0" + row).digest()
            bucket = int.from_bytes(digest[:2])
            sums[bucket] = sums.get(bucket, 0) ^ int.from_bytes(digest)
    return sums


def _rows(
    catalogue: Catalogue, number: int, without: Collection[str], *, buckets: Collection[int]
) -> set[tuple[str, bytes]]:
    return {
        (table, row)
        for table, row in catalogue.dump(number)
        if table not in without and int.from_bytes(sha256(table.encode() + b"\0" + row).digest()[:2]) in buckets
    }


def _name(table: str, row: bytes) -> str:
    values = orjson.loads(row)
    named = _KEYED_BY.get(table, _NAMING)
    return ", ".join(f"{name} {values[name]}" for name in named if values.get(name) not in (None, "")) or "-"
