"""FHIR R4 (IHE MHD 4.2, ITI-81, PCF), below /fhir. The CapabilityStatement at /fhir/metadata describes it."""

from api.fhir import audit, capability, consents, custody, documents, people, providing
from api.fhir.answering import refused
from api.fhir.providing import Bundles
from api.routes import Routes

__all__ = ["PARTS", "Bundles", "refused", "router"]
PARTS = (capability, documents, people, custody, audit, consents)


def router() -> Routes:
    found = Routes(include_in_schema=False)
    for part in (*PARTS, providing):
        found.include(part.router())
    return found
