"""A desk of entitlement over an archive with a clock."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime

import pytest

from repository.access.permission import Permission
from repository.access.rules import rules_at
from repository.access.subject import Subject
from repository.catalogue.catalogue import Catalogue, open_catalogue
from repository.domain.describing import Identifier, PatientFacts
from repository.runtime import Archive
from tests.builders.access import (
    AT,
    INSTANT,
    record,
    worker,
)
from tests.builders.archives_at_rest import AtRest, at_rest
from tests.builders.holdings import opened, packed, paper

PASSPORT = Identifier("2.16.840.1.113883.4.330.616", "AB1234567")


LOCAL = Identifier("", "77")


RULES = rules_at(AT.date())


@dataclass
class House:
    archive: Archive
    now: list[datetime] = field(default_factory=lambda: [AT])

    @property
    def desk(self) -> Catalogue:
        return self.archive.catalogue

    def pass_(self, steps: int = 1) -> datetime:
        self.now[0] += steps * INSTANT
        return self.now[0]

    def found(self, subject: Subject | None = None, **who: object) -> tuple[Permission, ...]:
        known = self.desk.entitling.facts(worker(**who), subject or record()).permissions
        assert known is not None
        return known


@pytest.fixture
def keys(tmp_path_factory: pytest.TempPathFactory) -> AtRest:
    return at_rest(tmp_path_factory.mktemp("keys"))


@contextmanager
def house_at(keys: AtRest, url: str) -> Iterator[House]:
    now = [AT]
    with keys.open(catalogue=open_catalogue(url, now=lambda: now[0]), clock=lambda: now[0]) as archive:
        yield House(archive, now)


@pytest.fixture
def house(keys: AtRest, fresh: Callable[[], str]) -> Iterator[House]:
    with house_at(keys, fresh()) as made:
        yield made


def known_by(house: House, name: str, *identifiers: Identifier) -> str:
    """A takeover in which patient 1 has these identifiers; its id."""
    takeover = opened(house.desk, name)
    facts_of = PatientFacts(identifiers, "Gęś^Anna", "19500103", "F")
    holding = paper(1, facts=facts_of)
    unlike = replace(holding, record=name.encode(), entry=name.encode().ljust(32, b"."))
    house.desk.record(takeover.number, [packed("aa", unlike, takeover=takeover.number, facts=facts_of)])
    return takeover.id
