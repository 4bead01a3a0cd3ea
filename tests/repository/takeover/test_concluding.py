"""The verdict: accepted, accepted with exceptions, or rejected; and what the protocol says."""

import pytest

from repository.canonical import canonical, parse
from repository.domain.statement import CountCheck, Statement, Tally
from repository.domain.takeover import Disposition, Handover, Item, Producer, Route, State, Takeover
from repository.findings import Finding
from repository.takeover.concluding import draw_up, verdict

pytestmark = pytest.mark.requirement("R463-6.1")
WARNING, ERROR = Finding("PKG-NO-HANDOVER-DATA"), Finding("TKO-COUNT", "", {"name": "items", "declared": 1, "found": 2})


def statement(*counts: CountCheck, **lots: int) -> Statement:
    return Statement(Tally(**{"holdings": 5, "kept": 5, **lots}), counts, (), "0" * 64)


@pytest.mark.parametrize(
    ("said", "findings", "rejection", "expected"),
    [
        (statement(), [], None, State.ACCEPTED),
        (statement(), [WARNING], None, State.ACCEPTED),
        (statement(duplicate=3), [], None, State.ACCEPTED),
        (statement(CountCheck("items", 5, 5)), [], None, State.ACCEPTED),
        (statement(), [ERROR], None, State.ACCEPTED_WITH_EXCEPTIONS),
        (statement(altered=1), [], None, State.ACCEPTED_WITH_EXCEPTIONS),
        (statement(unexpected=1), [], None, State.ACCEPTED_WITH_EXCEPTIONS),
        (statement(missing=1), [], None, State.ACCEPTED_WITH_EXCEPTIONS),
        (statement(refused=1), [], None, State.ACCEPTED_WITH_EXCEPTIONS),
        (statement(conflicting=1), [], None, State.ACCEPTED_WITH_EXCEPTIONS),
        (statement(CountCheck("items", 5, 4)), [], None, State.ACCEPTED_WITH_EXCEPTIONS),
        (statement(holdings=0, kept=0), [], None, State.REJECTED),
        (statement(holdings=0, kept=0, missing=4), [], None, State.REJECTED),
        (statement(), [], Finding("PKG-EMPTY"), State.REJECTED),
    ],
)
def test_the_verdict_follows_from_the_statement(
    said: Statement, findings: list[Finding], rejection: Finding | None, expected: State
) -> None:
    assert verdict(said, findings, rejection=rejection) is expected


def test_the_protocol_is_canonical_and_names_what_was_handed_over() -> None:
    exception = Item(3, "data/ż.xml", disposition=Disposition.DUPLICATE, duplicate_of=1, reason="")
    said = Statement(Tally(kept=1, holdings=1), (CountCheck("items", 2, 1),), (exception,), "ab" * 32)
    handover = Handover(
        Producer("Przychodnia", "000000000017"), None, "2025-12-31", "UPP art. 30a", Route.CEZ_SIM, {"items": 2}
    )
    takeover = Takeover(4, "0" * 32, State.BALANCED, "/p", "f" * 64, handover, True, "2026-01-01T00:00:00Z")
    drawn = draw_up(
        takeover, said, [ERROR], archive="a" * 32, state=State.ACCEPTED_WITH_EXCEPTIONS,
        issued_at="2026-01-02T00:00:00Z", checkpoint="note\n1\n",
    )  # fmt: skip
    assert parse(canonical(drawn)) == drawn
    assert drawn["verdict"] == "accepted-with-exceptions"
    assert drawn["handover"]["producer"]["rpwdl_book"] == "000000000017"
    assert drawn["handover"]["route"] == "CEZ_SIM"
    assert drawn["statement"]["exceptions"] == [
        {"ordinal": 3, "path": "data/ż.xml", "disposition": "duplicate", "duplicate_of": 1}
    ]
    assert drawn["findings"] == [{"code": "TKO-COUNT", "params": {"name": "items", "declared": 1, "found": 2}}]
    assert "/p" not in canonical(drawn).decode()  # where the archive read it from is nobody else's business
