"""A command that the demonstration shows is one that can be copied into a shell."""

import subprocess
from pathlib import Path

import pytest

DEMO = Path(__file__).resolve().parents[2] / "deploy" / "demo.sh"
SHOW = f"""eval "$(sed -n '/^typed() {{/,/^}}/p' '{DEMO}')"; typed "$@" """


def bash(program: str, *words: str, **environment: str) -> str:
    known = {"PATH": "/usr/bin:/bin"} | environment
    return subprocess.run(
        ["bash", "-euc", program, "bash", *words], env=known, capture_output=True, check=True
    ).stdout.decode()


@pytest.mark.parametrize("locale", ["C", "C.UTF-8"])
def test_what_is_shown_of_a_command_is_that_command_when_it_is_copied(locale: str) -> None:
    words = [
        "custody",
        "give",
        "--name",
        "Niepubliczny Zakład „Zdrowie” 'A' & \"B\"",
        "",
        "a=$HOME",
        "`x`",
        "*",
        "1.2^3",
    ]
    line = bash(SHOW, *words, LC_ALL=locale)
    assert bash(f"printf '%s\\0' {line}", LC_ALL=locale).split("\0") == [*words, ""]


def test_words_that_need_no_quotes_are_shown_without() -> None:
    plain = ["edm-archive", "takeover", "receive", "var/demo/package", "--custodian", "2.16.840^000000190353"]
    assert bash(SHOW, *plain) == " ".join(plain)
