"""FHIR R4 (IHE MHD 4.2, ITI-81, PCF), below /fhir. The CapabilityStatement at /fhir/metadata describes it."""

from fastapi import APIRouter

from api.fhir import audit, capability, consents, custody, documents, people, providing
from api.fhir.answering import refused
from api.fhir.providing import Bundles

__all__ = ["PARTS", "Bundles", "refused", "router"]
PARTS = (capability, documents, people, custody, audit, consents)


def router() -> APIRouter:
    found = APIRouter(include_in_schema=False)
    for part in PARTS:
        found.include_router(part.router())
    found.routes.extend(providing.router().routes)  # at the root itself, which FastAPI includes no router at
    return found
