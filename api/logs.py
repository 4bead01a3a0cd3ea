"""What the door says in logs: request ids, routes, statuses, kinds of errors; never a word that a caller sent.

Texts of unforeseen errors may repeat what was being worked on, a patient's number say. So an error is told by its kind
and by the places in the program that it came through, and no library's own line about one is let out as it is.
"""

import logging
import sys
from pathlib import Path
from traceback import extract_tb
from typing import TextIO

_MOST_PLACES = 12
OURS = ("api", "dicom_gateway", "repository", "storage", "cli")
THEIRS = ("uvicorn.error", "uvicorn", "asyncio", "concurrent.futures")


def shown(error: BaseException) -> str:
    """`KeyError at api/a.py:12, repository/b.py:30`, the innermost place last."""
    frames = extract_tb(error.__traceback__)[-_MOST_PLACES:]
    places = ", ".join(f"{'/'.join(Path(each.filename).parts[-3:])}:{each.lineno}" for each in frames)
    return f"{type(error).__name__} at {places}" if places else type(error).__name__


class Discreet(logging.Filter):
    """Lines of libraries: an error in them is told as `shown` tells it, and what is put into them is left out."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if isinstance(record.exc_info, tuple) else None
        words = record.msg.splitlines()[0] if isinstance(record.msg, str) and record.msg.strip() else "an error"
        if record.name == "asyncio":
            words = "the event loop reports"  # its lines name what waited, which may be anything
        record.msg = f"{words}: {shown(error)}" if error is not None else words
        record.args, record.exc_info, record.exc_text, record.stack_info = (), None, None, None
        return True


def discreet() -> None:
    """From now on no library that serves says more than `Discreet` lets it. Once is enough; again changes nothing."""
    for name in THEIRS:
        logger = logging.getLogger(name)
        if not any(isinstance(each, Discreet) for each in logger.filters):
            logger.addFilter(Discreet())


def log_to(stream: TextIO = sys.stderr, *, level: int = logging.INFO) -> None:
    """Our lines from `level` on, and warnings of all others, go to `stream`; the root level stays at warning, since
    libraries would say statements and values below it."""
    # What the lines below do not tell is not looked up for each of them: half of what a line took.
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    logging.getLogger().addHandler(handler)
    for name in OURS:
        logging.getLogger(name).setLevel(level)
    discreet()
