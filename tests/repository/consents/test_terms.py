"""What is said of a permission: what is left out stays, or is the widest that may be meant; a purpose never is."""

from datetime import timedelta

import pytest

from repository.access.permission import Grantee, GranteeKind, Grantor, Permission, PermissionKind
from repository.access.purpose import Purpose
from repository.access.subject import Scope
from repository.consents.errors import PermissionOfNothing
from repository.consents.terms import Terms
from tests.builders.access import ANNA, AT, HOUR, consent

CONSENT = PermissionKind.CONSENT


def made(terms: Terms) -> Permission:
    return terms.made(
        Grantee(GranteeKind.ANYBODY), Grantor("patient", "Anna", ANNA), takeover="", patient=ANNA, evidence="", now=AT
    )


def test_without_limits_it_is_about_all_from_now_on_without_end() -> None:
    found = made(Terms(CONSENT, purposes=frozenset({Purpose.TREATMENT})))
    assert (found.scope.whole, found.valid_from, found.valid_to, found.recorded_at) == (True, AT, None, AT)


def test_without_a_purpose_there_is_none() -> None:
    with pytest.raises(PermissionOfNothing):
        made(Terms(CONSENT))


def test_a_change_says_limits_as_a_whole_and_leaves_the_rest() -> None:
    known = consent(scope=Scope(classes=("01.10",), first_day="20200101"))
    changed = Terms(CONSENT, scope=Scope(classes=("02.10",)), valid_to=AT + HOUR).changed(known)
    assert (changed.scope, changed.valid_to) == (Scope(classes=("02.10",)), AT + HOUR)
    assert (changed.purposes, changed.grantee, changed.valid_from) == (known.purposes, known.grantee, known.valid_from)
    assert Terms(CONSENT).changed(known) == known
    none = Terms(PermissionKind.OBJECTION, purposes=frozenset(), valid_from=AT - timedelta(days=1)).changed(known)
    assert none.purposes == frozenset()
