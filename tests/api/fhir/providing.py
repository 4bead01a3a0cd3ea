"""Bundles of ITI-65 are sent, and what is answered is FHIR R4B."""

from typing import Any

import httpx
import orjson
from fhir.resources.R4B import get_fhir_model_class

from tests.api.dicomweb.pushing import Open

Json = dict[str, Any]
FHIR = {"Content-Type": "application/fhir+json", "Accept": "application/fhir+json"}


def checked(resource: Json) -> Json:
    """`resource`, which is valid FHIR R4B, and each of those in it."""
    get_fhir_model_class(resource["resourceType"]).model_validate(resource)
    return resource


def sent(receiving: Open, made: Json, **headers: str) -> httpx.Response:
    with receiving.client() as client:
        more = {name.replace("_", "-"): value for name, value in headers.items()}
        return client.post("/fhir", content=orjson.dumps(made), headers=FHIR | more)


def taken(receiving: Open, made: Json) -> list[Json]:
    """The answers to the entries of a bundle that is taken."""
    answer = sent(receiving, made)
    assert answer.status_code == 200, answer.text
    told = checked(answer.json())
    assert told["type"] == "transaction-response"
    assert len(told["entry"]) == len(made["entry"])
    return [each["response"] for each in told["entry"]]
