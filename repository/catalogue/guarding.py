"""Whether a subject is under special protection (R463-10.2), read widely: by any identifier that the patient has.

A flag names one identifier; a closed provider may know the same person by another. Whoever shares with the subject an
identifier that names one person anywhere, in whatever takeover, is taken for the same person here, and here alone.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, Connection, Select, and_, bindparam, or_, select, tuple_

from repository.access.identity import names
from repository.access.subject import Subject
from repository.catalogue.bulk import in_groups
from repository.catalogue.journal_tables import protection
from repository.catalogue.tables import patient_identifier
from repository.catalogue.tables import takeover as takeovers
from repository.catalogue.text import identifier_key, key
from repository.domain.describing import Identifier

_IN_FORCE = protection.c.until == ""
_ANYBODY = select(protection.c.id).where(_IN_FORCE, protection.c.patient_key != "").limit(1)


def is_protected(connection: Connection, subject: Subject, *, keys: Sequence[str]) -> bool:
    """`keys` are those of the subject's identifiers."""
    if not keys and not subject.takeover:
        return False
    asked = {"keys": list(keys), "takeover": subject.takeover}
    found = connection.execute(_flagged(keyed=bool(keys), placed=bool(subject.takeover)), asked).first()
    return found is not None or _is_known_otherwise(connection, subject)


@cache
def _flagged(*, keyed: bool, placed: bool) -> Select[Any]:
    """Made once: each decision asks it, and making a statement costs more than answering it."""
    there = protection.c
    takeover: BindParameter[str] = bindparam("takeover")
    about: list[ColumnElement[bool]] = [there.patient_key.in_(bindparam("keys", expanding=True))] if keyed else []
    if placed:
        about.append(and_(there.patient_key == "", there.takeover == takeover))
    where = or_(there.takeover == "", there.takeover == takeover)
    return select(there.id).where(_IN_FORCE, where, or_(*about)).limit(1)


def _is_known_otherwise(connection: Connection, subject: Subject) -> bool:
    if connection.execute(_ANYBODY).first() is None:
        return False
    flagged = _flagged(keyed=True, placed=False)
    return any(
        connection.execute(flagged, {"keys": list(group), "takeover": subject.takeover}).first() is not None
        for group in in_groups(sorted(_other_keys(connection, subject)))
    )


def _other_keys(connection: Connection, subject: Subject) -> set[str]:
    """Keys of all identifiers of records that share one with the subject, or are its own. No engine can make them:
    the key of a long identifier has a digest in it."""
    known, other = patient_identifier.alias(), patient_identifier.alias()
    same = and_(other.c.takeover == known.c.takeover, other.c.number == known.c.number)
    said = select(other.c.root, other.c.extension).distinct().select_from(known.join(other, same))
    wanted: list[Select[Any]] = []
    anywhere = [(key(each.extension), key(each.root)) for each in subject.patient_identifiers if names(each)]
    if anywhere:
        wanted.append(said.where(tuple_(known.c.extension_key, known.c.root_key).in_(anywhere), other.c.root != ""))
    if subject.takeover and subject.patient:
        here = select(takeovers.c.number).where(takeovers.c.id == subject.takeover).scalar_subquery()
        wanted.append(said.where(known.c.takeover == here, known.c.number == subject.patient))
    return {
        identifier_key(Identifier(root, extension)) for each in wanted for root, extension in connection.execute(each)
    }
