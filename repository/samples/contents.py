"""The files of a sample package: which they are, in which order, and what the producer declares of them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from repository.samples.attachments import small_pdf, small_png
from repository.samples.bodies import diagnostic_report, discharge_card, laboratory_report, referrer_letter
from repository.samples.documents import Setting
from repository.samples.images import Study, derived_uid, slices
from repository.samples.people import Doctor, Person, Provider, invent_doctor, invent_patient, invent_provider

FIRST_DAY = date(2023, 1, 9)
DISCHARGE, REPORT = "karta-informacyjna.xml", "opis-badania.xml"
LABORATORY, LETTER = "sprawozdanie-laboratoryjne.xml", "informacja-dla-lekarza.xml"
CONSENT, PHOTOGRAPH = "zgoda.pdf", "zdjecie.png"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What was asked for: patients, images for each of them, size of an image's pixel data in bytes, seed."""

    patients: int
    images: int
    image_bytes: int
    seed: int


@dataclass(frozen=True, slots=True)
class Cast:
    """Everybody who occurs in a package; a patient is the same whatever the number of patients or images."""

    provider: Provider
    successor: Provider
    doctor: Doctor
    patients: tuple[Person, ...]


@dataclass(frozen=True, slots=True)
class SampleFile:
    """One payload file. `path` starts with `data/`; `parts` are its bytes in order."""

    path: str
    parts: list[bytes]


def chance(wanted: Wanted, purpose: str) -> Random:
    """A generator of its own for each purpose, so that more of one thing changes nothing of another."""
    return Random(f"{wanted.seed}/{purpose}")  # noqa: S311 - invented data has to be reproducible, not secret


def invent_cast(wanted: Wanted) -> Cast:
    numbers = range(1, wanted.patients + 1)
    return Cast(
        provider=invent_provider(chance(wanted, "provider"), name="Pod Jesionem"),
        successor=invent_provider(chance(wanted, "successor"), name="Następca"),
        doctor=invent_doctor(chance(wanted, "doctor")),
        patients=tuple(invent_patient(chance(wanted, f"patient/{number}"), number) for number in numbers),
    )


def folder_of(number: int) -> str:
    """The folder of patient `number`: a name that tells nothing about the patient."""
    return f"data/pacjent-{number:05}"


def image_path(patient: int, image: int) -> str:
    return f"{folder_of(patient)}/ct/im{image:05}.dcm"


def files_of_patient(number: int, wanted: Wanted, cast: Cast) -> Iterator[SampleFile]:
    """All files of patient `number`; the first patient also has a scanned consent (PDF) and a photograph (PNG)."""
    rng = chance(wanted, f"files/{number}")
    person = cast.patients[number - 1]
    setting = Setting(person, cast.doctor, cast.provider, FIRST_DAY + timedelta(days=rng.randrange(1, 700)))
    first = 10 * number
    documents = {
        DISCHARGE: discharge_card(setting, first),
        LABORATORY: laboratory_report(setting, first + 1, rng=rng),
        LETTER: referrer_letter(setting, first + 2),
    }
    study = _study(number, setting, wanted)
    if wanted.images:
        documents[REPORT] = diagnostic_report(setting, first + 3, study=study)
    for name, content in documents.items():
        yield SampleFile(f"{folder_of(number)}/{name}", [content])
    images = slices(study, images=wanted.images, image_bytes=wanted.image_bytes, rng=rng)
    for image, parts in enumerate(images, start=1):
        yield SampleFile(image_path(number, image), parts)
    if number == 1:
        yield SampleFile(f"{folder_of(number)}/{CONSENT}", [small_pdf("Zgoda pacjenta (skan)")])
        yield SampleFile(f"{folder_of(number)}/{PHOTOGRAPH}", [small_png(rng.randrange(256))])


def files(wanted: Wanted, cast: Cast) -> Iterator[SampleFile]:
    for number in range(1, wanted.patients + 1):
        yield from files_of_patient(number, wanted, cast)


def number_of_documents(wanted: Wanted) -> int:
    return wanted.patients * (4 if wanted.images else 3)


def number_of_files(wanted: Wanted) -> int:
    return number_of_documents(wanted) + wanted.patients * wanted.images + 2


def _study(number: int, setting: Setting, wanted: Wanted) -> Study:
    return Study(
        patient=setting.patient,
        provider=setting.provider,
        uid=derived_uid("study", wanted.seed, number),
        series_uid=derived_uid("series", wanted.seed, number),
        accession=f"TK{wanted.seed % 1000:03}{number:05}",
        day=setting.day,
        charset="ISO_IR 192" if number % 2 else "ISO_IR 101",
    )


def total_size(parts: Iterable[bytes]) -> int:
    return sum(len(part) for part in parts)
