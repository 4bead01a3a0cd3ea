"""Storage commitment that the archive asks for: what a peer says of the images that it was given is durable."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from pydicom import Dataset, dcmread
from pynetdicom import AE, evt
from pynetdicom.events import Event

from dicom_gateway.committing import ask
from dicom_gateway.contexts import COMMITMENT, STUDY_MOVE
from dicom_gateway.errors import CommitmentNotAsked
from dicom_gateway.settings import GatewaySettings
from repository.access.permission import Grantee, GranteeKind
from repository.access.principal import Organisation
from repository.catalogue.commitments import NOT_TOLD, Commitment, CommitmentState
from repository.commitment.errors import NothingToCommit
from repository.commitment.wishing import prepared
from repository.domain.describing import Identifier
from repository.domain.takeover import Takeover
from repository.peers.registering import register, remove
from repository.transfer.opening import bind
from tests.dicom_gateway.commitments import looked_and_reported, referenced, reporting_back
from tests.dicom_gateway.gateways import CUSTODIAN, PATIENT, Door, named, opened, status_of
from tests.dicom_gateway.test_retrieving import images_of

SETTINGS = GatewaySettings(patience=PATIENT)
STRANGER = Organisation(Identifier("2.16.840.1.113883.3.4424.2.3.1", "000000999999"), "Obca Przychodnia")


@dataclass
class Successor:
    """A PACS that takes on what it is asked for, or answers with `status`."""

    status: int = 0x0000
    asked: list[Dataset] = field(default_factory=list)

    def take(self, event: Event) -> tuple[int, None]:
        self.asked.append(event.action_information)
        return self.status, None


@contextmanager
def listening(successor: Successor) -> Iterator[int]:
    entity = AE(ae_title="PACS")
    entity.add_supported_context(COMMITMENT)
    handlers = [(evt.EVT_N_ACTION, successor.take)]
    server = entity.start_server(("127.0.0.1", 0), block=False, evt_handlers=handlers)
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()


def sample_of(door: Door) -> Takeover:
    assert door.sample is not None
    return door.sample


def wished(door: Door, port: int, *, at_once: int = 1000) -> list[Commitment]:
    peer = replace(door.peer, host="127.0.0.1", port=port)
    transactions = prepared(door.archive, peer, sample_of(door), door="test", at_once=at_once)
    return list(ask(door.archive, peer, transactions, settings=SETTINGS))


def answer_to(what: Dataset, *, failed: int = 0, silent: int = 0) -> Dataset:
    """A report on `what`: the first `failed` are not kept, of the last `silent` nothing is said."""
    items = [
        (str(each.ReferencedSOPClassUID), str(each.ReferencedSOPInstanceUID)) for each in what.ReferencedSOPSequence
    ]
    told = items[: len(items) - silent]
    made = Dataset()
    made.TransactionUID = what.TransactionUID
    made.ReferencedSOPSequence = [referenced(*each) for each in told[failed:]]
    if failed:
        made.FailedSOPSequence = [referenced(*each, reason=0x0112) for each in told[:failed]]
    return made


def test_all_images_of_a_takeover_are_asked_for_in_requests_of_bounded_size(tmp_path: Path) -> None:
    successor = Successor()
    with opened(tmp_path, patients=2, images=5) as door, listening(successor) as port:
        made = wished(door, port, at_once=4)
        assert {each.state for each in made} == {CommitmentState.SENT}
        sizes = [len(each.ReferencedSOPSequence) for each in successor.asked]
        assert max(sizes) <= 4
        kept = {
            each.description.dicom.sop_instance_uid
            for each in door.archive.catalogue.holdings(sample_of(door).number)
            if each.description.dicom is not None
        }
        named = [str(one.ReferencedSOPInstanceUID) for each in successor.asked for one in each.ReferencedSOPSequence]
        assert sorted(named) == sorted(kept)
        assert len({each.TransactionUID for each in successor.asked}) == len(sizes)


@pytest.mark.parametrize("role", [True, False], ids=["with-role-selection", "without-role-selection"])
def test_what_the_peer_reports_is_durable(tmp_path: Path, role: bool) -> None:
    successor = Successor()
    with opened(tmp_path, patients=1) as door, listening(successor) as port:
        wished(door, port)
        (what,) = successor.asked
        assert status_of(reporting_back(door, answer_to(what), 1, role=role)) == 0x0000
        (known,) = door.archive.catalogue.commitments.listing()
        assert (known.state, known.failures) == (CommitmentState.ANSWERED, {})
        assert known.settled_at


def test_what_failed_and_what_was_left_out_are_known_apart(tmp_path: Path) -> None:
    successor = Successor()
    with opened(tmp_path, patients=1, images=4) as door, listening(successor) as port:
        wished(door, port)
        (what,) = successor.asked
        assert status_of(reporting_back(door, answer_to(what, failed=1, silent=1), 2)) == 0x0000
        (known,) = door.archive.catalogue.commitments.listing()
        assert known.failures == {0: 0x0112, len(known.instances) - 1: NOT_TOLD}


def test_a_report_again_is_acknowledged_and_a_later_one_counts(tmp_path: Path) -> None:
    successor = Successor()
    with opened(tmp_path, patients=1) as door, listening(successor) as port:
        wished(door, port)
        (what,) = successor.asked
        size = door.archive.catalogue.journal.size
        before = size()
        assert [status_of(reporting_back(door, answer_to(what), 1)) for _ in range(2)] == [0, 0]
        assert size() == before + 1
        assert status_of(reporting_back(door, answer_to(what, failed=1), 2)) == 0x0000
        (known,) = door.archive.catalogue.commitments.listing()
        assert (len(known.failures), size()) == (1, before + 2)


def test_a_report_that_nobody_asked_for_is_refused(tmp_path: Path) -> None:
    successor = Successor()
    with opened(tmp_path, patients=1) as door, listening(successor) as port:
        wished(door, port)
        (what,) = successor.asked
        other = answer_to(what)
        other.TransactionUID = "1.2.3.4"
        assert status_of(reporting_back(door, other, 1)) == 0x0115
        assert status_of(reporting_back(door, answer_to(what), 7)) == 0x0113
        (known,) = door.archive.catalogue.commitments.listing()
        assert known.state is CommitmentState.SENT


def test_a_peer_that_refuses_is_known_to_have_refused(tmp_path: Path) -> None:
    with opened(tmp_path, patients=1) as door, listening(Successor(0x0213)) as port:
        (made,) = wished(door, port)
        assert made.state is CommitmentState.REFUSED


def test_what_was_prepared_for_a_peer_that_is_away_is_asked_for_later(tmp_path: Path) -> None:
    successor = Successor()
    with opened(tmp_path, patients=1, images=4) as door:
        with listening(Successor()) as port:
            pass
        with pytest.raises(CommitmentNotAsked):
            wished(door, port, at_once=2)
        waiting = door.archive.catalogue.commitments.listing()
        assert {each.state for each in waiting} == {CommitmentState.PREPARED}
        with listening(successor) as port:
            wished(door, port, at_once=2)
        assert sorted(each.TransactionUID for each in successor.asked) == sorted(each.transaction for each in waiting)


def test_a_peer_is_not_asked_for_what_it_may_not_know_of(tmp_path: Path) -> None:
    with opened(tmp_path, patients=1) as door:
        for peer in (replace(door.peer, organisation=STRANGER), replace(door.peer, takeovers=(door.open_one.id,))):
            with pytest.raises(NothingToCommit):
                prepared(door.archive, peer, sample_of(door), door="test")
        assert door.archive.catalogue.commitments.listing() == []


def test_one_archive_commits_to_what_another_has_handed_over(tmp_path: Path) -> None:
    """Both sides are ours: the second archive is the successor's."""
    homes = [tmp_path / name for name in ("one", "other")]
    for home in homes:
        home.mkdir()
    with (
        opened(homes[0], patients=1, images=3, ae_title="PIERWSZE") as one,
        opened(homes[1], ae_title="PACS") as other,
    ):
        remove(one.archive, "PACS")
        successor = register(one.archive, replace(one.peer, host="127.0.0.1", port=other.port))
        register(other.archive, named(CUSTODIAN, "PIERWSZE", host="127.0.0.1", port=one.port))
        bind(other.archive, other.open_one, Grantee(GranteeKind.SYSTEM, Identifier("", "PIERWSZE")))
        sent = moved(one)
        assert sent == len(images_of(one))
        transactions = prepared(one.archive, successor, sample_of(one), door="test")
        own = replace(SETTINGS, ae_title="PIERWSZE")
        (made,) = ask(one.archive, successor, transactions, settings=own)
        assert made.state is CommitmentState.SENT
        looked_and_reported(other.archive)
        (known,) = one.archive.catalogue.commitments.listing()
        assert (known.state, known.failures, len(known.instances)) == (CommitmentState.ANSWERED, {}, sent)


def moved(door: Door) -> int:
    """How many images the archive has sent to PACS."""
    sent = 0
    for study in sorted({str(dcmread(each).StudyInstanceUID) for each in images_of(door)}):
        keys = Dataset()
        keys.QueryRetrieveLevel, keys.StudyInstanceUID = "STUDY", study
        association = door.associated(STUDY_MOVE, called="PIERWSZE")
        *_, (status, _) = association.send_c_move(keys, "PACS", STUDY_MOVE)
        association.release()
        sent += int(status.NumberOfCompletedSuboperations)
    return sent
