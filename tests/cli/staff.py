"""Somebody who is signed in at the command line: for tests whose subject is not who asks."""

from cli.identity import VARIABLE
from repository.runtime import open_archive
from repository.settings import from_environment
from storage.keys.ring import write_private
from tests.builders.staff import Staff, session_of
from tests.cli.running import Machine

ANYBODY = Staff()


def signed_in(machine: Machine, staff: Staff = ANYBODY) -> Machine:
    """A machine like `machine`, over the same archive, where `staff` is signed in with a second factor."""
    name = f"{staff.kind.value}-{len(machine.more)}-{staff.surname.lower()}"
    with open_archive(from_environment(machine.environment)) as archive:
        session = session_of(archive, staff, name=name)
    file = machine.folder / f"session-{name}"
    write_private(file, session.token.encode() + b"\n")
    return Machine(machine.folder, machine.more | {VARIABLE: str(file)})
