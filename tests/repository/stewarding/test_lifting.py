"""Special protection is lifted by two administrators, each of whom could do so at that moment (R463-10.2)."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from repository.access.errors import AccessRefused, SecondPersonNeeded
from repository.access.facts import Lifting
from repository.access.principal import Principal, PrincipalKind
from repository.clock import now
from repository.consents.errors import NotYoursToGive
from repository.entitlement import protect, unprotect
from repository.people.keeping import revoke
from repository.runtime import Archive, open_archive
from repository.stewarding.leaves import LASTS, lift
from tests.builders.access import AT, THEIRS, administrator, worker
from tests.builders.homes import new_home
from tests.builders.staff import Staff, session_of

pytestmark = pytest.mark.requirement("R463-10.2")
FOREIGN = administrator(id="https://idp.example#boss")
OTHER_FOREIGN = administrator(id="https://idp.example#second")


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Archive]:
    with open_archive(new_home(tmp_path_factory.mktemp("lifting"))) as found:
        yield found


@pytest.fixture
def flag(archive: Archive) -> str:
    return protect(archive, THEIRS)[0]


def local(archive: Archive, name: str) -> Principal:
    staff = Staff(kind=PrincipalKind.ADMINISTRATOR, house=THEIRS, role="archive")
    return administrator(id=session_of(archive, staff, name=name).account)


def lasts(archive: Archive, flag: str) -> bool:
    return archive.catalogue.entitling.liftings(flag) is not None


def test_one_alone_lifts_nothing_however_often_it_is_asked(archive: Archive, flag: str) -> None:
    first = lift(archive, FOREIGN, flag)
    assert first.at is None
    assert lift(archive, FOREIGN, flag) == first
    assert lasts(archive, flag)
    done = lift(archive, OTHER_FOREIGN, flag)
    assert done.asked == first.asked
    assert done.at is not None
    assert not lasts(archive, flag)
    for who in (FOREIGN, OTHER_FOREIGN):
        with pytest.raises(AccessRefused):
            lift(archive, who, flag)


def test_who_asked_and_was_revoked_is_no_second_person(archive: Archive, flag: str) -> None:
    gone, stays = local(archive, "gone"), local(archive, "stays")
    assert lift(archive, gone, flag).at is None
    revoke(archive, gone.id, by="test")
    asked = lift(archive, stays, flag)
    assert (asked.at, asked.asked.asked_by) == (None, stays.id)
    assert lift(archive, FOREIGN, flag).at is not None


def test_who_asked_and_is_known_to_nobody_is_no_second_person(archive: Archive, flag: str) -> None:
    """A rebuilt catalogue has lost the accounts, and rights of the old ones do not pass to the new ones."""
    assert lift(archive, administrator(id="0" * 32), flag).at is None
    assert lift(archive, FOREIGN, flag).at is None
    assert lasts(archive, flag)


def test_what_was_asked_for_too_long_ago_is_asked_for_anew(archive: Archive, flag: str) -> None:
    first = lift(archive, FOREIGN, flag)
    later = replace(archive, clock=lambda: now() + LASTS + timedelta(minutes=1))
    second = lift(later, OTHER_FOREIGN, flag)
    assert (second.at, second.asked.asked_by) == (None, OTHER_FOREIGN.id)
    assert second.asked.id != first.asked.id
    assert lift(later, FOREIGN, flag).at is not None


def test_each_flag_is_lifted_by_itself(archive: Archive, flag: str) -> None:
    (another,) = protect(archive, THEIRS)
    lift(archive, FOREIGN, flag)
    assert lift(archive, OTHER_FOREIGN, another).at is None
    assert lasts(archive, flag)


def test_it_is_for_administrators_and_of_flags_that_are_there(archive: Archive, flag: str) -> None:
    before = archive.catalogue.journal.size()
    with pytest.raises(NotYoursToGive):
        lift(archive, worker(), flag)
    with pytest.raises(AccessRefused):
        lift(archive, FOREIGN, "no-such-flag")
    assert archive.catalogue.journal.size() == before


@pytest.mark.parametrize("who", ["", FOREIGN.id, f" {FOREIGN.id} "])
def test_the_deed_itself_takes_two(archive: Archive, flag: str, *, who: str) -> None:
    asked = Lifting("l-1", flag, who, AT, AT + LASTS)
    for wrong in (None, asked, replace(asked, asked_by=OTHER_FOREIGN.id, flag="another")):
        with pytest.raises(SecondPersonNeeded):
            unprotect(archive, flag, by=FOREIGN, asked=wrong)
    assert lasts(archive, flag)
