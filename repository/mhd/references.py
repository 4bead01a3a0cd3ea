"""References inside of a bundle (FHIR R4 2.3.0, 3.1.0.11): to its entries, and to what a resource contains."""

from collections.abc import Sequence

from repository.domain.describing import PatientFacts
from repository.mhd import heard
from repository.mhd.elements import Element


class References:
    """The resources of a bundle, by number and by what refers to them."""

    def __init__(self, entries: Sequence[Element]) -> None:
        self.resources = [each.part("resource") for each in entries]
        self.kinds = tuple(str(each.value.get("resourceType", "")) for each in self.resources)
        self._by_address: dict[str, int] = {}
        for number, each in enumerate(entries):
            address = each.text("fullUrl")
            if address in self._by_address:
                each.wrong("is that of another entry", "fullUrl")
            if address:
                self._by_address[address] = number
            if address.startswith(("http://", "https://")):
                self._by_address.setdefault("/".join(address.split("/")[-2:]), number)

    def of_kind(self, kind: str) -> list[Element]:
        return [each for each, known in zip(self.resources, self.kinds, strict=True) if known == kind]

    def number_of(self, said: Element, *, needed: str, name: str = "reference") -> int | None:
        """The number of the entry that is referred to; told as wrong where there is none of that kind."""
        number = self._by_address.get(said.text(name))
        if number is None or self.kinds[number] != needed:
            said.wrong(f"is not the fullUrl of a {needed} of this bundle", name)
            return None
        return number

    def near(self, said: Element, inside: Element) -> Element | None:
        """What `said` refers to, in the bundle or contained in `inside`; None for what is elsewhere."""
        address = said.text("reference")
        if address.startswith("#"):
            for each in inside.parts("contained"):
                if each.value.get("id") == address[1:]:
                    return each
            return None
        number = self._by_address.get(address)
        return None if number is None else self.resources[number]

    def patient_of(self, document: Element) -> PatientFacts | None:
        """Whose the document is said to be: by `subject`, and what is not said there by `context.sourcePatientInfo`."""
        subjects = document.parts("subject")
        subject = self._patient(subjects[0], document) if subjects else None
        source = [self._patient(each, document) for each in document.part("context").parts("sourcePatientInfo")]
        found = [each for each in (subject, *source) if each is not None]
        if not found:
            return None
        first = found[0]
        for other in found[1:]:
            first = PatientFacts(
                first.identifiers or other.identifiers, first.name or other.name, first.birth_date or other.birth_date,
                first.sex or other.sex,
            )  # fmt: skip
        return first

    def _patient(self, said: Element, document: Element) -> PatientFacts | None:
        there = self.near(said, document)
        if there is not None and there.value.get("resourceType") == "Patient":
            return heard.patient(there)
        known = heard.identifier(said.part("identifier"))
        if known is not None:
            return PatientFacts((known,))
        said.wrong("is neither in the bundle nor an identifier")
        return None
