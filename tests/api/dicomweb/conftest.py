"""Images of many transfer syntaxes, taken over and served."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pytest

from repository.intake import Order, receive
from repository.runtime import open_archive
from tests.api.served import Served, serving
from tests.builders import dicom
from tests.builders.homes import new_home
from tests.builders.imaging import image_package


@dataclass(frozen=True)
class Imaged:
    """`images`: SOP Instance UID → bytes as handed over."""

    served: Served
    images: Mapping[str, bytes]
    study: str
    series: tuple[str, str]

    def path(self, *, series: int = 1, instance: int = 0) -> str:
        """The address of the study, of a series of it, or of an instance of that."""
        path = f"/dicomweb/studies/{self.study}"
        if series:
            path += f"/series/{self.series[series - 1]}"
        return path + (f"/instances/{self.uid(series=series, instance=instance)}" if instance else "")

    def uid(self, *, series: int = 1, instance: int) -> str:
        return f"{self.series[series - 1]}.{instance}"


@pytest.fixture(scope="session")
def imaged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Imaged]:
    folder = tmp_path_factory.mktemp("imaged")
    images = image_package(folder / "package")
    home = new_home(folder)
    first, second = dicom.data_set(7), dicom.data_set(7, series=2)
    with open_archive(home) as archive:
        takeover = receive(archive, Order(folder / "package"), progress=lambda _: None)
        with serving(archive) as url:
            served = Served(url, archive, home, folder / "package", takeover)
            yield Imaged(served, images, first.StudyInstanceUID, (first.SeriesInstanceUID, second.SeriesInstanceUID))
