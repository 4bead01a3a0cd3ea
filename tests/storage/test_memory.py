"""Freed memory is kept where the C library can be told to; what is there at the start is not looked through again."""

import platform
import subprocess
import sys

import pytest

FAULTS = """
import resource, sys
from storage.memory import keep_freed_memory
if sys.argv[1] == "keep":
    assert keep_freed_memory()
def churn():
    for size in range(300):
        bytes((1 << 20) + size).find(b"x")
churn()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
churn()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc can be told")
def test_freed_buffers_are_used_again_instead_of_faulted_in() -> None:
    run = [sys.executable, "-c", FAULTS, "keep"]
    assert int(subprocess.run(run, check=True, capture_output=True, text=True).stdout) < 5_000


SETTLED = """
import gc
from storage.memory import settle
class Ring: pass
there = [[] for _ in range(20_000)]
ring = Ring(); ring.self = ring
del ring
settle()
assert not any(isinstance(each, Ring) for each in gc.get_objects())
assert gc.get_freeze_count() > 20_000
made = [[] for _ in range(5_000)]
print(len(gc.get_objects(generation=0)) >= 5_000)
"""


def test_what_is_there_at_the_start_is_not_looked_through_again() -> None:
    told = subprocess.run([sys.executable, "-c", SETTLED], check=True, capture_output=True, text=True).stdout
    assert told.strip() == "True"
