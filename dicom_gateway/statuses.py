"""Errors as DIMSE statuses (PS3.7 C, PS3.4 B.2.3, C.4): the one table of this door.

A peer tries again what failed with A700, and takes everything else as said: so whatever is wrong with the archive and
not with what came is A700. Comments (0000,0902) are the error's own
words in English, 64 characters at most, and never about anybody.
"""

from dataclasses import dataclass

from repository.access.errors import AccessRefused
from repository.catalogue.errors import CatalogueError
from repository.evidence.errors import LogError
from storage.errors import ArchiveError, StorageError

SUCCESS, CANCELLED = 0x0000, 0xFE00
PENDING, PENDING_UNSUPPORTED = 0xFF00, 0xFF01
OUT_OF_RESOURCES, DATA_SET_MISMATCH, CANNOT_UNDERSTAND = 0xA700, 0xA900, 0xC000
DATA_SET_MISMATCH_KEPT = 0xB007
NOT_AUTHORISED, CLASS_NOT_SUPPORTED, UNRECOGNISED = 0x0124, 0x0122, 0x0211
PROCESSING_FAILURE, NO_SUCH_INSTANCE, NO_SUCH_EVENT, INVALID_ARGUMENT = 0x0110, 0x0112, 0x0113, 0x0115
NO_SUCH_CLASS, NO_SUCH_ACTION, RESOURCE_LIMITATION = 0x0118, 0x0123, 0x0213  # of DIMSE-N (PS3.7 C)
INVALID_PRIOR_KEY, LIMIT_REACHED = 0xA710, 0xB001  # of repository queries (PS3.4 C.6.4.4)
UNKNOWN_DESTINATION, CANNOT_COUNT, CANNOT_PERFORM, SOME_FAILED = 0xA801, 0xA701, 0xA702, 0xB000
_LONGEST = 64  # LO


@dataclass(frozen=True, slots=True)
class Status:
    code: int
    comment: str = ""


def of_error(error: Exception) -> Status:
    """What a peer is told. What is not foreseen is told as out of resources: it may be sent again."""
    if isinstance(error, AccessRefused):
        return Status(NOT_AUTHORISED, error.code)
    if isinstance(error, StorageError | CatalogueError | LogError):  # ours to mend; where things lie is not for peers
        return Status(OUT_OF_RESOURCES, error.code)
    if isinstance(error, ArchiveError):
        comment = str(error)[:_LONGEST].encode("ascii", "replace").decode().replace("\\", "/")
        return Status(OUT_OF_RESOURCES if error.retryable else CANNOT_UNDERSTAND, comment)
    return Status(OUT_OF_RESOURCES)
