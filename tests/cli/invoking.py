"""The command line in this process, as often as a test likes.

The tree of all verbs is built once, as in a process of its own: to build it takes longer than most verbs take to run,
and typer's own runner builds it anew for every command.
"""

import sys
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import typer
from typer.testing import CliRunner, Result

from cli.main import NAME, app


def invoked(
    words: Sequence[object],
    *,
    env: Mapping[str, str | None],
    input: str | None = None,  # noqa: A002  typer's runner calls it so
    program: typer.Typer = app,
) -> Result:
    """What came of a command with these changes to the environment; an error that no verb catches is the test's."""
    runner = CliRunner(env=env)
    code: object = None
    with runner.isolation(input=input) as (out, err, both):
        try:
            _tree(program).main(args=[str(word) for word in words], prog_name=NAME)
        except SystemExit as ended:
            code = ended.code
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
        shown = out.getvalue(), err.getvalue(), both.getvalue()
    assert isinstance(code, int), code
    return Result(runner, *shown, return_value=None, exit_code=code, exception=None)


@cache
def _tree(program: typer.Typer) -> Any:
    return typer.main.get_command(program)
