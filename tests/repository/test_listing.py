"""The items of one takeover by name: told as a search would tell them, with one account for each attempt."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest

from repository.access.account import PERMITTED, REFUSED, Account
from repository.access.account_query import AccountQuery
from repository.access.errors import AccessRefused
from repository.access.facts import Approval
from repository.access.purpose import Purpose
from repository.access.subject import Scope
from repository.domain.describing import Identifier
from repository.domain.takeover import Disposition, Item, Takeover
from repository.entitlement import approve, give, give_custody, protect, withdraw
from repository.intake import Order, receive
from repository.listing import Sight, name_items
from repository.opening import Errand
from repository.runtime import Archive
from tests.builders.access import OURS, consent
from tests.builders.errands import NOW, Clock, errand
from tests.builders.homes import at_home, clinic_package, new_home

pytestmark = pytest.mark.requirement("R463-10.1.2", "R463-10.2")
ABSENT = "document-of-somebody-who-is-missing.xml"


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    with at_home(new_home(tmp_path), clock=Clock()) as made:
        yield made


@pytest.fixture
def takeover(archive: Archive, tmp_path: Path) -> Takeover:
    """Three patients with a document each, one of them twice, two files of nobody, and one that is missing."""
    folder = clinic_package(tmp_path / "package", patients=3, others=2)
    (folder / "twice.xml").write_bytes((folder / "document-0000.xml").read_bytes())
    manifest = tmp_path / "manifest.csv"
    lines = [
        f"{each.relative_to(folder)},{each.stat().st_size}" for each in sorted(folder.rglob("*")) if each.is_file()
    ]
    manifest.write_text("\n".join(["path,size", *lines, f"{ABSENT},7"]) + "\n")
    return receive(archive, Order(folder, manifest=manifest), progress=lambda _: None)


def items(archive: Archive, takeover: Takeover) -> list[Item]:
    return list(archive.catalogue.items(takeover.number))


def asked(archive: Archive, takeover: Takeover, mine: Errand, *, whole: bool = False) -> tuple[set[str], Account]:
    """The paths that are told, none where it is refused; and the one account of the attempt."""
    before = archive.catalogue.journal.size()
    sight: Sight | None = None
    with suppress(AccessRefused):
        sight = name_items(archive, mine, takeover, wanted=items(archive, takeover), whole=whole)
    assert archive.catalogue.journal.size() == before + 1
    (account,) = archive.catalogue.accounts.search(AccountQuery(after=before))
    assert (account.operation, account.takeover, account.patient) == ("search", takeover.id, 0)
    assert (account.outcome == PERMITTED) is (sight is not None)
    return {each.path for each in items(archive, takeover) if sight and sight.shows(each)}, account


def whose(archive: Archive, takeover: Takeover, number: int) -> Identifier:
    return archive.catalogue.entitling.identifiers_of(takeover.number, number)[0]


def permit(archive: Archive, takeover: Takeover, number: int) -> str:
    given = consent(patient=whose(archive, takeover, number), scope=Scope(), valid_from=NOW, valid_to=None)
    return give(archive, given).id


def of_patient(archive: Archive, takeover: Takeover, number: int) -> set[str]:
    kept = {each.ordinal for each in archive.catalogue.holdings(takeover.number) if each.patient == number}
    return {each.path for each in items(archive, takeover) if {each.ordinal, each.duplicate_of} & kept}


def test_the_package_has_what_the_tests_are_about(archive: Archive, takeover: Takeover) -> None:
    lots = {each.disposition for each in items(archive, takeover)}
    assert lots == {Disposition.KEPT, Disposition.DUPLICATE, Disposition.MISSING}
    assert sorted(len(of_patient(archive, takeover, number)) for number in (1, 2, 3)) == [1, 1, 2]


def test_the_custodian_is_told_every_name_and_the_account_names_every_patient(
    archive: Archive, takeover: Takeover
) -> None:
    give_custody(archive, takeover.id, OURS, name="NZOZ Zdrowie")
    told, account = asked(archive, takeover, errand(Purpose.CUSTODY))
    assert told == {each.path for each in items(archive, takeover)}
    assert account.count == len(told)
    assert account.about == {(takeover.id, number) for number in (1, 2, 3)}
    assert asked(archive, takeover, errand(Purpose.CUSTODY), whole=True)[0] == told


def test_the_account_names_those_alone_of_whom_something_is_told(archive: Archive, takeover: Takeover) -> None:
    give_custody(archive, takeover.id, OURS, name="NZOZ Zdrowie")
    before = archive.catalogue.journal.size()
    missing = [each for each in items(archive, takeover) if each.disposition is not Disposition.KEPT]
    name_items(archive, errand(Purpose.CUSTODY), takeover, wanted=missing)
    (account,) = archive.catalogue.accounts.search(AccountQuery(after=before))
    (twice,) = (number for number in (1, 2, 3) if len(of_patient(archive, takeover, number)) == 2)
    assert (set(account.about), account.count) == ({(takeover.id, twice)}, 2)


@pytest.mark.parametrize("purpose", [None, Purpose.CUSTODY, Purpose.TREATMENT])
@pytest.mark.parametrize("whole", [False, True])
def test_who_has_no_ground_is_told_no_name(
    archive: Archive, takeover: Takeover, purpose: Purpose | None, whole: bool
) -> None:
    told, account = asked(archive, takeover, errand(purpose=purpose), whole=whole)
    assert told == set()
    assert (account.outcome, account.count, account.about) == (REFUSED, 0, frozenset())


def test_a_consent_shows_the_names_of_one_patient_until_it_is_withdrawn(archive: Archive, takeover: Takeover) -> None:
    mine = errand(purpose=Purpose.TREATMENT)
    given = permit(archive, takeover, 2)
    told, account = asked(archive, takeover, mine)
    assert told == of_patient(archive, takeover, 2)
    assert account.about == {(takeover.id, 2)}
    assert asked(archive, takeover, mine, whole=True)[1].outcome == REFUSED
    withdraw(archive, given)
    assert asked(archive, takeover, mine)[0] == set()


def test_the_names_of_who_is_protected_are_not_told_and_neither_is_what_might_be_theirs(
    archive: Archive, takeover: Takeover
) -> None:
    give_custody(archive, takeover.id, OURS, name="NZOZ Zdrowie")
    known = whose(archive, takeover, 2)
    protect(archive, known)
    told, account = asked(archive, takeover, errand(Purpose.CUSTODY))
    assert told == of_patient(archive, takeover, 1) | of_patient(archive, takeover, 3)
    assert account.about == {(takeover.id, 1), (takeover.id, 3)}
    told, account = asked(archive, takeover, errand(Purpose.CUSTODY), whole=True)
    assert (told, account.outcome, account.reasons) == (set(), REFUSED, ("AUTHZ_INCOMPLETE",))
    asker = errand(Purpose.CUSTODY).principal.id
    approve(archive, Approval("", "second-1", asker, NOW, NOW + timedelta(days=1), identifier=known))
    assert asked(archive, takeover, errand(Purpose.CUSTODY), whole=True)[0] == {
        each.path for each in items(archive, takeover)
    }


def test_the_names_of_a_protected_provider_are_not_told(archive: Archive, takeover: Takeover) -> None:
    give_custody(archive, takeover.id, OURS, name="NZOZ Zdrowie")
    protect(archive, takeover=takeover.id)
    for whole in (False, True):
        told, account = asked(archive, takeover, errand(Purpose.CUSTODY), whole=whole)
        assert (told, account.outcome, account.about) == (set(), REFUSED, frozenset())


def test_what_is_kept_after_the_decision_is_not_told_by_it(archive: Archive, takeover: Takeover) -> None:
    give_custody(archive, takeover.id, OURS, name="NZOZ Zdrowie")
    sight = name_items(archive, errand(Purpose.CUSTODY), takeover, wanted=items(archive, takeover))
    assert sight.whole
    assert not sight.shows(Item(99, "later.xml", disposition=Disposition.KEPT))
    assert not sight.shows(Item(98, "later-too.xml", disposition=Disposition.DUPLICATE, duplicate_of=99))
