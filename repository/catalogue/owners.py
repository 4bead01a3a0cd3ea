"""Who has it already: the same bytes (a duplicate) or the same identifier with other bytes (a conflict)."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Column, bindparam, func, select

from repository.catalogue.bulk import in_groups
from repository.catalogue.desk import Desk
from repository.catalogue.prepared import Prepared
from repository.catalogue.tables import document, holding, instance
from repository.catalogue.text import identifier_key, key
from repository.domain.describing import Identifier


class Owners(Desk):
    def digest_owner(self, number: int, sha256: bytes) -> int | None:
        """The lowest ordinal of this takeover whose bytes have this SHA-256."""
        return self.digest_owners(number, [sha256]).get(sha256)

    def digest_owners(self, number: int, digests: Sequence[bytes]) -> Mapping[bytes, int]:
        """`digest_owner` for many at once; digests that nobody has are left out."""
        return {bytes(digest): ordinal for digest, ordinal in self._lowest(holding.c.sha256, number, digests)}

    def identifier_owner(
        self, number: int, *, sop_instance_uid: str | None = None, document_id: Identifier | None = None
    ) -> int | None:
        """The lowest ordinal of this takeover with this SOP Instance UID or document id, of whatever bytes."""
        if sop_instance_uid is not None:
            return self.instance_owners(number, [sop_instance_uid]).get(sop_instance_uid)
        if document_id is None:
            return None
        same = document.c.identifier_key == identifier_key(document_id)
        lowest = select(func.min(document.c.ordinal)).where(document.c.takeover == number, same)
        with self._room.reading() as connection:
            found: int | None = connection.execute(lowest).scalar_one()
        return found

    def instance_owners(self, number: int, uids: Sequence[str]) -> Mapping[str, int]:
        """The lowest ordinal for each SOP Instance UID that this takeover keeps."""
        by_key = {key(uid): uid for uid in uids}
        return {by_key[uid]: ordinal for uid, ordinal in self._lowest(instance.c.sop_instance_uid, number, [*by_key])}

    def _lowest(self, column: Column[Any], number: int, wanted: Sequence[bytes | str]) -> list[tuple[Any, int]]:
        """Each of `wanted` that `column` has in this takeover, with the lowest ordinal that has it."""
        found: list[tuple[Any, int]] = []
        if not wanted:
            return found
        with self._room.reading() as connection:
            for group in in_groups(wanted):
                # As many as are asked for, made up to a power of two by the last one: so there are few statements, and
                # each is made once. Made anew, they took 1.5 of the 5 ms that an image of half a MiB takes.
                size = 1 << (len(group) - 1).bit_length()
                values = dict(zip(_names(size), [*group, *[group[-1]] * (size - len(group))], strict=True))
                found += [(row[0], row[1]) for row in _same(column, size).all(connection, {"number": number, **values})]
        return found


def _names(size: int) -> list[str]:
    return [f"wanted{place}" for place in range(size)]


@cache
def _same(column: Column[Any], size: int) -> Prepared:
    there = column.table.c
    one_of = column.in_([bindparam(name, type_=column.type) for name in _names(size)])
    lowest = select(column, func.min(there.ordinal).label("lowest")).where(
        there.takeover == bindparam("number"), one_of
    )
    return Prepared(lowest.group_by(column))
