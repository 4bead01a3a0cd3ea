"""A hand-over package as the takeover sees it, whatever its form: items, declarations, hand-over data, patients."""

import hashlib
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Self

from repository.domain.describing import PatientFacts
from repository.domain.takeover import Disposition, Handover, Item
from repository.findings import Finding
from repository.packages import handover as handover_file
from repository.packages import patients as patients_file
from repository.packages.declared import Declarations
from repository.packages.declaring import Declared, declared_by
from repository.packages.detect import open_source
from repository.packages.errors import ItemUnreadable, PackageUnusable
from repository.packages.guard import Limits, check_name
from repository.packages.source import Entry, EntryKind, Kept, nothing_kept
from repository.packages.view import View

UNREADABLE = frozenset(
    {
        "PKG-ENCRYPTED",
        "PKG-METHOD",
        "PKG-SPARSE",
        "PKG-DAMAGED",
        "PKG-UNREADABLE",
        "PKG-FOLDER-UNREADABLE",
    }
)


@dataclass(frozen=True, slots=True)
class _Read:
    """What was read of a package on opening it."""

    view: View
    declared: Declared
    handover: Handover
    findings: tuple[Finding, ...]
    limits: Limits


class HandoverPackage:
    """`rejection` is why nothing can be taken, or None; then `items` is empty and nothing can be opened."""

    def __init__(self, read: _Read | None, *, rejection: Finding | None, fingerprint: str, given: Handover) -> None:
        self._read = read
        self.rejection = rejection
        self.fingerprint = fingerprint
        self.declared = read is not None and read.declared.declares
        self.handover = read.handover if read else given
        self.findings = read.findings if read else ()
        self.form = read.view.source.form if read else ""
        self._aliases = _aliases(read) if read else {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def items(self) -> Iterator[Item]:
        """Every path that is there, declared or both: first what is there in the order of the listing, then what is
        declared and not there, by path. The same items with the same ordinals whenever the package is opened."""
        if self._read is None or self.rejection is not None:
            return
        declared = self._read.declared.declarations
        ordinal = 0
        met: set[str] = set()
        for path, entry, refusal in self._read.view.files():
            ordinal += 1
            label = self._aliases.get(path, path)
            if label in declared:
                met.add(label)
            yield _item(ordinal, path, declared, label=label, size=entry.size, code=refusal.code if refusal else "")
        for label in sorted(set(declared) - met):
            ordinal += 1
            code = check_name(label, self._read.limits) or self._read.declared.reason(label)
            yield _item(ordinal, label, declared, label=label, size=-1, code=code)

    def open(self, item_path: str) -> BinaryIO:
        """The bytes of an item that is neither missing nor refused.

        Reading raises `ItemUnreadable` if they are damaged or not as announced, `PackageChanged` if somebody writes.
        """
        if self._read is None or not self._read.view.has_item(item_path):
            raise ItemUnreadable("PKG-MISSING")
        return self._read.view.open_item(item_path)

    def patients(self, *, report: Callable[[Finding], None] | None = None) -> Iterator[PatientFacts]:
        """The producer's list of patients, if there is one; `report` receives its findings when it is read through."""
        tell = report or (lambda _: None)
        if self._read is None or patients_file.PATH not in self._read.view:
            return
        subject = self._read.view.declared_under + patients_file.PATH
        try:
            with self._read.view.open(patients_file.PATH) as stream:
                yield from patients_file.read_patients(stream, report=tell, subject=subject)
        except ItemUnreadable as error:
            tell(Finding("PKG-PATIENTS-UNREADABLE", subject, {"reason": error.finding}))

    def check_unchanged(self) -> None:
        """Raises `PackageChanged` if the package is not what it was when it was opened."""
        if self._read is not None:
            self._read.view.source.check_unchanged()
            self._read.declared.check_unchanged()

    def close(self) -> None:
        if self._read is not None:
            self._read.view.source.close()


def open_package(
    path: Path,
    *,
    manifest: Path | None = None,
    given: Handover | None = None,
    limits: Limits | None = None,
    edition: int = 1,
    kept: Kept = nothing_kept,
) -> HandoverPackage:
    """The package at `path`, listed and understood as far as it can be.

    An `edition` above 1 has a fingerprint of its own: what a producer hands over again, with a file mended that has the
    same size, may look like the package that was taken over before.

    `kept` gives the files of `path` and `manifest` where they do not lie there as they are.

    `manifest` is a table beside a bare package; `given` fills what the package does not say of the hand-over. Raises
    `PackageMissing`, `PackageUnreadable` and `ManifestUnusable`; what is wrong with the content is `rejection` or
    `findings`.
    """
    limits, given = limits or Limits(), given or Handover()
    try:
        source = open_source(path, limits=limits, kept=kept)
    except PackageUnusable as error:
        seal = _seal_of_unusable(path, error.finding)
        return _edition(HandoverPackage(None, rejection=error.finding, fingerprint=seal, given=given), edition)
    try:
        view = View(source, limits)
        declared = declared_by(view, manifest, kept=kept)
        package = _understood(view, declared, given=given, limits=limits)
        if package.rejection is not None:  # two empty folders are two refusals, not one
            named = f"edm-archive refused 1\n{package.fingerprint}\n{path.resolve()}"
            package.fingerprint = hashlib.sha256(named.encode("utf-8", "replace")).hexdigest()
        return _edition(package, edition)
    except BaseException:
        source.close()
        raise


def _seal_of_unusable(path: Path, why: Finding) -> str:
    """By what the file is, not by where it lies: a better one in its place is another package."""
    status = path.stat()
    return hashlib.sha256(
        f"edm-archive unusable 1\n{why.code} {status.st_size} {status.st_mtime_ns}".encode()
    ).hexdigest()


def _edition(package: HandoverPackage, edition: int) -> HandoverPackage:
    if edition > 1:
        package.fingerprint = f"{package.fingerprint}-{edition}"
    return package


def _understood(view: View, declared: Declared, *, given: Handover, limits: Limits) -> HandoverPackage:
    handover, notes = _handover(view, given)
    read = _Read(view, declared, handover, (*view.source.findings, *declared.findings, *notes), limits)
    package = HandoverPackage(read, rejection=_rejection(read), fingerprint=_fingerprint(read), given=given)
    if package._aliases:  # noqa: SLF001 - its own module
        note = Finding("PKG-NAME-FORM", params={"count": len(package._aliases)})  # noqa: SLF001 - its own module
        package.findings = (*package.findings, note)
    return package


def _handover(view: View, given: Handover) -> tuple[Handover, tuple[Finding, ...]]:
    subject = view.declared_under + handover_file.PATH
    found = Handover()
    findings: tuple[Finding, ...] = (Finding("PKG-NO-HANDOVER-DATA"),)
    if handover_file.PATH in view:
        try:
            with view.open(handover_file.PATH) as stream:
                found, findings = handover_file.read_handover(stream, subject=subject)
        except ItemUnreadable as error:
            findings = (Finding("PKG-HANDOVER-UNREADABLE", subject, {"reason": error.finding}),)
    if handover_file.contradicts(found, given):
        findings = (*findings, Finding("PKG-HANDOVER-GIVEN", subject))
    result = handover_file.filled_from(found, given)
    if handover_file.is_anonymous(found.producer):
        findings += handover_file.check_producer(given.producer, field="producer", subject="")
    if handover_file.is_anonymous(result.producer):
        findings = (*findings, Finding("PKG-NO-PRODUCER"))
    return result, findings


def _rejection(read: _Read) -> Finding | None:
    if read.view.is_empty():
        damaged = next((note for note in read.view.source.findings if note.code == "PKG-ARCHIVE-DAMAGED"), None)
        return Finding("PKG-ARCHIVE-BROKEN") if damaged else Finding("PKG-EMPTY")
    has_data = any(path.startswith("data/") for path in read.view.paths())
    if read.view.is_bag and not read.declared.declares and not has_data:
        return Finding("PKG-BAG-NO-DATA")
    return None


def _item(ordinal: int, path: str, declared: Declarations, *, label: str, size: int, code: str) -> Item:
    if not code:
        disposition = Disposition.PENDING
    elif code in UNREADABLE or code in ("PKG-MISSING", "PKG-FETCH"):
        disposition = Disposition.MISSING
    else:
        disposition = Disposition.REFUSED
    return Item(
        ordinal=ordinal,
        path=path,
        size=size,
        declared=label in declared,
        declared_size=declared.size(label),
        declared_digests=declared.digests(label),
        disposition=disposition,
        reason=code,
    )


def _aliases(read: _Read) -> dict[str, str]:
    """Path of an item → declared label, where they differ in Unicode normalisation alone (macOS writes NFD)."""
    declared = read.declared.declarations
    there = {path for path, _, _ in read.view.files()}
    lacking: dict[str, list[str]] = {}
    for label in declared:
        if label not in there and not label.isascii():
            lacking.setdefault(unicodedata.normalize("NFC", label), []).append(label)
    spare: dict[str, list[str]] = {}
    for path in there if lacking else ():
        form = unicodedata.normalize("NFC", path)
        if path not in declared and form in lacking:
            spare.setdefault(form, []).append(path)
    return {paths[0]: lacking[form][0] for form, paths in spare.items() if len(paths) == len(lacking[form]) == 1}


def _fingerprint(read: _Read) -> str:
    """A bag is known by its tag files and the listing of its payload, wherever it lies and in whatever form; a bare
    package by its listing with times of change, and by its manifest."""
    if not read.view.is_bag:
        seal = hashlib.sha256(b"edm-archive bare 1\n" + read.view.source.fingerprint().encode())
        seal.update(read.declared.manifest_sha256)
        return seal.hexdigest()
    seal = hashlib.sha256(b"edm-archive bag 1\n")
    for path, entry, _ in sorted(read.view.files(), key=lambda file: (file[0], file[1].place)):
        content = _content(read.view, path, entry)
        seal.update(f"{entry.kind}\t{entry.size}\t{content}\t{path}\n".encode())
    return seal.hexdigest()


def _content(view: View, path: str, entry: Entry) -> str:
    """SHA-256 (hex) of a tag file that says what the package is; empty for payload and for what cannot be read."""
    inner = path.removeprefix(view.declared_under)
    says = "/" not in inner or inner in (handover_file.PATH, patients_file.PATH)
    if not says or entry.kind is not EntryKind.FILE or not view.has_item(path):
        return ""
    try:
        with view.open_item(path) as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()  # type: ignore[arg-type]  # any readable
    except ItemUnreadable:
        return ""
