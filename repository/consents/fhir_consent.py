"""FHIR R4 Consent (IHE PCF 1.1: Basic, and of Intermediate time frame, by id, break-glass), in and out.

`permission_from(consent_resource(p, archive=…)) == p` for every permission that can be said (tests).
"""

from repository.consents.reading import permission_from, permissions_in
from repository.consents.vocabulary import POLICIES, POLICY
from repository.consents.writing import consent_resource

__all__ = ["POLICIES", "POLICY", "consent_resource", "permission_from", "permissions_in"]
