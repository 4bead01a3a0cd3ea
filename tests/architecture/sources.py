"""The project's own files, as its tests of architecture see them."""

import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PARTS = ("storage", "repository", "api", "dicom_gateway", "cli")
NOT_OURS = {".venv", ".git", "var", "build", "__pycache__", ".mypy_cache", ".ruff_cache", ".hypothesis"}


def files_of_the_project() -> list[Path]:
    """What git tracks or would track; every file below the root where this is no git work tree."""
    asked = ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    answer = subprocess.run(asked, capture_output=True, check=False)
    if answer.returncode == 0 and answer.stdout:
        names = answer.stdout.decode().split("\0")
        return sorted(ROOT / name for name in names if name and (ROOT / name).is_file())
    found = (path for path in ROOT.rglob("*") if not NOT_OURS & set(path.relative_to(ROOT).parts))
    return sorted(path for path in found if path.is_file() and ".egg-info" not in str(path))


def modules(*folders: str) -> list[Path]:
    """Python files below the named folders, or all of the project."""
    inside = tuple(ROOT / folder for folder in folders) or (ROOT,)
    found = [
        path
        for path in files_of_the_project()
        if path.suffix == ".py" and any(path.is_relative_to(folder) for folder in inside)
    ]
    assert found, "rules are kept by nobody where there is nothing"
    return found


def shown(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()
