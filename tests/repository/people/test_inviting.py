"""Invitations: made, accepted once, void when they lapse or are revoked."""

from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import text

from repository.access.principal import Organisation, PrincipalKind
from repository.canonical import canonical
from repository.catalogue.people_rows import PersonState
from repository.domain.describing import Identifier
from repository.domain.identifiers import NPWZ_DOCTOR_OID, NPWZ_NURSE_OID
from repository.people import totp
from repository.people.errors import (
    AccountsExist,
    CodeNotConfirmed,
    InvitationRefused,
    LicenceRefused,
    NameRefused,
    NamesMissing,
    NameTaken,
    PasswordRefused,
    SignInRefused,
    TotpRequired,
)
from repository.people.inviting import Enrolment, Invitation, accept, first_invitation, invite
from repository.people.keeping import people, revoke
from repository.people.names import checked_name
from repository.people.sessions import who
from repository.runtime import Archive
from storage.ids import new_id
from tests.builders.people import PASSWORD, Clock, House, Someone, secret_of

HOUSE = Organisation(Identifier("2.16.840.1.113883.3.4424.2.3.1", "000000190353"), "Przychodnia", "provider")
KNOWN = Identifier("2.16.840.1.113883.3.4424.1.6.2", "5425740")


def nurse(archive: Archive, **more: str) -> Invitation:
    kind = PrincipalKind.MEDICAL_WORKER
    return invite(archive, kind=kind, given_name="Ada", surname="Nowak", by="boss", **more)


def accepted(archive: Archive, code: str, name: str = "a.nowak", **more: bool) -> Enrolment:
    return accept(archive, code, name=name, password=PASSWORD, **more)


def test_all_that_was_said_of_a_person_is_known_when_they_sign_in(house: House) -> None:
    made = invite(
        house.archive, kind=PrincipalKind.MEDICAL_WORKER, given_name=" Ada ", surname="Nowak", role="radiolog",
        npwz="5425740", identifier=KNOWN, organisation=HOUSE, by="boss",
    )  # fmt: skip
    done = accepted(house.archive, made.code)
    mine = Someone(done.name, done.account, PASSWORD, secret_of(done.otpauth))
    found = who(house.archive, house.sign_in(mine).token)
    assert (found.given_name, found.surname, found.role, found.npwz) == ("Ada", "Nowak", "radiolog", "5425740")
    assert (found.identifier, found.organisation, found.id) == (KNOWN, HOUSE, made.account)


@pytest.mark.parametrize(
    ("npwz", "identifier"),
    [
        ("5425741", None),
        ("5425741", Identifier(NPWZ_DOCTOR_OID, "5425740")),
        ("542574", Identifier(NPWZ_DOCTOR_OID, "5425740")),
        ("5425740", Identifier(NPWZ_NURSE_OID, "1234567P")),
    ],
)
def test_a_licence_that_cannot_be_one_is_refused_and_nobody_is_invited(
    archive: Archive, npwz: str, identifier: Identifier | None
) -> None:
    with pytest.raises(LicenceRefused) as told:
        invite(
            archive, kind=PrincipalKind.MEDICAL_WORKER, given_name="Ada", surname="Nowak", by="boss", npwz=npwz,
            identifier=identifier,
        )  # fmt: skip
    assert npwz not in f"{told.value} {told.value.message} {told.value.advice}"
    assert people(archive) == []


def test_a_code_works_once_however_it_is_typed(archive: Archive) -> None:
    made = nurse(archive)
    accepted(archive, f" {made.code.lower().replace('-', ' ')}\n")
    with pytest.raises(InvitationRefused):
        accepted(archive, made.code, name="another")


def test_a_code_has_160_bits_and_is_kept_nowhere(archive: Archive) -> None:
    made = nurse(archive)
    assert len(made.code.replace("-", "")) * 5 == 160
    assert made.code not in repr(made)
    with archive.catalogue._room.reading() as connection:
        rows = repr(connection.execute(text("SELECT * FROM person")).all()).upper()
    assert made.code not in rows
    assert made.code.replace("-", "") not in rows


@pytest.mark.parametrize("code", ["", "-", "AAAA-BBBB", "\ud800", "x" * 10_000])
def test_a_wrong_code_is_refused(archive: Archive, code: str) -> None:
    nurse(archive)
    with pytest.raises(InvitationRefused):
        accepted(archive, code)


def test_after_seven_days_an_invitation_has_lapsed(archive: Archive, clock: Clock) -> None:
    first, second = nurse(archive), nurse(archive)
    clock.pass_(days=7, seconds=-1)
    accepted(archive, first.code)
    clock.pass_(seconds=1)
    with pytest.raises(InvitationRefused):
        accepted(archive, second.code, name="b.nowak")


def test_a_revoked_invitation_is_void(archive: Archive) -> None:
    made = nurse(archive)
    assert revoke(archive, made.account, by="boss").state is PersonState.REVOKED
    with pytest.raises(InvitationRefused):
        accepted(archive, made.code)


def test_what_is_refused_leaves_the_invitation_as_it_was(archive: Archive) -> None:
    nurse(archive, name="taken")
    made = nurse(archive)
    for name, password, error in (
        ("No Name", PASSWORD, NameRefused), ("taken", PASSWORD, NameTaken), ("a.nowak", "short", PasswordRefused),
    ):  # fmt: skip
        with pytest.raises(error):
            accept(archive, made.code, name=name, password=password)
    with pytest.raises(CodeNotConfirmed):
        accept(archive, made.code, name="a.nowak", password=PASSWORD, confirm=lambda _: "12345")
    accepted(archive, made.code)


def test_a_confirmed_code_is_used_up(house: House) -> None:
    made = nurse(house.archive)
    shown: list[str] = []

    def confirm(uri: str) -> str:
        shown.append(totp.code_at(secret_of(uri), totp.step_at(house.clock.now)))
        return shown[0]

    done = accept(house.archive, made.code, name="a.nowak", password=PASSWORD, confirm=confirm)
    mine = Someone("a.nowak", done.account, PASSWORD, secret_of(done.otpauth))
    with pytest.raises(SignInRefused):
        house.sign_in(mine, code=shown[0])
    house.sign_in(mine)


def test_a_name_that_was_given_is_the_only_one(archive: Archive) -> None:
    made = nurse(archive, name="a.nowak")
    with pytest.raises(NameRefused):
        accepted(archive, made.code, name="b.nowak")
    assert accepted(archive, made.code).name == "a.nowak"
    with pytest.raises(NameTaken):
        nurse(archive, name="a.nowak")


def test_the_name_of_a_revoked_account_is_never_given_again(house: House) -> None:
    house.someone("a.nowak")
    revoke(house.archive, "a.nowak", by="boss")
    with pytest.raises(NameTaken):
        house.someone("a.nowak")


@pytest.mark.parametrize("kind", [PrincipalKind.ADMINISTRATOR, PrincipalKind.AUDITOR, PrincipalKind.SPECIAL_SERVICE])
def test_some_kinds_cannot_do_without_codes(archive: Archive, kind: PrincipalKind) -> None:
    made = invite(archive, kind=kind, given_name="Ada", surname="Nowak", by="boss")
    with pytest.raises(TotpRequired):
        accepted(archive, made.code, totp=False)
    assert accepted(archive, made.code).otpauth


def test_people_have_names_and_systems_need_none(archive: Archive) -> None:
    with pytest.raises(NamesMissing):
        invite(archive, kind=PrincipalKind.AUDITOR, given_name="Ada", surname="  ", by="boss")
    made = invite(archive, kind=PrincipalKind.SYSTEM, given_name="", surname="", by="boss")
    assert accepted(archive, made.code, name="pacs-1", totp=False).otpauth == ""


def test_a_system_without_names_is_shown_by_what_it_signs_in_with(house: House) -> None:
    made = invite(house.archive, kind=PrincipalKind.SYSTEM, given_name="", surname="", by="boss")
    accepted(house.archive, made.code, name="pacs-1", totp=False)
    found = who(house.archive, house.sign_in(Someone("pacs-1", made.account, PASSWORD, b"")).token)
    assert (found.id, found.given_name, found.surname) == (made.account, "", "pacs-1")


def test_the_archive_itself_has_no_account(archive: Archive) -> None:
    with pytest.raises(ValueError, match="does not sign in"):
        invite(archive, kind=PrincipalKind.ARCHIVE, given_name="", surname="", by="boss")


def test_the_first_invitation_is_for_an_administrator_who_says_who_they_are(house: House) -> None:
    made = first_invitation(house.archive, note=house.note)
    with pytest.raises(AccountsExist):
        first_invitation(house.archive)
    with pytest.raises(NamesMissing):
        accepted(house.archive, made.code)
    accept(house.archive, made.code, name="boss", password=PASSWORD, given_name="Ewa", surname="Lis", note=house.note)
    (only,) = people(house.archive)
    assert (only.kind, only.given_name, only.surname) == (PrincipalKind.ADMINISTRATOR, "Ewa", "Lis")
    nobody = {"role": "", "npwz": "", "identifier": None, "organisation": None, "kind": "administrator"}
    ewa = {"given_name": "Ewa", "surname": "Lis"}
    assert house.deeds == [
        {"what": "invited", "id": made.account, "name": "", "by": "operator", "given_name": "", "surname": ""} | nobody,
        {"what": "accepted", "id": made.account, "name": "boss", "by": made.account} | ewa | nobody,
    ]


def test_the_deeds_of_an_invitation_say_who_was_let_in_and_no_secret(house: House) -> None:
    made = invite(
        house.archive, kind=PrincipalKind.MEDICAL_WORKER, given_name="Ada", surname="Nowak", role="radiolog",
        npwz="5425740", identifier=KNOWN, organisation=HOUSE, by="boss", note=house.note,
    )  # fmt: skip
    done = accept(house.archive, made.code, name="a.nowak", password=PASSWORD, note=house.note)
    ada = {
        "id": made.account, "kind": "medical-worker", "given_name": "Ada", "surname": "Nowak", "role": "radiolog",
        "npwz": "5425740", "identifier": {"root": KNOWN.root, "extension": KNOWN.extension},
        "organisation": {
            "identifier": {"root": HOUSE.identifier.root, "extension": HOUSE.identifier.extension},
            "name": "Przychodnia", "role": "provider",
        },
    }  # fmt: skip
    assert house.deeds == [
        ada | {"what": "invited", "name": "", "by": "boss"},
        ada | {"what": "accepted", "name": "a.nowak", "by": made.account},
    ]
    for secret in (made.code, PASSWORD, parse_qs(urlsplit(done.otpauth).query)["secret"][0]):
        assert secret not in repr(house.deeds)


@pytest.mark.parametrize("name", ["Ad\udce4", "\ud800", "Ądą"])
def test_every_deed_can_be_written_whatever_stands_in_a_name(house: House, name: str) -> None:
    kind, where = PrincipalKind.MEDICAL_WORKER, Organisation(HOUSE.identifier, name, "provider")
    invite(
        house.archive, kind=kind, given_name=name, surname=name, role=name, npwz=name, by="boss",
        identifier=Identifier("1.2", name), organisation=where, note=house.note,
    )  # fmt: skip
    assert canonical(house.deeds[-1])


def test_no_account_id_can_be_a_name() -> None:
    with pytest.raises(NameRefused):
        checked_name(new_id().hex)


def test_there_is_no_first_invitation_where_anybody_ever_had_an_account(house: House) -> None:
    house.someone()
    revoke(house.archive, "a.nowak", by="boss")
    with pytest.raises(AccountsExist):
        first_invitation(house.archive)
