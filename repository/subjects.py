"""What a request is about, as rules see it: a holding, or what several of one patient have in common."""

from collections.abc import Sequence
from dataclasses import replace

from repository.access.subject import Subject
from repository.catalogue.folding import date_key
from repository.domain.holding import Holding


def subject_of(whole: Subject, holding: Holding) -> Subject:
    """What a decision needs to know of a holding; `whole` is its patient's subject."""
    document, dicom = holding.description.document, holding.description.dicom
    if document is not None:
        return replace(
            whole,
            ordinal=holding.ordinal,
            document=document.identifier,
            class_code=document.class_code,
            events=tuple(event.identifier for event in document.events),
            date=date_key(document.effective_time),
            study=document.study_uids[0] if len(document.study_uids) == 1 else "",
            author=document.author_id,
        )
    if dicom is not None:
        # What is of no series stands in no study whose day the catalogue could search by: no door knows its day.
        day = date_key(dicom.attributes.get("StudyDate", "")) if dicom.placed else ""
        return replace(whole, ordinal=holding.ordinal, study=dicom.study_instance_uid, date=day)
    return replace(whole, ordinal=holding.ordinal)


def common(whole: Subject, subjects: Sequence[Subject]) -> Subject:
    """What can be said of all of them: the one of them there is, or the study that they share."""
    if len(subjects) == 1:
        return subjects[0]
    studies = {subject.study for subject in subjects}
    return replace(whole, study=studies.pop() if len(studies) == 1 else "")
