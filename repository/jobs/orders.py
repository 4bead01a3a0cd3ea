"""Orders: what a person asked for with a package, in `HOME/orders/<fingerprint>.json`, until it is concluded.

A job carries ids only. The manifest beside a package, the hand-over data and the limits given with it are here, in a
file that its owner alone can read. It is written before anything else is done, under the package's fingerprint, so
that it is also the note of an intention: whoever finds an order without a job goes on with it (`enqueuing.recover`).
"""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from repository.intake import Order
from repository.jobs.errors import OrderDamaged, OrderNotKept
from repository.packages.guard import Limits
from repository.takeover.inscribing import handover_of_json, handover_to_json
from storage.errors import KeyRingMissing, KeyUnavailable, reason_of
from storage.keys.ring import read_private, write_private

FORMAT = "edm-archive order 1"
FOLDER = "orders"
SUFFIX = ".json"


class Orders:
    """The orders of one home folder."""

    def __init__(self, home: Path) -> None:
        self.folder = home / FOLDER

    def keep(self, fingerprint: str, order: Order) -> None:
        """`order` is durable; an order of the same package is replaced. Raises `OrderNotKept`."""
        value = {
            "format": FORMAT,
            "package": str(order.package.resolve()),
            "manifest": str(order.manifest.resolve()) if order.manifest else None,
            "given": handover_to_json(order.given) if order.given else None,
            "limits": asdict(order.limits),
            "edition": order.edition,
        }
        try:
            write_private(self._path(fingerprint), json.dumps(value, indent=1).encode() + b"\n")
        except OSError as error:
            raise OrderNotKept(path=str(self.folder), reason=reason_of(error)) from error

    def find(self, fingerprint: str) -> Order | None:
        """The order of a package; None if there is none. Raises `OrderDamaged`."""
        path = self._path(fingerprint)
        try:
            return _read(json.loads(read_private(path)))
        except KeyRingMissing:
            return None
        except (KeyUnavailable, ValueError, KeyError, TypeError, AttributeError) as error:
            raise OrderDamaged(path=str(path)) from error

    def drop(self, fingerprint: str) -> None:
        """There is no order of this package."""
        try:
            self._path(fingerprint).unlink(missing_ok=True)
        except OSError as error:
            raise OrderNotKept(path=str(self.folder), reason=reason_of(error)) from error

    def fingerprints(self) -> list[str]:
        """Of which packages there are orders."""
        try:
            return sorted(path.stem for path in self.folder.iterdir() if path.suffix == SUFFIX)
        except FileNotFoundError:
            return []

    @contextmanager
    def locked(self, *, wait: bool) -> Iterator[bool]:
        """While this is held no other process of this machine enqueues. Without `wait` it may give False."""
        try:
            self.folder.mkdir(mode=0o700, exist_ok=True)
            handle = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise OrderNotKept(path=str(self.folder), reason=reason_of(error)) from error
        try:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
            except BlockingIOError:
                yield False
                return
            yield True
        finally:
            os.close(handle)

    def _path(self, fingerprint: str) -> Path:
        return self.folder / f"{fingerprint}{SUFFIX}"


def _read(value: Any) -> Order:
    if value["format"] != FORMAT:
        raise ValueError("another format")
    return Order(
        package=Path(value["package"]),
        manifest=Path(value["manifest"]) if value["manifest"] else None,
        given=handover_of_json(value["given"]) if value["given"] else None,
        limits=Limits(**value["limits"]),
        edition=int(value["edition"]),
    )
