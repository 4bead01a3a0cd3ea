"""Patient, and the parties of a document: as resources of their own, and contained in others."""

from repository.accounting.telling import legible
from repository.domain.describing import Identifier, PatientFacts
from repository.domain.identifiers import NIP_OID, PROVIDER_OID, REGON_9_OID, REGON_14_OID
from repository.domain.takeover import Producer
from repository.fhir_form import values
from repository.fhir_form.values import Json, without_empty


def patient(facts: PatientFacts, *, id: str) -> Json:  # noqa: A002  FHIR's name
    """The patient as one takeover knows them: nothing is merged with what others know."""
    known = [each for each in map(values.identifier, facts.identifiers) if each]
    name = values.name(facts.name)
    return without_empty(
        {
            "resourceType": "Patient",
            "id": id,
            "identifier": known,
            "name": [name] if name else [],
            "gender": values.gender(facts.sex),
            "birthDate": values.day(facts.birth_date),
        }
    )


def author(name: str, *, identifier: Identifier | None, id: str) -> Json:  # noqa: A002  FHIR's name
    """Who wrote a document, as a contained Practitioner; empty where nothing is said of them."""
    known, called = values.identifier(identifier), values.name(name)
    if not (known or called):
        return {}
    return without_empty(
        {
            "resourceType": "Practitioner",
            "id": id,
            "identifier": [known] if known else [],
            "name": [called] if called else [],
        }
    )


def producer(made: Producer, *, id: str) -> Json:  # noqa: A002  FHIR's name
    """The provider that closed, as a contained Organization; empty where the package names none."""
    regon = REGON_14_OID if len(made.regon) == 14 else REGON_9_OID
    numbers = ((PROVIDER_OID, made.rpwdl_book), (regon, made.regon), (NIP_OID, made.nip))
    known = [values.identifier(Identifier(root, number)) for root, number in numbers if number.strip()]
    name = legible(made.name)
    if not (known or name):
        return {}
    return without_empty({"resourceType": "Organization", "id": id, "identifier": known, "name": name})
