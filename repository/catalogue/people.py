"""Local accounts as rows: people, the tries to sign in, and sessions.

Every verb is one transaction, and what a verb promises holds against all others at the same time. A try is counted
*before* the password is looked at, so that any number of them at once get no more than one after the other would.
What is opened or changed on the ground of a password names the generation of the account that was looked at: a
revocation or another password in between wins.
"""

import hashlib
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Select, bindparam, select, update
from sqlalchemy.dialects import postgresql, sqlite

from repository.catalogue.desk import Desk
from repository.catalogue.people_rows import (
    Attempt,
    Person,
    PersonState,
    SessionRow,
    person_of,
    row_of,
    session_of,
    session_row,
)
from repository.catalogue.people_tables import person, person_attempt, person_session
from repository.catalogue.prepared import Prepared
from repository.clock import instant

FREE_FAILURES = 5  # in a row; the fifth makes the account wait
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=30), timedelta(minutes=15)
_SHARED_ROWS = 256  # for names that nobody has


class People(Desk):
    """All verbs take the moment (`at`) from whoever calls: the archive has one clock."""

    def invite(self, pending: Person, *, invitation: bytes, alone: bool = False) -> bool:
        """`pending` is there, to be accepted by the code with this SHA-256. With `alone`, only if there is no account.

        Raises `CatalogueConflict` if its name is taken.
        """
        with self._room.writing() as connection:
            if alone:
                if not self._room.sqlite:  # SQLite has one writer at a time
                    connection.exec_driver_sql("LOCK TABLE person IN SHARE ROW EXCLUSIVE MODE")
                if connection.execute(select(person.c.account).limit(1)).first() is not None:
                    return False
            values = row_of(pending) | {"invitation": invitation, "totp_step": 0}
            connection.execute(person.insert(), values)
            return True

    def invited(self, invitation: bytes, *, at: datetime) -> Person | None:
        """The pending account whose invitation this is the SHA-256 of, if it has not lapsed."""
        with self._room.reading() as connection:
            row = connection.execute(_people().where(*_invited(invitation, at))).one_or_none()
        return None if row is None else person_of(row)

    def accept(self, accepted: Person, *, invitation: bytes, at: datetime, totp_step: int) -> bool:
        """The invitation is used up and the account active; False if it was used, revoked or lapsed meanwhile.

        Raises `CatalogueConflict` if the name is taken.
        """
        values = {
            "name": accepted.name, "given_name": accepted.given_name, "surname": accepted.surname,
            "password": accepted.password, "totp": accepted.totp, "totp_step": totp_step,
            "state": PersonState.ACTIVE.value, "invitation": None, "invitation_until": "", "accepted_at": instant(at),
            "generation": person.c.generation + 1,
        }  # fmt: skip
        with self._room.writing() as connection:
            return connection.execute(update(person).where(*_invited(invitation, at)).values(**values)).rowcount == 1

    def attempt(self, name: str, *, at: datetime) -> Attempt:
        """A try to sign in as `name` is counted as failed, for `open_session` or `set_password` to take back."""
        with self._room.writing() as connection:
            known = _people().where(person.c.name == name, person.c.state == PersonState.ACTIVE.value)
            row = connection.execute(known).one_or_none()
            key = name if row is not None else _shared_key(name)
            dialect = sqlite if self._room.sqlite else postgresql
            fresh = {"key": key, "failures": 0, "locked_until": ""}
            connection.execute(dialect.insert(person_attempt).on_conflict_do_nothing(index_elements=["key"]), fresh)
            mine = person_attempt.c.key == key
            held = connection.execute(select(person_attempt).where(mine).with_for_update()).one()
            failures, may = held.failures + 1, held.locked_until <= instant(at)
            wait = wait_after(failures)
            until = instant(at + wait) if wait else ""
            values = {"failures": failures, "locked_until": until}
            kept = {"failures": held.failures, "locked_until": held.locked_until}
            connection.execute(update(person_attempt).where(mine).values(**(values if may else kept)))
            return Attempt(None if row is None else person_of(row), may, may and bool(wait))

    def open_session(self, opened: SessionRow, *, proved: Person, step: int | None, rehashed: str = "") -> bool:
        """The session lasts and the failures are forgotten; False, and nothing is changed, if the account is another
        by now or the TOTP `step` was used before. `rehashed` replaces the hash of the same password."""
        more = {"password": rehashed} if rehashed else {}
        with self._room.writing() as connection:
            if not _use(connection, proved, step, **more):
                return False
            connection.execute(person_session.insert(), session_row(opened))
            return True

    def set_password(self, proved: Person, *, password: str, step: int | None, at: datetime) -> list[str] | None:
        """Another password; all sessions end, and their ids are given. None, and nothing is changed, as above."""
        with self._room.writing() as connection:
            more = {"password": password, "generation": person.c.generation + 1}
            if not _use(connection, proved, step, **more):
                return None
            return _end(connection, at, proved.account, account=proved.account)

    def revoke(self, id: str, *, by: str, at: datetime) -> tuple[Person, list[str]] | None:  # noqa: A002
        """The account is revoked for good, its invitation void, its sessions ended; (it, ids of those sessions).

        None if there is no such account. One that was revoked before stays as it was.
        """
        mine = (person.c.name == id) | (person.c.account == id)
        changes = {
            "state": PersonState.REVOKED.value, "invitation": None, "invitation_until": "", "revoked_at": instant(at),
            "revoked_by": by, "generation": person.c.generation + 1, "password": "", "totp": None,
        }  # fmt: skip
        with self._room.writing() as connection:
            revoked = update(person).where(mine, person.c.state != PersonState.REVOKED.value)
            connection.execute(revoked.values(**changes))
            row = connection.execute(_people().where(mine)).one_or_none()
            if row is None:
                return None
            found = person_of(row)
            return found, _end(connection, at, by, account=found.account)

    def session(self, token: bytes) -> tuple[SessionRow, Person] | None:
        """The session whose token has this SHA-256, ended or not, and its account as it is now."""
        with self._room.reading() as connection:
            row = _OF_TOKEN.first(connection, {"sha256": token})
            return None if row is None else (session_of(row, prefix=_SESSION), person_of(row))

    def sessions_of(self, account: str) -> list[SessionRow]:
        """Those of the account that have not been ended, the oldest first; one that has lapsed is among them."""
        lasting = (person_session.c.account == account, person_session.c.ended_at == "")
        wanted = select(person_session).where(*lasting).order_by(person_session.c.opened_at, person_session.c.id)
        with self._room.reading() as connection:
            return [session_of(row) for row in connection.execute(wanted)]

    def touch(self, id: str, *, at: datetime) -> None:  # noqa: A002
        """The session was used at that moment; one that has ended stays as it was, and time does not go back."""
        lasting = (
            person_session.c.id == id,
            person_session.c.ended_at == "",
            person_session.c.touched_at < instant(at),
        )
        with self._room.writing() as connection:
            connection.execute(update(person_session).where(*lasting).values(touched_at=instant(at)))

    def end_session(self, id: str, *, by: str, at: datetime) -> bool:  # noqa: A002
        """Whether it lasted until now."""
        with self._room.writing() as connection:
            return _end(connection, at, by, id=id) == [id]

    def end_sessions(self, account: str, *, by: str, at: datetime) -> list[str]:
        """Ids of the sessions of the account that lasted until now."""
        with self._room.writing() as connection:
            return _end(connection, at, by, account=account)

    def person(self, id: str) -> Person | None:  # noqa: A002
        """The account with this name or account id."""
        with self._room.reading() as connection:
            row = connection.execute(_people().where((person.c.name == id) | (person.c.account == id))).one_or_none()
        return None if row is None else person_of(row)

    def people(self, *, at: datetime) -> list[Person]:
        """All accounts, in the order of their invitations; one that has to wait at that moment is `LOCKED`."""
        with self._room.reading() as connection:
            rows = connection.execute(_people().order_by(person.c.invited_at, person.c.account)).all()
        return [person_of(row).at(at) for row in rows]

    def sealed_secrets(self) -> Iterator[tuple[str, bytes]]:
        """(account, sealed TOTP secret) of all that have one."""
        with self._room.reading() as connection:
            rows = connection.execute(select(person.c.account, person.c.totp).where(person.c.totp.is_not(None))).all()
        return ((row.account, bytes(row.totp)) for row in rows)

    def reseal(self, account: str, *, before: bytes, after: bytes) -> bool:
        """The sealed secret is another sealing of the same; False if it is not what it was `before`."""
        mine = update(person).where(person.c.account == account, person.c.totp == before)
        with self._room.writing() as connection:
            return connection.execute(mine.values(totp=after)).rowcount == 1


def wait_after(failures: int) -> timedelta:
    """How long an account waits after so many failures in a row: nothing, then 30 s doubling up to 15 minutes."""
    beyond = failures - FREE_FAILURES
    return timedelta() if beyond < 0 else min(FIRST_WAIT * 2 ** min(beyond, 16), LONGEST_WAIT)


def _shared_key(name: str) -> str:
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest()
    return f"?{int.from_bytes(digest[:4]) % _SHARED_ROWS}"  # no name has a question mark


def _people() -> Select[Any]:
    waiting = person_attempt.c.locked_until
    return select(person, waiting).outerjoin(person_attempt, person_attempt.c.key == person.c.name)


# Made once: each request asks them, and making a statement costs more than answering it.
_SESSION = "session_"  # before the names of its columns, some of which are an account's as well
_OF_TOKEN = Prepared(
    _people()
    .add_columns(*(column.label(f"{_SESSION}{column.name}") for column in person_session.c))
    .join(person_session, person_session.c.account == person.c.account)
    .where(person_session.c.token == bindparam("sha256"))
)


def _invited(invitation: bytes, at: datetime) -> tuple[Any, ...]:
    pending = person.c.state == PersonState.PENDING.value
    return person.c.invitation == invitation, pending, person.c.invitation_until > instant(at)


def _use(connection: Connection, proved: Person, step: int | None, **values: Any) -> bool:
    """The proof is used: the account is as it was, this TOTP step is its latest, and its failures are forgotten."""
    same = [person.c.account == proved.account, person.c.generation == proved.generation]
    same.append(person.c.state == PersonState.ACTIVE.value)
    if step is not None:
        same.append(person.c.totp_step < step)
        values["totp_step"] = step
    values.setdefault("generation", proved.generation)
    if connection.execute(update(person).where(*same).values(**values)).rowcount != 1:
        return False
    forgotten = update(person_attempt).where(person_attempt.c.key == proved.name)
    connection.execute(forgotten.values(failures=0, locked_until=""))
    return True


def _end(connection: Connection, at: datetime, by: str, **which: str) -> list[str]:
    lasting = [person_session.c[name] == value for name, value in which.items()]
    lasting += [person_session.c.ended_at == "", person_session.c.until > instant(at)]
    ended = update(person_session).where(*lasting).values(ended_at=instant(at), ended_by=by)
    return sorted(row.id for row in connection.execute(ended.returning(person_session.c.id)))
