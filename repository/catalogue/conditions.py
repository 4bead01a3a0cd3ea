"""A query as conditions: each level is narrowed by what must exist below it, and by what is above it.

Sub-queries are `IN` over the columns that two levels share, so that the planner may start from whichever end has
the better index. What is asked of each table is in `asked.py`.
"""

from sqlalchemy import ColumnElement, Table, select, tuple_
from sqlalchemy.engine import Dialect

from repository.catalogue.asked import PERSON, PLACE, SERIES, STUDY, Asked, Parts, among
from repository.catalogue.called import words_asked
from repository.catalogue.matching import listed
from repository.catalogue.query import Level, Query
from repository.catalogue.seeing import Sight
from repository.catalogue.tables import document, document_study, holding, instance, patient, series, study

TABLES = {
    Level.PATIENT: patient,
    Level.STUDY: study,
    Level.SERIES: series,
    Level.INSTANCE: instance,
    Level.DOCUMENT: document,
    Level.HOLDING: holding,
}


def _studies(asked: Asked) -> Parts:
    parts = [*asked.uids(study), *asked.of_study()]
    if asked.query.series_uids or asked.of_series():
        below = [*asked.below(series), *asked.uids(series), *asked.of_series()]
        if asked.names_instances:
            below.append(among(series, instance, SERIES, having=asked.images_within()))
        parts.append(among(study, series, STUDY, having=below))
    elif asked.names_instances:
        parts.append(among(study, instance, STUDY, having=asked.images_within()))
    return parts


def _series(asked: Asked) -> Parts:
    parts = [*asked.uids(series), *asked.of_series()]
    if asked.of_study():
        parts.append(among(series, study, STUDY, having=[*asked.below(study), *asked.uids(study), *asked.of_study()]))
    if asked.names_instances:
        parts.append(among(series, instance, SERIES, having=asked.images_within()))
    return parts


def _instances(asked: Asked) -> Parts:
    query, parts = asked.query, [*asked.uids(instance), *asked.of_instance()]
    if query.placed:
        parts += [instance.c.study_instance_uid != "", instance.c.series_instance_uid != ""]
    # Images have no index on their study, the largest that would be: by way of its series it is as good.
    by_study = query.study_uids and not (query.series_uids or query.sop_instance_uids)
    if asked.of_series() or by_study:
        parts.append(
            among(instance, series, SERIES, having=[*asked.below(series), *asked.uids(series), *asked.of_series()])
        )
    if asked.of_study():
        parts.append(among(instance, study, STUDY, having=[*asked.below(study), *asked.uids(study), *asked.of_study()]))
    return parts


def _named_by_documents(outer: Table, documents: Parts) -> ColumnElement[bool]:
    """The study is one that a document names for which `documents` hold."""
    named = document_study.c
    naming = among(document_study, document, PLACE, having=documents)
    pairs = select(named.takeover, named.uid_key).where(naming)
    return tuple_(outer.c.takeover, outer.c.study_instance_uid).in_(pairs)


def _naming_studies(asked: Asked) -> ColumnElement[bool]:
    """The document names a study: one of these UIDs, held here or not, or one held here with these attributes."""
    named, query = document_study.c, asked.query
    parts = asked.scope_of_takeovers(document_study)
    if query.study_uids:
        parts.append(listed(named.uid_key, query.study_uids))
    if query.series_uids or asked.names_instances or asked.of_study() or asked.of_series():
        there = [*asked.scope(study), *asked.seen(study), *_studies(asked)]
        held = select(study.c.takeover, study.c.study_instance_uid).where(*there)
        parts.append(tuple_(named.takeover, named.uid_key).in_(held))
    return among(document, document_study, PLACE, having=parts)


def leads(query: Query, dialect: Dialect) -> bool:
    """Whether one of its own conditions is by far the best way to answer `query`: one that says what exactly is wanted
    or, on SQLite, any that has an index, which it takes whatever lies there. PostgreSQL knows how much that is."""
    uids = (query.study_uids, query.series_uids, query.sop_instance_uids)
    exact = any((*uids, query.set_id, query.replaces, query.event_id))
    names = (query.patient_name, query.author)
    numbers = (query.patient_id, query.accession_number, query.document_id)
    if dialect.name == "sqlite":
        words = words_asked(query.patient_name)[:1] if query.fuzzy else []
        begun = any(text and text[0] not in "*?" for text in (*names, *numbers, *words))
        return bool(exact or query.dates or query.class_code or begun)
    return exact or any(text and not set("*?") & set(text) for text in numbers)


def conditions(query: Query, dialect: Dialect, sight: Sight | None = None) -> Parts:
    """All that holds for a row of the level's table exactly if it matches `query` by what `sight` lets be seen; whether
    the row itself may be seen is for the caller to ask (`Sight.ways`)."""
    asked, base = Asked(query, dialect, sight), TABLES[query.level]
    parts = [*asked.scope(base), *asked.people(base), *asked.kept(base)]
    documents = asked.documents()
    match query.level:
        case Level.STUDY | Level.SERIES | Level.INSTANCE:
            own = {Level.STUDY: _studies, Level.SERIES: _series, Level.INSTANCE: _instances}[query.level]
            parts += own(asked)
            if documents:
                parts.append(_named_by_documents(base, documents + asked.seen(document)))
        case Level.DOCUMENT:
            parts += documents
            if asked.images:
                parts.append(_naming_studies(asked))
        case Level.PATIENT | Level.HOLDING:
            names = PERSON if base is patient else PLACE
            if asked.images:
                below, narrowed = (study, _studies(asked)) if base is patient else (instance, _instances(asked))
                parts.append(among(base, below, names, having=[*asked.below(below), *narrowed]))
            if documents:
                parts.append(among(base, document, names, having=[*asked.below(document), *documents]))
    return parts
