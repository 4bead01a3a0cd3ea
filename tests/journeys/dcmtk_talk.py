"""What is said to DCMTK's programs, and what they say."""

import re
from pathlib import Path

from pydicom.uid import generate_uid

from tests.builders.dicom import data_set, part10
from tests.journeys.dicom_site import Site, by_uid
from tests.peers.dcmtk import Ran


def some(folder: Path, count: int) -> list[Path]:
    """Files that nobody has sent before."""
    study, files = generate_uid(prefix="2.25."), []
    for number in range(count):
        image = data_set(5, instance=number + 1)
        image.StudyInstanceUID, image.SOPInstanceUID = study, generate_uid(prefix="2.25.")
        files.append(folder / f"{number}.dcm")
        files[-1].write_bytes(part10(image))
    return files


def keys(*words: str) -> list[str]:
    return [part for each in words for part in ("-k", each)]


def counted(ran: Ran, what: str) -> int:
    """What the final response of a retrieval said."""
    found = re.findall(rf"{what}\s*Suboperations\s*:\s*(\d+)", ran.told)
    assert found, ran.told
    return int(found[-1])


def read(folder: Path) -> dict[str, bytes]:
    return by_uid(each.read_bytes() for each in sorted(folder.iterdir()))


def moved(site: Site, to: str, *words: object, calling: str = "PACS", folder: Path | None = None) -> Ran:
    with site.client_in_clear(calling) as client:
        where = keys("QueryRetrieveLevel=STUDY", f"StudyInstanceUID={site.study}")
        return client.run("movescu", "-d", "-S", "-aem", to, *words, *where, folder=folder)
