"""The entry point of the command. To import what a verb needs takes 0.1 to 0.4 s: whoever presses Ctrl-C meanwhile is
not shown where Python was. Nothing has begun then, and so nothing is said."""

import os
import signal
import sys

INTERRUPTED, TERMINATED = 130, 143  # as cli.failures has them, which is not imported yet


def main() -> None:
    """`cli.main.main`, and an end without a word for an interruption before or after it."""
    ours = signal.getsignal(signal.SIGINT) is signal.default_int_handler  # not where it is ignored, as behind `&`
    if ours:
        signal.signal(signal.SIGINT, _leave)
    from cli.main import main as run

    if ours:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        run()
    except KeyboardInterrupt as stopped:
        sys.exit(INTERRUPTED if type(stopped) is KeyboardInterrupt else TERMINATED)


def _leave(*_: object) -> None:
    """At once: raised in the middle of an import, it might be taken for a fault of that import."""
    os._exit(INTERRUPTED)
