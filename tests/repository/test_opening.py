"""The way to bytes: decision, account, warrant, ledger; and that there is no other."""

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from repository.access.account import PERMITTED, REFUSED
from repository.access.account_query import AccountQuery
from repository.access.errors import AccessRefused
from repository.access.purpose import Purpose
from repository.access.subject import Operation, Scope, Subject
from repository.catalogue.errors import CatalogueError
from repository.domain.describing import Identifier
from repository.domain.takeover import Takeover
from repository.entitlement import give, give_custody, protect, withdraw
from repository.intake import Order, receive
from repository.opening import NOT_THERE, Admitted, Errand, Found, admit, nothing_there
from repository.retrieval import deliver, resolve, target_for
from repository.runtime import OPENINGS, Archive
from repository.upkeep.checking import Level
from repository.upkeep.gaps import Compared, gaps
from repository.upkeep.verifying import VerifyOrder, verify
from storage.warrants import SUFFIX, openings
from tests.builders.access import OURS, THEIRS, consent, organisation
from tests.builders.errands import NOW, Clock, errand
from tests.builders.homes import at_home, clinic_package, new_home


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    with at_home(new_home(tmp_path), clock=Clock()) as opened:
        yield opened


@pytest.fixture
def takeover(archive: Archive, tmp_path: Path) -> Takeover:
    """Three patients with a document each, and two files of nobody."""
    return receive(archive, Order(clinic_package(tmp_path / "package", patients=3, others=2)), progress=lambda _: None)


def documents(archive: Archive, takeover: Takeover) -> list[Found]:
    """By patient: the catalogue gives holdings by object, whose ids are of no order."""
    found = [Found(takeover, each) for each in archive.catalogue.holdings(takeover.number) if each.patient]
    return sorted(found, key=lambda each: (each.holding.patient, each.holding.ordinal))


def read(archive: Archive, wanted: list[Found], mine: Errand) -> list[Admitted]:
    return list(admit(archive, mine, wanted, operation=Operation.READ))


def identifier_of(archive: Archive, found: Found) -> Identifier:
    return archive.catalogue.entitling.identifiers_of(found.takeover.number, found.holding.patient)[0]


def accounts(archive: Archive) -> list[tuple[str, str, str, int]]:
    every = archive.catalogue.accounts.every(AccountQuery())
    return [(each.outcome, each.reasons[0] if each.reasons else "", each.operation, each.patient) for each in every]


def test_the_custodians_worker_reads_and_the_account_says_all_of_it(archive: Archive, takeover: Takeover) -> None:
    give_custody(archive, takeover.id, OURS, name="NZOZ Zdrowie")
    first = documents(archive, takeover)[0]
    (admitted,) = read(archive, [first], errand(manner="electronic"))
    (account,) = archive.catalogue.accounts.search(AccountQuery())
    assert (account.outcome, account.given_name, account.surname) == (PERMITTED, "Łucja", "Żółkiewska")
    assert (account.organisation, account.purpose, account.door) == ("NZOZ Zdrowie", "treatment", "cli")
    assert (account.takeover, account.patient, account.ordinal) == (
        takeover.id,
        first.holding.patient,
        first.holding.ordinal,
    )
    assert (account.day, account.hour, account.count, account.manner) == ("2026-11-21", "13", 1, "electronic")
    assert account.patient_name == archive.catalogue.entitling.patient_name(takeover.number, first.holding.patient)
    assert account.rule == "custodian-treats"
    assert admitted.warrant.account == account.number


def test_what_is_refused_is_accounted_for_and_never_opened(archive: Archive, takeover: Takeover) -> None:
    with pytest.raises(AccessRefused):
        read(archive, documents(archive, takeover)[:1], errand())
    assert accounts(archive) == [(REFUSED, "CONSENT_MISSING", "read", documents(archive, takeover)[0].holding.patient)]
    assert list(openings(archive.settings.home / OPENINGS)) == []


def test_what_is_not_there_and_what_is_not_for_you_look_the_same(archive: Archive, takeover: Takeover) -> None:
    told = []
    for wanted in (
        documents(archive, takeover)[:1],
        list(resolve(archive, f"{takeover.id}/999")),
        list(resolve(archive, "ffffffff/1")),
    ):
        before = archive.catalogue.journal.size(), archive.catalogue.log_size()
        with pytest.raises(AccessRefused) as refused:
            read(archive, wanted, errand())
        told.append((str(refused.value), refused.value.code, refused.value.exit_code, dict(refused.value.fields)))
        assert (archive.catalogue.journal.size(), archive.catalogue.log_size()) == (before[0] + 1, before[1] + 1)
    assert told[0] == told[1] == told[2]
    assert [reason for _, reason, *_ in accounts(archive)] == ["CONSENT_MISSING", NOT_THERE, NOT_THERE]


def test_breaking_the_glass_does_not_tell_what_is_not_there(archive: Archive, takeover: Takeover) -> None:
    emergency = errand(purpose=Purpose.EMERGENCY, reason="unconscious, unknown medication")
    assert str(nothing_there(archive, emergency)) == str(AccessRefused())
    assert len(read(archive, documents(archive, takeover)[:1], emergency)) == 1
    (account,) = archive.catalogue.accounts.due_for_review()
    assert account.duties == ("prominent", "review")


def test_of_several_patients_only_those_that_consented_are_there(archive: Archive, takeover: Takeover) -> None:
    wanted = documents(archive, takeover)
    give(archive, consent(patient=identifier_of(archive, wanted[1]), valid_from=NOW, valid_to=None))
    admitted = read(archive, wanted, errand())
    assert [each.found for each in admitted] == [wanted[1]]
    outcomes = sorted(accounts(archive), key=lambda each: each[3])
    assert [outcome for outcome, *_ in outcomes] == [REFUSED, PERMITTED, REFUSED]
    other = archive.catalogue.pack(takeover.number, wanted[0].holding.location.object_id)
    assert other is not None
    assert not admitted[0].warrant.extends_to(other.key)


def test_a_consent_to_a_part_opens_that_part(archive: Archive, takeover: Takeover) -> None:
    wanted = documents(archive, takeover)[:1]
    document = wanted[0].holding.description.document
    assert document is not None
    whom = identifier_of(archive, wanted[0])
    elsewhere = Scope(documents=(Identifier("2.25.9", "another"),))
    given = give(archive, consent(patient=whom, scope=elsewhere, valid_from=NOW, valid_to=None))
    with pytest.raises(AccessRefused):
        read(archive, wanted, errand())
    give(archive, replace(given, scope=Scope(documents=(document.identifier,))))
    assert len(read(archive, wanted, errand())) == 1


def test_a_withdrawal_takes_effect_on_the_next_request(archive: Archive, takeover: Takeover) -> None:
    wanted = documents(archive, takeover)[:1]
    given = give(archive, consent(patient=identifier_of(archive, wanted[0]), valid_from=NOW, valid_to=None))
    assert read(archive, wanted, errand())
    withdraw(archive, given.id)
    with pytest.raises(AccessRefused):
        read(archive, wanted, errand())


def test_custody_that_passes_on_ends_here_and_begins_there_at_one_instant(archive: Archive, takeover: Takeover) -> None:
    wanted = documents(archive, takeover)[:1]
    theirs = errand(principal=replace(errand().principal, organisation=organisation(THEIRS)))
    give_custody(archive, takeover.id, OURS, name="A")
    assert read(archive, wanted, errand())
    with pytest.raises(AccessRefused):
        read(archive, wanted, theirs)
    give_custody(archive, takeover.id, THEIRS, name="B")
    assert read(archive, wanted, theirs)
    with pytest.raises(AccessRefused):
        read(archive, wanted, errand())
    *_, before, after = archive.catalogue.entitling.custody_of(takeover.id)
    assert before.until == after.since


def test_a_protected_patient_needs_two_persons_and_tells_nobody_why(archive: Archive, takeover: Takeover) -> None:
    wanted = documents(archive, takeover)[:1]
    give_custody(archive, takeover.id, OURS, name="A")
    protect(archive, identifier_of(archive, wanted[0]))
    with pytest.raises(AccessRefused) as refused:
        read(archive, wanted, errand())
    assert str(refused.value) == str(nothing_there(archive, errand()))
    assert accounts(archive)[0][1] == "CONSENT_MISSING"  # no view of the trail tells either


def test_what_cannot_be_accounted_for_is_not_opened(archive: Archive, takeover: Takeover) -> None:
    give_custody(archive, takeover.id, OURS, name="A")
    wanted = documents(archive, takeover)[:1]
    with sqlite3.connect(archive.catalogue.place) as database:
        database.execute("DROP TABLE account")
    with pytest.raises(CatalogueError):
        read(archive, wanted, errand())
    with sqlite3.connect(archive.catalogue.place) as database:
        database.execute("DROP TABLE permission")
    with pytest.raises(CatalogueError):
        read(archive, wanted, errand())
    assert list(openings(archive.settings.home / OPENINGS)) == []


def found_gaps(archive: Archive) -> list[str]:
    return [str(each.params["reason"]) for each in gaps(archive, compared=Compared())]


def test_every_opening_has_its_account_in_giving_out_and_in_verifying(
    archive: Archive, takeover: Takeover, tmp_path: Path
) -> None:
    give_custody(archive, takeover.id, OURS, name="A")
    wanted = documents(archive, takeover)
    given = list(deliver(archive, iter(read(archive, wanted, errand())), target_for(tmp_path / "out", single=False)))
    assert [each.fault for each in given] == [""] * 3
    assert verify(archive, VerifyOrder(level=Level.OPENED), progress=lambda _: None).whole
    compared = Compared()
    assert list(gaps(archive, compared=compared)) == []
    objects = {each.location.object_id for each in archive.catalogue.holdings(takeover.number)}
    # Threads that verify take turns with the ledger, so that a line may come again.
    assert len(set(openings(archive.settings.home / OPENINGS))) == 3 + len(objects)
    assert compared.accounted == compared.openings >= 3 + len(objects)
    assert [operation for _, _, operation, _ in accounts(archive)] == ["read"] * 3 + ["upkeep"]


def test_an_opening_that_nobody_accounted_for_is_named(archive: Archive, takeover: Takeover) -> None:
    give_custody(archive, takeover.id, OURS, name="A")
    wanted = documents(archive, takeover)
    number = read(archive, wanted[:1], errand())[0].warrant.account
    with pytest.raises(AccessRefused):
        read(archive, wanted[:1], errand(purpose=Purpose.AUDIT))
    refused = archive.catalogue.journal.size()
    keys = [f"takeovers/{takeover.id}/{each.holding.location.object_id}" for each in wanted]
    ledger = archive.settings.home / OPENINGS / f"forged{SUFFIX}"
    ledger.parent.mkdir(exist_ok=True)
    lines = [
        (number, keys[0]), (number, keys[1]), (refused, keys[0]), (9999, keys[0]), (number, "takeovers/other/x"),
        (number, "journal/x"),
    ]  # fmt: skip
    ledger.write_text("".join(f"{account} {key}\n" for account, key in lines) + "not a line\n" + "5 cut off")
    assert found_gaps(archive) == [
        "another patient", "refused", "no account", "not an object of a takeover", "not an object of a takeover",
        "no account",
    ]  # fmt: skip


@pytest.mark.parametrize("odd", ["a\u241b0000b", "a\x00b", "x" * 400, "ż" * 200])
def test_odd_identifiers_are_protected_and_consented_like_any_other(archive: Archive, odd: str) -> None:
    whom = Identifier("1.2.3", odd)
    asker = errand().principal
    about = Subject(takeover="t", patient=1, patient_identifiers=(whom,))
    facts = archive.catalogue.entitling.facts(asker, about)
    assert (facts.protected, facts.permissions) == (False, ())
    protect(archive, whom)
    give(archive, consent(patient=whom, valid_from=NOW, valid_to=None))
    facts = archive.catalogue.entitling.facts(asker, about)
    assert facts.protected is True
    assert len(facts.permissions or ()) == 1
