"""Properties: what goes in comes out equal, and the catalogue does not depend on the order of commits."""

import random
from collections.abc import Callable
from itertools import count

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from repository.catalogue.catalogue import Catalogue, open_catalogue
from repository.domain.holding import CustodyEvent, PackRecord
from repository.findings import Finding
from tests.builders.holdings import AT, image, listed, opened, packed, paper, person, sha
from tests.repository.catalogue.strategies import holdings

SHARED = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
FEW = settings(SHARED, max_examples=6)
_NAMES = count()


@SHARED
@given(data=st.data())
def test_any_holding_is_given_back_equal(catalogue: Catalogue, data: st.DataObject) -> None:
    takeover = opened(catalogue, f"{next(_NAMES)}")
    patient = data.draw(st.integers(0, 2))
    drawn = [data.draw(holdings(ordinal, patient)) for ordinal in range(1, data.draw(st.integers(1, 4)) + 1)]
    pack = packed("aa", *drawn, takeover=takeover.number)
    catalogue.record(takeover.number, [pack])
    assert list(catalogue.holdings(takeover.number)) == list(pack.holdings)
    assert [each for _, each in catalogue.every_holding(after=(takeover.number, "", -1))] == list(pack.holdings)


def _takeover_in_packs(draw: Callable[..., int], takeover: int) -> list[PackRecord]:
    """Packs of two patients whose holdings disagree about the patient, the study and the series."""
    packs, ordinal = [], 0
    for place in range(6):
        patient = draw(st.integers(1, 2))
        said = person(patient, name=f"Osoba^{draw(st.integers(0, 2)) or ''}", sex="FM"[draw(st.integers(0, 1))])
        made = []
        for _ in range(draw(st.integers(1, 3))):
            ordinal += 1
            study, series = f"1.{draw(st.integers(1, 2))}", f"1.1.{draw(st.integers(1, 2))}"
            attributes = {"StudyDescription": f"d{ordinal}", "SeriesDescription": f"s{ordinal}"}
            made.append(
                image(ordinal, patient=patient, study=study, series=series, facts=said, attributes=attributes)
                if draw(st.integers(0, 3))
                else paper(ordinal, patient=patient, facts=said)
            )
        packs.append(packed(f"{place:04x}", *made, takeover=takeover))
    return packs


def test_the_catalogue_is_the_same_in_any_order_of_commits(fresh: Callable[[], str]) -> None:
    catalogues = [open_catalogue(fresh()) for _ in range(3)]
    found = [Finding("PKG-009", "a"), Finding("PKG-009", "b", {"n": 1})]
    event = CustodyEvent("fixity check", AT, "success", "", 0, b"{}", sha("event"))

    @FEW
    @given(data=st.data(), seed=st.integers(0, 1000))
    def holds(data: st.DataObject, seed: int) -> None:
        name, dumps = f"{next(_NAMES)}", []
        numbers = [opened(catalogue, name).number for catalogue in catalogues]
        assert len(set(numbers)) == 1
        packs = _takeover_in_packs(lambda strategy: data.draw(strategy), numbers[0])
        orders = (packs, random.Random(seed).sample(packs, len(packs)), packs[::-1])
        for catalogue, number, order in zip(catalogues, numbers, orders, strict=True):
            catalogue.list_items(number, listed(*range(1, 20)))
            for start in range(0, len(order), 2):
                catalogue.record(number, order[start : start + 2], findings=found[::-1], events=[event])
            catalogue.record(number, order)
            dumps.append(list(catalogue.dump(number)))
        assert dumps[0] == dumps[1] == dumps[2]
        tables = {table for table, _ in dumps[0]}
        assert tables >= {"takeover", "item", "holding", "custody_event", "finding", "patient", "record_key"}

    holds()
    for catalogue in catalogues:
        catalogue.close()


def test_a_dump_tells_any_difference(fresh: Callable[[], str]) -> None:
    dumps = []
    for title in ("Opis badania", "Opis badani"):
        catalogue = open_catalogue(fresh())
        number = opened(catalogue).number
        catalogue.record(number, [packed("aa", image(1), paper(2, title=title))])
        dumps.append(list(catalogue.dump(number)))
        catalogue.close()
    assert [a[0] for a, b in zip(*dumps, strict=True) if a != b] == ["document"]


def test_attributes_are_those_of_the_lowest_ordinal(catalogue: Catalogue) -> None:
    number = opened(catalogue).number
    later = image(9, attributes={"StudyDescription": "later"}, facts=person(1, name="Później^Ewa", sex="M"))
    first = image(2, attributes={"StudyDescription": "first"}, facts=person(1, name="", birth_date="", sex="F"))
    nameless = person(1, name="x")
    catalogue.record(number, [packed("bb", later)])
    catalogue.record(number, [packed("aa", first, facts=type(nameless)((), "", "", "F"))])
    (patient,) = catalogue.patients(number)
    assert (patient.facts.name, patient.facts.sex) == ("Później^Ewa", "F")
    rows = [row for table, row in catalogue.dump(number) if table == "study"]
    assert len(rows) == 1
    assert b'"study_description":"first"' in rows[0]
    assert b'"first_ordinal":2' in rows[0]
