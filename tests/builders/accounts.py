"""Accounts that nobody rendered: one that is spelt out, and any that there can be."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st

from repository.access.account import PERMITTED, REFUSED, Account
from repository.access.principal import Assurance, Method, PrincipalKind
from repository.access.purpose import Purpose
from repository.access.subject import Operation
from repository.domain.describing import Identifier
from repository.polish_time import in_poland

TAKEOVER = "0192f0aa-7c3b-7e51-8f00-5b1c2d3e4f50"
SAMPLE = Account(
    number=7,
    at="2026-03-04T05:06:07.000089Z",
    day="2026-03-04",
    hour="06",
    door="cli",
    kind=PrincipalKind.MEDICAL_WORKER.value,
    id="anna.example",
    given_name="Anna",
    surname="Przykładowa",
    role="physician",
    npwz="1234567",
    organisation="Przychodnia Przykładowa",
    organisation_id=Identifier("2.16.840.1.113883.3.4424.2.3.1", "000000000001"),
    method=Method.LOCAL_ACCOUNT.value,
    assurance=Assurance.SUBSTANTIAL.value,
    proof="session:8f00",
    purpose=Purpose.TREATMENT.value,
    basis="",
    reason="",
    evidence="",
    operation=Operation.READ.value,
    takeover=TAKEOVER,
    patient=3,
    patient_name="Próbny^Jan",
    ordinal=12,
    study="1.2.826.0.1.3680043.2.1125.1",
    document=Identifier("2.16.840.1.113883.3.4424.2.7.1", "D-12"),
    count=1,
    outcome=PERMITTED,
    reasons=(),
    rule="treatment",
    duties=(),
    rules="2026-11-01",
    manner="copy",
    identifier=Identifier("2.16.840.1.113883.3.4424.1.6.2", "1234567"),
    organisation_role="provider",
    identified_at="2026-03-04T05:00:00.000000Z",
    identified_until="2026-03-04T13:00:00.000000Z",
)


def account(number: int = 7, **changes: Any) -> Account:
    """The sample account, numbered, with some of its fields changed."""
    return replace(SAMPLE, number=number, **changes)


def refused(number: int = 7, *reasons: str) -> Account:
    return account(number, outcome=REFUSED, reasons=reasons or ("CONSENT_MISSING",), rule="", manner="")


WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
"""Anything that the journal can keep: control characters too, lone surrogates not."""
CODES = st.sampled_from(["", "CONSENT_MISSING", "AUTHZ_INCOMPLETE", "IDENT_INCOMPLETE", "OTHER_1"])
IDENTIFIERS = st.none() | st.builds(
    Identifier, st.sampled_from(["", "1.2.3", "2.16.840.1.113883.3.4424.1.1.616"]), WORDS
)
MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2099, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001  given a zone by the strategy


_SEVERAL = st.lists(
    st.tuples(st.sampled_from([TAKEOVER, TAKEOVER.replace("f50", "f51")]), st.integers(1, 4)), max_size=4, unique=True
)
"""Patients of whom a search has shown something."""


@st.composite
def accounts(draw: st.DrawFn, *, numbers: st.SearchStrategy[int] | None = None) -> Account:
    """Any account, outcome and reasons agreeing with each other, day and hour with the moment."""
    at = draw(MOMENTS)
    local = in_poland(at)
    permitted = draw(st.booleans())
    reasons = () if permitted else tuple(draw(st.lists(CODES.filter(bool), min_size=1, max_size=3, unique=True)))
    takeover = draw(st.sampled_from(["", TAKEOVER, TAKEOVER.replace("f50", "f51")]))
    patient = draw(st.integers(0, 3)) if takeover else 0
    operation = draw(st.sampled_from(Operation)).value
    shown = [(takeover, patient)] if patient else draw(_SEVERAL)
    return Account(
        number=draw(numbers or st.integers(1, 2**40)),
        at=at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        day=local.strftime("%Y-%m-%d"),
        hour=local.strftime("%H"),
        door=draw(st.sampled_from(["cli", "rest", "dicomweb", "fhir", "dimse", "worker"])),
        kind=draw(st.sampled_from(PrincipalKind)).value,
        id=draw(WORDS),
        given_name=draw(WORDS),
        surname=draw(WORDS),
        role=draw(WORDS),
        npwz=draw(WORDS),
        organisation=draw(WORDS),
        organisation_id=draw(IDENTIFIERS),
        method=draw(st.sampled_from(["", *(each.value for each in Method)])),
        assurance=draw(st.sampled_from(["", *(each.value for each in Assurance)])),
        proof=draw(WORDS),
        purpose=draw(st.sampled_from(["", *(each.value for each in Purpose)])),
        basis=draw(st.sampled_from(["", "UPP-26.3.1", "OTHER"])),
        reason=draw(WORDS),
        evidence=draw(WORDS),
        operation=operation,
        takeover=takeover,
        patient=patient,
        patient_name=draw(WORDS) if patient else "",
        ordinal=draw(st.integers(0, 3)) if takeover else 0,
        study=draw(st.sampled_from(["", "1.2.3", "1.2.3.4"])),
        document=draw(IDENTIFIERS),
        count=draw(st.integers(0, 1000)),
        outcome=PERMITTED if permitted else REFUSED,
        reasons=reasons,
        rule=draw(st.sampled_from(["treatment", "emergency"])) if permitted else "",
        duties=tuple(draw(st.lists(st.sampled_from(["prominent", "review"]), unique=True))),
        rules="2026-11-01",
        manner=draw(st.sampled_from(["", "view", "copy", "electronic"])) if permitted else "",
        identifier=draw(IDENTIFIERS),
        organisation_role=draw(st.sampled_from(["", "provider", "payer"])),
        identified_at="2026-03-04T05:00:00.000000Z",
        identified_until="2026-03-04T13:00:00.000000Z",
        query=draw(WORDS) if operation == Operation.SEARCH else "",
        patients=tuple(sorted(shown)) if permitted and operation == Operation.SEARCH else (),
    )
