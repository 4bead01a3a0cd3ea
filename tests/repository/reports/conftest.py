"""An archive with two takeovers, and accounts of whoever the test says has looked."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from repository.access.account import Account, as_body
from repository.access.principal import Principal
from repository.domain.describing import Identifier
from repository.domain.takeover import Handover, Producer, Takeover
from repository.journal import note
from repository.opening import Errand
from repository.reports.asking import errand_of
from repository.runtime import Archive
from tests.builders.access import AT
from tests.builders.accounts import account
from tests.builders.holdings import image, packed, paper, person
from tests.builders.homes import at_home, new_home

ANNA, BOGDAN, CELINA = (person(n).identifiers[0] for n in (1, 2, 3))


@dataclass
class House:
    """`one` holds Anna (1), Bogdan (2) and Celina (3); `two` holds Anna again, as number 2."""

    archive: Archive
    one: Takeover
    two: Takeover

    def looked(self, takeover: Takeover | None = None, **changes: Any) -> Account:
        """An account is in the journal: of a doctor who has read Anna's document, unless the test says otherwise."""
        made = account(0, takeover=(takeover or self.one).id, **{"patient": 1} | changes)
        deed = note(self.archive, "account", as_body(made), outcome=made.outcome, at=made.at)
        return account(deed.number, takeover=made.takeover, **{"patient": 1} | changes)

    def errand(self, principal: Principal) -> Errand:
        return errand_of(principal, door="cli")

    def accounts(self) -> list[Account]:
        from repository.access.account_query import AccountQuery

        return list(self.archive.catalogue.accounts.every(AccountQuery()))


def text(identifier: Identifier) -> str:
    return f"{identifier.root}^{identifier.extension}"


def _opened(archive: Archive, id: str) -> Takeover:  # noqa: A002
    given = Handover(producer=Producer(name="Przychodnia Zdrojowa", regon="000000000"))
    return archive.catalogue.open_takeover(
        given, id=id, package=f"/packages/{id}", fingerprint=id, declared=True, opened_at="2026-01-02T03:04:05Z"
    )


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    moments = iter(AT + timedelta(milliseconds=n) for n in range(100_000))
    with at_home(new_home(tmp_path), clock=lambda: next(moments)) as archive:
        one, two = (
            _opened(archive, name)
            for name in ("0192aaaa-0000-7000-8000-00000000000a", "0193bbbb-0000-7000-8000-00000000000b")
        )
        for takeover, people in ((one, (1, 2, 3)), (two, (4, 1))):
            packs = [
                packed(
                    f"{takeover.id}-{number}",
                    paper(number * 10, patient=number, facts=person(who)),
                    image(
                        number * 10 + 1, patient=number, facts=person(who), study=f"1.2.{who}", series=f"1.2.{who}.1"
                    ),
                    takeover=takeover.number,
                    facts=person(who),
                )
                for number, who in enumerate(people, 1)
            ]
            archive.catalogue.record(takeover.number, packs)
        yield House(archive, one, two)
