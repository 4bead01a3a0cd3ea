"""`get --manner`: what a copy costs whom."""

from pathlib import Path
from typing import Any

from cli.get import Manner
from repository.access.principal import PrincipalKind
from repository.reports.words import MANNERS
from tests.builders.access import ANNA, CELINA
from tests.cli.office import BOSS, DOCTOR, Office, add


def test_manners_are_codes_of_the_register() -> None:
    assert {each.value for each in Manner} <= set(MANNERS)


def test_a_patients_first_copy_is_free_and_the_next_is_told(office: Office, tmp_path: Path) -> None:
    whose, what = office.pesels[0], office.document_of(office.pesels[0])
    office.person("patient", PrincipalKind.PATIENT, pesel=whose)
    patient = office.as_("patient")

    def got(manner: str, *words: str) -> Any:
        ask = ("get", "--purpose", "patient-request", "--manner", manner, what, tmp_path / manner, *words)
        return patient.done(*ask).stdout if words else patient.json(*ask)

    assert got("electronic")["copies"] == got("view")["copies"] == []
    (first,) = got("copy")["copies"]
    assert (first["first"], first["free"], first["before"]) == (True, True, [])
    assert "Wydane już wcześniej: " + first["documents"][0] in got("carrier", "--lang", "pl")
    (third,) = got("carrier")["copies"]
    assert (third["first"], third["free"], third["before"]) == (False, False, first["documents"])
    assert "not the first copy" in got("copy", "--lang", "en")
    assert [each.manner for each in office.accounts() if each.id == office.ids["patient"]] == [
        "electronic", "view", "copy", "carrier", "carrier", "copy",
    ]  # fmt: skip


def test_whoever_is_not_the_patient_is_told_that_a_copy_costs(office: Office, tmp_path: Path) -> None:
    whose, what = office.pesels[0], office.document_of(office.pesels[0])
    office.person("celina", PrincipalKind.PERSON, pesel=CELINA.extension)
    office.as_(BOSS).done(*add(whose, CELINA.extension))
    ask = ("get", "--purpose", "patient-request", "--manner", "copy", what)
    told = office.as_("celina").done(*ask, tmp_path / "a").stdout
    assert "neither the patient nor the statutory representative" in told
    assert office.as_(DOCTOR).json(
        "get", "--purpose", "custody", "--manner", "copy", what, tmp_path / "b"
    )["copies"] == []  # fmt: skip
    assert ANNA.extension not in told
