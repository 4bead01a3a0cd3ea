"""`edm-archive search`: patients, documents and images, by what is known of them."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.errand import Basis, Evidence, For, Reason, errand_of
from cli.opening import opened, takeover_named
from cli.options import Json, Misused
from cli.screen import Screen, screen_of
from storage.errors import Text

if TYPE_CHECKING:
    from repository.catalogue.query import Hit, Page
    from repository.opening import Errand
    from repository.runtime import Archive


class LevelName(StrEnum):
    PATIENT = "patient"
    STUDY = "study"
    SERIES = "series"
    INSTANCE = "instance"
    DOCUMENT = "document"
    HOLDING = "holding"


USUAL = (LevelName.PATIENT, LevelName.DOCUMENT, LevelName.STUDY)
_HEADS = {
    "patient": Text(en="Patients", pl="Pacjenci"),
    "document": Text(en="Documents", pl="Dokumenty"),
    "study": Text(en="Imaging studies", pl="Badania obrazowe"),
    "series": Text(en="Series", pl="Serie"),
    "instance": Text(en="Images", pl="Obrazy"),
    "holding": Text(en="Items", pl="Pozycje"),
}
_HEADS_OF = {
    "studies": Text(en="studies", pl="badania"),
    "series": Text(en="series", pl="serie"),
    "instances": Text(en="images", pl="obrazy"),
    "documents": Text(en="documents", pl="dokumenty"),
    "holdings": Text(en="items", pl="pozycje"),
}
_SHOWN = {
    "patient": ("PatientName", "PatientBirthDate", "PatientSex"),
    "document": ("effective_time", "title", "author", "root", "extension"),
    "study": ("StudyDate", "ModalitiesInStudy", "StudyDescription", "AccessionNumber"),
    "series": ("Modality", "SeriesNumber", "SeriesDescription"),
    "instance": ("InstanceNumber", "SOPInstanceUID"),
    "holding": ("kind", "disposition", "path"),
}
_COLUMNS = {
    "what": Text(en="WHAT", pl="CO"),
    "PatientName": Text(en="Name", pl="Nazwisko"),
    "PatientBirthDate": Text(en="Born", pl="Urodzony"),
    "PatientSex": Text(en="Sex", pl="Płeć"),
    "identifiers": Text(en="Identifiers", pl="Identyfikatory"),
    "counts": Text(en="Holds", pl="Zawiera"),
    "effective_time": Text(en="Date", pl="Data"),
    "title": Text(en="Title", pl="Tytuł"),
    "author": Text(en="Author", pl="Autor"),
    "root": Text(en="Root", pl="Root"),
    "extension": Text(en="Extension", pl="Extension"),
    "StudyDate": Text(en="Date", pl="Data"),
    "ModalitiesInStudy": Text(en="Modalities", pl="Modalności"),
    "StudyDescription": Text(en="Description", pl="Opis"),
    "SeriesDescription": Text(en="Description", pl="Opis"),
    "AccessionNumber": Text(en="Accession", pl="Nr zlecenia"),
    "Modality": Text(en="Modality", pl="Modalność"),
    "SeriesNumber": Text(en="No.", pl="Nr"),
    "InstanceNumber": Text(en="No.", pl="Nr"),
    "SOPInstanceUID": Text(en="SOP Instance UID", pl="SOP Instance UID"),
    "kind": Text(en="Kind", pl="Rodzaj"),
    "disposition": Text(en="Lot", pl="Grupa"),
    "path": Text(en="Path", pl="Ścieżka"),
}


PatientId = Annotated[str, typer.Option("--patient-id", metavar="X", help="PESEL or another identifier.")]
Issuer = Annotated[str | None, typer.Option("--issuer", metavar="OID", help="Whose identifier it is.")]
Name = Annotated[str, typer.Option("--name", metavar="PATTERN", help="Family^Given; * and ? are wildcards.")]
BirthDate = Annotated[str, typer.Option("--birth-date", metavar="DATE", help="YYYYMMDD, or a range A-B.")]
DocumentId = Annotated[str, typer.Option("--document-id", metavar="ID", help="Extension, or ROOT^EXTENSION.")]
Study = Annotated[str, typer.Option("--study", metavar="UID", help="Study Instance UID.")]
Accession = Annotated[str, typer.Option("--accession", metavar="NUMBER", help="Accession number.")]
Modality = Annotated[str, typer.Option("--modality", metavar="CODE", help="CT, MR, …")]
Dates = Annotated[str, typer.Option("--date", metavar="A-B", help="Of the study or document: YYYYMMDD or a range.")]
OneTakeover = Annotated[str, typer.Option("--takeover", metavar="ID", help="In this takeover only.")]
AtLevel = Annotated[LevelName | None, typer.Option("--level", help="What to list. [patients, documents, studies]")]
Limit = Annotated[int, typer.Option("--limit", min=1, max=1000, help="Matches at each level.")]
After = Annotated[str, typer.Option("--after", metavar="MARK", help="Go on after a page; needs --level.")]


def search(
    context: typer.Context,
    *,
    purpose: For,
    patient_id: PatientId = "",
    issuer: Issuer = None,
    name: Name = "",
    birth_date: BirthDate = "",
    document_id: DocumentId = "",
    study: Study = "",
    accession: Accession = "",
    modality: Modality = "",
    date: Dates = "",
    takeover: OneTakeover = "",
    level: AtLevel = None,
    limit: Limit = 50,
    after: After = "",
    basis: Basis = "",
    reason: Reason = "",
    evidence: Evidence = "",
    as_json: Json = False,  # noqa: ARG001  the screen knows
) -> None:
    """Find what is available to you. Conditions are joined by AND; names match without case and diacritics.

    As whoever is signed in, for a purpose; the search is accounted for.
    """
    if after and level is None:
        raise Misused(en="--after needs --level", pl="--after wymaga --level")
    root, mark, extension = document_id.partition("^")
    asked: dict[str, Any] = {"patient_id": patient_id, "patient_root": issuer, "patient_name": name}
    asked |= {"birth_date": birth_date, "document_id": extension if mark else document_id}
    asked |= {"document_root": root if mark else None, "study_uids": (study,) if study else ()}
    asked |= {"accession_number": accession, "modality": modality.upper(), "dates": date}
    asked |= {"limit": limit, "after": after}
    screen, levels = screen_of(context), (level,) if level else USUAL
    with opened(screen) as archive:
        if takeover:
            asked = asked | {"takeovers": _takeovers(archive, takeover)}
        errand = errand_of(archive, screen, purpose=purpose, basis=basis, reason=reason, evidence=evidence)
        pages = _pages(archive, errand, levels, asked)
        names = {each.number: each.id for each in archive.catalogue.takeovers()}
    _answer(screen, pages, names)


def _takeovers(archive: "Archive", named: str) -> tuple[int, ...]:
    """The takeover that is meant; none where there is none, which finds nothing and says no more than that."""
    from repository.catalogue.errors import TakeoverUnknown

    try:
        return (takeover_named(archive, named).number,)
    except TakeoverUnknown:
        return ()


def _answer(screen: Screen, pages: dict[str, "Page"], names: dict[int, str]) -> None:
    if not screen.as_json:
        _tell(screen, pages, names)
        return
    found = {
        one: {"hits": [_hit_json(hit, names) for hit in page.hits], "next": page.next} for one, page in pages.items()
    }
    screen.json({"levels": found})


def _pages(
    archive: "Archive", errand: "Errand", levels: tuple[LevelName, ...], asked: dict[str, Any]
) -> dict[str, "Page"]:
    from repository.catalogue.query import Level, Query
    from repository.searching import search as found

    queries = [Query(level=Level(one.value), **asked) for one in levels]
    return dict(zip((one.value for one in levels), found(archive, errand, queries), strict=True))


def _what(hit: "Hit", names: dict[int, str]) -> str:
    """What `get` takes: the UID of a study or series, else takeover and ordinal."""
    if hit.ordinal:
        return f"{names[hit.takeover]}/{hit.ordinal}"
    return hit.values.get("SeriesInstanceUID") or hit.values.get("StudyInstanceUID") or ""


def _hit_json(hit: "Hit", names: dict[int, str]) -> dict[str, Any]:
    return {
        "what": _what(hit, names),
        "takeover": names[hit.takeover],
        "patient": hit.patient,
        "ordinal": hit.ordinal,
        "values": dict(hit.values),
        "counts": dict(hit.counts),
        "identifiers": [{"root": each.root, "extension": each.extension} for each in hit.identifiers],
    }


def _tell(screen: Screen, pages: dict[str, "Page"], names: dict[int, str]) -> None:
    if not any(page.hits for page in pages.values()):
        screen.say(en="Nothing matches.", pl="Nic nie pasuje.")
        return
    for level, page in pages.items():
        if not page.hits:
            continue
        screen.say(en=f"{_HEADS[level].en}:", pl=f"{_HEADS[level].pl}:")
        words = _SHOWN[level]
        extra = ("identifiers", "counts") if level == "patient" else ("what",)
        heads = [_COLUMNS.get(word, Text(en=word, pl=word)) for word in (*words, *extra)]
        screen.table(
            heads,
            (_row(screen, hit, words=words, extra=extra, names=names) for hit in page.hits),
            whole=() if level == "patient" else (len(words),),
        )
        if page.next:
            command = f"--level {level} --after {page.next}"
            screen.say(en=f"There are more: {command}", pl=f"Jest więcej: {command}")
        screen.space()
    screen.say(en="Give out: edm-archive get WHAT DEST --purpose …", pl="Wydanie: edm-archive get CO DOKĄD --purpose …")


def _row(
    screen: Screen, hit: "Hit", *, words: tuple[str, ...], extra: tuple[str, ...], names: dict[int, str]
) -> list[str]:
    more = {
        "what": _what(hit, names),
        "identifiers": ", ".join(dict.fromkeys(each.extension for each in hit.identifiers)),
        "counts": ", ".join(f"{screen.text(_HEADS_OF[name])} {count}" for name, count in hit.counts.items()),
    }
    return [str(hit.values.get(word, "")) for word in words] + [more[name] for name in extra]
