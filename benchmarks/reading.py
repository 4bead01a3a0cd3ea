"""What the decision and its account add to reading a series: the same bytes with and without them, in turns.

Without: a warrant out of nowhere, no facts, no decision, no account. Both read every byte, open it and hash it.
"""

import hashlib
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from benchmarks.archive import fresh_archive
from benchmarks.data import ct_folder
from benchmarks.measuring import Row, median, spread, timed
from repository.access.errors import AccessRefused
from repository.access.principal import Assurance, Identification, Method, Organisation, Principal, PrincipalKind
from repository.access.purpose import Purpose
from repository.access.subject import Operation
from repository.domain.describing import Identifier
from repository.domain.identifiers import NPWZ_DOCTOR_OID, PROVIDER_OID
from repository.entitlement import give_custody
from repository.intake import Order, receive
from repository.opening import Admitted, Errand, admit
from repository.retrieval import resolve
from repository.runtime import Archive
from repository.takeover.sealing import place_of
from storage.warrants import Warrant

ROUNDS = 15
FILES, SIZE = 200, 512 << 10
STRANGER = Identifier(PROVIDER_OID, "000000000002")


def reading(folder: Path) -> list[Row]:
    """A study of 200 CT of 512 KiB, read as a whole; the catalogue rows of the holdings are read in both."""
    place = folder / "reading"
    place.mkdir()
    source = ct_folder(folder / "ct", files=FILES, size=SIZE, patients=1)
    with fresh_archive(place, workers=2) as archive:
        takeover = receive(archive, Order(source), progress=lambda _: None)
        house = Identifier(PROVIDER_OID, "000000000001")
        give_custody(archive, takeover.id, house, name="Next")
        errand = Errand(principal=_worker(archive, house), purpose=Purpose.TREATMENT, door="bench", manner="electronic")
        study = next(iter(archive.catalogue.holdings(takeover.number))).description.dicom
        if study is None:
            raise RuntimeError("the package holds no images")
        bare, asked = [], []
        for _ in range(ROUNDS):
            bare.append(timed(lambda: _without(archive, study.study_instance_uid)))
            asked.append(timed(lambda: _with(archive, errand, study.study_instance_uid)))
        telling = _telling(archive, errand, takeover.id)
    without, mine = median(bare), median(asked)
    return [
        telling,
        Row(
            f"reading a study of {FILES} × {SIZE >> 10} KiB with decision and account",
            f"{mine * 1e3:.0f} ms",
            f"without {without * 1e3:.0f} ms",
            f"{mine / without - 1:+.1%}",
            "< 5 %",
        ),
    ]


def _telling(archive: Archive, errand: Errand, takeover: str) -> Row:
    """How long it takes to be told that something is not there, and that it is not for you, in turns."""
    stranger = replace(errand, principal=replace(errand.principal, organisation=Organisation(STRANGER, "Other")))
    refused, missing = [], []
    for _ in range(10 * ROUNDS):
        refused.append(timed(lambda: _asked(archive, stranger, f"{takeover}/1")))
        missing.append(timed(lambda: _asked(archive, stranger, f"{takeover}/999999")))
    mine, other = median(refused), median(missing)
    return Row(
        "being told nothing: it is there and not for you",
        f"{mine * 1e3:.2f} ms ({spread(refused)})",
        f"it is not there {other * 1e3:.2f} ms ({spread(missing)})",
        f"{mine / other:.2f}×",
        "within the spread",
    )


def _asked(archive: Archive, errand: Errand, what: str) -> None:
    with suppress(AccessRefused):
        list(admit(archive, errand, resolve(archive, what), operation=Operation.READ))
        raise RuntimeError("it was given out")


def _with(archive: Archive, errand: Errand, study: str) -> None:
    for admitted in admit(archive, errand, resolve(archive, study), operation=Operation.READ):
        _read(archive, admitted)


def _without(archive: Archive, study: str) -> None:
    every = Warrant(1, ("",))
    for found in list(resolve(archive, study)):
        _read(archive, Admitted(found, every))


def _read(archive: Archive, admitted: Admitted) -> None:
    found, digest = admitted.found, hashlib.sha256()
    for part in archive.vault.open(*place_of(found.takeover, found.holding), warrant=admitted.warrant):
        digest.update(part)
    if digest.digest() != found.holding.sha256:
        raise RuntimeError("other bytes")


def _worker(archive: Archive, house: Identifier) -> Principal:
    now = archive.clock()
    known = Identification(Method.LOCAL_ACCOUNT, Assurance.SUBSTANTIAL, "session:bench", now, now + timedelta(hours=12))
    return Principal(
        kind=PrincipalKind.MEDICAL_WORKER,
        id="bench",
        given_name="Jan",
        surname="Mierniczy",
        role="lekarz",
        npwz="5425740",
        identifier=Identifier(NPWZ_DOCTOR_OID, "5425740"),
        organisation=Organisation(house, "Next"),
        identification=known,
    )
