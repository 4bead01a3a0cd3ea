"""Instances of no patient and no study (PS3.4 GG), of private classes, and images that have lost their study: kept."""

from dataclasses import replace
from pathlib import Path

import pytest
from pydicom import Dataset
from pydicom.uid import ExplicitVRLittleEndian
from pynetdicom import evt

from dicom_gateway.contexts import STUDY_GET
from dicom_gateway.protocol.negotiating import Proposed
from repository.access.errors import AccessRefused
from repository.access.subject import Operation
from repository.catalogue.query import Level, Query
from repository.clock import now
from repository.copying import name_of
from repository.dicom_query import read_keys
from repository.entitlement import give_custody
from repository.formats.dicom.classes import OF_NOBODY
from repository.intake import statement_of
from repository.opening import Errand, admit
from repository.peers.peer import Peer
from repository.retrieval import resolve
from repository.searching import search
from repository.streaming import whole
from repository.transfer.closing import close_transfer
from repository.upkeep.checking import Level as Deep
from repository.upkeep.verifying import VerifyOrder, verify
from tests.builders.access import OURS
from tests.dicom_gateway.commitments import Heard, asked, asking_for, at_port, listening, looked_and_reported, reported
from tests.dicom_gateway.finding import answers, asking, question
from tests.dicom_gateway.gateways import EXPLICIT, Door, opened, status_of
from tests.dicom_gateway.kept import HANGING, PALETTE, PRIVATE, content_of, data_sets, holdings, of_no_study, sent
from tests.dicom_gateway.raw import MR, an_instance, encoded, line
from tests.dicom_gateway.test_retrieving import STRANGER, Taken

WHOSE = ("PatientID", "PatientName", "OtherPatientIDsSequence", "IssuerOfPatientIDQualifiersSequence")


def context(sop_class: str) -> Proposed:
    return Proposed(1, sop_class, (EXPLICIT,))


def lost(*keywords: str, instance: int = 1) -> Dataset:
    """An image without these."""
    made = an_instance(1, instance=instance)
    for keyword in keywords:
        delattr(made, keyword)
    return made


@pytest.mark.parametrize("sop_class", [*sorted(OF_NOBODY), PRIVATE, "2.25.4711"])
def test_what_is_of_no_study_by_its_class_is_kept_as_it_came(tmp_path: Path, sop_class: str) -> None:
    made = of_no_study(sop_class)
    with opened(tmp_path) as door:
        with line(door, context(sop_class)) as peer:
            assert sent(peer, 1, made) == 0x0000
            assert peer.released()
        assert data_sets(door) == [encoded(made)]
        (kept,) = holdings(door)
        assert kept.patient == 0
        facts = kept.description.dicom
        assert facts is not None
        assert (facts.sop_class_uid, facts.sop_instance_uid, facts.placed) == (sop_class, "1.2.3.4.5", False)


@pytest.mark.parametrize(
    "keywords",
    [("StudyInstanceUID",), ("SeriesInstanceUID",), ("StudyInstanceUID", "SeriesInstanceUID", *WHOSE)],
)
def test_an_image_that_has_lost_its_study_or_series_is_kept_and_its_sender_is_told(
    tmp_path: Path, keywords: tuple[str, ...]
) -> None:
    made = lost(*keywords)
    with opened(tmp_path) as door:
        with line(door, context(MR)) as peer:
            assert sent(peer, 1, made) == 0xB007
            assert sent(peer, 1, made) == 0xB007, "it is as broken the second time"
            assert peer.released()
        assert data_sets(door) == [encoded(made)]
        (kept,) = holdings(door)
        assert "DCM-005" in {each.code for each in kept.description.findings}
        assert bool(kept.patient) is ("PatientID" not in keywords), "whose it is, it may know all the same"


def test_the_command_and_the_data_set_must_agree(tmp_path: Path) -> None:
    other_class, other_uid = of_no_study(HANGING), of_no_study(uid="1.2.3.4.6")
    unsaid = of_no_study()
    del unsaid.SOPInstanceUID
    with opened(tmp_path) as door, line(door, context(PALETTE)) as peer:
        assert sent(peer, 1, of_no_study(), encoded(other_class)) == 0xA900
        assert sent(peer, 1, of_no_study(), encoded(other_uid)) == 0xA900
        assert sent(peer, 1, of_no_study(), encoded(unsaid)) == 0xC000
        assert peer.released()
        assert holdings(door) == []


def test_the_same_again_is_a_duplicate_and_other_bytes_are_kept_beside(tmp_path: Path) -> None:
    first, other = of_no_study(), of_no_study(label="COOL")
    with opened(tmp_path) as door:
        for _ in range(2):  # the second time, by what the catalogue remembers
            with line(door, context(PALETTE)) as peer:
                assert [sent(peer, 1, each) for each in (first, first, other, other)] == [0, 0, 0, 0]
                assert peer.released()
        assert data_sets(door) == [encoded(first), encoded(other)]
        takeover = close_transfer(door.archive, door.open_one)
        items = list(door.archive.catalogue.items(takeover.number))
        assert [(each.duplicate_of, each.conflicts_with) for each in items][:3] == [(0, 0), (1, 0), (0, 1)]
        tally = statement_of(door.archive, takeover).tally
        assert (tally.holdings, tally.conflicting, tally.balances) == (2, 1, True)
        assert list(verify(door.archive, VerifyOrder(level=Deep.OPENED), progress=lambda _: None).findings) == []


UNPLACED = (of_no_study(), of_no_study(PRIVATE, uid="1.2.3.4.6"), lost("SeriesInstanceUID"))


def errand_of(peer: Peer) -> Errand:
    principal = peer.principal(address="127.0.0.1", certificate="", at=now())
    return Errand(principal=principal, purpose=peer.purpose, door="cli")


def kept_ones(door: Door) -> None:
    """A palette, a private instance, an image that has lost its series, and a whole one; in somebody's custody."""
    proposed = [Proposed(2 * n + 1, each, (EXPLICIT,)) for n, each in enumerate((PALETTE, PRIVATE, MR))]
    with line(door, *proposed) as peer:
        statuses = [sent(peer, n, made) for n, made in zip((1, 3, 5), UNPLACED, strict=True)]
        assert statuses == [0, 0, 0xB007]
        assert sent(peer, 5, an_instance(1, instance=2)) == 0
        assert peer.released()
    give_custody(door.archive, door.open_one.id, OURS, name="Nasza Przychodnia")


def test_they_are_found_and_read_natively_by_who_may_read_what_is_nobodys(tmp_path: Path) -> None:
    with opened(tmp_path) as door:
        kept_ones(door)
        custodian = errand_of(door.peer)
        for number, made in enumerate(UNPLACED):
            uid = str(made.SOPInstanceUID)
            (page,) = search(door.archive, custodian, [Query(level=Level.INSTANCE, sop_instance_uids=(uid,))])
            assert [each.ordinal for each in page.hits] == [number + 1]
            found = list(resolve(door.archive, uid))
            assert [name_of(each) for each in found] == [uid]
            (admitted,) = admit(door.archive, custodian, found, operation=Operation.READ)
            content = b"".join(whole(door.archive, admitted))
            assert content == content_of(door, holdings(door)[number])
            assert content.endswith(encoded(made))


def test_they_are_not_for_whoever_has_nothing_to_do_with_the_takeover(tmp_path: Path) -> None:
    with opened(tmp_path) as door:
        kept_ones(door)
        stranger = errand_of(replace(door.peer, ae_title="OBCY", organisation=STRANGER))
        (page,) = search(door.archive, stranger, [Query(level=Level.INSTANCE)])
        assert page.hits == ()
        with pytest.raises(AccessRefused):
            list(admit(door.archive, stranger, resolve(door.archive, "1.2.3.4.5"), operation=Operation.READ))


def test_the_models_of_query_and_retrieval_do_not_tell_of_them(tmp_path: Path) -> None:
    """They have no place there (PS3.4 C.6); what has one is told of and counted without them."""
    with opened(tmp_path) as door:
        kept_ones(door)
        association = asking(door, extended=b"\1")
        _, images = answers(association, question("IMAGE", SOPInstanceUID=""))
        _, studies = answers(
            association, question("STUDY", StudyInstanceUID="", NumberOfStudyRelatedInstances="", SOPClassesInStudy="")
        )
        association.release()
        whole_one = an_instance(1, instance=2)
        assert [each.SOPInstanceUID for each in images] == [whole_one.SOPInstanceUID]
        assert [each.StudyInstanceUID for each in studies] == [whole_one.StudyInstanceUID]
        assert [each.NumberOfStudyRelatedInstances for each in studies] == [1]
        asked_for = read_keys(Level.INSTANCE, {"StudyInstanceUID": str(whole_one.StudyInstanceUID)}).query
        assert len(door.archive.catalogue.search(asked_for).hits) == 1


def test_by_its_own_uid_alone_each_comes_back_by_c_get(tmp_path: Path) -> None:
    with opened(tmp_path) as door:
        kept_ones(door)
        for made in UNPLACED:
            taken, keys = Taken(), Dataset()
            keys.QueryRetrieveLevel, keys.SOPInstanceUID = "IMAGE", made.SOPInstanceUID
            association = door.getting(str(made.SOPClassUID), model=STUDY_GET)
            association.bind(evt.EVT_C_STORE, taken.take)
            *_, (status, _) = association.send_c_get(keys, STUDY_GET)
            association.release()
            assert (status.Status, taken.data_sets) == (0x0000, [encoded(made)])
            assert taken.syntaxes == [ExplicitVRLittleEndian]


def test_they_are_committed_to_by_class_and_uid_once_they_were_read_back(tmp_path: Path) -> None:
    heard = Heard()
    with opened(tmp_path) as door, listening(heard) as port:
        at_port(door.archive, port)
        kept_ones(door)
        wanted = [(str(each.SOPClassUID), str(each.SOPInstanceUID)) for each in UNPLACED]
        what = asking_for(*wanted, (HANGING, "1.2.3.4.5"), (PALETTE, "1.2.3.4.7"))
        assert status_of(asked(door, what)) == 0x0000
        looked_and_reported(door.archive)
        kind, _, good, bad = reported(heard.reports[0])
        assert (kind, good) == (2, wanted)
        assert bad == [(HANGING, "1.2.3.4.5", 0x0119), (PALETTE, "1.2.3.4.7", 0x0112)]


def test_one_that_is_damaged_is_not_committed_to(tmp_path: Path) -> None:
    heard = Heard()
    with opened(tmp_path) as door, listening(heard) as port:
        at_port(door.archive, port)
        kept_ones(door)
        spoil(door)
        assert status_of(asked(door, asking_for((PALETTE, "1.2.3.4.5")))) == 0x0000
        looked_and_reported(door.archive)
        assert reported(heard.reports[0])[3] == [(PALETTE, "1.2.3.4.5", 0x0110)]


def spoil(door: Door) -> None:
    """The first that was kept."""
    kept = holdings(door)[0]
    packs = {pack.object_id: pack for pack in door.archive.catalogue.packs(door.open_one.number)}
    file = next(door.archive.settings.home.rglob(Path(packs[kept.location.object_id].key).name))
    file.chmod(0o600)
    content = bytearray(file.read_bytes())
    content[kept.location.offset + kept.location.length // 2] ^= 1
    file.write_bytes(content)
