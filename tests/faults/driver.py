"""An intake in a process of its own that kills itself at a chosen step: `python -m tests.faults.driver`.

Arguments: the package, then `<part>.<method>:<n>[:after]`: SIGKILL before (or right after) the nth call of that
method of the store, the catalogue, the vault or the log; `store.put@<text>` counts puts of keys with that text alone.
Nothing in the product knows of this: the parts are wrapped here and put together by `repository.runtime.assembled`.
"""

import os
import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from repository.catalogue.catalogue import open_catalogue
from repository.intake import Order, protocol_of, receive
from repository.runtime import Archive, assembled, secret_of, store_at
from repository.settings import from_environment, read_home
from storage.keys.ring import KeyRing


@dataclass(frozen=True)
class Death:
    """Where to die."""

    part: str
    method: str
    key: str
    call: int
    after: bool

    @classmethod
    def parse(cls, text: str) -> "Death":
        place, number, *rest = text.split(":")
        part, _, method = place.partition(".")
        method, _, key = method.partition("@")
        return cls(part, method, key, int(number), after=rest == ["after"])


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def deadly(part: object, death: Death) -> None:
    """`part` kills the process at its chosen call."""
    original: Callable[..., Any] = getattr(part, death.method)
    counting, calls = threading.Lock(), [0]

    def watched(*args: Any, **named: Any) -> Any:
        if death.key not in str(args[0] if args else ""):
            return original(*args, **named)
        with counting:
            calls[0] += 1
            mine = calls[0] == death.call
        if mine and not death.after:
            die()
        answer = original(*args, **named)
        if mine:
            die()
        return answer

    setattr(part, death.method, watched)


def deadly_commit(archive: Archive, death: Death) -> None:
    """Dies inside the nth transaction that writes, with all of it written and nothing of it committed."""
    engine = archive.catalogue._room.engine
    from sqlalchemy import event

    calls = [0]

    def before_commit(_connection: object) -> None:
        calls[0] += 1
        if calls[0] == death.call:
            die()

    event.listen(engine, "commit", before_commit)


def main() -> None:
    settings = from_environment(os.environ)
    home = read_home(settings.home)
    ring = KeyRing.load(settings.ring_path, secret=secret_of(settings))
    store, catalogue = store_at(home, settings), open_catalogue(home.catalogue)
    archive = assembled(home, settings, store=store, ring=ring, catalogue=catalogue)
    death = Death.parse(sys.argv[2])
    if death.part == "commit":
        deadly_commit(archive, death)
    elif death.part == "protocol":
        takeover = receive(archive, Order(Path(sys.argv[1])), progress=lambda _: None)
        die()
        sys.stdout.buffer.write(protocol_of(archive, takeover))
    else:
        deadly({"store": store, "catalogue": catalogue, "vault": archive.vault, "log": archive.log}[death.part], death)
    receive(archive, Order(Path(sys.argv[1])), progress=lambda _: None)


if __name__ == "__main__":
    main()
