"""The command that a consent is given by."""

from repository.domain.describing import Identifier
from tests.builders.access import ANNA, OURS


def gives(*words: object, patient: Identifier = ANNA) -> tuple[object, ...]:
    who = ("--patient", patient.extension, "--grantee", f"RPWDL:{OURS.extension}", "--purpose", "treatment")
    return ("consent", "give", *who, *words)
