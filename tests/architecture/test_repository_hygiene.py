"""The project speaks of the product alone, and its locks agree with each other."""

import re
import tomllib

import pytest

from tests.architecture.sources import ROOT, files_of_the_project, shown

# Put together from halves, so that this file does not hold what it looks for.
INDEX_HOSTS = tuple("".join(halves) for halves in (("py", "pi.org"), ("python", "hosted.org"), ("deb.deb", "ian.org")))
PLACES = tuple("".join(halves) for halves in (("/wo", "rk/"), ("/ro", "ot/"), ("/ho", "me/")))
LOCKED = re.compile(r"^([a-z0-9][a-z0-9._-]*)==([^ ;\\]+)", re.MULTILINE)


@pytest.mark.parametrize("unwanted", [*INDEX_HOSTS, *PLACES])
def test_no_file_names_a_package_index_or_a_place_on_somebodys_machine(unwanted: str) -> None:
    files = files_of_the_project()
    assert ROOT / "pyproject.toml" in files
    assert [shown(path) for path in files if unwanted.encode() in path.read_bytes()] == []


def lock(name: str) -> dict[str, set[str]]:
    """The versions of each: more than one where they are for different Pythons."""
    found: dict[str, set[str]] = {}
    for package, version in LOCKED.findall((ROOT / "requirements" / name).read_text("utf-8")):
        found.setdefault(package, set()).add(version)
    return found


def test_the_locks_agree_on_every_version() -> None:
    run, build, dev = lock("run.txt"), lock("build.txt"), lock("dev.txt")
    assert len(run) > 20
    assert set(build) == {"setuptools"}
    assert {name: versions for name, versions in (run | build).items() if dev.get(name) != versions} == {}


def test_every_locked_file_has_a_digest() -> None:
    for name in ("run.txt", "build.txt", "dev.txt"):
        text = (ROOT / "requirements" / name).read_text("utf-8")
        entries = [each for each in re.split(r"\n(?=[a-z0-9])", text) if LOCKED.match(each)]
        assert len(entries) == sum(map(len, lock(name).values())) > 0
        assert [each.split("\n", 1)[0] for each in entries if "--hash=sha256:" not in each] == []


def test_every_dependency_of_the_project_is_locked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = project["optional-dependencies"]
    assert named(project["dependencies"]) - lock("run.txt").keys() == set()
    assert named([*extras["dev"], *extras["pixels"]]) - {project["name"]} - lock("dev.txt").keys() == set()


def named(requirements: list[str]) -> set[str]:
    """The names of what is required, as the locks spell them."""
    return {re.split(r"[\[<>=;]", line, maxsplit=1)[0].strip().replace(".", "-") for line in requirements}


def test_scripts_can_be_run() -> None:
    scripts = [ROOT / ".ci" / "run", *sorted((ROOT / "deploy").glob("*.sh"))]
    assert len(scripts) >= 4
    assert [shown(script) for script in scripts if not script.stat().st_mode & 0o111] == []
    assert [shown(script) for script in scripts if "set -euo pipefail" not in script.read_text("utf-8")] == []


def test_the_root_holds_what_the_plan_names_and_nothing_that_a_run_left() -> None:
    papers = {"CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "README.md", "SECURITY.md"}
    rooms = {"api", "benchmarks", "cli", "deploy", "dicom_gateway", "docs", "repository", "storage", "tests"}
    expected = papers | rooms | {".ci", ".gitignore", "Makefile", "pyproject.toml", "requirements"}
    assert {path.relative_to(ROOT).parts[0] for path in files_of_the_project()} == expected
