"""The README's "step by step", done as it says: every command, in order, from an archive that is made to its audit."""

import csv
import json
import re
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from tests.architecture.sources import ROOT
from tests.builders.pages import below
from tests.cli.running import command
from tests.journeys.following import Follower, settings_of
from tests.peers.processes import ended, free_port

STEPS = "Taking over a package, step by step"
LISTENING = "127.0.0.1:8042"


class Reader:
    """Who follows it, and what was learned on the way."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.http = folder, f"127.0.0.1:{free_port()}"
        settings = settings_of(folder) | {"EDM_ARCHIVE_HTTP_LISTEN": self.http}
        self.follower = Follower(self._values(), settings, {"First name": "Ewa", "Surname": "Lis"})

    def _values(self) -> dict[str, str | Callable[[], str]]:
        def custodian(field: str) -> str:
            return str(self._told("custody show ID")["custody"][-1][field])

        def number() -> str:
            found = self._told("custody show ID")["custody"][-1]["custodian"]
            return f"{found['root']}^{found['extension']}"

        return {
            "/srv/edm-archive": str(self.folder / "srv" / "edm-archive"),
            "/etc/edm-archive/key": str(self.folder / "etc" / "edm-archive" / "key"),
            "/tmp/package": str(self.folder / "package"),
            "/tmp/damaged": str(self.folder / "damaged"),
            "/media/usb/package": str(self.folder / "usb" / "package"),
            "protocol.html": str(self.folder / "protocol.html"),
            "protocol.json": str(self.folder / "protocol.json"),
            "ID": lambda: str(self._told("takeover list")["takeovers"][0]["id"]),
            "NAME": "e.lis",
            "DOCTOR": "j.lekarski",
            "CUSTODIAN": lambda: custodian("name"),
            "NUMBER": number,
            "PATIENT": self._patient,
            "WHAT": self._what,
            "DEST": str(self.folder / "out"),
            "FILE": lambda: self._given("*[!f]"),
            "FILE.tlog-proof": lambda: self._given("*.tlog-proof"),
        }

    def _told(self, verb: str) -> Any:
        return json.loads(self.follower.run(f"edm-archive {verb} --json").stdout)

    def _patient(self) -> str:
        with (self.folder / "usb" / "package" / "metadata" / "patients.csv").open(encoding="utf-8") as file:
            return next(csv.DictReader(file))["pesel"]

    def _what(self) -> str:
        found = self.follower.run("edm-archive search --purpose treatment --patient-id PATIENT --level document --json")
        return str(json.loads(found.stdout)["levels"]["document"]["hits"][0]["what"])

    def _given(self, pattern: str) -> str:
        (found,) = (self.folder / "out").glob(pattern)
        return str(found)

    def does(self, line: str) -> str:
        """What the command showed. One that asks is answered."""
        if line.startswith("export "):
            self.follower.export(line)
            return ""
        if line.startswith("curl "):
            with urlopen(line.split()[1].replace(LISTENING, self.http), timeout=30) as answer:
                return str(answer.read(), "utf-8")
        if re.match(r"edm-archive user (accept|sign-in) ", line):
            return self.follower.at_a_terminal(line)
        shown = self.follower.run(line).stdout
        if code := re.search(r"(?:[A-Z2-9]{4}-){7}[A-Z2-9]{4}", shown):
            self.follower.answers["Invitation code"] = code[0]
        return shown


@contextmanager
def serving(reader: Reader) -> Iterator[None]:
    """`edm-archive serve`, until Ctrl-C."""
    with (reader.folder / "serve.log").open("wb") as log:
        running = subprocess.Popen(
            command("serve"), env=reader.follower.environment(), stdout=subprocess.PIPE, stderr=log
        )
    with ended(running, within=60):
        assert running.stdout is not None
        assert reader.http.encode() in running.stdout.readline(), (reader.folder / "serve.log").read_text()
        yield


def test_the_steps_of_the_readme_lead_from_nothing_to_a_proof_and_an_audit(tmp_path: Path) -> None:
    reader = Reader(tmp_path)
    reader.follower.run("edm-archive sample /media/usb/package --seed 5")
    shown: dict[str, str] = {}
    lines = [line for block in below(ROOT / "README.md", STEPS) for line in block.lines]
    at = lines.index("edm-archive serve")
    for line in lines[:at]:
        shown[line] = reader.does(line)
    with serving(reader):
        for line in lines[at + 1 :]:
            shown[line] = reader.does(line)
    assert reader.follower.unused() == set()
    told = [
        ("edm-archive takeover receive /media/usb/package", "accepted without exception"),
        ("edm-archive takeover statement ID", "The statement balances to zero."),
        ("edm-archive verify --level opened", "The archive is whole."),
        ("edm-archive get WHAT DEST --purpose treatment", "Given out: 1 files"),
        ("edm-archive proof check FILE FILE.tlog-proof --key-file $EDM_ARCHIVE_HOME/log.pub", "The proof holds."),
        ("edm-archive audit who-looked PATIENT", "Lekarski"),
        ("edm-archive audit completeness", "without an account: 0"),
        ("curl http://127.0.0.1:8042/v1/ready", "ready"),
    ]
    for line, words in told:
        assert words in shown[line], shown[line]
    assert "<html" in (tmp_path / "protocol.html").read_text("utf-8")
