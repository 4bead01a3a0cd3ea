"""How memory is given back: an archive passes many buffers of about a megabyte, each used once, and makes thousands of
small objects for one answer.

By default glibc maps such a buffer freshly from the kernel and returns it when it is freed. Every page of it is then
zeroed and faulted in anew: some 30,000 faults for taking over 400 files of 512 KiB, and a tenth of the time (0.67 s
with freed memory kept, 0.75 s without; 2 cores, medians of eight, single runs spread by a quarter).
"""

import ctypes
import gc

_TRIM_THRESHOLD, _TOP_PAD, _MMAP_THRESHOLD = -1, -2, -3  # malloc.h of glibc


def keep_freed_memory() -> bool:
    """Freed buffers of up to 64 MiB are used again by this process. False where the C library is not glibc."""
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError):
        return False
    limits = ((_MMAP_THRESHOLD, 64 << 20), (_TRIM_THRESHOLD, 256 << 20), (_TOP_PAD, 16 << 20))
    return all(mallopt(name, size) == 1 for name, size in limits)


def settle() -> None:
    """What there is now stays: the search for cycles leaves it out from now on, and looks ten times less often at what
    comes. For a process that has started and will answer.

    A study of a thousand images makes some 60,000 objects, none of them in a cycle: looking for one took a fifth of the
    time of its answer.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 10, 10)
