"""The part of a record that a FHIR Consent is limited to, and what its references name."""

import re
from dataclasses import replace
from datetime import date

from repository.access.subject import Scope
from repository.consents import vocabulary as words
from repository.consents.elements import Element
from repository.consents.writing import OID
from repository.domain.describing import Identifier

_DAYS = re.compile(r"[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?")


def identifier_in(reference: Element) -> Identifier:
    known = reference.part("identifier").only("system", "value", "use", "type", "assigner", "id")
    system, value = known.text("system", ""), known.text("value")
    root = system.removeprefix("urn:oid:")
    if system and (root == system or not OID.fullmatch(root)):
        raise known.refused("is not an OID", "system")
    return Identifier(root, value)


def type_of(reference: Element) -> str:
    """What is referred to, from the type that is said, or else from a relative reference."""
    if reference.has("type"):
        return reference.text("type")
    return reference.text("reference", "").rpartition("/")[0].rpartition("/")[2]


def scope_in(rule: Element) -> Scope:
    classes = []
    for each in rule.parts("class"):
        each.only("system", "code", "display", "version", "id")
        if each.value.get("system") != words.KLAS_DOK_P1:
            raise each.refused("is not a class of documents that is known here")
        classes.append(each.text("code"))
    specialties = []
    for each in rule.parts("modifierExtension"):
        if each.only("url", "valueCode").text("url") != words.SPECIALTY:
            raise each.refused("is not understood")
        specialties.append(each.text("valueCode"))
    first, last = _data_days(rule)
    limits = Scope(classes=tuple(classes), specialties=tuple(specialties), first_day=first, last_day=last)
    return _with_data(rule, limits)


def _data_days(rule: Element) -> tuple[str, str]:
    if not rule.has("dataPeriod"):
        return "", ""
    period = rule.part("dataPeriod").only("start", "end", "id")
    if not (period.has("start") or period.has("end")):
        raise period.refused("is empty")
    first = _day(period, "start", last=False) if period.has("start") else ""
    last = _day(period, "end", last=True) if period.has("end") else ""
    if first and last and last < first:
        raise period.refused("ends before it begins")
    return first, last


def _day(period: Element, name: str, *, last: bool) -> str:
    """YYYYMMDD: the first or the last day of what is said. A time of day is finer than the archive knows."""
    said = period.text(name)
    if not _DAYS.fullmatch(said):
        raise period.refused("is not a day", name)
    year, month, day = [*map(int, said.split("-")), 0, 0][:3]
    try:
        if day or not last:
            return date(year, month or 1, day or 1).strftime("%Y%m%d").zfill(8)
        after = date(year + 1, 1, 1) if month in {0, 12} else date(year, month + 1, 1)
    except ValueError:
        raise period.refused("is not a day", name) from None
    return date.fromordinal(after.toordinal() - 1).strftime("%Y%m%d").zfill(8)


def _with_data(rule: Element, limits: Scope) -> Scope:
    documents: list[Identifier] = []
    events: list[Identifier] = []
    studies: list[str] = []
    for each in rule.parts("data"):
        each.only("meaning", "reference", "id")
        reference = each.part("reference").only("type", "identifier", "display", "reference", "id")
        match each.text("meaning"), type_of(reference):
            case "instance", "ImagingStudy":
                studies.append(_study(reference))
            case "instance", "DocumentReference":
                documents.append(identifier_in(reference))
            case "related", "Encounter":
                events.append(identifier_in(reference))
            case _:
                raise each.refused("is not understood")
    if sum(map(bool, (documents, events, studies))) > 1:  # any of them, in FHIR; all of them, in a scope
        raise rule.refused("names data of several kinds", "data")
    return replace(limits, documents=tuple(documents), events=tuple(events), studies=tuple(studies))


def _study(reference: Element) -> str:
    known = reference.part("identifier").only("system", "value", "use", "type", "assigner", "id")
    uid = known.text("value").removeprefix("urn:oid:")
    if known.text("system") != words.DICOM_UID or not OID.fullmatch(uid):
        raise known.refused("is not the UID of a study")
    return uid
