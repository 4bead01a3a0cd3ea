"""What the environment says of trust: `EDM_ARCHIVE_TRUST_FOLDER` and `EDM_ARCHIVE_REVOCATION`."""

from collections.abc import Mapping
from enum import StrEnum

from repository.errors import SettingWrong

REVOCATION = "EDM_ARCHIVE_REVOCATION"


class Revocation(StrEnum):
    WHEN_PRESENT = "when-present"  # a list that is there counts; that none is there, or only an old one, is recorded
    REQUIRED = "required"  # without a current list for each link nothing is trusted


def revocation_from(environment: Mapping[str, str]) -> Revocation:
    """What is wanted of revocation lists. Raises `SettingWrong`."""
    value = environment.get(REVOCATION) or Revocation.WHEN_PRESENT.value
    if value not in tuple(Revocation):
        raise SettingWrong(setting=REVOCATION, reason="neither when-present nor required")
    return Revocation(value)
