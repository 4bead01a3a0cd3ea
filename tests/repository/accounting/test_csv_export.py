"""CSV read back by the standard library's own reader."""

import csv
import io
from collections.abc import Iterator
from itertools import islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from repository.access.account import Account
from repository.accounting.csv_export import COLUMNS, FORMULA, csv_rows
from repository.domain.describing import Identifier
from tests.builders.accounts import account, accounts

NESTED = {
    "organisation_id": ("root", "extension"),
    "document": ("root", "extension"),
    "identifier": ("root", "extension"),
}


def read(rows: list[bytes]) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(b"".join(rows).decode(), newline="")))


def unguarded(cell: str) -> str:
    return cell.removeprefix("'")


def flat(found: Account) -> dict[str, str]:
    values: dict[str, str] = {}
    for name in Account.__slots__:
        value = getattr(found, name)
        if name in NESTED:
            for part in NESTED[name]:
                values[f"{name}_{part}"] = getattr(value, part) if value else ""
        elif name == "patients":
            values[name] = " ".join(f"{takeover}/{number}" for takeover, number in value)
        else:
            values[name] = " ".join(value) if isinstance(value, tuple) else str(value)
    return values


@settings(max_examples=40)
@given(st.lists(accounts(), max_size=4))
def test_rows_read_back_are_the_accounts_whole(found: list[Account]) -> None:
    rows = list(csv_rows(found))
    assert len(rows) == len(found) + 1
    assert all(row.endswith(b"\r\n") for row in rows)
    assert [{name: unguarded(cell) for name, cell in row.items()} for row in read(rows)] == [
        flat(each) for each in found
    ]


@settings(max_examples=50)
@given(accounts())
def test_no_cell_begins_as_a_formula_does(found: Account) -> None:
    (row,) = read(list(csv_rows([found])))
    assert not [cell for cell in row.values() if cell.startswith(FORMULA)]


@pytest.mark.parametrize("word", ["=1+1", "+48", "-1", "@x", "\t=1", "\r=1", "\n=1", "'quoted"])
def test_a_cell_that_a_spreadsheet_would_reckon_gets_an_apostrophe(word: str) -> None:
    (row,) = read(list(csv_rows([account(reason=word, organisation_id=Identifier(word, word))])))
    assert row["reason"] == row["organisation_id_root"] == row["organisation_id_extension"] == "'" + word


def test_patients_whom_a_search_has_shown_are_in_one_cell() -> None:
    (row,) = read(list(csv_rows([account(patients=(("a", 3), ("b", 12)))])))
    assert row["patients"] == "a/3 b/12"


def test_the_header_names_every_column_once() -> None:
    (header,) = csv_rows([])
    assert header == (",".join(COLUMNS) + "\r\n").encode()
    assert len(set(COLUMNS)) == len(COLUMNS)
    assert set(COLUMNS) == set(flat(account()))


def test_rows_are_made_one_by_one_while_they_are_read() -> None:
    asked = 0

    def endless() -> Iterator[Account]:
        nonlocal asked
        while True:
            asked += 1
            yield account(asked)

    assert len(list(islice(csv_rows(endless()), 4))) == 4
    assert asked == 3
