"""Many at once: no more tries, sessions, accounts or invitations than one after the other would get."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any, TypeVar

import pytest
from sqlalchemy import text

from repository.catalogue.people import FREE_FAILURES
from repository.people.errors import AccountsExist, InvitationRefused, NameTaken, SessionOver, SignInRefused
from repository.people.inviting import accept, first_invitation
from repository.people.keeping import people, revoke
from repository.people.sessions import Session, who
from repository.people.signing_in import change_password, sign_in
from storage.keys import passwords
from tests.builders.people import PASSWORD, House

MANY = 12
UNFINISHED = (
    "INSERT INTO person (account, kind, given_name, surname, role, npwz, organisation_name, organisation_role, state, "
    "invitation_until, invited_at, invited_by, accepted_at, revoked_at, revoked_by, password, totp_step, generation) "
    "VALUES ('0', 'auditor', '', '', '', '', '', '', 'pending', '', '', '', '', '', '', '', 0, 0)"
)
Answer = TypeVar("Answer")


def at_once(*deeds: Callable[[], Answer]) -> list[Answer | Exception]:
    """What each gives or raises, all begun at the same moment."""
    ready = Barrier(len(deeds))

    def run(deed: Callable[[], Answer]) -> Answer | Exception:
        ready.wait(timeout=60)
        try:
            return deed()
        except Exception as error:  # noqa: BLE001  it is looked at
            return error

    with ThreadPoolExecutor(len(deeds)) as pool:
        return list(pool.map(run, deeds))


def of_kind(answers: list[Any], kind: type) -> list[Any]:
    return [answer for answer in answers if isinstance(answer, kind)]


def test_no_more_tries_are_open_at_once_than_one_after_the_other(house: House) -> None:
    house.someone(codes=False)
    desk = house.archive.catalogue.people
    tries = at_once(*[lambda: desk.attempt("a.nowak", at=house.clock.now)] * MANY)
    assert of_kind(tries, Exception) == []
    assert sum(each.open for each in tries if not isinstance(each, Exception)) == FREE_FAILURES
    assert sum(each.locks for each in tries if not isinstance(each, Exception)) == 1


def test_guesses_at_once_lock_the_account_and_the_right_one_comes_too_late(house: House) -> None:
    house.someone(codes=False)
    guesses = [lambda: sign_in(house.archive, "a.nowak", "not the password", note=house.note)] * MANY
    assert len(of_kind(at_once(*guesses), SignInRefused)) == MANY
    assert (house.told()["refused"], sum(bool(deed.get("locked")) for deed in house.deeds)) == (MANY, 1)
    with pytest.raises(SignInRefused):
        sign_in(house.archive, "a.nowak", PASSWORD)


def test_one_code_used_at_once_opens_one_session(house: House) -> None:
    someone = house.someone()
    code = house.code(someone)
    answers = at_once(*[lambda: sign_in(house.archive, "a.nowak", PASSWORD, totp=code)] * 4)
    assert len(of_kind(answers, Session)) == 1
    assert len(of_kind(answers, SignInRefused)) == 3


def test_one_invitation_makes_one_account(house: House) -> None:
    code = first_invitation(house.archive).code
    names = [f"boss{number}" for number in range(6)]
    answers = at_once(
        *(lambda name=name: accept(  # type: ignore[misc]
            house.archive, code, name=name, password=PASSWORD, given_name="Ewa", surname="Lis"
        ) for name in names)
    )  # fmt: skip
    assert len(of_kind(answers, InvitationRefused)) == 5
    (only,) = people(house.archive)
    assert only.name in names


def test_one_name_chosen_at_once_goes_to_one_of_them(house: House) -> None:
    from tests.repository.people.test_inviting import nurse

    codes = [nurse(house.archive).code for _ in range(4)]
    answers = at_once(
        *(lambda code=code: accept(house.archive, code, name="ada", password=PASSWORD) for code in codes)  # type: ignore[misc]
    )
    assert len(of_kind(answers, NameTaken)) == 3
    assert sorted(one.name for one in people(house.archive)) == ["", "", "", "ada"]


def test_there_is_one_first_invitation(house: House) -> None:
    answers = at_once(*[lambda: first_invitation(house.archive)] * 6)
    assert len(of_kind(answers, AccountsExist)) == 5
    assert len(people(house.archive)) == 1


def test_the_first_invitation_waits_for_an_account_that_is_just_being_made(house: House) -> None:
    desk, other = house.archive.catalogue.people, ThreadPoolExecutor(1)
    with other, house.archive.catalogue._room.writing() as connection:
        connection.execute(text(UNFINISHED))
        first = other.submit(first_invitation, house.archive)
        with pytest.raises(TimeoutError):  # one that does not wait is done long before
            first.exception(timeout=1)
    assert isinstance(first.exception(), AccountsExist)
    assert [one.account for one in desk.people(at=house.clock.now)] == ["0"]


@pytest.mark.parametrize("ending", ["revoked", "another password"])
def test_no_session_survives_what_ends_them_all_however_close(house: House, ending: str) -> None:
    house.someone(codes=False)

    def end() -> None:
        if ending == "revoked":
            revoke(house.archive, "a.nowak", by="boss")
        else:
            change_password(house.archive, "a.nowak", PASSWORD, new="cztery psy pod mostem")

    answers = at_once(end, *[lambda: sign_in(house.archive, "a.nowak", PASSWORD)] * 3)
    assert len(of_kind(answers, SignInRefused)) + len(of_kind(answers, Session)) == 3
    for session in of_kind(answers, Session):
        with pytest.raises(SessionOver):
            who(house.archive, session.token)


def test_a_process_that_dies_while_it_verifies_has_used_up_a_try(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.someone(codes=False)

    class Killed(BaseException):
        pass

    def dies(*_: object) -> bool:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(passwords.PasswordHasher, "verify", dies)
        for _ in range(FREE_FAILURES):
            with pytest.raises(Killed):
                sign_in(house.archive, "a.nowak", PASSWORD)
    with pytest.raises(SignInRefused):
        sign_in(house.archive, "a.nowak", PASSWORD)
    house.clock.pass_(seconds=30)
    assert sign_in(house.archive, "a.nowak", PASSWORD)
