"""`python -m tests.fuzz.conversations [FOLDER] [-max_total_time=S] [-runs=N] [-seed=N] [-artifact_prefix=P]`.

Conversations of a real SCU with a real gateway, recorded, changed by chance and held again, one after another: each
must end, and nothing may be left behind. The options are libFuzzer's, so that all harnesses are started alike; what
ends otherwise is written to the prefix, one turn to a line, and the process ends with 1.
"""

import random
import sys
import tempfile
import time
from pathlib import Path

from dicom_gateway.protocol.wire import Patience
from repository.upkeep.checking import Level
from repository.upkeep.verifying import VerifyOrder, verify
from tests.dicom_gateway.conversations import Turns, mutated, recorded, replayed
from tests.dicom_gateway.gateways import PATIENT, Door, opened
from tests.dicom_gateway.raw import good
from tests.dicom_gateway.remaining import files_held, none_left
from tests.dicom_gateway.tempers import Temper
from tests.dicom_gateway.wrong import study_of

HASTY = Patience(acse=0.3, dimse=0.3, idle=0.3, network=0.3)
LOOK_EVERY = 500  # conversations
SECONDS = 60


def options(arguments: list[str]) -> dict[str, str]:
    return dict(each[1:].split("=", 1) for each in arguments if each.startswith("-") and "=" in each)


def wrong_with(door: Door) -> str:
    """What is not as it should be after all that; nothing where nothing is."""
    if not none_left():
        return "threads are left"
    if files_held(door.archive.settings.home / "spool"):
        return "something still waits on the disk"
    if not good(door):
        return "a good peer is not answered"
    found = list(verify(door.archive, VerifyOrder(level=Level.OPENED), progress=lambda _: None).findings)
    return f"the archive is not whole: {found[0].code}" if found else ""


def fault(prefix: str, why: str, turns: Turns, seed: int) -> int:
    place = Path(f"{prefix}conversation-{seed}")
    place.write_text("\n".join(each.hex() for each in turns))
    sys.stderr.write(f"{why}; the last conversation is in {place}, the seed was {seed}\n")
    return 1


def campaign(door: Door, temper: Temper, asked: dict[str, str]) -> int:
    seed = int(asked.get("seed", 0)) or random.SystemRandom().randrange(1 << 32)
    prefix, most = asked.get("artifact_prefix", "./"), int(asked.get("runs", 1 << 62))
    until = time.monotonic() + float(asked.get("max_total_time", SECONDS))
    chance, talks, done = random.Random(seed), recorded(door, study=study_of(door)), 0
    changed: Turns = []
    while done < most and time.monotonic() < until:
        changed = mutated(chance.choice(talks), talks, chance)
        done += 1
        with temper.being(HASTY):
            ended = replayed(door.port, changed, closing=done % 10 > 0)
        if not ended:
            return fault(prefix, "no end", changed, seed)
        if done % LOOK_EVERY == 0 and (why := wrong_with(door)):
            return fault(prefix, why, changed, seed)
    if why := wrong_with(door):
        return fault(prefix, why, changed, seed)
    sys.stderr.write(f"Done {done} conversations, seed {seed}\n")
    return 0


def main(arguments: list[str]) -> int:
    temper = Temper(PATIENT)
    with (
        tempfile.TemporaryDirectory() as folder,
        opened(Path(folder), patients=1, images=2, patience=temper) as door,
    ):
        return campaign(door, temper, options(arguments))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
