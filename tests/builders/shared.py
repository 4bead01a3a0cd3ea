"""What lies beside the project in `../shared` and may not be copied into it: the national examples and schemas."""

from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[3] / "shared"


def shared(*parts: str) -> Path:
    """The path of what is there; a test that needs what is not there is left out and says so."""
    found = SHARED.joinpath(*parts)
    if not found.exists():
        pytest.skip(f"../shared/{'/'.join(parts)} is not here: it is not ours to copy")
    return found


def official_examples() -> Path:
    """The folder of the 31 examples of the implementation guide PIK HL7 CDA 1.3.1."""
    return shared("data", "pik", "examples")
