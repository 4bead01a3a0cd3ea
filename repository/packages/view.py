"""A source as the takeover sees it: what can be taken, by paths that are relative to the root of the package."""

from collections.abc import Iterator, Sequence
from typing import BinaryIO

from repository.packages.guard import Limits, Refusal, refusals, walk_files
from repository.packages.source import Entry, EntryKind, PackageSource


class View:
    """`prefix` is the one folder that holds the whole package in an archive (`bag1/`), or empty.

    Where that folder is not alone, paths keep it, and what the bag declares is read relative to it: `declared_under`.
    """

    def __init__(self, source: PackageSource, limits: Limits) -> None:
        self.source = source
        self._refused = refusals(source.entries, limits)
        taken = [entry for entry, refusal in walk_files(source.entries, self._refused) if refusal is None]
        bag_root = _bag_root(taken)
        self.is_bag = bag_root is not None
        alone = all(entry.path.startswith(bag_root or "") for entry in taken)
        self.prefix = bag_root or "" if alone else ""
        self.declared_under = "" if alone else bag_root or ""
        self._taken = {self._relative(entry.path): entry for entry in taken}

    def __contains__(self, path: str) -> bool:
        """Whether the file is there and can be taken; `path` is relative to the bag, as declared."""
        return self.declared_under + path in self._taken

    def paths(self) -> Iterator[str]:
        """What can be taken, relative to the bag, in the order of the listing."""
        under = self.declared_under
        return (path.removeprefix(under) for path in self._taken if path.startswith(under))

    def entry(self, path: str) -> Entry:
        return self._taken[self.declared_under + path]

    def open(self, path: str) -> BinaryIO:
        return self.source.open(self.entry(path).path)

    def open_item(self, item_path: str) -> BinaryIO:
        """As `open`, by the path of an item. `KeyError` if nothing of that path can be taken."""
        return self.source.open(self._taken[item_path].path)

    def has_item(self, item_path: str) -> bool:
        return item_path in self._taken

    def files(self) -> Iterator[tuple[str, Entry, Refusal | None]]:
        """Item path, entry and, if it is refused, why: everything that becomes an item, in the order of the listing."""
        for entry, refusal in walk_files(self.source.entries, self._refused):
            yield self._relative(refusal.path if refusal else entry.path), entry, refusal

    def is_empty(self) -> bool:
        return not self._taken and not any(entry.kind is not EntryKind.DIRECTORY for entry in self.source.entries)

    def _relative(self, path: str) -> str:
        if path.startswith(self.prefix):
            return path.removeprefix(self.prefix)
        return f"../{path}"  # refused, and beside the one folder: only such entries come here


def _bag_root(taken: Sequence[Entry]) -> str | None:
    """`""` for a bag at the top, `name/` for one in a single top folder, None where there is none or several."""
    roots = [entry.path.removesuffix("bagit.txt") for entry in taken if entry.path.rpartition("/")[2] == "bagit.txt"]
    if "" in roots:
        return ""
    tops = [root for root in roots if root.count("/") == 1]
    return tops[0] if len(tops) == 1 else None
