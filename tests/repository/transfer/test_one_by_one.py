"""A push by itself: nothing is told before its object is there, and what was written before is not written again."""

import pytest
from sqlalchemy import Table, select

from repository.catalogue import tables
from repository.domain.takeover import Disposition, Takeover
from repository.journal import note
from repository.runtime import Archive
from repository.transfer.opening import admitted_to
from repository.transfer.transfers import Transfers
from storage.errors import StoreFull
from tests.builders.dicom import data_set, part10
from tests.builders.pushing import image, offers_of, opened_for_clinic, pacs, pushed
from tests.repository.transfer.gates import gated
from tests.repository.transfer.test_transfers import assert_sound

SAID_AGAIN = (
    tables.patient, tables.patient_name, tables.name_word, tables.patient_identifier, tables.study, tables.series,
    tables.shared_facts,
)  # fmt: skip


def rows(archive: Archive, table: Table, takeover: Takeover) -> set[tuple[object, ...]]:
    columns = [each for each in table.c if each.name != "takeover"]
    with archive.catalogue.depositing._room.reading() as connection:
        wanted = select(*columns).where(table.c.takeover == takeover.number)
        return {tuple(row) for row in connection.execute(wanted)}


def enriched(instance: int, **said: str) -> bytes:
    found = data_set(1, instance=instance)
    for keyword, value in said.items():
        setattr(found, keyword, value)
    return part10(found)


def test_a_slow_store_keeps_nobody_else_from_writing(
    archive: Archive, takeover: Takeover, transfers: Transfers, monkeypatch: pytest.MonkeyPatch
) -> None:
    depositor = admitted_to(archive, pacs(), door="test")
    gate = gated(archive, monkeypatch, 1)
    waiting = transfers.submit(depositor, offers_of(archive, [image()]))
    assert gate.came.wait(60)
    for _ in range(3):
        note(archive, "sign-in-refused", {"door": "test"}, outcome="refused")
    assert not waiting.done()
    assert archive.catalogue.counts(takeover.number).holdings == 0
    gate.free.set()
    assert waiting.result(60)[0].disposition is Disposition.KEPT
    assert [each.ordinal for each in pushed(archive, transfers, image(2))] == [2]
    assert_sound(archive, takeover, holdings=2)


def test_of_an_object_that_could_not_be_stored_nothing_is_told(
    archive: Archive, takeover: Takeover, transfers: Transfers, monkeypatch: pytest.MonkeyPatch
) -> None:
    depositor = admitted_to(archive, pacs(), door="test")
    gate = gated(archive, monkeypatch, 2, fault=StoreFull())
    gate.free.set()
    before = archive.catalogue.log_size()
    assert [each.ordinal for each in transfers.deposit(depositor, offers_of(archive, [image(1)]))] == [1]
    with pytest.raises(StoreFull):
        transfers.deposit(depositor, offers_of(archive, [image(2)]))
    assert archive.catalogue.log_size() == before + 2  # the first holding, and the deed
    (repeated,) = transfers.deposit(depositor, offers_of(archive, [image(2)]))
    assert (repeated.ordinal, repeated.disposition) == (2, Disposition.KEPT)
    assert_sound(archive, takeover, holdings=2)


def test_what_a_process_remembers_of_what_it_wrote_changes_no_row(
    archive: Archive, takeover: Takeover, transfers: Transfers
) -> None:
    contents = [
        enriched(1, PatientSex="", PatientName=""),
        enriched(2, PatientSex="", PatientName=""),
        enriched(3, PatientName="Nowak^Ewa"),
        enriched(4, PatientName="Nowak-Lis^Ewa", OtherPatientIDs="77"),
        image(1, instance=5, study=2),
        image(2, instance=1),
        image(1, instance=6, study=2),
    ]
    for each in contents:
        pushed(archive, transfers, each)
    forgetting = opened_for_clinic(archive)
    depositor = admitted_to(archive, pacs(), door="test", wanted=forgetting.id)
    for each in contents:
        with Transfers(archive) as another:
            another.deposit(depositor, offers_of(archive, [each]))
    for table in SAID_AGAIN:
        assert rows(archive, table, takeover) == rows(archive, table, forgetting), table.name
        assert rows(archive, table, takeover)
