"""The files that ship inside the pydicom package: each goes in by C-STORE in its own transfer syntax, and is kept, or
refused for a reason that stands in `TOLD`; what is kept comes back by C-GET, C-MOVE and WADO-RS with the bytes of
its data set, or natively where it is of no study."""

import warnings
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email.parser import BytesParser
from email.policy import HTTP
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import pydicom
import pytest
from pydicom import Dataset, dcmread
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian
from pynetdicom import AE, _config, build_context, build_role, evt

from dicom_gateway.contexts import STUDY_GET, STUDY_MOVE
from dicom_gateway.settings import DEFAULT_TITLE
from repository.access.purpose import Purpose
from repository.entitlement import give_custody
from repository.formats.dicom.heading import heading
from repository.peers.registering import register
from repository.retrieval import resolve
from tests.api.served import serving
from tests.builders.access import OURS
from tests.builders.staff import Staff, session_of
from tests.dicom_gateway.gateways import CUSTODIAN, EXPLICIT, Door, named, opened, status_of
from tests.dicom_gateway.test_retrieving import Taken
from tests.peers.plain_http import PLAIN

SHIPPED = Path(pydicom.__file__).parent / "data"
CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
NO_IMAGE = {".txt", ".json", ".md", ".dump", ".icc", ".gz", ".py", ".pyc"}
WARNING = 0xB007  # kept as it is, and its sender may know that it is not whole
NO_CONTEXT = -1  # the class was not agreed on: there is no message that could have a status

_NAMELESS = (0xC000, "its data set does not say which instance of which class it is")
_DIRECTORY = (NO_CONTEXT, "a DICOMDIR is of media alone (PS3.10 8.6), no class of the storage service (PS3.4 B.5)")
_STRAY = (WARNING, "an image without a study or a series")
_SHORT = (WARNING, "its data set ends within an element")
_BLIND = (WARNING, "an image without pixels")
TOLD: Mapping[str, tuple[int, str]] = {
    **dict.fromkeys(("DICOMDIR", "DICOMDIR-bigEnd", "DICOMDIR-empty.dcm", "DICOMDIR-implicit", "DICOMDIR-nooffset",
        "DICOMDIR-nopatient", "DICOMDIR-reordered"), _DIRECTORY),
    **dict.fromkeys(("JPEGLSNearLossless_08.dcm", "JPEGLSNearLossless_16.dcm", "SC_rgb_jls_lossy_line.dcm",
        "SC_rgb_jls_lossy_sample.dcm"), _STRAY),
    **dict.fromkeys(("UN_sequence.dcm", "chrSQEncoding.dcm", "chrSQEncoding1.dcm", "empty_charset_LEI.dcm",
        "meta_missing_tsyntax.dcm", "nested_priv_SQ.dcm", "no_meta_group_length.dcm", "priv_SQ.dcm"), _NAMELESS),
    **dict.fromkeys(("MR_truncated.dcm", "rtplan_truncated.dcm"), _SHORT),
    **dict.fromkeys(("chrJapMulti.dcm", "chrJapMultiExplicitIR6.dcm", "chrKoreanMulti.dcm"), _BLIND),
    "no_meta.dcm": (0xC000, "a byte that belongs to nothing stands before its first element: it cannot be read"),
}  # fmt: skip
"""Files that are not answered with success, and why."""


@dataclass(frozen=True)
class File:
    """A data set as it stands in a file. `unique`: of its instance, as C-STORE names it."""

    path: Path
    sop_class: str
    unique: str
    syntax: str
    study: str
    data_set: bytes

    def __str__(self) -> str:
        return str(self.path.relative_to(SHIPPED))


def files() -> Iterator[File]:
    for path in sorted(SHIPPED.rglob("*")):
        if path.is_file() and path.suffix not in NO_IMAGE and not path.name.startswith("README"):
            yield read(path)


def read(path: Path) -> File:
    with warnings.catch_warnings(action="ignore"):  # some are wrong on purpose
        found = dcmread(path, force=True, stop_before_pixels=True)
    meta, content = found.file_meta, path.read_bytes()
    implicit, little = found.original_encoding
    plain = ImplicitVRLittleEndian if implicit else ExplicitVRLittleEndian if little else ExplicitVRBigEndian
    return File(
        path,
        str(found.get("SOPClassUID") or meta.get("MediaStorageSOPClassUID") or CAPTURE),
        str(found.get("SOPInstanceUID") or meta.get("MediaStorageSOPInstanceUID") or "1.2.3.4"),
        str(meta.get("TransferSyntaxUID") or plain),
        str(found.get("StudyInstanceUID", "")),
        content[_begins(content) :],
    )


def _begins(content: bytes) -> int:
    """Where the data set does: behind group 0002, which is in explicit VR (PS3.10 7.1)."""
    at = 132 if content[128:132] == b"DICM" else 0
    while content[at : at + 2] == b"\x02\x00":
        long = content[at + 4 : at + 6] in (b"OB", b"OW", b"UN", b"SQ", b"UT")
        length = content[at + 8 : at + 12] if long else content[at + 6 : at + 8]
        at += (12 if long else 8) + int.from_bytes(length, "little")
    return at


@dataclass(frozen=True)
class Sent:
    """`statuses`: of each file. `kept`: those that were; `token`: of somebody who may read them over HTTP at `url`."""

    door: Door
    statuses: Mapping[File, int]
    url: str
    token: str

    @property
    def kept(self) -> list[File]:
        return [each for each, status in self.statuses.items() if status in (0, WARNING)]

    @property
    def data_sets(self) -> set[tuple[str, bytes]]:
        """What must come back: transfer syntax and bytes. Files that are the same are kept once."""
        return {(each.syntax, each.data_set) for each in self.kept if each.study}

    @property
    def strays(self) -> list[File]:
        """Of no study, palettes above all: the models of query and retrieval have no place for them (PS3.4 C.6)."""
        return [each for each in self.kept if not each.study]

    @property
    def studies(self) -> list[str]:
        return sorted({each.study for each in self.kept if each.study})

    @property
    def kinds(self) -> list[tuple[str, str]]:
        return sorted({(each.sop_class, each.syntax) for each in self.kept if each.study})

    def client(self, **headers: str) -> httpx.Client:
        own = {"Authorization": f"Bearer {self.token}", "EDM-Purpose": Purpose.CUSTODY.value}
        return httpx.Client(base_url=self.url, headers=own | headers, timeout=60, trust_env=False, verify=PLAIN)


@pytest.fixture(scope="module")
def sent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sent]:
    folder = tmp_path_factory.mktemp("shipped")
    with opened(folder) as door, serving(door.archive) as url, pytest.MonkeyPatch.context() as patch:
        patch.setattr(_config, "STORE_SEND_CHUNKED_DATASET", True)  # bytes as they are, not written anew
        statuses = stored(door, folder / "one.dcm")
        give_custody(door.archive, door.open_one.id, OURS, name="Nasza Przychodnia")
        token = session_of(door.archive, Staff(house=OURS), name="doctor").token
        yield Sent(door, statuses, url, token)


def stored(door: Door, file: Path) -> dict[File, int]:
    """The status of each; an association for those of one class and syntax."""
    groups = defaultdict[tuple[str, str], list[File]](list)
    for each in files():
        groups[each.sop_class, each.syntax].append(each)
    statuses = {}
    for (sop_class, syntax), group in groups.items():
        association = door.associated(sop_class, syntaxes=[syntax])
        assert association.is_established is bool(association.accepted_contexts)
        for each in group:
            file.write_bytes(heading(sop_class, each.unique, syntax) + each.data_set)
            statuses[each] = status_of(association.send_c_store(file)) if association.is_established else NO_CONTEXT
        association.release()
    return statuses


def test_every_file_is_kept_or_refused_for_a_reason(sent: Sent) -> None:
    assert len(sent.statuses) > 150
    told = {str(each): status for each, status in sent.statuses.items()}
    assert told == {str(each): TOLD.get(each.path.name, (0, ""))[0] for each in sent.statuses}
    assert {each.path.name for each in sent.statuses} >= set(TOLD)
    held = list(sent.door.archive.catalogue.holdings(sent.door.open_one.number))
    assert len(held) == len(sent.data_sets) + len(sent.strays)


def test_all_of_it_comes_back_by_c_get(sent: Sent) -> None:
    taken = Taken()
    entity = AE(ae_title=CUSTODIAN.ae_title)
    proposed = [build_context(*each) for each in [(STUDY_GET, EXPLICIT), *sent.kinds]]
    roles: list[Any] = [build_role(each, scp_role=True) for each in sorted({kind for kind, _ in sent.kinds})]
    association = entity.associate(
        "127.0.0.1", sent.door.port, ae_title=DEFAULT_TITLE, contexts=proposed, ext_neg=roles,
        evt_handlers=[(evt.EVT_C_STORE, taken.take)],
    )  # fmt: skip
    assert association.is_established
    for study in sent.studies:
        *_, (status, _) = association.send_c_get(asked(study), STUDY_GET)
        assert (status.Status, status.NumberOfFailedSuboperations) == (0x0000, 0), status
    association.release()
    came(taken, sent)


def came(taken: Taken, sent: Sent) -> None:
    found = list(zip(taken.syntaxes, taken.data_sets, strict=True))
    assert len(found) == len(sent.data_sets)
    assert set(found) == sent.data_sets


def asked(study: str) -> Dataset:
    made = Dataset()
    made.QueryRetrieveLevel, made.StudyInstanceUID = "STUDY", study
    return made


def test_all_of_it_comes_back_by_c_move(sent: Sent) -> None:
    taken = Taken()
    entity = AE(ae_title="DALEJ")
    for sop_class, syntax in sent.kinds:
        entity.add_supported_context(sop_class, syntax)
    server: Any = entity.start_server(("127.0.0.1", 0), block=False, evt_handlers=[(evt.EVT_C_STORE, taken.take)])
    try:
        listening = named(sent.door.peer, "DALEJ", host="127.0.0.1", port=server.server_address[1])
        register(sent.door.archive, listening)
        association = sent.door.associated(STUDY_MOVE)
        for study in sent.studies:
            *_, (status, _) = association.send_c_move(asked(study), "DALEJ", STUDY_MOVE)
            assert (status.Status, status.NumberOfFailedSuboperations) == (0x0000, 0), status
        association.release()
    finally:
        server.shutdown()
    came(taken, sent)


def test_all_of_it_comes_back_by_wado_rs(sent: Sent) -> None:
    found = []
    accept = 'multipart/related; type="application/dicom"; transfer-syntax=*'
    with sent.client(Accept=accept) as client:
        for study in sent.studies:
            answer = client.get(f"/dicomweb/studies/{study}")
            assert answer.status_code == 200, answer.text
            head = f"Content-Type: {answer.headers['content-type']}\r\n\r\n".encode()
            for part in BytesParser(policy=HTTP).parsebytes(head + answer.content).iter_parts():
                content = bytes(part.get_payload(decode=True))
                found.append((syntax_of(content), content[_begins(content) :]))
    assert len(found) == len(sent.data_sets)
    assert set(found) == sent.data_sets


def test_what_is_of_no_study_comes_back_natively(sent: Sent) -> None:
    assert len(sent.strays) == 12
    with sent.client() as client:
        for each in sent.strays:
            (found,) = resolve(sent.door.archive, each.unique)
            answer = client.get(f"/v1/holdings/{found.takeover.id}/{found.holding.ordinal}")
            assert answer.status_code == 200, answer.text
            assert (syntax_of(answer.content), answer.content[_begins(answer.content) :]) == (
                each.syntax, each.data_set,
            )  # fmt: skip


def syntax_of(content: bytes) -> str:
    with warnings.catch_warnings(action="ignore"):
        return str(dcmread(BytesIO(content), stop_before_pixels=True).file_meta.TransferSyntaxUID)
