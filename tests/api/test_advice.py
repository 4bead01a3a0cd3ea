"""Whoever asks over HTTP is told what a caller can do, and never to run a command of the archive's machine."""

import pytest

from api.advice import COMMAND, SAID, todo_of
from api.native.errors_told import known_errors
from api.problems import status_of_kind, told
from repository.access.errors import AccessRefused, PermissionUnknown
from repository.catalogue.errors import CatalogueUnavailable
from storage.errors import ArchiveError, ObjectMissing

ELSEWHERE = {"ACT-005", "DLV-001", "HOM-001", "HOM-003", "HOM-005", "HOM-006", "HOM-007", "IMG-003", "PPL-011"}
"""Of starting a process and of copying to a folder: no request leads to them."""


def kinds(root: type[ArchiveError] = ArchiveError) -> list[type[ArchiveError]]:
    known_errors()  # imports all of them
    own = [root] if hasattr(root, "todo") and root.__module__.split(".")[0] in ("api", "repository", "storage") else []
    return own + [each for kind in root.__subclasses__() for each in kinds(kind)]


def test_no_advice_over_http_names_a_command() -> None:
    found = kinds()
    assert len(found) > 150
    for kind in found:
        advice = todo_of(kind, status_of_kind(kind))
        assert not COMMAND.search(advice.en), kind
        assert not COMMAND.search(advice.pl), kind
        assert advice.en != advice.pl, kind


def test_nothing_else_that_is_told_names_one() -> None:
    texts = {kind: " ".join((kind.what.en, kind.what.pl, kind.kept.en, kind.kept.pl)) for kind in kinds()}
    assert not [each for each, text in texts.items() if COMMAND.search(text) and each.code not in ELSEWHERE]


def test_each_of_the_table_is_worded_for_the_command_line_or_for_its_words_elsewhere() -> None:
    """A line that says what the error says already would be forgotten when the error is reworded."""
    assert not [kind for kind, text in SAID.items() if text == kind.todo]


@pytest.mark.parametrize(
    ("error", "status", "word"),
    [
        (PermissionUnknown(), 404, "/v1/consents/search"),
        (ObjectMissing(key="a"), 500, "request id"),
        (CatalogueUnavailable(reason="x"), 503, "again"),
        (AccessRefused(), 404, "purpose"),
    ],
)
def test_a_problem_says_what_a_caller_can_do(error: ArchiveError, status: int, *, word: str) -> None:
    said = told(error, status, language="en")
    assert word in said["detail"]
    assert word in said["en"]["todo"]
    assert "edm-archive" not in str(said)
