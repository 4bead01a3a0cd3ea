"""Where the declarations of a package come from: the bag, a manifest in a bare package, or one given beside it."""

import hashlib
import io
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from repository.findings import Finding
from repository.packages import handover, manifest, patients
from repository.packages.bag import Bag, read_bag
from repository.packages.declared import Declarations
from repository.packages.errors import ItemUnreadable, ManifestUnusable
from repository.packages.source import ArchiveFile, Kept, Slice, nothing_kept
from repository.packages.view import View

KNOWN = (handover.PATH, patients.PATH)


@dataclass(slots=True)
class Declared:
    """`declarations` are by the path of the item. `declares`: a manifest with digests was there to be read."""

    declarations: Declarations = field(default_factory=Declarations)
    declares: bool = False
    findings: list[Finding] = field(default_factory=list)
    to_fetch: frozenset[str] = frozenset()
    manifest_sha256: bytes = b""
    check_unchanged: Callable[[], None] = lambda: None

    def reason(self, label: str) -> str:
        """Why an item that is declared is not there."""
        return "PKG-FETCH" if label in self.to_fetch else "PKG-MISSING"


def declared_by(view: View, given: Path | None, *, kept: Kept = nothing_kept) -> Declared:
    """A bag is believed as a bag; else the manifest that was given, or `manifest.csv` at the top of the package."""
    declared = _of_bag(view, read_bag(view)) if view.is_bag else Declared()
    if view.is_bag and given is not None:
        declared.findings.append(Finding("PKG-MANIFEST-UNUSED"))
    elif given is not None:
        declared = _of_given(given, kept)
    elif not view.is_bag and manifest.NAME in view:
        declared = _of_own(view)
    if declared.declares:
        for path in (*KNOWN, *([] if view.is_bag or given else [manifest.NAME])):
            if path in view:
                declared.declarations.add(view.declared_under + path)
    else:
        declared.findings.append(Finding("PKG-NO-MANIFEST"))
    return declared


def _of_bag(view: View, bag: Bag) -> Declared:
    findings = list(bag.findings)
    under = view.declared_under
    if under:
        findings.append(Finding("PKG-BAG-NOT-ALONE", under.rstrip("/")))
    return Declared(
        declarations=bag.declared.under(under) if under else bag.declared,
        declares=bag.declares,
        findings=findings,
        to_fetch=frozenset(under + label for label in bag.to_fetch),
    )


def _of_own(view: View) -> Declared:
    try:
        with view.open(manifest.NAME) as stream:
            found = manifest.read_manifest(stream)
        with view.open(manifest.NAME) as stream:
            digest = hashlib.file_digest(stream, "sha256").digest()  # type: ignore[arg-type]  # any readable
    except manifest.ManifestBroken as broken:
        return Declared(findings=[Finding("PKG-MANIFEST-BROKEN", manifest.NAME, {"row": broken.row})])
    except ItemUnreadable as error:
        return Declared(findings=[Finding("PKG-MANIFEST-UNREADABLE", manifest.NAME, {"reason": error.finding})])
    return _of_manifest(found, digest)


def _of_given(path: Path, kept: Kept) -> Declared:
    file = kept(path)
    if file is None and not path.is_file():
        raise ManifestUnusable(path=str(path), reason="not a file")
    file = file or ArchiveFile(path)
    try:
        content = io.BufferedReader(Slice(file, 0, length=file.size))
        found = manifest.read_manifest(content)
        content = io.BufferedReader(Slice(file, 0, length=file.size))
        digest = hashlib.file_digest(content, "sha256").digest()
    except manifest.ManifestBroken as broken:
        raise ManifestUnusable(path=str(path), reason=f"row {broken.row}") from None
    finally:
        file.close()
    declared = _of_manifest(found, digest)
    declared.check_unchanged = file.check_unchanged
    return declared


def _of_manifest(found: manifest.Manifest, digest: bytes) -> Declared:
    findings = list(found.findings)
    if not found.has_digests:
        findings.append(Finding("PKG-MANIFEST-NO-DIGESTS"))
    return Declared(
        declarations=found.declared, declares=len(found.declared) > 0, findings=findings, manifest_sha256=digest
    )
