"""`verify --level opened` against the rate at which one core hashes, and memory for one large file."""

from pathlib import Path

from benchmarks.archive import fresh_archive
from benchmarks.data import ct_folder, one_file
from benchmarks.floor import sha256_rate
from benchmarks.large import measured
from benchmarks.measuring import Row, median, timed
from repository.intake import Order, receive
from repository.upkeep.checking import Level
from repository.upkeep.verifying import VerifyOrder, verify

ROUNDS = 5
LARGE = 4 << 30


def checking(folder: Path) -> list[Row]:
    """One worker, so that the rate is that of one core; then as many as there are."""
    place = folder / "verify"
    place.mkdir()
    source = ct_folder(folder / "ct", files=400, size=512 << 10, patients=4)
    size = sum(path.stat().st_size for path in source.rglob("*.dcm"))
    rows = []
    with fresh_archive(place, workers=1) as archive:
        receive(archive, Order(source), progress=lambda _: None)
        order = VerifyOrder(level=Level.OPENED)
        rates, hashes = [], []
        for _ in range(ROUNDS):
            hashes.append(sha256_rate())
            rates.append(size / timed(lambda: verify(archive, order, progress=lambda _: None)))
        mine, bottom = median(rates), median(hashes)
        rows.append(
            Row(
                "verify --level opened, 400 × 512 KiB, one worker",
                f"{mine / 1e6:.0f} MB/s",
                f"SHA-256 {bottom / 1e6:.0f} MB/s",
                f"{mine / bottom:.0%} of the SHA-256 rate",
                "≥ 70 %",
            )
        )
    return rows


def large_file(folder: Path) -> list[Row]:
    """A file of 4 GiB is taken over and verified in a process of its own, so that its memory is its own."""
    place = folder / "large"
    (place / "source").mkdir(parents=True)
    one_file(place / "source" / "large.bin", size=LARGE)
    intake, checked, peak = measured(place)
    return [
        Row("one file of 4 GiB: taking over", f"{LARGE / intake / 1e6:.0f} MB/s", "–", "–", "–"),
        Row("one file of 4 GiB: verify --level opened", f"{LARGE / checked / 1e6:.0f} MB/s", "–", "–", "–"),
        Row("one file of 4 GiB: memory of both at its peak", f"{peak:.0f} MB", "–", "–", "< 300 MB"),
    ]
