"""Signing in: what is right opens a session; what is wrong is refused in one way, and ever more slowly."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from repository.access.principal import PrincipalKind
from repository.catalogue.people import wait_after
from repository.catalogue.people_rows import PersonState
from repository.people.errors import PasswordGuessable, SessionOver, SignInRefused
from repository.people.keeping import people, reseal, revoke
from repository.people.sessions import who
from repository.people.signing_in import change_password, sign_in
from storage.errors import KeyUnavailable, SealBroken
from storage.keys import passwords
from tests.builders.people import PASSWORD, House, Someone


def refused(house: House, someone: Someone, **how: Any) -> None:
    with pytest.raises(SignInRefused) as told:
        house.sign_in(someone, **how)
    assert told.value.fields == {}


def said_of(someone: Someone) -> dict[str, str]:
    return {"id": someone.account, "name": someone.name, "by": someone.account}


def locked(house: House) -> int:
    return sum(bool(deed.get("locked")) for deed in house.deeds)


def failures(house: House) -> int:
    with house.archive.catalogue._room.reading() as connection:
        return int(connection.execute(text("SELECT coalesce(max(failures), 0) FROM person_attempt")).scalar_one())


def test_whoever_has_password_and_code_gets_a_session(house: House) -> None:
    someone = house.someone()
    session = house.sign_in(someone)
    assert who(house.archive, session.token).id == someone.account
    assert session.token not in repr(session)
    assert house.deeds[-1] == {"what": "signed-in", **said_of(someone), "session": session.id}


def test_a_password_alone_is_enough_only_for_an_account_without_codes(house: House) -> None:
    refused(house, house.someone("with"), code="")
    house.sign_in(house.someone("without", codes=False))


@pytest.mark.parametrize("name", ["nobody", "", "A.Nowak", "a.nowak ", "a.nowak\0", "?1", "x" * 100_000, "\ud800abc"])
def test_a_name_that_nobody_has_is_refused_like_a_wrong_password(house: House, name: str) -> None:
    someone = house.someone()
    known, unknown = [], []
    for each, kept in ((someone.name, known), (name, unknown)):
        with pytest.raises(SignInRefused) as told:
            sign_in(house.archive, each, "not the password", totp="000000", note=house.note)
        kept.append((str(told.value), told.value.message, told.value.advice, told.value.exit_code))
    assert known == unknown
    assert house.deeds[-1] == {"what": "refused", "id": "", "name": "", "by": "", "locked": False}


@pytest.mark.parametrize("password", ["", "x" * 1_000_000, "\ud800", "\ufdfa" * 5000])
def test_what_can_be_no_password_is_refused_like_a_wrong_one(house: House, password: str) -> None:
    someone = house.someone(codes=False)
    with pytest.raises(SignInRefused):
        sign_in(house.archive, someone.name, password)


def test_every_refusal_costs_one_argon2_and_one_counted_try(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Counted at the function that does the work; the work itself is done."""
    someone, gone = house.someone(), house.someone("gone")
    revoke(house.archive, "gone", by="boss")
    calls: list[str] = []
    real = passwords.PasswordHasher.verify

    def counted(self: Any, encoded: str, given: bytes) -> Any:
        calls.append(encoded.rsplit("$", 2)[0])
        return real(self, encoded, given)

    monkeypatch.setattr(passwords.PasswordHasher, "verify", counted)
    for name in (someone.name, gone.name, "nobody", *[someone.name] * 6):
        with pytest.raises(SignInRefused):
            sign_in(house.archive, name, "not the password")
    assert len(calls) == 9
    assert len(set(calls)) == 1


def test_every_refusal_writes_one_deed_of_one_form_whether_the_name_is_known_and_whether_it_locks(house: House) -> None:
    someone = house.someone(codes=False)
    house.deeds.clear()
    for name in (someone.name, "nobody"):
        for _ in range(7):
            with pytest.raises(SignInRefused):
                sign_in(house.archive, name, "not the password", note=house.note)
    assert {tuple(deed) for deed in house.deeds} == {("what", "id", "name", "by", "locked")}
    assert [deed["locked"] for deed in house.deeds] == [False] * 4 + [True] + [False] * 9
    assert [deed["id"] for deed in house.deeds] == [someone.account] * 7 + [""] * 7


def test_a_code_is_accepted_once(house: House) -> None:
    someone = house.someone()
    house.sign_in(someone)
    used = house.code(someone)
    refused(house, someone, code=used)
    house.sign_in(someone)


def test_a_code_of_an_earlier_step_is_not_accepted_after_a_later_one(house: House) -> None:
    someone = house.someone()
    house.clock.pass_(seconds=30)
    sign_in(house.archive, someone.name, PASSWORD, totp=house.code(someone, steps=1))
    for steps in (1, 0, -1):
        with pytest.raises(SignInRefused):
            sign_in(house.archive, someone.name, PASSWORD, totp=house.code(someone, steps=steps))


def test_after_five_failures_the_account_waits_ever_longer(house: House) -> None:
    someone = house.someone(codes=False)
    for _ in range(5):
        refused(house, someone, password="not the password")
    assert locked(house) == 1
    for minutes in (0.5, 1, 2, 4, 8, 15, 15):
        with pytest.raises(SignInRefused):
            sign_in(house.archive, someone.name, PASSWORD)  # right, and too early
        assert people(house.archive)[0].state is PersonState.LOCKED
        house.clock.pass_(minutes=minutes, seconds=-30)
        refused(house, someone, password="not the password")
    house.clock.pass_(minutes=15)
    house.sign_in(someone)
    assert people(house.archive)[0].state is PersonState.ACTIVE
    assert failures(house) == 0


def test_a_try_that_comes_too_early_does_not_lengthen_the_wait(house: House) -> None:
    someone = house.someone(codes=False)
    for _ in range(5):
        refused(house, someone, password="not the password")
    for _ in range(20):
        with pytest.raises(SignInRefused):
            sign_in(house.archive, someone.name, "not the password")
    house.sign_in(someone)  # half a minute later


def test_success_forgets_failures(house: House) -> None:
    someone = house.someone(codes=False)
    for _ in range(3):
        for _ in range(4):
            refused(house, someone, password="not the password")
        house.sign_in(someone)
    assert locked(house) == 0


def test_names_that_nobody_has_leave_few_rows(house: House) -> None:
    for number in range(600):
        house.archive.catalogue.people.attempt(f"nobody{number}", at=house.clock.now)
    with house.archive.catalogue._room.reading() as connection:
        assert connection.execute(text("SELECT count(*) FROM person_attempt")).scalar_one() <= 256


def test_waits_grow_from_half_a_minute_to_a_quarter_of_an_hour() -> None:
    assert [wait_after(count) for count in (0, 4)] == [timedelta()] * 2
    assert [wait_after(count).total_seconds() for count in (5, 6, 9, 10, 11, 10**9)] == [30, 60, 480, 900, 900, 900]


def test_a_change_of_password_ends_all_sessions(house: House) -> None:
    someone = house.someone()
    sessions = [house.sign_in(someone) for _ in range(2)]
    house.clock.pass_(seconds=30)
    new = "cztery psy pod mostem"
    change_password(house.archive, "a.nowak", PASSWORD, new=new, totp=house.code(someone), note=house.note)
    for session in sessions:
        with pytest.raises(SessionOver):
            who(house.archive, session.token)
    assert house.told()["session-ended"] == 2
    refused(house, someone)
    house.sign_in(someone, password=new)


def test_a_change_of_password_is_a_try_like_any_other(house: House) -> None:
    house.someone(codes=False)
    for _ in range(5):
        with pytest.raises(SignInRefused):
            change_password(house.archive, "a.nowak", "not the password", new="cztery psy pod mostem")
    with pytest.raises(SignInRefused):
        change_password(house.archive, "a.nowak", PASSWORD, new="cztery psy pod mostem")


def test_a_new_password_that_is_refused_costs_no_try(house: House) -> None:
    someone = house.someone()
    session = house.sign_in(someone)
    for _ in range(9):
        with pytest.raises(PasswordGuessable):
            change_password(house.archive, "a.nowak", PASSWORD, new="123456789012", totp=house.code(someone))
    assert who(house.archive, session.token)
    house.sign_in(someone)


def test_a_cheaper_hash_is_replaced_when_its_owner_signs_in(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    someone = house.someone(codes=False)
    monkeypatch.setattr(passwords, "COST", passwords.Cost(2, 16, 1))
    house.sign_in(someone)
    (found,) = people(house.archive)
    assert "m=16,t=2,p=1" in found.password
    house.sign_in(someone)


def test_a_revoked_account_is_refused_like_any_other(house: House) -> None:
    someone = house.someone()
    revoke(house.archive, someone.name, by="boss")
    refused(house, someone)


def test_codes_survive_a_rotation_of_the_keys(house: House) -> None:
    someone, _ = house.someone(kind=PrincipalKind.AUDITOR), house.someone("b.nowak", codes=False)
    house.archive.ring.add_epoch()
    assert reseal(house.archive) == 1
    assert reseal(house.archive) == 0
    house.archive.ring.destroy_epoch(1)
    house.sign_in(someone)


def test_without_its_root_key_a_secret_is_unavailable_rather_than_wrong(house: House) -> None:
    someone = house.someone()
    house.archive.ring.add_epoch()
    house.archive.ring.destroy_epoch(1)
    assert reseal(house.archive) == 0
    with pytest.raises(KeyUnavailable):
        house.sign_in(someone)


def test_a_secret_moved_to_another_account_does_not_open(house: House) -> None:
    house.someone("a.nowak")
    other = house.someone("b.nowak")
    with house.archive.catalogue._room.writing() as connection:
        stolen = "(SELECT totp FROM person WHERE name = 'a.nowak')"
        connection.execute(text(f"UPDATE person SET totp = {stolen} WHERE name = 'b.nowak'"))
    with pytest.raises(SealBroken):
        house.sign_in(other)


def test_what_is_kept_holds_no_secret_in_the_clear(house: House) -> None:
    someone = house.someone()
    session = house.sign_in(someone)
    with house.archive.catalogue._room.reading() as connection:
        kept = repr(
            [connection.execute(text(f"SELECT * FROM {table}")).all() for table in ("person", "person_session")]
        )
    assert PASSWORD not in kept
    assert session.token not in kept
    assert repr(someone.secret)[2:-1] not in kept
    assert PASSWORD not in repr(house.deeds)


def test_a_deed_that_cannot_be_noted_lets_nobody_in(house: House) -> None:
    someone = house.someone(codes=False)

    def broken(_kind: str, _body: dict[str, Any]) -> None:
        raise OSError("the journal is full")

    with pytest.raises(OSError, match="journal"):
        sign_in(house.archive, someone.name, PASSWORD, note=broken)
