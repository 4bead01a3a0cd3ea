"""Studies of several people, whose names are in several alphabets, and how they are taken over."""

from pathlib import Path

from pydicom import Dataset

from repository.domain.takeover import Takeover
from repository.entitlement import give_custody
from repository.intake import Order, receive
from tests.builders.access import OURS
from tests.builders.dicom import data_set, part10
from tests.dicom_gateway.gateways import Door


def study(seed: int, name: str, *, charset: str = "ISO_IR 192", number: int = 1, **more: object) -> list[Dataset]:
    """Two CT images in series 1, and one MR image in series 2."""
    made = [data_set(seed, charset=charset, study=number, series=1 + at // 2, instance=at) for at in range(3)]
    for each in made:
        each.PatientName, each.AccessionNumber = name, f"ACC{seed}.{number}"
        each.Modality = "CT" if each.SeriesNumber == 1 else "MR"
        each.StudyDescription = f"Study {number}"
        for keyword, value in more.items():
            setattr(each, keyword, value)
    return made


STUDIES = [
    *study(1, "Łoś^Świętosława", charset="ISO_IR 101"),
    *study(1, "Łoś^Świętosława", charset="ISO_IR 101", number=2, StudyDate="20240610", StudyTime="235959.5"),
    *study(2, "Müller^Jürgen", charset="ISO_IR 100", ManufacturerModelName="Größe 1"),
    *study(3, "Иванов^Пётр", StudyDate="20230101", StudyTime="0900"),
    *study(4, "Kowalski^Jan", charset="", StudyDate="19991231", StudyDescription="no letters but these"),
]
ALL = {"ACC1.1", "ACC1.2", "ACC2.1", "ACC3.1", "ACC4.1"}


def taken_over(door: Door, package: Path, images: list[Dataset]) -> Takeover:
    package.mkdir()
    for at, each in enumerate(images):
        (package / f"{at}.dcm").write_bytes(part10(each))
    takeover = receive(door.archive, Order(package), progress=lambda _: None)
    give_custody(door.archive, takeover.id, OURS, name="Nasza Przychodnia")
    return takeover
