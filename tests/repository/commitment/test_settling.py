"""The job of a storage commitment: success after read-back, digest and log alone; faults that pass are no failures."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import pytest
from sqlalchemy import text

from repository.access.errors import AccessRefused
from repository.catalogue.commitments import Commitment, CommitmentState, Instance
from repository.catalogue.jobs import JobState
from repository.commitment.asking import ATTEMPTS, job_of, take_on
from repository.domain.takeover import Takeover
from repository.jobs.draining import drain
from repository.runtime import Archive
from repository.takeover.sealing import object_of
from repository.transfer.opening import bindings, unbind
from repository.transfer.transfers import Transfers
from storage.errors import StoreRefused, StoreUnavailable
from tests.builders.homes import at_home, new_home
from tests.builders.pushing import image, large_image, opened_for_clinic, pacs, pushed

CT = "1.2.840.10008.5.1.4.1.1.2"


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    with at_home(new_home(tmp_path)) as found:
        yield found


def held(archive: Archive, *contents: bytes) -> tuple[Takeover, list[Instance]]:
    """An open takeover with these, and how a peer names them."""
    takeover = opened_for_clinic(archive)
    with Transfers(archive) as transfers:
        pushed(archive, transfers, *contents)
    kept = sorted(archive.catalogue.holdings(takeover.number), key=lambda each: each.ordinal)
    return takeover, [Instance(each.description.dicom.sop_class_uid, each.description.dicom.sop_instance_uid)
                      for each in kept if each.description.dicom is not None]  # fmt: skip


def asked(archive: Archive, instances: list[Instance], *, transaction: str = "2.25.7") -> Commitment:
    return take_on(archive, pacs(), transaction, instances=instances, title="EDM-ARCHIVE", within=None)


def settled(archive: Archive, known: Commitment) -> Commitment:
    drain(archive, owner="test")
    found = archive.catalogue.commitments.commitment(known.id)
    assert found is not None
    return found


class Faltering:
    """`inner`, of which objects cannot be read: it raises `error` for those of takeovers."""

    def __init__(self, inner: object, error: Exception) -> None:
        self._inner, self._error = inner, error

    def open(self, key: str, **more: int) -> BinaryIO:
        if key.startswith("takeovers/"):
            raise self._error
        return self._inner.open(key, **more)  # type: ignore[attr-defined,no-any-return]

    def __getattr__(self, name: str) -> object:
        return getattr(self._inner, name)


def with_store(archive: Archive, error: Exception) -> Archive:
    return replace(archive, store=Faltering(archive.store, error))  # type: ignore[arg-type]


def test_small_and_large_images_of_several_patients_are_committed_to(archive: Archive) -> None:
    _, instances = held(archive, image(0), image(0, instance=2), image(1), large_image(2))
    known = settled(archive, asked(archive, instances))
    assert (known.state, known.failures, len(known.instances)) == (CommitmentState.CHECKED, {}, 4)


def test_one_instance_named_twice_has_one_answer_twice(archive: Archive) -> None:
    _, instances = held(archive, image(0))
    known = settled(archive, asked(archive, [*instances, Instance(CT, "1.2.3"), *instances]))
    assert known.failures == {1: 0x0112}


def test_where_two_images_have_one_uid_both_must_be_whole(archive: Archive) -> None:
    takeover, instances = held(archive, image(0), image(0, pixels=bytes(512 * 2)))
    assert instances[0] == instances[1]
    assert settled(archive, asked(archive, instances[:1])).failures == {}
    second = max(archive.catalogue.holdings(takeover.number), key=lambda each: each.ordinal)
    spoil(archive, takeover, second.ordinal)
    assert settled(archive, asked(archive, instances[:1], transaction="2.25.8")).failures == {0: 0x0110}


def spoil(archive: Archive, takeover: Takeover, ordinal: int) -> None:
    holding = archive.catalogue.holding(takeover.number, ordinal)
    file = archive.settings.home / "objects" / object_of(takeover, holding)
    content = bytearray(file.read_bytes())
    content[holding.location.offset + 100] ^= 1
    file.chmod(0o600)
    file.write_bytes(content)


@pytest.mark.parametrize("column", ["sha256", "size"])
def test_a_row_that_is_not_what_the_log_holds_is_not_committed_to(archive: Archive, column: str) -> None:
    _, instances = held(archive, image(0))
    values = {"sha256": bytes(32), "size": 7}
    with archive.catalogue._room.writing() as connection:
        connection.execute(text(f"UPDATE holding SET {column} = :value"), {"value": values[column]})
    assert settled(archive, asked(archive, instances)).failures == {0: 0x0110}


def test_an_image_that_the_log_does_not_prove_is_not_committed_to(archive: Archive) -> None:
    """Its bytes and its row are whole; the entry to which the row leads is that of something else."""
    _, instances = held(archive, image(0))
    with archive.catalogue._room.writing() as connection:
        connection.execute(text("UPDATE holding SET log_index = 0"))
    assert settled(archive, asked(archive, instances)).failures == {0: 0x0110}


def test_a_record_of_other_bytes_is_not_committed_to(archive: Archive) -> None:
    """Its bytes are what the row says, and the log proves the record that stands in the row: it is another's."""
    takeover, instances = held(archive, image(0), image(0, instance=2))
    with archive.catalogue._room.writing() as connection:
        rows = connection.execute(text("SELECT ordinal, record, log_index FROM holding ORDER BY ordinal")).all()
        connection.execute(
            text("UPDATE holding SET record = :record, log_index = :index WHERE ordinal = :ordinal"),
            {"record": rows[1].record, "index": rows[1].log_index, "ordinal": rows[0].ordinal},
        )
    assert settled(archive, asked(archive, instances)).failures == {0: 0x0110}
    assert takeover.live


def test_a_key_that_is_gone_is_noticed_although_it_is_in_memory(archive: Archive) -> None:
    _, instances = held(archive, image(0))
    assert settled(archive, asked(archive, instances)).failures == {}
    for file in (archive.settings.home / "objects" / "keys").rglob("*"):
        if file.is_file():
            file.unlink()
    assert settled(archive, asked(archive, instances, transaction="2.25.8")).failures == {0: 0x0110}


def test_a_store_that_does_not_answer_is_waited_for(archive: Archive) -> None:
    _, instances = held(archive, image(0))
    known = asked(archive, instances)
    waiting = settled(with_store(archive, StoreUnavailable(reason="test")), known)
    assert waiting.state is CommitmentState.RECEIVED
    job = job_of(archive, waiting)
    assert job is not None
    assert (job.state, job.code) == (JobState.WAITING, StoreUnavailable.code)


def test_after_the_last_attempt_the_peer_is_told_that_nothing_can_be_said(archive: Archive) -> None:
    _, instances = held(archive, image(0))
    known = asked(archive, instances)
    with archive.catalogue._room.writing() as connection:
        connection.execute(text("UPDATE job SET attempts = :most"), {"most": ATTEMPTS - 1})
    assert settled(with_store(archive, StoreUnavailable(reason="test")), known).failures == {0: 0x0213}


def test_a_store_that_refuses_is_told_at_once(archive: Archive) -> None:
    _, instances = held(archive, image(0))
    known = settled(with_store(archive, StoreRefused(reason="test")), asked(archive, instances))
    assert known.failures == {0: 0x0213}


def test_a_transaction_whose_job_was_given_up_is_looked_into_again_when_asked_for_again(archive: Archive) -> None:
    _, instances = held(archive, image(0))
    known = asked(archive, instances)
    with archive.catalogue._room.writing() as connection:
        connection.execute(text("UPDATE job SET state = 'failed'"))
    again = asked(archive, instances)
    assert (again.id, again.round) == (known.id, 2)
    assert settled(archive, again).state is CommitmentState.CHECKED


def test_who_may_push_no_more_may_still_ask_and_who_never_could_may_not(archive: Archive) -> None:
    takeover, instances = held(archive, image(0))
    for each in bindings(archive, takeover):
        unbind(archive, each.id)
    assert settled(archive, asked(archive, instances)).failures == {}
    with pytest.raises(AccessRefused):
        take_on(archive, pacs(None, name="OBCY"), "1.2", instances=instances, title="EDM", within=None)
    with pytest.raises(AccessRefused):
        take_on(archive, pacs(), "1.2", instances=instances, title="EDM", within=frozenset({"another"}))


def test_nothing_of_what_is_named_is_in_the_log_lines(archive: Archive, caplog: pytest.LogCaptureFixture) -> None:
    _, instances = held(archive, image(0))
    with caplog.at_level("DEBUG"):
        settled(with_store(archive, StoreUnavailable(reason="test")), asked(archive, instances))
    assert instances[0].uid not in caplog.text
