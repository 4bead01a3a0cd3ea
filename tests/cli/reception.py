"""A machine at which people are invited, accept and sign in."""

import json
from typing import Any

from typer.testing import Result

from cli import identity
from repository.people import totp
from tests.builders.catalogues import place_empty_catalogue
from tests.builders.people import PASSWORD, secret_of
from tests.cli.invoking import invoked
from tests.cli.running import Machine

OTHER = "cztery psy pod mostem"


class Desk:
    """A machine with an archive, the clock of everybody in it, and what people type."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.file = machine.folder / "config" / "session"
        machine.more = {identity.VARIABLE: str(self.file)}
        place_empty_catalogue(machine.home)
        self.invitation = machine.json("init", "--key-file", machine.key)["invitation"]["code"]
        self.secrets: dict[str, bytes] = {}
        self.steps: dict[str, int] = {}

    def typing(self, *words: object, lines: tuple[str, ...] = (), code: int = 0) -> Result:
        result = invoked(words, env=self.machine.environment, input="".join(f"{line}\n" for line in lines))
        assert "Traceback" not in result.output
        assert result.exit_code == code, result.output
        return result

    def json(self, *words: object, lines: tuple[str, ...] = (), code: int = 0) -> Any:
        return json.loads(self.typing(*words, "--json", lines=lines, code=code).stdout)

    def accepted(self, name: str, invitation: str, *words: str) -> None:
        done = self.json("user", "accept", name, "--no-confirm", *words, lines=(invitation, PASSWORD))
        self.secrets[name] = secret_of(done["otpauth"]) if done["otpauth"] else b""

    def code(self, name: str) -> str:
        """One that was not shown before: of this step, or of the next one, which is accepted as well."""
        from repository.clock import now

        self.steps[name] = max(totp.step_at(now()), self.steps.get(name, 0) + 1)
        return totp.code_at(self.secrets[name], self.steps[name]) if self.secrets[name] else ""

    def signed_in(self, name: str) -> dict[str, Any]:
        done: dict[str, Any] = self.json("user", "sign-in", name, lines=(PASSWORD, self.code(name)))
        return done

    def boss(self) -> None:
        self.accepted("boss", self.invitation, "--given-name", "Ewa", "--surname", "Lis")
        self.signed_in("boss")

    def invited(self, *words: str, kind: str = "medical-worker") -> str:
        who = ("--given-name", "Ada", "--surname", "Nowak", *words)
        code: str = self.json("user", "invite", "--kind", kind, *who)["code"]
        return code
