import io
import itertools
import tracemalloc
from collections.abc import Iterator

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from repository.domain.describing import Identifier, PatientFacts
from repository.domain.identifiers import PESEL_OID
from repository.findings import Finding
from repository.packages.patients import read_patients

HEADER = "local_id,pesel,other_id_root,other_id,family_name,given_names,birth_date,sex\n"


def read(text: str | bytes) -> tuple[list[PatientFacts], dict[str, Finding]]:
    findings: list[Finding] = []
    raw = text.encode() if isinstance(text, str) else text
    patients = list(read_patients(io.BytesIO(raw), report=findings.append))
    assert all(finding.en and finding.pl for finding in findings)
    return patients, {finding.code: finding for finding in findings}


def test_a_right_row_becomes_a_patient_with_all_identifiers() -> None:
    patients, findings = read(HEADER + "7,44051401359,1.2.3,X1,Testowa-Nowak,Anna Maria,1944-05-14,F\n")
    assert findings == {}
    assert patients == [
        PatientFacts(
            identifiers=(Identifier(PESEL_OID, "44051401359"), Identifier("1.2.3", "X1"), Identifier("", "7")),
            name="Testowa-Nowak^Anna^Maria",
            birth_date="19440514",
            sex="F",
        )
    ]


def test_polish_names_semicolons_and_a_byte_order_mark_are_read() -> None:
    patients, findings = read(
        "\ufeffNazwisko;Imię;PESEL;Data urodzenia;Płeć;Uwagi\nŁoś;Żaneta;40010151673;01.01.1940;K;x\n"
    )
    assert findings == {}
    assert patients[0].name == "Łoś^Żaneta"
    assert (patients[0].birth_date, patients[0].sex) == ("19400101", "F")


def test_windows_1250_is_read_with_a_finding() -> None:
    patients, findings = read("local_id;nazwisko\n1;Zażółć\n".encode("cp1250"))
    assert patients[0].name == "Zażółć"
    assert set(findings) == {"PKG-PATIENTS-ENCODING"}


def test_a_quoted_cell_may_hold_the_delimiter_and_a_line_end() -> None:
    patients, findings = read('local_id,family_name\n"a,b","Nowak\nTestowa"\n')
    assert patients[0].identifiers == (Identifier("", "a,b"),)
    assert patients[0].name == "Nowak Testowa"
    assert set(findings) == {"PKG-PATIENTS-CONTROL"}


@pytest.mark.parametrize(
    ("row", "code", "kept"),
    [
        ("1,4405140135,,,A,B,,", "PKG-PESEL-FORM", True),
        ("1,44051401358,,,A,B,,", "PKG-PESEL-CHECKSUM", True),
        ("1,22222222222,,,A,B,,", "PKG-PESEL-CHECKSUM", True),
        ("1,,not-an-oid,X,A,B,,", "PKG-PATIENTS-ROOT", True),
        ("1,,,,A,B,1944-02-31,", "PKG-PATIENTS-DATE", True),
        ("1,,,,A,B,,?", "PKG-PATIENTS-SEX", True),
        (",,,,A,B,,", "PKG-PATIENTS-NOBODY", False),
        ("1,2,3", "PKG-PATIENTS-ROW", False),
    ],
)
def test_a_row_with_a_fault_is_named_by_its_number_alone(row: str, code: str, kept: bool) -> None:
    good = "9,,,,Zet,Iks,,\n"
    patients, findings = read(HEADER + good + row + "\n\n" + good)
    assert len(patients) == (3 if kept else 2)
    assert set(findings) == {code}
    assert dict(findings[code].params) == {"count": 1, "rows": "3"}


def test_a_value_that_is_wrong_is_kept_as_it_was_found() -> None:
    patients, _ = read(HEADER + "1,123,,,A,B,maj 1944,\n")
    assert patients[0].identifiers[0] == Identifier(PESEL_OID, "123")
    assert patients[0].birth_date == "maj 1944"


def test_signs_that_part_names_in_dicom_do_not_shift_them() -> None:
    assert read(HEADER + "1,,,,A^B=C,D\\E,,\n")[0][0].name == "A B C^D^E"


def test_the_same_fault_in_many_rows_is_one_finding() -> None:
    _, findings = read(HEADER + ",,,,A,B,,\n" * 1000)
    assert findings["PKG-PATIENTS-NOBODY"].params["count"] == 1000
    assert str(findings["PKG-PATIENTS-NOBODY"].params["rows"]).endswith("21 …")


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", "PKG-PATIENTS-BROKEN"),
        (b"family_name,sex\nA,F\n", "PKG-PATIENTS-COLUMNS"),
        (b'local_id\n1\n"' + b"x" * 300_000, "PKG-PATIENTS-BROKEN"),
        (b'local_id\n1\n"', "PKG-PATIENTS-BROKEN"),
        (b'local_id,family_name\n1,"Kowal', "PKG-PATIENTS-BROKEN"),
        (b'local_id\n1\n"2\n3\n4\n', "PKG-PATIENTS-BROKEN"),
    ],
)
def test_a_file_that_is_no_list_of_patients_is_one_finding(raw: bytes, code: str) -> None:
    assert list(read(raw)[1]) == [code]


@given(raw=st.binary(max_size=300) | st.text('a1,"\r\n ', max_size=12).map(str.encode))
@example(raw=b'"')
@example(raw=b",,")
def test_any_bytes_are_read_or_reported(raw: bytes) -> None:
    patients, findings = read(b"local_id,pesel,birth_date\n" + raw)
    assert all(patient.identifiers for patient in patients)
    assert patients or findings or not raw.strip(b'\r\n,"'), "nothing is passed over but rows of empty cells"


class Endless(io.RawIOBase):
    """A list of patients that is made while it is read."""

    def __init__(self, rows: int) -> None:
        self._lines: Iterator[bytes] = itertools.chain(
            [HEADER.encode()], (b"%d,44051401359,,,A,B,1944-05-14,M\n" % row for row in range(rows))
        )

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "memoryview", /) -> int:  # type: ignore[override]  # what BufferedReader passes
        line = next(self._lines, b"")
        buffer[: len(line)] = line
        return len(line)


def test_a_long_list_is_read_in_constant_memory() -> None:
    tracemalloc.start()
    try:
        stream = io.BufferedReader(Endless(5_000), 100)
        count = sum(1 for _ in read_patients(stream, report=print))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert count == 5_000
    assert peak < 1 << 20
