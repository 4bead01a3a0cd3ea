"""Everything below /v1 answers as its OpenAPI says, to requests that fit it and to those that do not.

Requests are made by schemathesis from the description itself, for every operation, none left out.
"""

import warnings
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.config import SchemathesisConfig
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.core.result import Ok

from repository.access.principal import PrincipalKind
from tests.api.served import Served, served_sample
from tests.builders.staff import Staff

EXAMPLES = 3
schemathesis.serializer.alias("application/offset+octet-stream", "application/octet-stream")
PREFIX = "/v1/"
# What fits its description may still be refused for what there is: the state, the form, what cannot be (406 to 422).
REFUSABLE = ["2xx", "304", "401", "403", "404", "406", "409", "412", "413", "415", "422", "507"]
REFUSED = ["400", "401", "403", "404", "405", "406", "412", "415", "422"]
# OAuth answers 400 to a scope and to a grant that are none (RFC 6749 §5.2).
OAUTH = {
    "include-path": "/v1/token",
    "checks": {"positive_data_acceptance": {"expected-statuses": [*REFUSABLE, "400"]}},
}
# What no schema can say of a value (a check digit, a day, 1.0 that is no 1) is said by the code of its rule.
REJECTED, BEYOND = "Schema-valid request rejected", (": value_error.", ": base64_decode.", ": int_type.")
CONFIG = {
    "checks": {
        "positive_data_acceptance": {"expected-statuses": REFUSABLE},
        "negative_data_rejection": {"expected-statuses": REFUSED},
    },
    "operations": [OAUTH],
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served_sample(tmp_path_factory.mktemp("openapi"), patients=1, images=1, rate=1_000_000) as found:
        yield found


@pytest.fixture(scope="module")
def description(made: Served) -> dict[str, Any]:
    found: dict[str, Any] = httpx.get(f"{made.url}/v1/openapi.json", trust_env=False, timeout=60).json()
    found["paths"] = {path: each for path, each in found["paths"].items() if path.startswith(PREFIX)}
    return found


class Callers:
    """One after another of a kind: an operation may end the session that it is asked with."""

    def __init__(self, made: Served, kind: PrincipalKind) -> None:
        self._made, self._kind, self._count = made, kind, 0

    def token(self) -> str:
        token = self._made.token(Staff(kind=self._kind, surname="Nowak" + "a" * self._count))
        asked = httpx.get(f"{self._made.url}/v1/log/key", headers={"Authorization": f"Bearer {token}"}, trust_env=False)
        if asked.status_code != 401:
            return token
        self._count += 1
        return self.token()


@pytest.mark.parametrize(
    ("kind", "mode"),
    [
        (PrincipalKind.ADMINISTRATOR, GenerationMode.POSITIVE),
        (PrincipalKind.ADMINISTRATOR, GenerationMode.NEGATIVE),
        (PrincipalKind.MEDICAL_WORKER, GenerationMode.POSITIVE),
    ],
)
def test_every_operation_answers_as_described(
    made: Served, description: dict[str, Any], *, kind: PrincipalKind, mode: GenerationMode
) -> None:
    schema = schemathesis.openapi.from_dict(description, config=SchemathesisConfig.from_dict(CONFIG))
    callers, wrong = Callers(made, kind), list[str]()
    for result in schema.get_all_operations():
        assert isinstance(result, Ok)
        operation = result.ok()
        with suppress(Unsatisfiable):  # nothing can be wrong with a request that has neither parameters nor a body
            wrong += run(operation.as_strategy(generation_mode=mode), made.url, callers.token(), label=operation.label)
    assert not wrong, "\n\n".join(wrong)


def run(strategy: Any, url: str, token: str, *, label: str) -> list[str]:
    """What is wrong with the answers of one operation: the first of each kind."""
    wrong: dict[str, str] = {}

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=strategy)
    def asked(case: Any) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            answer = case.call(base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=30)
            try:
                case.validate_response(answer)
            except (Failure, FailureGroup) as error:
                for each in error.exceptions if isinstance(error, FailureGroup) else (error,):
                    if each.title == REJECTED and any(word in answer.text for word in BEYOND):
                        continue
                    told = f"{label}: {each.title}: {each.message[:400]}: {answer.status_code} {answer.text[:200]}"
                    wrong.setdefault(each.title, told)

    asked()
    return list(wrong.values())
