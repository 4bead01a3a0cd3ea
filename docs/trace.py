"""Brings the last column of docs/requirements.md in step with the tests: `python docs/trace.py`, `--check` to compare.

The tests say by `@pytest.mark.requirement("R463-6.1")` what they show; this reads them without running them. It moves a
status between `planned` and `partly` when the first test appears or the last one goes; that a requirement is `shown`
whole is a judgement, and stays with people.
"""

import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TABLE = ROOT / "docs" / "requirements.md"
LINE = re.compile(r"^\| (?P<id>(?:R463|KRN)-[\d.]+) \| (?P<text>.*?) \| (?P<status>\w+) \| ?(?P<tests>.*?) ?\|$")


@dataclass(frozen=True, slots=True)
class Requirement:
    """One row. `tests` are node ids as pytest takes them, ascending."""

    id: str
    text: str
    status: str  # shown | partly | planned
    tests: tuple[str, ...]

    def __str__(self) -> str:
        tests = "<br>".join(f"`{test}`" for test in self.tests)
        return f"| {self.id} | {self.text} | {self.status} | {tests} |"


def read_table(text: str) -> list[Requirement]:
    matches = (LINE.match(line) for line in text.splitlines())
    return [
        Requirement(row["id"], row["text"], row["status"], tuple(re.findall(r"`([^`]+)`", row["tests"])))
        for row in matches
        if row
    ]


def marked_tests(folder: Path = ROOT / "tests") -> dict[str, tuple[str, ...]]:
    """Requirement → node ids of the tests that carry its marker, themselves or by their class or module."""
    found: dict[str, list[str]] = {}
    for file in sorted(folder.rglob("test_*.py")):
        tree = ast.parse(file.read_text("utf-8"), str(file))
        for test, requirements in _tests(tree, file.relative_to(folder.parent).as_posix()):
            for requirement in requirements:
                found.setdefault(requirement, []).append(test)
    return {requirement: tuple(sorted(set(tests))) for requirement, tests in found.items()}


def _tests(tree: ast.Module, path: str) -> Iterator[tuple[str, frozenset[str]]]:
    of_module = _module_marks(tree)
    for node in tree.body:
        if _is_test(node):
            yield f"{path}::{node.name}", of_module | _marks(node.decorator_list)
        elif isinstance(node, ast.ClassDef) and node.name.startswith("Test"):
            of_class = of_module | _marks(node.decorator_list)
            for method in node.body:
                if _is_test(method):
                    yield f"{path}::{node.name}::{method.name}", of_class | _marks(method.decorator_list)


def _is_test(node: ast.stmt) -> bool:
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")


def _module_marks(tree: ast.Module) -> frozenset[str]:
    for node in tree.body:
        if isinstance(node, ast.Assign) and any(getattr(t, "id", "") == "pytestmark" for t in node.targets):
            return _marks(node.value.elts if isinstance(node.value, ast.List | ast.Tuple) else [node.value])
    return frozenset()


def _marks(expressions: list[ast.expr]) -> frozenset[str]:
    """The literal arguments of every `pytest.mark.requirement(...)` among the expressions."""
    return frozenset(
        argument.value
        for call in expressions
        if isinstance(call, ast.Call) and ast.unparse(call.func) == "pytest.mark.requirement"
        for argument in call.args
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
    )


def traced(row: Requirement, marked: dict[str, tuple[str, ...]]) -> Requirement:
    tests = marked.get(row.id, ())
    status = "planned" if not tests else "partly" if row.status == "planned" else row.status
    return replace(row, tests=tests, status=status)


def renewed(text: str, marked: dict[str, tuple[str, ...]]) -> str:
    rows = {row.id: str(traced(row, marked)) for row in read_table(text)}
    lines = ((LINE.match(line), line) for line in text.splitlines())
    return "\n".join(rows[match["id"]] if match else line for match, line in lines) + "\n"


def main(arguments: list[str]) -> int:
    before, marked = TABLE.read_text("utf-8"), marked_tests()
    after = renewed(before, marked)
    unknown = sorted(marked.keys() - {row.id for row in read_table(before)})
    if unknown:
        print(f"tests name requirements that are not in the table: {', '.join(unknown)}")
    if "--check" in arguments:
        if after != before:
            print("docs/requirements.md is not what the tests say: run python docs/trace.py")
        return 1 if unknown or after != before else 0
    TABLE.write_text(after, "utf-8")
    return 1 if unknown else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
