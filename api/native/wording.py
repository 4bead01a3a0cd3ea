"""Words, numbers and moments that several routes take and give. What is taken is narrow, what is given is as kept."""

import re
from datetime import UTC, date, datetime
from typing import Annotated

from fastapi import Path
from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

from repository.access.identity import names
from repository.catalogue.errors import TakeoverUnknown
from repository.consents.grammar import identifier_of_words
from repository.domain.describing import Identifier
from repository.runtime import Archive

DOOR = "rest"  # as accounts name it
NOTHING_ODD = r"^[^\u0000-\u001f\u007f]*$"
_BEGINNING = re.compile(r"[0-9a-f]{1,8}|[0-9a-f]{8}-[0-9a-f-]{0,27}")
_EARLIEST, _LATEST = datetime(1800, 1, 1, tzinfo=UTC), datetime(2999, 12, 31, tzinfo=UTC)

Line = Annotated[str, Field(max_length=1000, pattern=NOTHING_ODD)]
Code = Annotated[str, Field(min_length=1, max_length=200, pattern=NOTHING_ODD)]
Uuid = "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"
TakeoverId = Annotated[str, Path(pattern="^[0-9a-f-]{1,36}$", description="Id of the takeover, or its beginning.")]
TakeoverName = Annotated[
    str, Field(pattern="^[0-9a-f-]{0,36}$", description="Id of the takeover, or its beginning; empty: none is meant.")
]
Day = Annotated[str, Field(pattern="^([0-9]{4}-[0-9]{2}-[0-9]{2})?$", description="YYYY-MM-DD in Poland, or empty.")]


class Strict(BaseModel):
    """What is taken: unknown members are refused."""

    model_config = ConfigDict(extra="forbid")


class Number(Strict):
    """An official identifier: `root` is the OID of its register (PESEL: 2.16.840.1.113883.3.4424.1.1.616)."""

    root: Annotated[str, Field(max_length=128, pattern=r"^[0-2](\.(0|[1-9][0-9]*))+$")]
    extension: Code

    @property
    def identifier(self) -> Identifier:
        return Identifier(self.root, self.extension)


def _somebody(number: Number) -> Number:
    """Raises ValueError for what names nobody."""
    if not names(number.identifier):
        raise ValueError("names nobody")
    identifier_of_words(f"{number.root}^{number.extension}")
    return number


Person = Annotated[Number, AfterValidator(_somebody)]


class NumberGiven(BaseModel):
    root: str
    extension: str


def _in_utc(moment: datetime) -> datetime:
    if not _EARLIEST <= moment <= _LATEST:
        raise ValueError("not a moment that can be meant")
    return moment.astimezone(UTC)


def _as_text(value: object) -> object:
    """Numbers are no moments here, whatever they may be elsewhere."""
    if not isinstance(value, str):
        raise ValueError("not a text")  # noqa: TRY004  pydantic tells of this one
    return value


Moment = Annotated[AwareDatetime, BeforeValidator(_as_text), AfterValidator(_in_utc)]
Date = Annotated[date, BeforeValidator(_as_text)]


def takeover_of(archive: Archive, wanted: str) -> str:
    """The id of the takeover whose id begins so; empty where none is meant. Raises `TakeoverUnknown`."""
    if not wanted:
        return ""
    if not _BEGINNING.fullmatch(wanted):
        raise TakeoverUnknown(wanted="")
    return archive.catalogue.takeover(wanted).id
