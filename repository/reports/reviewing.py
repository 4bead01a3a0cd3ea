"""Looking afterwards at what was done in an emergency: who may see an account, and that somebody has (break-glass)."""

from repository.access.account import Account, PatientOf
from repository.access.principal import Principal
from repository.access.subject import Operation
from repository.catalogue.errors import CatalogueConflict
from repository.domain.deed import Deed
from repository.journal import note
from repository.opening import Errand, decided
from repository.reports.asking import ask_generally
from repository.reports.errors import NotDueForReview
from repository.reports.naming import patients_named
from repository.reports.view import Guard, guards_of
from repository.runtime import Archive

AT_ONCE = 1000


def due(archive: Archive, errand: Errand, *, after: int = 0, limit: int = 100) -> list[Account]:
    """Accounts that wait for a review, whole, by number; asking has its own account. Raises `AccessRefused`.

    Those about protected patients are there only for whoever a second person lets in; nobody learns of the others.
    """
    ask_generally(archive, errand)
    found: list[Account] = []
    while len(found) < limit and (page := archive.catalogue.accounts.due_for_review(after=after, limit=AT_ONCE)):
        found += _may_see(archive, errand, page)
        after = page[-1].number
    return found[:limit]


def review(archive: Archive, errand: Errand, number: int, *, remark: str = "") -> Deed:
    """The account was looked at by the errand's principal. Raises `AccessRefused`, and `NotDueForReview` for one that
    does not wait, that may not be seen, or that is his own."""
    ask_generally(archive, errand)
    page = archive.catalogue.accounts.due_for_review(after=number - 1, limit=1) if number > 0 else []
    seen = [each for each in _may_see(archive, errand, page) if each.number == number]
    if not seen or _is_own(seen[0], errand.principal):
        raise NotDueForReview
    by = errand.principal
    said = {"account": number, "by": by.id, "given_name": by.given_name, "surname": by.surname, "remark": remark}
    try:
        return note(archive, "review", said)
    except CatalogueConflict:
        raise NotDueForReview from None


def _is_own(account: Account, principal: Principal) -> bool:
    """Under whatever name: the account's id, or the person's official identifier."""
    return account.id == principal.id or (account.identifier is not None and account.identifier == principal.identifier)


def _may_see(archive: Archive, errand: Errand, page: list[Account]) -> list[Account]:
    guard = guards_of(archive.catalogue.accounts, page)
    return [each for each in page if guard(each) is Guard.NOBODY or _is_let_in(archive, errand, each)]


def _is_let_in(archive: Archive, errand: Errand, account: Account) -> bool:
    """By the decision on each patient whom it means; a takeover alone lets nobody in."""
    return bool(account.about) and all(_is_permitted(archive, errand, each) for each in sorted(account.about))


def _is_permitted(archive: Archive, errand: Errand, patient: PatientOf) -> bool:
    found = patients_named(archive, f"{patient[0]}/{patient[1]}")
    requests = [errand.request(archive, Operation.ACCOUNTS, each.subject) for each in found]
    return bool(requests) and all(decided(archive, each).permitted for each in requests)
