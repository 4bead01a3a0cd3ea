"""Storage commitment that peers ask for: what is acknowledged is durable, and success is what was looked at."""

import logging
from dataclasses import replace
from pathlib import Path

import pytest
from pydicom.uid import generate_uid

from dicom_gateway.contexts import COMMITMENT
from dicom_gateway.services import committing
from repository.catalogue.commitments import CommitmentState, Side
from repository.catalogue.jobs import JobState
from repository.commitment.asking import job_of
from repository.peers.peer import Service
from repository.peers.registering import register, remove
from repository.peers.titles import title_of
from repository.takeover.sealing import object_of
from repository.transfer.closing import close_transfer
from tests.dicom_gateway.commitments import (
    MISSING,
    Heard,
    asked,
    asking_for,
    at_port,
    listening,
    looked_and_reported,
    reported,
    stored,
)
from tests.dicom_gateway.gateways import CT, CUSTODIAN, Door, named, opened, status_of

MR = "1.2.840.10008.5.1.4.1.1.4"


def state_of(door: Door, transaction: str) -> CommitmentState:
    known = door.archive.catalogue.commitments.find(Side.OURS, CUSTODIAN.ae_title, transaction)
    assert known is not None
    return known.state


def test_what_is_kept_is_committed_to_on_an_association_of_our_own_as_its_scp(tmp_path: Path) -> None:
    heard = Heard()
    with opened(tmp_path) as door, listening(heard) as port:
        at_port(door.archive, port)
        images = stored(door, 1, 2, 3)
        what = asking_for(*images)
        assert status_of(asked(door, what)) == 0x0000
        looked_and_reported(door.archive)
        assert [reported(each) for each in heard.reports] == [(1, what.TransactionUID, images, [])]
        assert heard.reports[0][1].RetrieveAETitle == "EDM-ARCHIVE"
        assert heard.roles == [(False, True)]
        assert state_of(door, what.TransactionUID) is CommitmentState.REPORTED


def test_what_is_not_there_or_of_another_class_is_told_with_its_reason(tmp_path: Path) -> None:
    heard = Heard()
    with opened(tmp_path) as door, listening(heard) as port:
        at_port(door.archive, port)
        ((sop_class, uid),) = images = stored(door, 1)
        asked(door, asking_for((CT, MISSING), (sop_class, uid), (MR, uid)))
        looked_and_reported(door.archive)
        kind, _, good, bad = reported(heard.reports[0])
        assert (kind, good) == (2, images)
        assert bad == [(CT, MISSING, 0x0112), (MR, uid, 0x0119)]


def test_a_damaged_image_is_not_committed_to_and_those_beside_it_are(tmp_path: Path) -> None:
    heard = Heard()
    with opened(tmp_path) as door, listening(heard) as port:
        at_port(door.archive, port)
        images = stored(door, 1, 2, 3)
        archive = door.archive
        spoilt = next(
            each
            for each in archive.catalogue.holdings(door.open_one.number)
            if each.description.dicom is not None and each.description.dicom.sop_instance_uid == images[1][1]
        )
        file = archive.settings.home / "objects" / object_of(door.open_one, spoilt)
        content = bytearray(file.read_bytes())
        content[spoilt.location.offset + spoilt.location.length // 2] ^= 1
        file.chmod(0o600)
        file.write_bytes(content)
        asked(door, asking_for(*images))
        looked_and_reported(archive)
        kind, _, good, bad = reported(heard.reports[0])
        assert (kind, good, bad) == (2, [images[0], images[2]], [(*images[1], 0x0110)])


def test_an_image_whose_object_is_gone_is_not_committed_to(tmp_path: Path) -> None:
    heard = Heard()
    with opened(tmp_path) as door, listening(heard) as port:
        at_port(door.archive, port)
        images = stored(door, 1)
        (kept,) = door.archive.catalogue.holdings(door.open_one.number)
        (door.archive.settings.home / "objects" / object_of(door.open_one, kept)).unlink()
        asked(door, asking_for(*images))
        looked_and_reported(door.archive)
        assert reported(heard.reports[0])[3] == [(*images[0], 0x0110)]


def test_what_was_pushed_is_committed_to_after_the_takeover_was_closed(tmp_path: Path) -> None:
    heard = Heard()
    with opened(tmp_path) as door, listening(heard) as port:
        at_port(door.archive, port)
        images = stored(door, 1)
        close_transfer(door.archive, door.open_one)
        assert status_of(asked(door, asking_for(*images))) == 0x0000
        looked_and_reported(door.archive)
        assert reported(heard.reports[0])[0] == 1


def test_a_peer_learns_nothing_of_takeovers_that_it_never_pushed_into(tmp_path: Path) -> None:
    heard = Heard()
    with opened(tmp_path, patients=1) as door, listening(heard) as port:
        assert door.sample is not None
        at_port(door.archive, port)
        others = [
            (each.description.dicom.sop_class_uid, each.description.dicom.sop_instance_uid)
            for each in door.archive.catalogue.holdings(door.sample.number)
            if each.description.dicom is not None
        ]
        asked(door, asking_for(*others))
        looked_and_reported(door.archive)
        assert reported(heard.reports[0])[3] == [(*each, 0x0112) for each in others]


def test_the_peer_is_answered_by_the_title_that_it_called(tmp_path: Path) -> None:
    heard = Heard()
    with opened(tmp_path) as door, listening(heard) as port:
        at_port(door.archive, port)
        own = title_of(door.open_one)
        assert status_of(asked(door, asking_for(*stored(door, 1)), called=own)) == 0x0000
        looked_and_reported(door.archive)
        assert heard.callers == [own]


def test_the_same_transaction_again_is_one_until_it_was_reported_and_then_looked_into_anew(tmp_path: Path) -> None:
    heard = Heard()
    with opened(tmp_path) as door, listening(heard) as port:
        at_port(door.archive, port)
        what = asking_for(*stored(door, 1))
        assert [status_of(asked(door, what)) for _ in range(3)] == [0, 0, 0]
        looked_and_reported(door.archive)
        assert len(heard.reports) == 1
        assert status_of(asked(door, what)) == 0x0000
        looked_and_reported(door.archive)
        assert len(heard.reports) == 2
        assert len(door.archive.catalogue.commitments.listing()) == 1


def test_other_instances_under_the_same_transaction_uid_are_refused(tmp_path: Path) -> None:
    with opened(tmp_path) as door:
        what = asking_for(*stored(door, 1))
        assert status_of(asked(door, what)) == 0x0000
        other = asking_for((CT, MISSING), transaction=what.TransactionUID)
        assert status_of(asked(door, other)) == 0x0115
        (known,) = door.archive.catalogue.commitments.listing()
        assert known.instances[0].uid != MISSING


def test_wrong_requests_are_refused_by_the_status_that_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(committing, "MOST", 3)
    with opened(tmp_path) as door:
        fine = asking_for((CT, MISSING))
        none, nameless = asking_for(), asking_for((CT, MISSING))
        del nameless.TransactionUID
        half = asking_for((CT, MISSING))
        del half.ReferencedSOPSequence[0].ReferencedSOPClassUID
        assert status_of(asked(door, fine, action=2)) == 0x0123
        assert status_of(asked(door, fine, instance="1.2.3")) == 0x0112
        assert status_of(asked(door, None)) == 0x0115
        assert status_of(asked(door, none)) == 0x0115
        assert status_of(asked(door, nameless)) == 0x0115
        assert status_of(asked(door, half)) == 0x0115
        assert status_of(asked(door, asking_for(*[(CT, generate_uid()) for _ in range(4)]))) == 0x0213
        assert door.archive.catalogue.commitments.listing() == []


def test_a_data_set_that_is_too_long_is_refused_and_the_association_lives_on(tmp_path: Path) -> None:
    with opened(tmp_path) as door:
        long = asking_for(*[(CT, MISSING)] * 2)
        long.add_new(0x00420011, "OB", bytes(5 << 20))
        association = door.associated(COMMITMENT)
        answer, _ = association.send_n_action(long, 1, COMMITMENT, committing.WELL_KNOWN)
        assert status_of(answer) == 0x0213
        answer, _ = association.send_n_action(asking_for((CT, MISSING)), 1, COMMITMENT, committing.WELL_KNOWN)
        assert status_of(answer) == 0x0000
        association.release()


def test_a_peer_without_the_service_or_anywhere_to_push_asks_in_vain(tmp_path: Path) -> None:
    with opened(tmp_path) as door:
        register(door.archive, named(CUSTODIAN, "BEZ", services=frozenset({Service.STORE})))
        assert not door.associated(COMMITMENT, title="BEZ").is_established
        register(door.archive, named(CUSTODIAN, "OBCY"))
        association = door.associated(COMMITMENT, title="OBCY")
        answer, _ = association.send_n_action(asking_for((CT, MISSING)), 1, COMMITMENT, committing.WELL_KNOWN)
        association.release()
        assert status_of(answer) == 0x0124


def test_a_report_that_is_not_taken_waits_and_is_sent_again(tmp_path: Path) -> None:
    heard = Heard(statuses=[0x0110])
    with opened(tmp_path) as door, listening(heard) as port:
        at_port(door.archive, port)
        what = asking_for(*stored(door, 1))
        asked(door, what)
        looked_and_reported(door.archive)
        known = door.archive.catalogue.commitments.find(Side.OURS, CUSTODIAN.ae_title, what.TransactionUID)
        assert known is not None and known.state is CommitmentState.CHECKED  # noqa: PT018  the second for the first
        job = job_of(door.archive, known)
        assert job is not None
        assert (job.state, job.code) == (JobState.WAITING, "DCMG-004")
        assert job.due_at > job.changed_at


def test_a_transaction_of_a_peer_without_an_address_waits_and_the_log_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with opened(tmp_path) as door:
        what = asking_for(*stored(door, 1))
        asked(door, what)
        with caplog.at_level(logging.WARNING, "dicom_gateway"):
            looked_and_reported(door.archive)
        (known,) = door.archive.catalogue.commitments.listing()
        assert (known.state, known.failures) == (CommitmentState.CHECKED, {})
        assert f"commitment {known.id} waits: no address of its peer is known" in caplog.text


def test_the_door_itself_reports_without_being_asked_to(tmp_path: Path) -> None:
    from repository.jobs.embedded import Embedded

    heard = Heard()
    with opened(tmp_path) as door, listening(heard) as port, Embedded(door.archive, every=0.2):
        at_port(door.archive, port)
        asked(door, asking_for(*stored(door, 1)))
        assert heard.came.wait(30)


def test_what_was_said_is_a_deed_and_every_opening_has_its_account(tmp_path: Path) -> None:
    with opened(tmp_path) as door:
        asked(door, asking_for(*stored(door, 1), (CT, MISSING)))
        before = door.archive.catalogue.journal.size()
        looked_and_reported(door.archive)
        deeds = list(door.archive.catalogue.journal.deeds(after=before))
        assert [(each.kind, each.outcome) for each in deeds] == [("account", "permitted"), ("commitment", "in-part")]
        assert deeds[0].body["reason"].startswith("storage commitment ")


def test_the_peer_may_be_gone_and_come_back_elsewhere(tmp_path: Path) -> None:
    heard = Heard()
    with opened(tmp_path) as door:
        what = asking_for(*stored(door, 1))
        asked(door, what)
        remove(door.archive, CUSTODIAN.ae_title)
        looked_and_reported(door.archive)
        assert state_of(door, what.TransactionUID) is CommitmentState.CHECKED
        with listening(heard) as port:
            register(door.archive, replace(CUSTODIAN, host="127.0.0.1", port=port))
            assert status_of(asked(door, what)) == 0x0000
            assert not heard.reports  # its time has not come
