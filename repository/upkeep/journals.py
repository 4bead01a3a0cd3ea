"""The journal read back from its bundles: every line that the store tells of, in its order, into a new catalogue.

A line counts if its bundle opens and it is true to its record. A crash may have left a bundle that nobody knew; its
lines are in the next one as well and are equal. Where two bundles say different things of one line, the log decides.
The journal ends before the first line that is nowhere: nothing that follows from it could be trusted.
"""

from collections.abc import Iterator, Sequence

from repository.catalogue.catalogue import Catalogue
from repository.catalogue.errors import CatalogueConflict
from repository.catalogue.journal import Bundle
from repository.domain.deed import Deed
from repository.findings import Finding
from repository.journal import FOLDER, KEY
from repository.upkeep.bundles import PREFIX, UNREADABLE, opened_bundle, subject_of
from storage.objects.port import StoredObject
from storage.vault import Vault

_AT_ONCE = 500


class JournalRestoring:
    """One restoring into `target`, whose log is there already; `findings` name what could not be read or taken."""

    def __init__(self, vault: Vault, target: Catalogue, *, archive: str) -> None:
        self._vault, self._target, self._archive = vault, target, archive
        self._deviant: set[str] = set()  # bundles with a line that was not taken
        self.findings: list[Finding] = []

    def run(self) -> int:
        """How many deeds were restored, with what follows from them and the rows of their bundles."""
        rows = sorted(self._readable(), key=lambda row: (row.first, row.key))
        for cluster in _clusters(rows):
            if not self._restore(cluster):
                break
        known = self._target.journal.size()
        for row in _chain([row for row in rows if row.key not in self._deviant and row.last <= known]):
            self._target.journal.note_bundle(row)
            self._target.set_archive(self._archive, **{KEY: row.record_key})
        return known

    def _readable(self) -> Iterator[Bundle]:
        for held in self._vault.store.list(PREFIX):
            try:
                yield opened_bundle(self._vault, held).row
            except UNREADABLE as error:
                self.findings.append(Finding("RBD-JOURNAL-UNREAD", subject_of(held.key), {"reason": error.code}))

    def _restore(self, cluster: Sequence[Bundle]) -> bool:
        """Whether all lines of bundles that overlap were restored."""
        following = self._target.journal.size() + 1
        if cluster[0].first > following:
            gap = {"first": following, "last": cluster[0].first - 1}
            self.findings.append(Finding("RBD-JOURNAL-GAP", FOLDER, gap))
            return False
        wanted = max(row.last for row in cluster)
        deeds = self._chosen(cluster)
        self._name_unlogged(deeds)
        for start in range(0, len(deeds), _AT_ONCE):
            if not self._written(deeds[start : start + _AT_ONCE]):
                return False
        return not deeds or deeds[-1].number == wanted

    def _chosen(self, cluster: Sequence[Bundle]) -> list[Deed]:
        """The lines of the bundles, in order, up to one on which they do not agree and the log does not decide."""
        told: dict[int, dict[bytes, Deed]] = {}
        tellers: dict[bytes, set[str]] = {}
        for row in cluster:
            for deed in opened_bundle(self._vault, StoredObject(row.key, row.size, row.version)).deeds:
                told.setdefault(deed.number, {})[deed.entry] = deed
                tellers.setdefault(deed.entry, set()).add(row.key)
        chosen = []
        for number, versions in sorted(told.items()):
            logged = list(versions)
            if len(versions) > 1:
                self.findings.append(Finding("RBD-JOURNAL-DIFFERS", FOLDER, {"number": number}))
                logged = [entry for entry in versions if self._target.knows([entry])]
                for entry in versions.keys() - set(logged[:1]):
                    self._deviant |= tellers[entry]
            if len(logged) != 1:
                break
            chosen.append(versions[logged[0]])
        return chosen

    def _name_unlogged(self, deeds: Sequence[Deed]) -> None:
        for start in range(0, len(deeds), _AT_ONCE):
            group = deeds[start : start + _AT_ONCE]
            if self._target.knows([deed.entry for deed in group]):
                continue
            if new := [deed.number for deed in group if not self._target.knows([deed.entry])]:
                unlogged = {"first": new[0], "count": len(new)}
                self.findings.append(Finding("RBD-JOURNAL-UNLOGGED", FOLDER, unlogged))

    def _written(self, deeds: Sequence[Deed]) -> bool:
        """Whether all of `deeds` are in the journal; if not, those before the first that it does not take are."""
        try:
            self._target.journal.restore(deeds)
        except (CatalogueConflict, KeyError, TypeError, ValueError):  # the last three: of a later version
            if len(deeds) == 1:
                self.findings.append(Finding("RBD-JOURNAL-REFUSED", FOLDER, {"number": deeds[0].number}))
                return False
            return all(self._written([deed]) for deed in deeds)
        return True


def _clusters(rows: Sequence[Bundle]) -> Iterator[list[Bundle]]:
    """Bundles in ascending order, those that overlap together."""
    cluster: list[Bundle] = []
    for row in rows:
        if cluster and row.first > max(each.last for each in cluster):
            yield cluster
            cluster = []
        cluster.append(row)
    if cluster:
        yield cluster


def _chain(rows: Sequence[Bundle]) -> list[Bundle]:
    """The bundles from line 1 on of which each follows the one before it, and which reach furthest.

    Of two that reach as far, the later one: what was left unknown was made before what became known in its place.
    """
    best: dict[int, tuple[int, Bundle]] = {}  # by first line: the last line that is reached, and by what
    for row in sorted(rows, key=lambda row: (row.first, row.key), reverse=True):
        reach, _ = best.get(row.last + 1, (row.last, row))
        if row.first not in best or reach > best[row.first][0]:
            best[row.first] = reach, row
    chain, following = [], 1
    while following in best:
        chain.append(best[following][1])
        following = chain[-1].last + 1
    return chain
