"""What can be wrong with a search by FHIR parameters."""

from storage.errors import ArchiveError, Text


class ParameterWrong(ArchiveError):
    """`reason` never repeats the value."""

    code = "FHR-001"
    exit_code = 2
    what = Text(
        en="The search parameter {parameter} cannot be taken: {reason}.",
        pl="Nie można przyjąć parametru wyszukiwania {parameter}: {reason}.",
    )
    todo = Text(
        en="/fhir/metadata says which parameters there are.", pl="/fhir/metadata podaje, jakie parametry istnieją."
    )
