"""What can be wrong with a search by FHIR parameters, and with documents that are provided."""

from collections.abc import Sequence
from dataclasses import dataclass

from storage.errors import ArchiveError, Text

NOTHING_KEPT = Text(
    en="Nothing of the bundle was kept: all of its documents are, or none.",
    pl="Niczego z pakietu nie zachowano: zachowuje się wszystkie jego dokumenty albo żaden.",
)


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


@dataclass(frozen=True, slots=True)
class Fault:
    """Something wrong in a bundle: `place` in FHIRPath, `reason` in words that never repeat a value."""

    place: str
    reason: str


class BundleRefused(ArchiveError):
    """`faults`: all that was found, one at least."""

    exit_code = 2
    kept = NOTHING_KEPT

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__(place=self.faults[0].place, reason=self.faults[0].reason, count=len(self.faults))


class BundleWrong(BundleRefused):
    code = "FHR-003"
    what = Text(
        en="The bundle cannot be taken ({count}): {place}: {reason}.",
        pl="Nie można przyjąć pakietu ({count}): {place}: {reason}.",
    )
    todo = Text(
        en="Correct it as IHE MHD ITI-65 describes, and send it again.",
        pl="Popraw go zgodnie z IHE MHD ITI-65 i wyślij ponownie.",
    )


class BundleConflicts(BundleRefused):
    """With what is kept already."""

    code = "FHR-004"
    what = Text(
        en="The bundle is at odds with what is kept ({count}): {place}: {reason}.",
        pl="Pakiet jest sprzeczny z tym, co zachowano ({count}): {place}: {reason}.",
    )
    todo = Text(
        en="Give other documents identifiers of their own; name what is replaced in relatesTo.",
        pl="Nadaj innym dokumentom własne identyfikatory; zastępowany wskaż w relatesTo.",
    )
