"""Hypothesis strategies for permissions that FHIR Consent has words for."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from repository.access.permission import Grantee, GranteeKind, Grantor, Permission, PermissionKind
from repository.access.purpose import Purpose
from repository.access.subject import Scope
from repository.consents import vocabulary
from repository.domain.describing import Identifier

WORDS = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc", "Z")), min_size=1, max_size=12)
MOMENTS = st.integers(0, 6 * 10**15).map(
    lambda passed: datetime(1996, 1, 1, tzinfo=UTC) + timedelta(microseconds=passed)
)
OIDS = st.sampled_from(["", "1.2.3", "2.16.840.1.113883.3.4424.1.1.616"])
IDENTIFIERS = st.builds(Identifier, OIDS, WORDS)
DAYS = st.dates(date(1990, 1, 1)).map(lambda day: day.strftime("%Y%m%d").zfill(8))


def some(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(values, max_size=2, unique=True).map(tuple)


@st.composite
def scopes(draw: st.DrawFn) -> Scope:
    kind = draw(st.sampled_from(["", "documents", "events", "studies"]))
    studies = some(st.sampled_from(["1.2.840.1", "2.25.9"]))
    of = {kind: draw(studies if kind == "studies" else some(IDENTIFIERS))} if kind else {}
    days = sorted(draw(st.tuples(DAYS, DAYS)))
    first, last = draw(st.sampled_from([("", ""), (days[0], ""), ("", days[1]), tuple(days)]))
    return Scope(classes=draw(some(WORDS)), specialties=draw(some(WORDS)), first_day=first, last_day=last, **of)


@st.composite
def permissions(draw: st.DrawFn) -> Permission:
    kind = draw(st.sampled_from([PermissionKind.CONSENT, PermissionKind.OBJECTION]))
    fewest = 1 if kind is PermissionKind.CONSENT else 0
    start = draw(MOMENTS)
    grantee = draw(
        st.sampled_from([Grantee(GranteeKind.ANYBODY), Grantee(GranteeKind.SYSTEM, Identifier("", "PACS"))])
        | st.builds(
            Grantee, st.sampled_from(["organisation", "person"]).map(GranteeKind), IDENTIFIERS, st.just("") | WORDS
        )
    )
    ended = draw(st.none() | MOMENTS)
    reasons = st.sampled_from(["", "withdrawn", "revoked", "replaced", "rejected", "entered-in-error"])
    return Permission(
        id=draw(st.uuids()).hex,
        edition=draw(st.integers(1, 999)),
        kind=kind,
        takeover=draw(st.just("") | WORDS),
        patient=draw(IDENTIFIERS),
        grantor=Grantor(
            draw(st.sampled_from(sorted(vocabulary.PERFORMERS))),
            draw(st.just("") | WORDS),
            draw(st.none() | IDENTIFIERS),
        ),
        grantee=grantee,
        scope=draw(scopes()),
        purposes=draw(st.frozensets(st.sampled_from(Purpose), min_size=fewest)),
        valid_from=start,
        valid_to=draw(
            st.none() | st.timedeltas(timedelta(microseconds=1), timedelta(days=9999)).map(lambda t: start + t)
        ),
        evidence=draw(st.just("") | WORDS),
        recorded_at=draw(MOMENTS),
        ended_at=ended,
        end_reason=draw(reasons) if ended else "",
    )
