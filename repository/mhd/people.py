"""Patients and studies of images as FHIR doors ask for them; each search has one account."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from repository.access.errors import AccessRefused
from repository.accounting.fhir_tokens import plain, token
from repository.catalogue.query import Hit, Level, Query
from repository.domain.describing import PatientFacts
from repository.fhir_form import ids, people, studies, values
from repository.fhir_form.values import Json
from repository.mhd import asking
from repository.mhd.asking import Asked, Narrow, Params, asked, beginning
from repository.mhd.documents import takeover_number
from repository.opening import Errand
from repository.runtime import Archive
from repository.searching import Looking, gathered, search

_MOST_SERIES = 1000
_SEXES = {"male": "M", "female": "F", "other": "O", "unknown": "U"}


@dataclass(frozen=True, slots=True)
class ResourcePage:
    """As `DocumentPage`."""

    resources: tuple[Json, ...]
    next: str
    unknown: tuple[str, ...]


def _id(found: Asked, value: str) -> Asked:
    named = ids.read_numbered(plain(value))
    if named is None:
        return replace(found, nothing=True)
    return found.with_takeover(named.takeover).narrowed(patient=named.number)


def _name(found: Asked, value: str) -> Asked:
    return found.narrowed(patient_name=beginning(value))


def _given(found: Asked, value: str) -> Asked:
    return found.narrowed(patient_name=f"*^{beginning(value)}")


def _born(found: Asked, value: str) -> Asked:
    day = value.removeprefix("eq").replace("-", "")
    if len(day) != 8 or not values.day(day):
        raise ValueError("not a whole date")
    return found.narrowed(birth_date=day)


def _gender(found: Asked, value: str) -> Asked:
    sex = _SEXES.get(token(value).code)
    return replace(found, nothing=True) if sex is None else found.narrowed(sex=sex)


PATIENT: Mapping[str, Narrow] = {
    "_id": _id,
    "birthdate": _born,
    "family": _name,
    "gender": _gender,
    "given": _given,
    "identifier": asking.by_patient_identifier,
}


def _study(found: Asked, value: str) -> Asked:
    wanted = token(value)
    if wanted.system not in (None, values.DICOM_UID_SYSTEM):
        return found.narrowed(accession_number=asking.exact(wanted.code))
    return found.narrowed(study_uids=(wanted.code.removeprefix("urn:oid:"),))


def _started(found: Asked, value: str) -> Asked:
    """Whole days: a study tells no zone of its time."""
    prefix, day = (value[:2], value[2:]) if value[:2].isalpha() else ("eq", value)
    bare = day.replace("-", "")
    if len(bare) != 8 or not values.day(bare) or prefix not in ("eq", "ge", "le"):
        raise ValueError("a whole date, after eq, ge or le")
    return found.narrowed(dates={"eq": bare, "ge": f"{bare}-", "le": f"-{bare}"}[prefix])


def _modality(found: Asked, value: str) -> Asked:
    return found.narrowed(modality=asking.exact(token(value).code))


STUDY: Mapping[str, Narrow] = {
    "identifier": _study,
    "modality": _modality,
    "patient": asking.by_patient,
    "patient.identifier": asking.by_patient_identifier,
    "started": _started,
    "subject": asking.by_patient,
}


def find_patients(archive: Archive, errand: Errand, params: Params) -> ResourcePage:
    """Patients of takeovers that the errand may learn of. Raises `ParameterWrong`, `BadCursor`."""
    hits, mark, names, unknown = _page(archive, errand, asked(params, Level.PATIENT, narrowing=PATIENT))
    return ResourcePage(tuple(_patient(hit, names) for hit in hits), mark, unknown)


def read_patient(archive: Archive, errand: Errand, id: str) -> Json:  # noqa: A002  FHIR's name
    """Raises `AccessRefused`, whether refused or not there; the attempt has its account."""
    found = find_patients(archive, errand, {"_id": [id.replace(",", "_")]}).resources
    if not found:
        raise AccessRefused
    return found[0]


def find_studies(archive: Archive, errand: Errand, params: Params, *, address: str) -> ResourcePage:
    """Studies without their images: those come with `read_study`. Raises as `find_patients`."""
    hits, mark, names, unknown = _page(archive, errand, asked(params, Level.STUDY, narrowing=STUDY))
    made = (
        studies.imaging_study(hit, takeover=names[hit.takeover], address=address, images={}, series=()) for hit in hits
    )
    return ResourcePage(tuple(made), mark, unknown)


def read_study(archive: Archive, errand: Errand, id: str, *, address: str) -> Json:  # noqa: A002  FHIR's name
    """With its series and images. Raises `AccessRefused`; the attempt has its account."""
    named = ids.read_study(id)
    number = takeover_number(archive, named.takeover) if named else 0
    query = Query(
        level=Level.STUDY, takeovers=(number,) if number else (), patient=named.number if named else 0, limit=1000
    )

    def one(looking: Looking) -> tuple[Json | None, list[Hit]]:
        page = looking.look(query)
        while named:
            for hit in page.hits:
                if ids.study_hash(_uid(hit)) == named.study:
                    return _whole(looking, hit, takeover=named.takeover, address=address), [hit]
            if not page.next:
                break
            page = looking.look(replace(query, after=page.next))
        return None, []

    found = gathered(archive, errand, one)
    if found is None:
        raise AccessRefused
    return found


def _whole(looking: Looking, study: Hit, *, takeover: str, address: str) -> Json:
    of = Query(
        level=Level.SERIES,
        takeovers=(study.takeover,),
        patient=study.patient,
        study_uids=(_uid(study),),
        limit=_MOST_SERIES,
    )
    series, page = looking.beside(of), looking.beside(replace(of, level=Level.INSTANCE))
    hits = list(page.hits)
    while page.next:
        page = looking.beside(replace(of, level=Level.INSTANCE, after=page.next))
        hits += page.hits
    images: dict[str, list[Hit]] = {}
    for hit in hits:
        images.setdefault(hit.values["SeriesInstanceUID"], []).append(hit)
    return studies.imaging_study(study, takeover=takeover, address=address, images=images, series=series.hits)


def _uid(hit: Hit) -> str:
    return hit.values["StudyInstanceUID"]


def _page(
    archive: Archive, errand: Errand, wanted: Asked
) -> tuple[tuple[Hit, ...], str, dict[int, str], tuple[str, ...]]:
    takeovers = None
    if wanted.takeover is not None:
        number = takeover_number(archive, wanted.takeover)
        takeovers = (number,) if number else ()
    page = search(archive, errand, wanted.queries(takeovers))[0]
    names = archive.catalogue.takeover_ids({hit.takeover for hit in page.hits})
    return page.hits, page.next, names, wanted.unknown


def _patient(hit: Hit, names: Mapping[int, str]) -> Json:
    said = hit.values
    facts = PatientFacts(
        hit.identifiers, said.get("PatientName", ""), said.get("PatientBirthDate", ""), said.get("PatientSex", "")
    )
    return people.patient(facts, id=ids.numbered(names[hit.takeover], hit.patient))
