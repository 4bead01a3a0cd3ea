"""Images in many transfer syntaxes, and an SCU that gets them by contexts of its choice."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO

import numpy as np
from pydicom import Dataset, dcmread
from pydicom.pixels import pixel_array
from pynetdicom import AE, build_context, build_role, evt
from pynetdicom.association import Association
from pynetdicom.events import Event

from dicom_gateway.contexts import STUDY_GET, STUDY_MOVE
from dicom_gateway.settings import DEFAULT_TITLE
from tests.builders import compressed as made
from tests.dicom_gateway.gateways import CT, CUSTODIAN, EXPLICIT, IMPLICIT, Door

MR = "1.2.840.10008.5.1.4.1.1.4"
GREY = made.scene(bits=12)
COLOURS = made.scene(bits=8, colours=True)
_PLUGINS = {made.BASELINE: "pillow", made.RLE: "pydicom"}


def of_class(content: bytes, uid: str) -> bytes:
    """The same image as one of another SOP class, in a series of its own."""
    found = dcmread(BytesIO(content))
    found.SOPClassUID = found.file_meta.MediaStorageSOPClassUID = uid
    found.SOPInstanceUID = found.file_meta.MediaStorageSOPInstanceUID = f"{found.SOPInstanceUID}.4"
    found.SeriesInstanceUID = f"{found.SeriesInstanceUID}.4"
    out = BytesIO()
    found.save_as(out, enforce_file_format=True)
    return out.getvalue()


def mixed() -> list[bytes]:
    """CT images in six syntaxes, one of several frames; MR images that are all JPEG-LS."""
    grey = [made.compressed(GREY, each, bits=12, instance=at) for at, each in enumerate((made.J2K, made.LS), 1)]
    frames = [made.code_of(GREY + number, made.LS, bits=12) for number in range(3)]
    return [
        *grey,
        made.compressed(GREY, made.LS, bits=12, frames=3, instance=3, codes=frames),
        made.compressed(COLOURS, made.RLE, bits=8, instance=4),
        made.compressed(COLOURS, made.BASELINE, bits=8, instance=5),
        made.compressed(COLOURS, made.J2K, bits=8, instance=6),
        made.native(GREY, bits=12, instance=7),
        made.native(GREY, bits=12, instance=8, syntax=IMPLICIT),
        *(of_class(made.compressed(GREY, made.LS, bits=12, instance=at), MR) for at in (1, 2)),
    ]


@dataclass
class Kept:
    """Images that a storage SCP was given, by instance; `raw`: the bytes of their data sets."""

    images: dict[str, Dataset] = field(default_factory=dict)
    raw: dict[str, bytes] = field(default_factory=dict)

    def take(self, event: Event) -> int:
        found = event.dataset
        found.file_meta = event.file_meta
        self.images[found.SOPInstanceUID] = found
        self.raw[found.SOPInstanceUID] = event.request.DataSet.getvalue()
        return 0x0000

    def syntax(self, instance: str) -> str:
        return str(self.images[instance].file_meta.TransferSyntaxUID)


@dataclass
class Got:
    """`accepted`: the transfer syntaxes of the contexts of storage classes, by their order. `failed`: instances."""

    status: Dataset
    accepted: list[str]
    failed: list[str]


@contextmanager
def getting(
    door: Door, *contexts: tuple[str, Sequence[str]], scu: bool = False, called: str = DEFAULT_TITLE
) -> Iterator[tuple[Association, Kept]]:
    """One that takes the role of an SCP for (class, syntaxes), a context for each; with `scu` that of an SCU too."""
    entity = AE(ae_title=CUSTODIAN.ae_title)
    entity.acse_timeout = entity.dimse_timeout = entity.network_timeout = 60
    proposed = [build_context(STUDY_GET, [EXPLICIT]), *(build_context(uid, list(each)) for uid, each in contexts)]
    roles = [build_role(uid, scu_role=scu, scp_role=True) for uid in {uid for uid, _ in contexts}]
    line = entity.associate("127.0.0.1", door.port, contexts=proposed, ae_title=called, ext_neg=roles)
    assert line.is_established
    kept = Kept()
    line.bind(evt.EVT_C_STORE, kept.take)
    try:
        yield line, kept
    finally:
        line.release()


def got(line: Association, study: str) -> Got:
    """The final answer to C-GET of all of a study."""
    *_, (status, identifier) = line.send_c_get(_study(study), STUDY_GET)
    accepted = {each.context_id: str(each.transfer_syntax[0]) for each in line.accepted_contexts}
    storage = [accepted[each] for each in sorted(accepted) if each != 1]
    return Got(status, storage, _failed(identifier))


def moved(door: Door, study: str, *, to: str) -> Got:
    line = door.associated(STUDY_MOVE)
    *_, (status, identifier) = line.send_c_move(_study(study), to, STUDY_MOVE)
    line.release()
    return Got(status, [], _failed(identifier))


def _study(uid: str) -> Dataset:
    keys = Dataset()
    keys.QueryRetrieveLevel, keys.StudyInstanceUID = "STUDY", uid
    return keys


def _failed(identifier: Dataset | None) -> list[str]:
    said = identifier.get("FailedSOPInstanceUIDList", []) if identifier else []
    return [said] if isinstance(said, str) else list(said)


@contextmanager
def destination(*syntaxes: str, classes: Sequence[str] = (CT, MR)) -> Iterator[tuple[int, Kept]]:
    """A storage SCP of pynetdicom's that takes these syntaxes, the first of which it prefers."""
    kept, entity = Kept(), AE(ae_title="CEL")
    for each in classes:
        entity.add_supported_context(each, list(syntaxes))
    server = entity.start_server(("127.0.0.1", 0), block=False, evt_handlers=[(evt.EVT_C_STORE, kept.take)])
    try:
        yield server.server_address[1], kept
    finally:
        server.shutdown()


def by_instance(files: Sequence[bytes]) -> dict[str, Dataset]:
    return {str(each.SOPInstanceUID): each for each in (dcmread(BytesIO(content)) for content in files)}


def same_pixels(one: Dataset, other: Dataset) -> bool:
    """As pydicom decodes and shows them."""
    return bool(np.array_equal(_shown(one), _shown(other)))


def _shown(image: Dataset) -> np.ndarray:
    plugin = _PLUGINS.get(str(image.file_meta.TransferSyntaxUID), "")
    return pixel_array(image, decoding_plugin=plugin)
