"""Hand-over data that somebody gives who is there to mend it, when a live transfer is opened.

Of a package whose provider may be gone, a number that does not check is a finding, and the package is taken over all
the same (`packages.handover`). Here it is refused: the number goes into the signed protocol, and can be put right now.
"""

from repository.domain.takeover import Handover
from repository.packages.handover import check_producer
from storage.errors import ArchiveError, Text


class HandoverUnfit(ArchiveError):
    """`field`: as docs/handover.schema.json names it; the number itself is not repeated."""

    code = "TRF-008"
    exit_code = 2
    kept = Text(en="Nothing was done.", pl="Niczego nie wykonano.")
    what = Text(
        en="The number given as {field} does not check: a digit is wrong, missing or too much.",
        pl="Numer podany jako {field} jest nieprawidłowy: cyfra jest błędna, zbędna albo jej brakuje.",
    )
    todo = Text(en="Correct it, or leave it out if it is not known.", pl="Popraw go albo pomiń, jeśli nie jest znany.")


def checked(handover: Handover) -> Handover:
    """The same. Raises `HandoverUnfit` for the first number of producer or successor whose structure or check digit is
    wrong."""
    for name, each in (("producer", handover.producer), ("successor", handover.successor)):
        for finding in check_producer(each, field=name, subject="") if each is not None else ():
            raise HandoverUnfit(field=finding.params["field"])
    return handover
