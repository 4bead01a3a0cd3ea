"""Synthetic CT images by study: the same name and number always give the same ones, others have other identifiers."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from random import Random

from repository.samples.images import Study, derived_uid, slices
from repository.samples.people import invent_patient, invent_provider


def images(name: str, number: int, *, count: int, size: int) -> Iterator[bytes]:
    """`count` files of about `size` bytes each: one series of one study of one patient."""
    rng = Random(f"{name} {number}")
    study = Study(
        patient=invent_patient(rng, number),
        provider=invent_provider(rng, name="Pomiar"),
        uid=derived_uid(name, number),
        series_uid=derived_uid(name, number, "series"),
        accession=f"{name.upper()}{number}"[:16],
        day=date(2025, 1, 1),
        charset="ISO_IR 192",
    )
    for parts in slices(study, images=count, image_bytes=size, rng=rng):
        yield b"".join(parts)


def write_studies(folder: Path, *, studies: int, count: int, size: int) -> None:
    """`studies` with `count` images each are in `folder`, which is new; its name is a part of their identifiers."""
    for number in range(1, studies + 1):
        place = folder / f"{number:05}"
        place.mkdir(parents=True)
        for index, content in enumerate(images(folder.name, number, count=count, size=size)):
            (place / f"{index:05}.dcm").write_bytes(content)
