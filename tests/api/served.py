"""An archive that is served over a real socket, and clients of it who are signed in."""

import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import uvicorn

from api.serving import configuration
from api.settings import HttpSettings
from repository.access.account_query import AccountQuery
from repository.access.purpose import Purpose
from repository.domain.takeover import Takeover
from repository.intake import Order, receive
from repository.people.sessions import Session
from repository.runtime import Archive, open_archive
from repository.samples.building import build_sample
from repository.settings import Settings
from tests.builders.homes import new_home
from tests.builders.staff import Staff, session_of
from tests.peers.plain_http import PLAIN

DOCTOR = Staff()
"""A doctor of the custodian, who may read what was taken over."""


@dataclass
class Served:
    """`url` has no slash at its end. The archive is the one that the server has open: look into it, and write to it."""

    url: str
    archive: Archive
    settings: Settings
    package: Path
    takeover: Takeover
    sessions: dict[str, Session] = field(default_factory=dict)

    def accounts(self) -> int:
        """How many there are. Not the number of the last: other deeds have numbers too."""
        return sum(1 for _ in self.archive.catalogue.accounts.every(AccountQuery()))

    def token(self, staff: Staff = DOCTOR) -> str:
        """The bearer token of `staff`; one account for each that is asked for."""
        name = f"{staff.kind.value}-{abs(hash(staff)):x}"[:60]
        if name not in self.sessions:
            self.sessions[name] = session_of(self.archive, staff, name=name)
        return self.sessions[name].token

    def client(
        self, staff: Staff | None = DOCTOR, *, purpose: Purpose | None = Purpose.TREATMENT, **more: str
    ) -> httpx.Client:
        """A client that is signed in as `staff` and asks for `purpose`; `more` are header fields, `_` for `-`."""
        headers: dict[str, str] = {name.replace("_", "-"): value for name, value in more.items()}
        if staff is not None:
            headers["Authorization"] = f"Bearer {self.token(staff)}"
        if purpose is not None:
            headers["EDM-Purpose"] = purpose.value
        return httpx.Client(base_url=self.url, headers=headers, timeout=60, trust_env=False, verify=PLAIN)


@contextmanager
def serving(archive: Archive, **settings: object) -> Iterator[str]:
    """The address at which `archive` is served by a server of this process, on a port of its own."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        chosen = HttpSettings(**({"port": listening.getsockname()[1]} | settings))  # type: ignore[arg-type]
        server = uvicorn.Server(configuration(archive, chosen))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, name="door")
        thread.start()
        try:
            while not server.started:
                thread.join(0.01)
                if not thread.is_alive():
                    raise RuntimeError("the server did not start")
            yield chosen.url
        finally:
            server.should_exit = True
            thread.join(30)


@contextmanager
def served_sample(
    folder: Path, *, catalogue: str = "", patients: int = 3, images: int = 4, **settings: object
) -> Iterator[Served]:
    """A sample package taken over by a new archive, which is served."""
    home = new_home(folder, catalogue=catalogue)
    package = folder / "package"
    build_sample(package, patients=patients, images=images)
    with open_archive(home) as archive:
        takeover = receive(archive, Order(package), progress=lambda _: None)
        with serving(archive, **settings) as url:
            yield Served(url, archive, home, package, takeover)


def problem(answer: httpx.Response) -> Mapping[str, object]:
    """The problem that the answer tells."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    found: Mapping[str, object] = answer.json()
    assert found["status"] == answer.status_code
    return found
