"""Modules and functions stay small, and files are named for what they do."""

import ast

from tests.architecture.sources import PARTS, modules, shown

LONGEST_MODULE = 500
LONGEST_FUNCTION = 40
BANNED = {"utils", "util", "helpers", "helper", "manager", "base", "common", "misc", "tools", "shared"}


def test_no_module_is_longer_than_the_hard_limit() -> None:
    lengths = {shown(path): len(path.read_text("utf-8").splitlines()) for path in modules()}
    assert {path: lines for path, lines in lengths.items() if lines > LONGEST_MODULE} == {}


def _length(path: str, node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines; of a verb of the command line those of its body, for its signature is the list of its options."""
    first = node.body[0].lineno if path.startswith("cli/") else node.lineno
    return (node.end_lineno or 0) - first + 1


def test_no_function_of_the_product_is_longer_than_forty_lines() -> None:
    long = {
        f"{shown(path)}:{node.lineno} {node.name}": _length(shown(path), node)
        for path in modules(*PARTS)
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and "/migrations/" not in shown(path)
        and _length(shown(path), node) > LONGEST_FUNCTION
    }
    assert long == {}


def test_no_module_is_a_drawer() -> None:
    names = {shown(path): {path.stem, *path.relative_to(path.anchor).parent.parts[-1:]} for path in modules(*PARTS)}
    assert [path for path, parts in names.items() if parts & BANNED] == []


def test_nothing_is_imported_from_the_future() -> None:
    offenders = [
        shown(path)
        for path in modules()
        for node in ast.parse(path.read_text("utf-8")).body
        if isinstance(node, ast.ImportFrom) and node.module == "__future__"
    ]
    assert offenders == []


def test_every_module_and_public_class_of_the_product_says_what_it_is() -> None:
    silent = []
    for path in modules(*PARTS):
        tree = ast.parse(path.read_text("utf-8"))
        if tree.body and not ast.get_docstring(tree):
            silent.append(shown(path))
    assert silent == []


def test_no_public_function_takes_more_than_three_parameters_by_place() -> None:
    """Counted without self and cls. Two is the rule; a third is for what is always said together."""
    offenders = []
    for path in modules(*PARTS):
        tree = ast.parse(path.read_text("utf-8"))
        for node in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)):
            named = [a.arg for a in node.args.posonlyargs + node.args.args if a.arg not in {"self", "cls"}]
            if len(named) > 3 and not node.name.startswith("_") and not _is_a_command(node):
                offenders.append(f"{shown(path)}:{node.lineno} {node.name}")
    assert offenders == []


def _is_a_command(node: ast.FunctionDef) -> bool:
    """typer gives parameters by name, whatever their kind."""
    return any(
        "command" in ast.unparse(decorator) or "callback" in ast.unparse(decorator) for decorator in node.decorator_list
    )
