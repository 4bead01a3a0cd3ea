"""The processes that decode: what they are given and denied, and what becomes of a task when they hang, die or lie."""

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from repository.formats.dicom.frames import Frames
from repository.formats.dicom.reencoding import attributes
from repository.formats.dicom.scanning import scan
from repository.rendering.errors import CodecsMissing, PixelsBusy, PixelsUnreadable
from repository.rendering.pool import Limits, Pool
from tests.builders import compressed as made

GREY = made.scene(bits=12)
Task = tuple[dict[str, object], bytes]


def task_of(raw: bytes, do: str = "decode", **more: object) -> Task:
    """As the archive asks, of a file."""
    scanned = scan(lambda at, count: raw[at : at + count], len(raw))
    found = Frames(lambda at, count: raw[at : at + count], scanned, size=len(raw))
    code = b"".join(raw[at : at + count] for at, count in found.frame(1).places)
    about = [each for each in scanned.elements if each.tag >> 16 == 0x0028]
    header = attributes(lambda at, count: raw[at : at + count], scanned, about)
    return {"do": do, "header": len(header), "syntax": scanned.syntax, "vr": found.vr, **more}, header + code


def scripted(body: str) -> tuple[str, ...]:
    """A process in the place of ours: `line` is its socket, of which it says what it likes."""
    head = (
        "import socket, sys, os, time; from repository.rendering.messages import receive, send;"
        "line = socket.socket(fileno=int(sys.argv[-3]))\n"
    )
    return (sys.executable, "-P", "-c", head + body)


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    made_pool = Pool(1)
    yield made_pool
    made_pool.close()


@pytest.fixture
def started() -> Iterator[Callable[..., Pool]]:
    running: list[Pool] = []

    def start(body: str = "", *, workers: int = 1, waiting: int = 4, seconds: int = 60) -> Pool:
        limits = Limits(seconds=seconds)
        running.append(Pool(workers, waiting=waiting, limits=limits, command=scripted(body)))
        return running[-1]

    yield start
    for each in running:
        each.close()


@pytest.mark.parametrize("syntax", made.EXACT)
@pytest.mark.parametrize(
    ("bits", "signed", "colours"),
    [(8, False, False), (8, False, True), (10, False, False), (12, True, False), (16, False, False), (16, True, False)],
)
def test_what_is_lossless_comes_back_exact(pool: Pool, syntax: str, bits: int, signed: bool, colours: bool) -> None:
    odd = syntax not in (made.LOSSLESS, made.LOSSLESS_SV1)  # GDCM encodes no odd number of bytes
    samples = made.scene(34 - odd, 66 - odd, bits=bits, signed=signed, colours=colours)
    said, found = pool.ask(*task_of(made.compressed(samples, syntax, bits=bits)))
    assert found == samples.tobytes()
    assert said["photometric"] == ("RGB" if colours else "MONOCHROME2")


@pytest.mark.parametrize(
    ("syntax", "most", "mean"),
    [(made.NEAR_LS, 2, 2.0), (made.BASELINE, 30, 3.0), (made.EXTENDED, 30, 3.0), (made.LOSSY_J2K, 99, 9.0)],
)
def test_what_is_lossy_comes_back_near(pool: Pool, syntax: str, most: int, mean: int) -> None:
    samples = made.scene(64, 64, bits=8)
    _, found = pool.ask(*task_of(made.compressed(samples, syntax, bits=8)))
    apart = np.abs(np.frombuffer(found, np.uint8).reshape(samples.shape).astype(int) - samples)
    assert apart.max() <= most
    assert apart.mean() <= mean


def test_colours_of_a_jpeg_stay_luminance_and_chrominance_without_compression(pool: Pool) -> None:
    samples = np.full((16, 16, 3), (200, 30, 30), np.uint8)
    said, found = pool.ask(*task_of(made.compressed(samples, made.BASELINE, bits=8)))
    luminance = np.frombuffer(found, np.uint8).reshape(16, 16, 3)[8, 8]
    assert said["photometric"] == "YBR_FULL"
    assert np.abs(luminance.astype(int) - (81, 99, 213)).max() <= 3


def test_a_process_can_open_nothing_and_knows_nothing(pool: Pool) -> None:
    pool.ask(*task_of(made.native(GREY, bits=12), "render", recipe={}))
    (pid,) = pool.pids()
    limits = Path(f"/proc/{pid}/limits").read_text()
    for name in ("Max open files", "Max core file size", "Max processes", "Max file size"):
        (line,) = (each for each in limits.splitlines() if each.startswith(name))
        assert line.removeprefix(name).split()[:2] == ["0", "0"], line
    names = {each.split("=")[0] for each in Path(f"/proc/{pid}/environ").read_text().split("\0") if each}
    assert names == {"PYTHONPATH", "OPENBLAS_NUM_THREADS", "LC_ALL"}
    opened = [str(each.readlink()) for each in Path(f"/proc/{pid}/fd").iterdir()]
    assert {each.partition(":")[0] for each in opened} == {"/dev/null", "socket"}
    assert sum(each.startswith("socket") for each in opened) == 1


def cut(samples: np.ndarray, syntax: str, *, keep: int) -> bytes:
    return made.compressed(samples, syntax, bits=12, codes=[made.code_of(samples, syntax, bits=12)[:keep]])


def huge_code() -> bytes:
    """A JPEG 2000 code stream whose own header says 65535 by 65535."""
    code = bytearray(made.code_of(GREY, made.J2K, bits=12))
    at = code.index(b"\xff\x51")
    for offset in (6, 10, 22, 26):  # Xsiz, Ysiz, XTsiz, YTsiz (ISO/IEC 15444-1 A.5.1)
        code[at + offset : at + offset + 4] = (65535).to_bytes(4, "big")
    return made.compressed(GREY, made.J2K, bits=12, codes=[bytes(code)])


@pytest.mark.parametrize(
    "hostile",
    [
        pytest.param(lambda: cut(GREY, made.J2K, keep=150), id="truncated JPEG 2000"),
        pytest.param(lambda: cut(GREY, made.LS, keep=450), id="truncated JPEG-LS"),
        pytest.param(lambda: cut(GREY, made.LOSSLESS_SV1, keep=60), id="truncated JPEG"),
        pytest.param(lambda: cut(GREY, made.RLE, keep=70), id="truncated RLE"),
        pytest.param(huge_code, id="a code stream of 65535 by 65535"),
        pytest.param(lambda: made.compressed(GREY, made.J2K, bits=12, codes=[b"\xff\x4f\xff\x51" * 20]), id="no image"),
        pytest.param(
            lambda: made.compressed(GREY[:20].copy(), made.LS, bits=12, codes=[made.code_of(GREY, made.LS, bits=12)]),
            id="a code stream of another size",
        ),
    ],
)
def test_hostile_pixels_are_an_error_and_the_next_task_is_done(pool: Pool, hostile: Callable[[], bytes]) -> None:
    for do in ("decode", "render"):
        with pytest.raises(PixelsUnreadable) as caught:
            pool.ask(*task_of(hostile(), do, recipe={}))
        assert caught.value.fields["reason"] == "damaged"
    assert pool.ask(*task_of(made.compressed(GREY, made.J2K, bits=12)))[1] == GREY.tobytes()


def test_a_header_of_sixteen_thousand_million_bytes_takes_no_memory(pool: Pool) -> None:
    words, content = task_of(made.compressed(GREY, made.RLE, bits=12))
    size = int(words["header"])  # type: ignore[call-overload]
    header = bytearray(content[:size])
    for tag in (b"\x28\0\x10\0US\2\0", b"\x28\0\x11\0US\2\0"):
        at = header.index(tag) + 8
        header[at : at + 2] = b"\xff\xff"
    with pytest.raises(PixelsUnreadable, match="too large"):
        pool.ask(words, bytes(header) + content[size:])


def test_a_codec_that_hangs_is_killed_and_replaced(started: Callable[..., Pool]) -> None:
    pool = started(
        "while (asked := receive(line)) is not None:\n"
        "    time.sleep(1000) if asked[1] == b'hang' else send(line, {}, b'done')\n"
    )
    assert pool.ask({}, b"")[1] == b"done"
    (hangs,) = pool.pids()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pool, "_limits", Limits(seconds=1))  # for this one alone: what comes has its time
        with pytest.raises(PixelsUnreadable, match="too slow"):
            pool.ask({}, b"hang")
    assert pool.pids() == []
    with pytest.raises(ProcessLookupError):
        os.kill(hangs, 0)
    assert pool.ask({}, b"")[1] == b"done"


def test_a_codec_that_never_reads_holds_nobody_for_ever(started: Callable[..., Pool]) -> None:
    with pytest.raises(PixelsUnreadable, match="too slow"):
        started("time.sleep(1000)", seconds=1).ask({}, bytes(8 << 20))


def test_a_process_that_is_killed_amid_a_task_is_replaced(started: Callable[..., Pool]) -> None:
    pool = started(
        "while (asked := receive(line)) is not None:\n"
        "    os.kill(os.getpid(), 9) if asked[1] == b'die' else send(line, {}, asked[1])\n"
    )
    assert pool.ask({}, b"first")[1] == b"first"
    with pytest.raises(PixelsUnreadable, match="the codec ended"):
        pool.ask({}, b"die")
    assert pool.ask({}, b"second")[1] == b"second"


def test_a_process_that_was_killed_between_tasks_is_replaced(pool: Pool) -> None:
    pool.ask(*task_of(made.compressed(GREY, made.RLE, bits=12)))
    (pid,) = pool.pids()
    os.kill(pid, signal.SIGKILL)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    assert pool.ask(*task_of(made.compressed(GREY, made.RLE, bits=12)))[1] == GREY.tobytes()
    assert pool.pids() != [pid]


@pytest.mark.parametrize(
    "lie",
    [
        "b'nonsense' * 100",
        "b'\\xff' * 12",
        "b'\\0\\0\\0\\2' + bytes(7) + b'\\5' + b'{}ab'",
        "b'\\0\\0\\0\\2' + bytes(8) + b'[]'",
    ],
)
def test_an_answer_that_is_none_is_not_believed(started: Callable[..., Pool], lie: str) -> None:
    pool = started(f"receive(line); line.sendall({lie}); line.shutdown(1); time.sleep(1000)")
    with pytest.raises(PixelsUnreadable, match="the codec ended"):
        pool.ask({}, b"")


def test_more_than_may_wait_are_told_to_come_back(started: Callable[..., Pool]) -> None:
    pool = started("time.sleep(1000)", waiting=0)
    caught: list[PixelsUnreadable] = []

    def ask() -> None:
        try:
            pool.ask({}, b"")
        except PixelsUnreadable as error:
            caught.append(error)

    thread = threading.Thread(target=ask)
    thread.start()
    while not pool.pids():
        time.sleep(0.01)
    with pytest.raises(PixelsBusy):
        pool.ask({}, b"")
    (pid,) = pool.pids()
    os.kill(pid, signal.SIGKILL)  # he who was let in waits no longer
    thread.join()
    assert [each.fields for each in caught] == [{"reason": "the codec ended"}]


def test_several_threads_are_answered_each_with_its_own(started: Callable[..., Pool]) -> None:
    pool = started(
        "while (asked := receive(line)) is not None:\n    send(line, {}, asked[1] * 1000)\n",
        workers=2, waiting=64,
    )  # fmt: skip
    found: dict[int, bytes] = {}
    threads = [threading.Thread(target=lambda n=n: found.update({n: pool.ask({}, bytes([n]))[1]})) for n in range(24)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert found == {number: bytes([number]) * 1000 for number in range(24)}
    assert len(pool.pids()) <= 2


def test_without_the_codecs_it_is_told_what_to_install() -> None:
    body = "import sys; sys.modules['openjpeg'] = None; from repository.rendering.worker import main; main()"
    pool = Pool(1, command=(sys.executable, "-P", "-c", body))
    try:
        with pytest.raises(CodecsMissing) as caught:
            pool.ask(*task_of(made.compressed(GREY, made.RLE, bits=12)))
    finally:
        pool.close()
    assert "edm-archive[pixels]" in caught.value.advice.en
    assert "edm-archive[pixels]" in caught.value.advice.pl


def test_a_closed_pool_answers_nobody() -> None:
    pool = Pool(1)
    pool.close()
    with pytest.raises(PixelsBusy):
        pool.ask({}, b"")


def test_the_archive_runs_without_the_codecs() -> None:
    """Everything that serves and takes over is imported, and none of the extra."""
    import subprocess

    code = (
        "import sys\n"
        "for name in ('numpy', 'PIL', 'gdcm', 'jpeg_ls', 'openjpeg', 'rle'): sys.modules[name] = None\n"
        "import api.door, repository.intake, repository.rendering.decoding, repository.rendering.picturing\n"
        "import json; print(json.dumps(True))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, cwd=Path(__file__).parents[3], check=False, text=True
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) is True
