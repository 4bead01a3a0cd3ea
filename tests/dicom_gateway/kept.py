"""What a door has kept, opened; and instances to be kept that are of no study."""

import struct

from pydicom import Dataset

from repository.domain.holding import Holding
from repository.formats.dicom.part10 import beginning
from repository.takeover.sealing import place_of
from tests.builders.warrants import EVERY
from tests.dicom_gateway.gateways import Door
from tests.dicom_gateway.raw import Raw, encoded, storing

PALETTE, HANGING = "1.2.840.10008.5.1.4.39.1", "1.2.840.10008.5.1.4.38.1"
PRIVATE = "1.3.6.1.4.1.99999.5.1"


def holdings(door: Door) -> list[Holding]:
    return sorted(door.archive.catalogue.holdings(door.open_one.number), key=lambda each: each.ordinal)


def content_of(door: Door, holding: Holding) -> bytes:
    return b"".join(door.archive.vault.open(*place_of(door.open_one, holding), warrant=EVERY))


def data_sets(door: Door) -> list[bytes]:
    """Without preamble and file meta information, in the order in which they came."""
    opened = [content_of(door, each) for each in holdings(door)]
    return [each[beginning(each).start :] for each in opened]


def of_no_study(sop_class: str = PALETTE, *, uid: str = "1.2.3.4.5", label: str = "HOT_IRON") -> Dataset:
    """What names its class and instance, and no patient, study or series."""
    made = Dataset()
    made.SpecificCharacterSet = "ISO_IR 192"
    made.SOPClassUID, made.SOPInstanceUID = sop_class, uid
    made.ContentLabel, made.ContentDescription = label, "Żółty i czerwony"
    made.RedPaletteColorLookupTableDescriptor = [256, 0, 8]
    made["RedPaletteColorLookupTableDescriptor"].VR = "US"
    made.RedPaletteColorLookupTableData = struct.pack("<256B", *range(256))
    made["RedPaletteColorLookupTableData"].VR = "OW"
    return made


def sent(peer: Raw, context: int, made: Dataset, content: bytes | None = None) -> int | None:
    """The status of its C-STORE."""
    peer.send(storing(made, context=context, content=encoded(made) if content is None else content))
    return peer.status()
