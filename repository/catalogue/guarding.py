"""Whether a subject is under special protection (R463-10.2), read widely: by any identifier that the patient has.

A flag names one identifier; a closed provider may know the same person by another. Whoever shares with the subject an
identifier that names one person anywhere, in whatever takeover, is taken for the same person here, and here alone.
"""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Connection, and_, or_, select, tuple_

from repository.access.identity import names
from repository.access.subject import Subject
from repository.catalogue.journal_tables import protection
from repository.catalogue.tables import patient_identifier
from repository.catalogue.tables import takeover as takeovers
from repository.catalogue.text import key
from repository.domain.describing import Identifier

_IN_FORCE = protection.c.until == ""


def identifier_key(identifier: Identifier | None) -> str:
    """What an identifier is found by, as columns of `Words` are compared with it; empty for none. (`projecting.key_of`
    is the same as it is stored: rows are inserted past the type, which escapes.)"""
    return "" if identifier is None else key(f"{identifier.root}^{identifier.extension}")


def is_protected(connection: Connection, subject: Subject, *, keys: Sequence[str]) -> bool:
    """`keys` are those of the subject's identifiers."""
    there = protection.c
    about: list[ColumnElement[bool]] = [there.patient_key.in_(keys)] if keys else []
    if subject.takeover:
        about.append(and_(there.patient_key == "", there.takeover == subject.takeover))
    if not about:
        return False
    where = or_(there.takeover == "", there.takeover == subject.takeover)
    flagged = select(there.id).where(_IN_FORCE, where, or_(*about)).limit(1)
    return connection.execute(flagged).first() is not None or _is_known_otherwise(connection, subject)


def _is_known_otherwise(connection: Connection, subject: Subject) -> bool:
    there = protection.c
    if connection.execute(select(there.id).where(_IN_FORCE, there.patient_key != "").limit(1)).first() is None:
        return False
    known, other = patient_identifier.alias(), patient_identifier.alias()
    joined = known.join(other, and_(other.c.takeover == known.c.takeover, other.c.number == known.c.number)).join(
        protection, there.patient_key == other.c.root.concat("^").concat(other.c.extension)
    )
    flagged = select(there.id).select_from(joined).where(_IN_FORCE).limit(1)
    flagged = flagged.where(or_(there.takeover == "", there.takeover == subject.takeover))
    anywhere = [(key(each.extension), key(each.root)) for each in subject.patient_identifiers if names(each)]
    if anywhere:
        shared = tuple_(known.c.extension_key, known.c.root_key).in_(anywhere)
        if connection.execute(flagged.where(shared, other.c.root != "")).first() is not None:
            return True
    if not (subject.takeover and subject.patient):
        return False
    here = select(takeovers.c.number).where(takeovers.c.id == subject.takeover).scalar_subquery()
    same = and_(known.c.takeover == here, known.c.number == subject.patient)
    return connection.execute(flagged.where(same)).first() is not None
