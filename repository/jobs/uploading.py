"""An upload that is complete becomes a takeover: its digest is checked, then there is an intake of its own job.

What was asked for lies beside the bytes (`repository.uploads`), so that the row holds an id alone. When the takeover
has come to its end the bytes are gone from the home.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from repository.catalogue.jobs import Job, JobState
from repository.domain.takeover import FINAL, Handover
from repository.intake import Order, anew
from repository.jobs.enqueuing import enqueue_intake, enqueue_once
from repository.jobs.names import UPLOAD
from repository.runtime import Archive
from repository.takeover.inscribing import handover_of_json, handover_to_json
from repository.uploads.errors import PackageNotAsSent, UploadDamaged, UploadIncomplete, UploadUnknown
from repository.uploads.keeping import Upload, Uploads, uploads_of
from storage.digests import pieces


def enqueue_upload(
    archive: Archive, upload: str, *, owner: str, given: Handover | None, manifest: str = "", again: bool = False
) -> Job:
    """There is a job that takes over the upload, with the upload `manifest` as its list of files if one is named. Asked
    again for the same upload, it is the same job, as it was asked for first; a new one where that failed.

    Raises `UploadUnknown`, `UploadIncomplete`, `UploadBusy`.
    """
    uploads = uploads_of(archive)
    if manifest:
        listing = uploads.order(manifest, owner, {"manifest_of": upload})
        if not listing.complete:
            raise UploadIncomplete(offset=listing.offset, size=listing.size)
    asked = {"given": handover_to_json(given) if given else None, "manifest": manifest, "again": again}
    uploads.order(upload, owner, asked)
    return enqueue_once(archive, UPLOAD, upload)


def take_up(archive: Archive, job: Job, tick: Callable[[int, int], None]) -> Mapping[str, Any]:
    """There is a takeover of the upload `job.subject`, and the job of its intake; the result names both."""
    uploads = uploads_of(archive)
    upload, asked = uploads.ordered(job.subject)
    _check(uploads, upload, tick)
    order = Order(
        uploads.data(upload.id).resolve(),
        manifest=uploads.data(asked["manifest"]).resolve() if asked["manifest"] else None,
        given=handover_of_json(asked["given"]) if asked["given"] else None,
    )
    intake = enqueue_intake(archive, anew(archive, order, kept=uploads.kept) if asked["again"] else order)
    if intake.state is JobState.DONE and archive.catalogue.takeover(intake.subject).state in FINAL:
        discard(archive, order)  # it was taken over before
    return {"takeover": intake.subject, "job": intake.id}


def _check(uploads: Uploads, upload: Upload, tick: Callable[[int, int], None]) -> None:
    """Raises `PackageNotAsSent`, and what reading it raises."""
    if not upload.sha256:
        return
    digest, done = hashlib.sha256(), 0
    for piece in _pieces(uploads, uploads.data(upload.id)):
        digest.update(piece)
        tick(done := done + len(piece), upload.size)
    if digest.hexdigest() != upload.sha256:
        raise PackageNotAsSent


def _pieces(uploads: Uploads, path: Path) -> Iterator[bytes]:
    if (sealed := uploads.kept(path)) is not None:
        yield from sealed.stream()
        return
    with path.open("rb") as stream:
        yield from pieces(stream)


def discard(archive: Archive, order: Order) -> None:
    """The uploads that the order was for are gone from the home; what was handed in otherwise stays where it is."""
    uploads = uploads_of(archive)
    for path in (order.package, order.manifest):
        if path is not None and (found := uploads.holds(path)):
            uploads.drop(found)


def reap_uploads(archive: Archive) -> None:
    """Uploads that nobody goes on with are gone, those whose job failed as well, and those that were taken over before
    a crash took their end away."""
    uploads = uploads_of(archive)
    for each in uploads.ids():
        with suppress(UploadUnknown, UploadDamaged):
            if _is_over(archive, each, abandoned=uploads.abandoned(each)):
                uploads.drop(each)
    uploads.reap()


def _is_over(archive: Archive, upload: str, *, abandoned: bool) -> bool:
    job = archive.catalogue.jobs.find(f"{UPLOAD}/{upload}")
    if job is None or job.state is JobState.FAILED:
        return abandoned
    if job.state is not JobState.DONE:
        return False
    return archive.catalogue.takeover(str(job.result["takeover"])).state in FINAL
