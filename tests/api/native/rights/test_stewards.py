"""A token that was given for some purposes is not used for another one, and every route says whom it needs."""

from collections.abc import Callable

import pytest

from api.callers.way import Caller
from api.errors import NoCaller
from api.native.stewards import good_for, looking_of, self_of, steward_of
from repository.access.principal import Principal
from repository.access.purpose import Purpose
from tests.api.served import Served
from tests.builders.access import administrator, auditor, patient, worker

CASES: list[tuple[Callable[[Caller], object], Principal, Purpose]] = [
    (steward_of, administrator(), Purpose.AUDIT),
    (steward_of, worker(), Purpose.CUSTODY),
    (looking_of, auditor(), Purpose.AUDIT),
    (looking_of, patient(), Purpose.PATIENT_REQUEST),
    (self_of, patient(), Purpose.PATIENT_REQUEST),
]
OURS = (
    "consents", "grants", "accounts", "copies", "reviews", "reports", "demands", "custody", "protection", "approvals",
    "authorisations", "relations", "deaths", "people", "me",
)  # fmt: skip
OPEN = {"/v1/people/acceptance", "/v1/people/password"}  # nobody is signed in yet


@pytest.mark.parametrize(("who", "principal", "purpose"), CASES)
def test_a_token_is_good_for_its_purposes_alone(
    *, who: Callable[[Caller], object], principal: Principal, purpose: Purpose
) -> None:
    assert who(Caller(principal=principal))
    assert who(Caller(principal=principal, purposes=frozenset({purpose})))
    with pytest.raises(NoCaller):
        who(Caller(principal=principal, purposes=frozenset(Purpose) - {purpose}))


def test_a_demand_is_for_a_purpose_of_the_token() -> None:
    caller = Caller(principal=worker(), purposes=frozenset({Purpose.TREATMENT}))
    assert good_for(caller, Purpose.TREATMENT) == caller.principal
    with pytest.raises(NoCaller):
        good_for(caller, Purpose.CONTINUITY)


def test_every_route_of_ours_is_described_with_what_it_needs_and_answers(office: Served) -> None:
    with office.client(None, purpose=None) as client:
        paths = client.get("/v1/openapi.json").json()["paths"]
    ours = {path: methods for path, methods in paths.items() if path.startswith("/v1/") and path.split("/")[2] in OURS}
    assert len(ours) > 40
    for path, methods in ours.items():
        for method, said in methods.items():
            assert ("security" in said) is (path not in OPEN), path
            assert {"400", "401", "403", "429", "500", "503"} <= set(said["responses"]), (method, path)
            assert "pesel" not in path.lower()
