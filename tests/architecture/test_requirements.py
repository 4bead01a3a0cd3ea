"""docs/requirements.md and the tests say the same of each other."""

import re
from pathlib import Path

import pytest

from docs import trace
from tests.builders.shared import shared

BOLD_ID = re.compile(r"\*\*(?:(R463|KRN)-)?(\d+(?:\.\d+)*(?:/\d+(?:\.\d+)*)*)\*\*")


def table() -> list[trace.Requirement]:
    return trace.read_table(trace.TABLE.read_text("utf-8"))


def ids_of_the_reference(text: str) -> set[str]:
    """Every requirement set in bold in section 1; a bare `**7.2**` continues the family of its line."""
    found = set()
    for line in text[text.index("## 1. ") : text.index("## 2. ")].splitlines():
        family = ""
        for match in BOLD_ID.finditer(line):
            family = match[1] or family
            if family:
                found |= {f"{family}-{part}" for part in match[2].split("/")}
    return found


def test_every_marker_names_a_requirement_of_the_table() -> None:
    assert trace.marked_tests().keys() - {row.id for row in table()} == set()


def test_the_table_names_exactly_the_tests_that_carry_a_marker() -> None:
    text = trace.TABLE.read_text("utf-8")
    assert text == trace.renewed(text, trace.marked_tests()), "run python docs/trace.py"


def test_what_is_shown_has_tests_and_what_is_planned_has_none() -> None:
    for row in table():
        assert row.status in {"shown", "partly", "planned"}, row.id
        assert bool(row.tests) == (row.status != "planned"), row.id


def test_no_line_is_there_twice_or_cannot_be_read() -> None:
    rows = [line for line in trace.TABLE.read_text("utf-8").splitlines() if re.match(r"\| (R463|KRN)", line)]
    assert len(rows) == len({row.id for row in table()}) >= 64


def test_every_requirement_of_the_reference_is_in_the_table() -> None:
    wanted = ids_of_the_reference(shared("reference", "polish-edm.md").read_text("utf-8"))
    assert len(wanted) > 50
    assert wanted - {row.id for row in table()} == set()


def test_markers_are_found_on_functions_classes_and_modules(tmp_path: Path) -> None:
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_one.py").write_text(
        "import pytest\n"
        "pytestmark = [pytest.mark.requirement('KRN-4'), pytest.mark.peers]\n"
        "@pytest.mark.requirement('R463-1.1', 'R463-1.2')\n"
        "def test_a(): ...\n"
        "class TestB:\n"
        "    @pytest.mark.requirement('R463-1.2')\n"
        "    def test_c(self): ...\n"
    )
    found = trace.marked_tests(tmp_path / "tests")
    assert found == {
        "KRN-4": ("tests/test_one.py::TestB::test_c", "tests/test_one.py::test_a"),
        "R463-1.1": ("tests/test_one.py::test_a",),
        "R463-1.2": ("tests/test_one.py::TestB::test_c", "tests/test_one.py::test_a"),
    }


@pytest.mark.parametrize(
    ("status", "tests", "expected"),
    [("planned", (), "planned"), ("planned", ("t",), "partly"), ("shown", ("t",), "shown"), ("shown", (), "planned")],
)
def test_a_status_follows_its_tests(status: str, tests: tuple[str, ...], expected: str) -> None:
    row = trace.Requirement("R463-1.1", "text", status, ("old",))
    assert trace.traced(row, {"R463-1.1": tests} if tests else {}).status == expected


def test_a_row_survives_being_written_and_read() -> None:
    row = trace.Requirement("KRN-7.5", "one: two; three", "partly", ("tests/a.py::test_b", "tests/a.py::test_c"))
    assert trace.read_table(str(row)) == [row]
    empty = trace.Requirement("R463-9", "text", "planned", ())
    assert trace.read_table(str(empty)) == [empty]
