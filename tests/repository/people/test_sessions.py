"""Sessions: how long they last, what ends them, and that ended ones look like those that never were."""

import pytest
from sqlalchemy import text

from repository.access.principal import Assurance, Method, PrincipalKind
from repository.people.errors import PersonUnknown, SessionOver
from repository.people.keeping import people, revoke
from repository.people.sessions import end_sessions, sign_out, who
from tests.builders.people import House


def over(house: House, token: str) -> None:
    with pytest.raises(SessionOver) as told:
        who(house.archive, token)
    assert told.value.fields == {}


@pytest.mark.parametrize(("codes", "assurance"), [(True, Assurance.SUBSTANTIAL), (False, Assurance.LOW)])
def test_a_principal_comes_with_the_evidence_of_its_session(house: House, codes: bool, assurance: Assurance) -> None:
    session = house.sign_in(house.someone(codes=codes))
    found = who(house.archive, session.token).identification
    assert found is not None
    assert (found.method, found.assurance) == (Method.LOCAL_ACCOUNT, assurance)
    assert found.evidence == f"session:{session.id}"
    assert (found.at, found.until) == (house.clock.now, session.until)
    assert session.token not in repr(found)


@pytest.mark.parametrize(("kind", "minutes"), [(PrincipalKind.ADMINISTRATOR, 30), (PrincipalKind.MEDICAL_WORKER, 120)])
def test_a_session_that_is_not_used_lapses(house: House, kind: PrincipalKind, minutes: int) -> None:
    session = house.sign_in(house.someone(kind=kind))
    for _ in range(3):
        house.clock.pass_(minutes=minutes, seconds=-1)
        assert who(house.archive, session.token).id == session.account
    house.clock.pass_(minutes=minutes)
    over(house, session.token)


def test_however_busy_a_session_ends_after_twelve_hours(house: House) -> None:
    session = house.sign_in(house.someone())
    for _ in range(12 * 60 - 1):
        house.clock.pass_(minutes=1)
        if house.clock.now.minute % 30 == 0:
            assert who(house.archive, session.token).id == session.account
    house.clock.pass_(seconds=59)
    assert who(house.archive, session.token).id == session.account
    house.clock.pass_(seconds=1)
    over(house, session.token)


def test_use_is_written_down_at_most_once_a_minute(house: House) -> None:
    session = house.sign_in(house.someone())

    def touched() -> str:
        with house.archive.catalogue._room.reading() as connection:
            return str(connection.execute(text("SELECT touched_at FROM person_session")).scalar_one())

    first = touched()
    house.clock.pass_(seconds=59)
    who(house.archive, session.token)
    assert touched() == first
    house.clock.pass_(seconds=1)
    who(house.archive, session.token)
    assert touched() > first


@pytest.mark.parametrize("token", ["", "x", "\ud800", "x" * 100_000, "session:1"])
def test_a_token_that_never_was_is_over(house: House, token: str) -> None:
    session = house.sign_in(house.someone())
    over(house, token)
    assert who(house.archive, session.token).id == session.account


def test_signing_out_ends_one_session_and_only_once(house: House) -> None:
    someone = house.someone()
    first, second = house.sign_in(someone), house.sign_in(someone)
    assert sign_out(house.archive, first.token, note=house.note) == first.id
    over(house, first.token)
    with pytest.raises(SessionOver):
        sign_out(house.archive, first.token, note=house.note)
    assert who(house.archive, second.token)
    assert house.told()["session-ended"] == 1


def test_all_sessions_of_an_account_can_be_ended(house: House) -> None:
    someone, other = house.someone(), house.someone("b.nowak")
    sessions, kept = [house.sign_in(someone) for _ in range(3)], house.sign_in(other)
    assert end_sessions(house.archive, someone.name, by="boss", note=house.note) == 3
    assert end_sessions(house.archive, someone.name, by="boss") == 0
    for session in sessions:
        over(house, session.token)
    assert who(house.archive, kept.token).id == other.account
    with pytest.raises(PersonUnknown):
        end_sessions(house.archive, "nobody", by="boss")


def test_revoking_an_account_ends_its_sessions_and_says_so_again_when_repeated(house: House) -> None:
    session = house.sign_in(house.someone())
    for _ in range(2):
        revoke(house.archive, "a.nowak", by="boss", note=house.note)
    over(house, session.token)
    assert (house.told()["revoked"], house.told()["session-ended"]) == (2, 1)
    (found,) = people(house.archive)
    assert (found.password, found.totp, found.revoked_by) == ("", None, "boss")


def test_an_account_that_is_not_there_cannot_be_revoked(house: House) -> None:
    with pytest.raises(PersonUnknown) as told:
        revoke(house.archive, "nobody", by="boss")
    assert "nobody" not in str(told.value)


def test_the_list_shows_no_secret_and_no_number_in_its_representation(house: House) -> None:
    house.someone()
    (found,) = people(house.archive)
    assert "argon2" not in repr(found)
    assert "Nowak'" not in repr(found)
