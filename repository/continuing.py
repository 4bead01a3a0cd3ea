"""Where a search goes on, as keys that a peer keeps and gives back (PS3.4 C.6.4.1: Record Key, Prior Record Key).

A key is the place of a record in the order of the catalogue, which is that of its primary keys; it is the same key each
time, for as long as the archive lives, also in another process, after a restart and after `rebuild`. It tells nothing:
gaps between places would tell of what is not for the peer. It opens for the archive, the level and the takeovers alone
that it was given for.
"""

from collections.abc import Collection

from repository.catalogue.paging import mark_of_hit
from repository.catalogue.query import Hit, Level
from repository.runtime import Archive
from storage.errors import ArchiveError, SealBroken, Text
from storage.keys.opaque import OpaqueTokens


class RecordKeyForeign(ArchiveError):
    """Not a key of this archive, or one for another question."""

    code = "INV-001"
    exit_code = 2
    what = Text(
        en="The search cannot go on from this record key.",
        pl="Od tego klucza rekordu nie można kontynuować wyszukiwania.",
    )
    todo = Text(
        en="Give back a key of the same archive, level and takeovers, unchanged; or begin anew without one.",
        pl="Zwróć niezmieniony klucz tego samego archiwum, poziomu i przejęć albo zacznij od nowa bez klucza.",
    )


class Continuing:
    """The keys of one question. `takeovers`: ids of those that are asked about; None: all that the asker may see."""

    def __init__(self, archive: Archive, level: Level, *, takeovers: Collection[str] | None) -> None:
        self._tokens = OpaqueTokens(archive.ring.signing_seed(), archive=archive.id)
        scope = "*" if takeovers is None else ",".join(sorted(takeovers))
        self._bound = f"record\0{level.value}\0{scope}".encode()

    def key_of(self, hit: Hit) -> bytes:
        """By which a search goes on behind `hit`."""
        return self._tokens.make(mark_of_hit(hit).encode("ascii"), bound=self._bound)

    def mark_of(self, key: bytes) -> str:
        """What `Query.after` has to be to go on behind the record of `key`. Raises `RecordKeyForeign`."""
        for each in (key, key[:-1]) if key[-1:] == b"\0" else (key,):  # OB is padded to an even length
            try:
                return self._tokens.open(each, bound=self._bound).decode("ascii")
            except SealBroken:
                continue
        raise RecordKeyForeign
