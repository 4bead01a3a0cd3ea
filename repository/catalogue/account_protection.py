"""Who of many is under special protection at this moment (R463-10.2), for lists that must not say so."""

from collections.abc import Collection

from sqlalchemy import Connection, select

from repository.access.account import PatientOf
from repository.catalogue.journal_tables import protection
from repository.catalogue.shielding import flags_in_force, protected_by
from repository.catalogue.tables import takeover


def protected_takeovers(connection: Connection) -> frozenset[str]:
    """Ids of the takeovers whose provider is under protection."""
    there = protection.c
    wanted = select(there.takeover).where(there.until == "", there.patient_key == "")
    return frozenset(connection.execute(wanted).scalars())


def protected_patients(connection: Connection, patients: Collection[PatientOf]) -> frozenset[PatientOf]:
    """Those of `patients` that a decision would take for protected, for their own sake or their provider's.

    It costs what all that are protected cost to find, however many are asked about and whoever they are.
    """
    flags = flags_in_force(connection)
    numbers = {one.id: one.number for one in connection.execute(select(takeover.c.id, takeover.c.number))}
    pairs, shut = protected_by(connection, flags, numbers)
    return frozenset(
        (name, patient)
        for name, patient in patients
        if name in numbers and ((numbers[name], patient) in pairs or numbers[name] in shut)
    )
