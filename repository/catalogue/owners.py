"""Who has it already: the same bytes (a duplicate) or the same identifier with other bytes (a conflict)."""

from collections.abc import Mapping, Sequence

from sqlalchemy import func, select

from repository.catalogue.bulk import in_groups
from repository.catalogue.desk import Desk
from repository.catalogue.tables import document, holding, instance
from repository.catalogue.text import identifier_key, key
from repository.domain.describing import Identifier


class Owners(Desk):
    def digest_owner(self, number: int, sha256: bytes) -> int | None:
        """The lowest ordinal of this takeover whose bytes have this SHA-256."""
        return self.digest_owners(number, [sha256]).get(sha256)

    def digest_owners(self, number: int, digests: Sequence[bytes]) -> Mapping[bytes, int]:
        """`digest_owner` for many at once; digests that nobody has are left out."""
        found: dict[bytes, int] = {}
        with self._room.reading() as connection:
            for group in in_groups(digests):
                same = select(holding.c.sha256, func.min(holding.c.ordinal)).where(
                    holding.c.takeover == number, holding.c.sha256.in_(group)
                )
                rows = connection.execute(same.group_by(holding.c.sha256))
                found.update({bytes(digest): ordinal for digest, ordinal in rows})
        return found

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
        found: dict[str, int] = {}
        with self._room.reading() as connection:
            for group in in_groups(list(by_key)):
                same = select(instance.c.sop_instance_uid, func.min(instance.c.ordinal)).where(
                    instance.c.takeover == number, instance.c.sop_instance_uid.in_(group)
                )
                rows = connection.execute(same.group_by(instance.c.sop_instance_uid))
                found.update({by_key[uid]: ordinal for uid, ordinal in rows})
        return found
