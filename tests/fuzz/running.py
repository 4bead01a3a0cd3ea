"""Starting a harness under libFuzzer: it ends by itself after `-max_total_time` or `-runs`, and finds no leaks here."""

from collections.abc import Callable

import atheris


def run(one: Callable[[bytes], None], arguments: list[str]) -> None:
    """Never returns: libFuzzer ends the process, with 0 where nothing was found."""
    atheris.Setup([*arguments, "-detect_leaks=0"], one)
    atheris.Fuzz()
