"""Every operation of every door answers as its OpenAPI says, to requests that fit it and to those that do not.

Requests are made by schemathesis from the description itself, for every operation, none left out.
"""

import re
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
from tests.peers.plain_http import PLAIN

EXAMPLES = 2
for each_type in ("application/offset+octet-stream", "application/dicom", "multipart/related"):
    schemathesis.serializer.alias(each_type, "application/octet-stream")
# What fits its description may still be refused for what there is: nothing of that name, the state, what cannot be.
REFUSABLE = ("2xx", "304", "404", "409", "422")
REFUSED = ["400", "401", "403", "404", "405", "406", "412", "415", "422"]
TOLERATED: tuple[tuple[str, str, str], ...] = (
    ("POST /v1/token", "400", "OAuth answers so to a scope and a grant that are none (RFC 6749 §5.2)"),
    ("POST /v1/token", "401", "no schema says whose signature an assertion has to have"),
    ("POST /v1/(sessions|people/password)", "401", "nor which name and password are somebody's"),
    ("DELETE /v1/sessions/current", "401", "the request before has ended the session"),
    (r"\w+ /v1/uploads.*", "412", "tus 1.0.0 answers so without its header, which an ordinary field cannot require"),
    (".* If-Match", "412", "the state may be another one"),
    ("GET /v1/demands/{demand}/to-be-signed", "403", "for the medical worker who prepared it"),
    ("POST /v1/demands/{demand}/(preparation|signature)", "403", "for medical workers"),
    ("(GET|HEAD) /dicomweb.*", "406", "the parameter `accept` is any text, as the header is"),
    ("(GET|HEAD) /dicomweb/.*/(rendered|thumbnail)", "400", "no schema says which window or viewport is one"),
    ("POST /dicomweb/studies.*|POST /fhir.*", "400", "no schema says what DICOM or FHIR is in a body"),
    ("POST /dicomweb/studies.*|POST /fhir.*", "403", "for whoever a takeover is open for"),
    ("POST /dicomweb/studies.*|POST /fhir.*", "415", "nor of which of its media types a body is"),
)
"""Operation, status, reason; ` If-Match` stands behind an operation that takes it."""
OF_ADMINISTRATORS = (r"\w+ /v1/.*", "403", "for administrators and auditors; no schema says who asks")
# What no schema can say of a value (a check digit, a day, 1.0 that is no 1) is said by the code of its rule.
REJECTED, BEYOND = "Schema-valid request rejected", (": value_error.", ": base64_decode.", ": int_type.")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served_sample(tmp_path_factory.mktemp("openapi"), patients=1, images=1, rate=1_000_000) as found:
        yield found


@pytest.fixture(scope="module")
def description(made: Served) -> dict[str, Any]:
    found: dict[str, Any] = httpx.get(f"{made.url}/v1/openapi.json", trust_env=False, verify=PLAIN, timeout=60).json()
    return found


def config(description: dict[str, Any], kind: PrincipalKind) -> SchemathesisConfig:
    """What each operation may answer to a request that fits its description, and to one that does not."""
    rules = TOLERATED if kind is PrincipalKind.ADMINISTRATOR else (*TOLERATED, OF_ADMINISTRATORS)
    alike: dict[tuple[str, ...], list[str]] = {}  # few: schemathesis looks through all of them for each operation
    for path, methods in description["paths"].items():
        for method, said in methods.items():
            name = f"{method.upper()} {path}"
            stateful = any(each["name"] == "If-Match" for each in said.get("parameters", ()))
            told = {name, f"{name} If-Match"} if stateful else {name}
            more = {status for rule, status, _ in rules if any(re.fullmatch(rule, each) for each in told)}
            alike.setdefault((*REFUSABLE, *sorted(more)), []).append(name)
    operations = [
        {"include-name": names, "checks": {"positive_data_acceptance": {"expected-statuses": [*accepted]}}}
        for accepted, names in alike.items()
    ]
    refused = {"negative_data_rejection": {"expected-statuses": REFUSED}}
    return SchemathesisConfig.from_dict({"checks": refused, "operations": operations})


class Callers:
    """One after another of a kind: an operation may end the session that it is asked with."""

    def __init__(self, made: Served, kind: PrincipalKind) -> None:
        self._made, self._kind, self._count = made, kind, 0

    def token(self) -> str:
        (*_, last) = self._made.archive.catalogue.entitling.custody_of(self._made.takeover.id)  # others were opened
        staff = Staff(kind=self._kind, surname="Nowak" + "a" * self._count, house=last.custodian)
        token = self._made.token(staff)
        asked = httpx.get(
            f"{self._made.url}/v1/log/key",
            headers={"Authorization": f"Bearer {token}"},
            trust_env=False,
            verify=PLAIN,
            timeout=60,
        )
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
    schema = schemathesis.openapi.from_dict(description, config=config(description, kind))
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
