"""Bytes leave by one way: warrants are made where accounts are written, and only a few modules open members."""

import ast

from tests.architecture.sources import PARTS, modules, shown

MAKES_WARRANTS = {"repository/opening.py", "storage/warrants.py"}
OPENS_MEMBERS = {
    "repository/intake.py",  # DICOMDIRs, compared with what was kept
    "repository/settling.py",  # the consents that came with a package
    "repository/headers/making.py",
    "repository/headers/telling.py",
    "repository/imaging.py",
    "repository/streaming.py",
    "repository/upkeep/checking.py",
    "storage/vault.py",
}


def _called(tree: ast.AST) -> set[str]:
    """What a module calls: `name`, or `owner.name` where the owner is itself a name or an attribute."""
    called = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            called.add(node.func.id)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            owner = node.func.value
            before = owner.id if isinstance(owner, ast.Name) else owner.attr if isinstance(owner, ast.Attribute) else ""
            called |= {node.func.attr, f"{before.lstrip('_')}.{node.func.attr}"}
    return called


def _who_calls(*names: str) -> set[str]:
    every = modules(*PARTS)
    return {shown(path) for path in every if _called(ast.parse(path.read_text("utf-8"))) & set(names)}


def test_only_the_decision_point_makes_warrants() -> None:
    assert _who_calls("Warrant") == MAKES_WARRANTS


def test_members_are_opened_in_a_few_known_places() -> None:
    opening = _who_calls("vault.open", "vault.open_range", "vault.sha256_opened", "open_whole", "sha256_opened")
    assert {path for path in opening if not path.startswith("storage/sealing/")} == OPENS_MEMBERS
