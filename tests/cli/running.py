"""An archive of its own for a test, and the command line over it."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from typer.testing import Result

from tests.builders.catalogues import place_empty_catalogue
from tests.cli.invoking import invoked

ROOT = Path(__file__).resolve().parents[2]
LOCALE = ("LC_ALL", "LC_MESSAGES", "LANG")


@dataclass
class Machine:
    """One place with an archive; `run` is a command in this process, `spawn` one in another."""

    folder: Path
    more: dict[str, str] = field(default_factory=dict)

    @property
    def home(self) -> Path:
        return self.folder / "home"

    @property
    def key(self) -> Path:
        return self.folder / "key"

    @property
    def environment(self) -> dict[str, str]:
        named = {"EDM_ARCHIVE_HOME": str(self.home), "EDM_ARCHIVE_KEY_FILE": str(self.key), "EDM_ARCHIVE_LANG": "en"}
        return named | {"EDM_ARCHIVE_WORKERS": "2"} | self.more

    def run(self, *words: object, env: Mapping[str, str | None] | None = None) -> Result:
        cleared: dict[str, str | None] = {name: None for name in (*LOCALE, *os.environ) if _ours(name)}
        result = invoked(words, env={**cleared, **self.environment, **(env or {})})
        assert "Traceback" not in result.output
        return result

    def done(self, *words: object, code: int = 0) -> Result:
        result = self.run(*words)
        assert result.exit_code == code, result.output
        return result

    def json(self, *words: object, code: int = 0) -> Any:
        return json.loads(self.done(*words, "--json", code=code).stdout)

    def spawn(self, *words: object, **kwargs: Any) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(command(*words), env=self.child_environment(), capture_output=True, check=False, **kwargs)

    def child_environment(self) -> dict[str, str]:
        return clean_environment() | self.environment

    def founded(self) -> "Machine":
        """With an archive, whose catalogue `init` found empty where it would have made one."""
        place_empty_catalogue(self.home)
        self.done("init", "--key-file", self.key)
        return self

    def sample(self, name: str = "package", *options: object) -> Path:
        package = self.folder / name
        self.done("sample", package, *options)
        return package

    def flip_byte(self, *, of_takeover: str, at: int = -200) -> Path:
        """One byte of the largest stored object is another one."""
        objects = sorted((self.home / "objects").rglob(f"takeovers/{of_takeover}/*"), key=lambda p: p.stat().st_size)
        content = bytearray(objects[-1].read_bytes())
        content[at] ^= 1
        objects[-1].chmod(0o600)
        objects[-1].write_bytes(bytes(content))
        return objects[-1]


def command(*words: object) -> list[str]:
    return [sys.executable, "-m", "cli.main", *map(str, words)]


def clean_environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not _ours(name)}
    return kept | {"PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error"}


def _ours(name: str) -> bool:
    return name.startswith("EDM_ARCHIVE_") or name in LOCALE
