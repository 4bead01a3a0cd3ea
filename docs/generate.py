"""Renders docs/errors.md, docs/findings.md and the tables of docs/conformance.md from the code.

`python docs/generate.py`, with `--check` to compare only.

What the product can say stands once, beside the class or the rule that says it; these pages are copies for readers.
"""

import importlib
import inspect
import pkgutil
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PARTS = ("storage", "repository", "api", "dicom_gateway", "cli")

ERRORS_HEAD = """\
# Errors

Made by `docs/generate.py` from the classes; do not edit. Codes are stable: a script may rely on a code and on the exit
code, never on the words. Words in braces are filled in from the case at hand and hold no personal data.
"""
FINDINGS_HEAD = """\
# Findings

Made by `docs/generate.py` from `repository/findings/codes/`; do not edit. A finding is an observation about an item or
a package. It never stops a takeover: the item is kept as it came, or the statement names it.
"""


def all_modules() -> Iterator[str]:
    """Names of every module of the product, without those that run when imported: entry points and migrations."""
    for part in PARTS:
        yield part
        for module in pkgutil.walk_packages([str(ROOT / part)], f"{part}."):
            if not module.name.endswith("__main__") and ".migrations." not in module.name:
                yield module.name


def error_classes() -> list[type]:
    """Every class below `ArchiveError` that says something, in order of code; groups without words are left out."""
    for name in all_modules():
        importlib.import_module(name)
    from storage.errors import ArchiveError

    found: dict[str, type] = {}
    waiting: list[type] = [ArchiveError]
    while waiting:
        error = waiting.pop()
        waiting.extend(error.__subclasses__())
        if hasattr(error, "what") and error.__module__.split(".")[0] in PARTS:
            found[f"{error.__module__}.{error.__qualname__}"] = error
    return sorted(found.values(), key=lambda error: (error.code, error.__module__, error.__qualname__))


def errors_page() -> str:
    lines = [ERRORS_HEAD]
    for error in error_classes():
        again = "; the same command may be run again at once" if error.retryable else ""
        lines += [
            f"## {error.code} {error.__name__}",
            "",
            f"Exit code {error.exit_code}{again}. `{error.__module__}`",
            "",
            "| | English | polski |",
            "|---|---|---|",
            row("what happened", error.what.en, error.what.pl),
            row("what was not lost", error.kept.en, error.kept.pl),
            row("what to do", error.todo.en, error.todo.pl),
            "",
        ]
    return "\n".join(lines)


def findings_page() -> str:
    from repository.findings import rules

    lines = [FINDINGS_HEAD, "| code | severity | English | polski |", "|---|---|---|---|"]
    lines += [row(code, rule.severity.value, rule.en, rule.pl) for code, rule in sorted(rules().items())]
    return "\n".join(lines) + "\n"


def row(*cells: str) -> str:
    return f"| {' | '.join(inspect.cleandoc(cell).replace('|', '&#124;') for cell in cells)} |"


def pages() -> dict[Path, str]:
    from docs import conforming

    made = {ROOT / "docs" / "errors.md": errors_page(), ROOT / "docs" / "findings.md": findings_page()}
    return made | {conforming.PAGE: conforming.page()}


def main(arguments: list[str]) -> int:
    stale = [(path, text) for path, text in pages().items() if not path.is_file() or path.read_text("utf-8") != text]
    for path, text in stale:
        if "--check" in arguments:
            print(f"{path.relative_to(ROOT)} is not what the code says: run python docs/generate.py")
        else:
            path.write_text(text, "utf-8")
            print(f"wrote {path.relative_to(ROOT)}")
    return 1 if stale and "--check" in arguments else 0


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    sys.exit(main(sys.argv[1:]))
