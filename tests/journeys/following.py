"""Somebody who follows a page: its commands in their order, as they stand there, on a machine with nothing on it.

Only what a page leaves open (ID, NAME, a folder outside of the test's) is replaced, by a table that each test gives. A
word in capitals that the table does not know is an error, and so is an entry that nothing needed.
"""

import base64
import os
import pty
import re
import shlex
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from string import Template
from urllib.parse import parse_qs, urlsplit

from typer.testing import Result

from repository.clock import now
from repository.people import totp
from tests.builders.people import PASSWORD
from tests.cli.invoking import invoked
from tests.cli.running import clean_environment, command

Value = str | Callable[[], str]
_OPEN = re.compile(r"[A-Z]{2,}(-[A-Z]+)*")
_ASKED = re.compile(rb"([^\n]+): $")


@dataclass
class Follower:
    """`values`: what stands for words of the page; `settings`: the environment as the page's exports leave it;
    `answers`: what is typed at questions that begin so."""

    values: Mapping[str, Value]
    settings: dict[str, str]
    answers: dict[str, str] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)
    _secrets: dict[str, bytes] = field(default_factory=dict)
    _steps: dict[str, int] = field(default_factory=dict)

    def words(self, line: str) -> list[str]:
        """Of a command of the page, filled in."""
        return [self._filled(word) for word in shlex.split(line, comments=True)]

    def export(self, line: str) -> None:
        """Settings that an `export` of the page makes."""
        for word in shlex.split(line)[1:]:
            name, _, value = word.partition("=")
            self.settings[name] = self._filled(value)

    def run(self, line: str, *, code: int = 0) -> Result:
        """A command of the program, in this process."""
        cleared: dict[str, str | None] = {name: None for name in os.environ if name.startswith("EDM_ARCHIVE_")}
        done = invoked(self.words(line)[1:], env=cleared | self.settings)
        assert done.exit_code == code, f"{line}\n{done.output}"
        return done

    def at_a_terminal(self, line: str) -> str:
        """A command that asks, in a process of its own; what was shown. Codes are shown by a device of their person."""
        words = self.words(line)
        ours, theirs = pty.openpty()
        running = subprocess.Popen(
            command(*words[1:]), env=self.environment(), stdin=theirs, stdout=theirs, stderr=theirs,
            start_new_session=True,
        )  # fmt: skip
        os.close(theirs)
        shown, answered = b"", 0
        try:
            while part := os.read(ours, 4096):
                shown += part
                if asked := _ASKED.search(shown[answered:]):
                    answered = len(shown)
                    os.write(ours, self._answer(asked[1].decode(), words[-1], shown).encode() + b"\n")
        except OSError:
            pass  # Linux: the other end was closed
        finally:
            os.close(ours)
        assert running.wait(60) == 0, shown.decode()
        return shown.decode()

    def environment(self) -> dict[str, str]:
        """For processes."""
        return clean_environment() | self.settings

    def unused(self) -> set[str]:
        """Entries of the table that no command had."""
        return set(self.values) - self.used

    def _filled(self, word: str) -> str:
        if word in self.values:
            self.used.add(word)
            value = self.values[word]
            return value if isinstance(value, str) else value()
        assert not _OPEN.fullmatch(word), f"nothing is known of {word}"
        return Template(word).safe_substitute(self.settings)

    def _answer(self, question: str, name: str, shown: bytes) -> str:
        if question.startswith("Code"):
            return self._code(name, shown)
        if "assword" in question:
            return PASSWORD
        return next(answer for known, answer in self.answers.items() if question.startswith(known))

    def _code(self, name: str, shown: bytes) -> str:
        """One that was not shown before: codes of the step before this one and of the next one count as well."""
        if found := re.search(rb"otpauth://\S+", shown):
            secret = parse_qs(urlsplit(found[0].decode()).query)["secret"][0]
            self._secrets[name] = base64.b32decode(secret + "=" * (-len(secret) % 8))
        self._steps[name] = max(totp.step_at(now()) - 1, self._steps.get(name, 0) + 1)
        return totp.code_at(self._secrets[name], self._steps[name])


def settings_of(folder: Path) -> dict[str, str]:
    """What a test's machine has beside what a page says."""
    return {
        "EDM_ARCHIVE_LANG": "en",
        "EDM_ARCHIVE_WORKERS": "2",
        "EDM_ARCHIVE_SESSION_FILE": str(folder / "session"),
        "PATH": os.environ["PATH"],
    }
