"""What is measured on: folders of synthetic CT images."""

from datetime import date
from pathlib import Path
from random import Random

from repository.samples.images import Study, derived_uid, slices
from repository.samples.people import invent_patient, invent_provider


def ct_folder(folder: Path, *, files: int, size: int, patients: int) -> Path:
    """`files` CT images of about `size` bytes each, spread evenly over `patients`, one study each."""
    rng = Random(files * size)
    provider = invent_provider(rng, name="Pomiar")
    each = files // patients
    for number in range(1, patients + 1):
        study = Study(
            patient=invent_patient(rng, number),
            provider=provider,
            uid=derived_uid("bench", number),
            series_uid=derived_uid("bench", number, "series"),
            accession=f"B{number}",
            day=date(2025, 1, 1),
            charset="ISO_IR 192",
        )
        place = folder / f"p{number:05}"
        place.mkdir(parents=True)
        for index, parts in enumerate(slices(study, images=each, image_bytes=size, rng=rng)):
            (place / f"i{index:06}.dcm").write_bytes(b"".join(parts))
    return folder


def one_file(path: Path, *, size: int) -> Path:
    """A file of `size` bytes that no codec knows."""
    block = Random(size).randbytes(1 << 20)
    with path.open("wb") as stream:
        for index in range(size >> 20):
            stream.write(index.to_bytes(8) + block[8:])
    return path
