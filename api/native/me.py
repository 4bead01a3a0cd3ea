"""A patient's own access: documents, consents, who has looked; for a patient in person, or for whoever stands for one.

Whose they are is who is signed in. Whoever stands for somebody names him by the header `EDM-For`, never in the address.
What is refused, and what is not there, is an empty list.
"""

from itertools import islice
from typing import Annotated, Any

from fastapi import Depends, Header, Query, Request, Response
from pydantic import BaseModel

from api.errands import ForArchive
from api.native.answering import Limit, json_answer
from api.native.declared import problems
from api.native.holdings import Ordinal, holding
from api.native.permits import GivenList, as_given
from api.native.seeking import AccountPage, as_row
from api.native.stewards import ForSelf
from api.native.wording import DOOR, Day, NumberGiven, TakeoverId
from api.routes import Routes
from repository.access.principal import Principal
from repository.access.purpose import Purpose
from repository.domain.describing import Identifier
from repository.opening import Errand
from repository.reports.asking import Period
from repository.reports.naming import read_identifier
from repository.reports.own import my_accounts, my_documentation, my_permissions
from repository.reports.patient_view import Own
from repository.reports.seeking import page_of

Stood = Annotated[
    str,
    Header(
        alias="EDM-For", max_length=300, pattern=r"^([0-9.]+\^)?[!-~]*$",
        description="For whom you stand: a PESEL, or OID^NUMBER. Without it, you yourself.",
    ),
]  # fmt: skip
After = Annotated[int, Query(ge=0, lt=2**63, description="`next` of the page before.")]
Passed = Annotated[int, Query(ge=0, lt=10**9, description="`next` of the page before.")]


class MySelf(BaseModel):
    """Who is signed in."""

    kind: str
    given_name: str
    surname: str
    identifier: NumberGiven | None


class Owned(BaseModel):
    """A document (`ordinal` names the holding) or a study of images, with what the catalogue knows of it."""

    level: str
    takeover: str
    ordinal: int
    study: str
    values: dict[str, str]


class OwnedPage(BaseModel):
    """`next`: send it as `after`; 0 where there are no more."""

    documents: list[Owned]
    next: int


def stood_for(said: Stood = "") -> Identifier | None:
    """Raises `PatientNotNamed`."""
    return read_identifier(said) if said else None


ForWhom = Annotated[Identifier | None, Depends(stood_for)]


def router() -> Routes:
    found = Routes(prefix="/me", tags=["me"])
    add = found.add_api_route
    add("", myself, methods=["GET"], response_model=MySelf, responses=problems())
    add("/documents", documents, methods=["GET"], response_model=OwnedPage, responses=problems(422))
    add("/documents/{takeover}/{ordinal}", document, methods=["GET", "HEAD"], response_class=Response,
        responses=problems(404))  # fmt: skip
    add("/consents", consents, methods=["GET"], response_model=GivenList, responses=problems(422))
    add("/accounts", accounts, methods=["GET"], response_model=AccountPage, responses=problems(422))
    return found


def myself(who: ForSelf) -> Response:
    """Who is signed in."""
    known = who.identifier
    told = {"root": known.root, "extension": known.extension} if known else None
    return json_answer(
        {"kind": who.kind.value, "given_name": who.given_name, "surname": who.surname, "identifier": told}
    )


def documents(
    archive: ForArchive, who: ForSelf, patient: ForWhom, *, after: Passed = 0, limit: Limit = 100
) -> Response:
    """The documents and studies that may be known of, in the order of takeovers."""
    every = my_documentation(archive, who, door=DOOR, patient=patient)
    page = list(islice(every, after, after + limit + 1))
    mark = after + limit if len(page) > limit else 0
    return json_answer({"documents": [_owned(each) for each in page[:limit]], "next": mark})


def document(
    request: Request, archive: ForArchive, who: ForSelf, *, takeover: TakeoverId, ordinal: Ordinal
) -> Response:
    """Its bytes, as they were received; whose it may be is decided by what the archive knows, not by what is said."""
    return holding(request, archive, errand=_errand(who), takeover=takeover, ordinal=ordinal)


def consents(archive: ForArchive, who: ForSelf, patient: ForWhom) -> Response:
    """Every edition of every consent, objection and grant."""
    now = archive.clock()
    found = my_permissions(archive, who, door=DOOR, patient=patient)
    return json_answer({"permissions": [as_given(each, at=now) for each in found]})


def accounts(
    archive: ForArchive,
    who: ForSelf,
    patient: ForWhom,
    *,
    first_day: Annotated[Day, Query()] = "",
    last_day: Annotated[Day, Query()] = "",
    after: After = 0,
    limit: Limit = 100,
) -> Response:
    """Who has looked, when, what for, and what came of it."""
    period = Period(first_day, last_day)
    every = my_accounts(archive, who, door=DOOR, patient=patient, period=period)
    found, mark = page_of((each for each in every if each.number > after), limit=limit)
    return json_answer({"accounts": [as_row(each) for each in found], "next": mark})


def _errand(who: Principal) -> Errand:
    return Errand(principal=who, purpose=Purpose.PATIENT_REQUEST, door=DOOR, manner="electronic")


def _owned(each: Own) -> dict[str, Any]:
    return {
        "level": each.hit.level.value, "takeover": each.subject.takeover, "ordinal": each.hit.ordinal,
        "study": each.subject.study, "values": {name: value for name, value in each.hit.values.items() if value},
    }  # fmt: skip
