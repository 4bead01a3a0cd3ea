"""Verbs are imported when they are asked for, and not before: whoever asks for one waits for no other."""

import subprocess
import sys
from pathlib import Path

import pytest

from cli.verbs import NAMES, Verbs
from tests.cli.running import clean_environment

LOADED = """
import sys
from cli.main import main
try:
    main()
finally:
    print(*sorted(name for name in sys.modules if name.startswith("cli.")), file=sys.stderr)
"""


@pytest.mark.parametrize(("words", "verb"), [(("--version",), ""), (("proof", "--help"), "proof")])
def test_one_verb_is_imported_without_the_others(words: tuple[str, ...], verb: str, tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", LOADED, *words], cwd=tmp_path, env=clean_environment(), capture_output=True, check=True
    )
    loaded = {name.removeprefix("cli.") for name in ran.stderr.decode().split()}
    assert "verbs" in loaded
    assert loaded & {*NAMES} == {verb} - {""}


def test_what_is_no_verb_is_not_looked_for_among_the_modules() -> None:
    verbs = Verbs()
    assert "screen" not in verbs  # a module of the command, and none of its verbs
    with pytest.raises(KeyError):
        verbs["screen"]
    assert list(verbs) == [*NAMES]
    assert {name: verbs[name].name for name in verbs} == {name: name for name in NAMES}
