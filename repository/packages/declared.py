"""What a package declares of its items: sizes and digests by label, kept small for a hundred thousand of them."""

from collections.abc import Iterator, Mapping


class Declarations:
    """Label → declared size and digests. A path declared twice keeps the first digest of each algorithm."""

    def __init__(self) -> None:
        self._sizes: dict[str, int] = {}
        self._digests: dict[str, tuple[tuple[str, bytes], ...]] = {}

    def add(self, label: str, *, size: int = -1) -> None:
        """Declares that the item is there."""
        self._digests.setdefault(label, ())
        if size >= 0:
            self._sizes.setdefault(label, size)

    def add_digest(self, label: str, algorithm: str, *, digest: bytes) -> bool:
        """Whether this agrees with what was declared before."""
        known = self._digests.get(label, ())
        for name, earlier in known:
            if name == algorithm:
                return earlier == digest
        self._digests[label] = (*known, (algorithm, digest))
        return True

    def under(self, prefix: str) -> "Declarations":
        """The same, with `prefix` before each label."""
        moved = Declarations()
        moved._sizes = {prefix + label: size for label, size in self._sizes.items()}
        moved._digests = {prefix + label: digests for label, digests in self._digests.items()}
        return moved

    def __contains__(self, label: str) -> bool:
        return label in self._digests

    def __iter__(self) -> Iterator[str]:
        return iter(self._digests)

    def __len__(self) -> int:
        return len(self._digests)

    def size(self, label: str) -> int:
        """In bytes; -1 where not declared."""
        return self._sizes.get(label, -1)

    def digests(self, label: str) -> Mapping[str, str]:
        """Algorithm → lower-case hex."""
        return {algorithm: digest.hex() for algorithm, digest in self._digests.get(label, ())}

    def algorithms(self, label: str) -> frozenset[str]:
        return frozenset(algorithm for algorithm, _ in self._digests.get(label, ()))
