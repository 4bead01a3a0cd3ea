"""Accounts of every reading and every attempt, as far as whoever asks may see them. Each look has its own account."""

from enum import StrEnum
from typing import Annotated

from fastapi import Body, Depends, Path, Query, Response
from pydantic import BaseModel, Field

from api.callers.scopes import requires
from api.errands import ForArchive
from api.native.answering import json_answer
from api.native.declared import STRICT, problems, told
from api.native.once import ForOnce, by_deed
from api.native.seeking import About, AccountPage, as_row
from api.native.stewards import ForLooking
from api.native.wording import Line, Strict
from api.routes import Routes
from api.streamed import Begun, Streamed
from repository.access.account import PERMITTED, REFUSED
from repository.access.purpose import Purpose
from repository.completeness import completeness
from repository.domain.deed import Deed
from repository.reports.asking import ask_of_patient
from repository.reports.copies import not_first
from repository.reports.exporting import Form, exported
from repository.reports.reviewing import due, review
from repository.reports.seeking import Sought, page_of, sought

MOST = 1000
MEDIA = {Form.CSV: "text/csv; charset=utf-8", Form.FHIR: "application/x-ndjson", Form.DICOM: "application/x-ndxml"}
After = Annotated[
    int, Field(strict=True, ge=0, lt=2**63, description="Those above this number: `next` of the page before.")
]
AccountNumber = Annotated[int, Path(ge=1, lt=2**63)]


class Outcome(StrEnum):
    PERMITTED = PERMITTED
    REFUSED = REFUSED


class Looked(About):
    """`surname`: the beginning of the surname of whoever looked."""

    surname: Line = ""
    outcome: Outcome | None = None
    purpose: Purpose | None = None

    def sought(self, *, after: int = 0) -> Sought:
        return Sought(
            patient=self.wanted, takeover=self.takeover, surname=self.surname, outcome=self.outcome or "",
            purpose=self.purpose, period=self.period, after=after,
        )  # fmt: skip


class LookedPage(Looked):
    after: After = 0
    limit: Annotated[int, Field(strict=True, ge=1, le=MOST)] = 50


class Export(Looked):
    form: Form = Form.CSV


class Gap(BaseModel):
    code: str
    subject: str
    en: str
    pl: str


class CompletenessGiven(BaseModel):
    """Deeds 1 to `complete_up_to` are under the checkpoint over `checkpoint_size` entries; `last` is the last one.
    `gaps`: openings of bytes on this machine without an account."""

    complete_up_to: int
    checkpoint_size: int
    last: int
    openings: int
    accounted: int
    gaps: list[Gap]


class Remark(Strict):
    remark: Line = ""


class Reviewed(BaseModel):
    account: int
    deed: int


class Copies(About):
    """`documents` by name: ROOT^EXTENSION, the UID of an image, or sha256:HEX."""

    documents: Annotated[
        list[Annotated[str, Field(min_length=1, max_length=300)]], Field(min_length=1, max_length=MOST)
    ]


class CopiesGiven(BaseModel):
    """`before`: those of which there has been a copy. `first`: a copy would hold one that has not (art. 28(2a)(1))."""

    first: bool
    before: list[str]


def router() -> Routes:
    found = Routes(tags=["accounts"], dependencies=[STRICT])
    add, asks = found.add_api_route, [Depends(requires("search"))]
    refused = problems(404, 413, 422)
    add("/accounts/search", search, methods=["POST"], response_model=AccountPage, responses=refused,
        dependencies=asks)  # fmt: skip
    add("/accounts/export", export, methods=["POST"], response_class=Response, dependencies=asks,
        responses=refused | {200: told("All of them.", *(each.split(";")[0] for each in MEDIA.values()))})  # fmt: skip
    add("/accounts/completeness", complete, methods=["GET"], response_model=CompletenessGiven, responses=problems(404))
    add("/copies/search", copies, methods=["POST"], response_model=CopiesGiven, responses=refused, dependencies=asks)
    add("/reviews", reviews, methods=["GET"], response_model=AccountPage, responses=problems(404))
    add("/reviews/{account}", done, methods=["POST"], response_model=Reviewed,
        responses=refused | problems(409))  # fmt: skip
    return found


def search(archive: ForArchive, errand: ForLooking, wanted: Annotated[LookedPage, Body()]) -> Response:
    """Accounts by number, a page at a time. Of an account that is not about one patient, or not for you, none is
    named."""
    found, mark = page_of(sought(archive, errand, wanted.sought(after=wanted.after)), limit=wanted.limit)
    return json_answer({"accounts": [as_row(each) for each in found], "next": mark})


def export(archive: ForArchive, errand: ForLooking, wanted: Annotated[Export, Body()]) -> Response:
    """All that match, as a file: CSV, FHIR AuditEvents one a line, or DICOM audit messages one a line."""
    parts = exported(sought(archive, errand, wanted.sought()), wanted.form, archive=archive.id.hex)
    headers = {
        "Cache-Control": "no-store",
        "Content-Type": MEDIA[wanted.form],
        "Content-Disposition": f'attachment; filename="accounts.{wanted.form}"',
    }
    return Streamed(Begun(iter(parts)), headers=headers)


def complete(archive: ForArchive, errand: ForLooking) -> Response:
    """Up to which account the trail is provably complete, and openings of bytes that have none."""
    found = completeness(archive, errand)
    counted = {name: getattr(found, name) for name in CompletenessGiven.model_fields if name != "gaps"}
    gaps = [{"code": each.code, "subject": each.subject, "en": each.en, "pl": each.pl} for each in found.gaps]
    return json_answer(counted | {"gaps": gaps})


def copies(archive: ForArchive, errand: ForLooking, wanted: Annotated[Copies, Body()]) -> Response:
    """Whether a copy of these documents would be a first one for the patient, and so free."""
    people = ask_of_patient(archive, errand, wanted.wanted)
    known = {identifier for each in people for identifier in each.identifiers}
    before = not_first(archive, known, wanted.documents)
    return json_answer({"first": bool(set(wanted.documents) - before), "before": sorted(before)})


def reviews(
    archive: ForArchive,
    errand: ForLooking,
    after: Annotated[int, Query(ge=0, lt=2**63)] = 0,
    *,
    limit: Annotated[int, Query(ge=1, le=MOST)] = 50,
) -> Response:
    """What was done in an emergency and still has to be looked at."""
    found = due(archive, errand, after=after, limit=limit)
    mark = found[-1].number if len(found) == limit else 0
    return json_answer({"accounts": [as_row(each) for each in found], "next": mark})


def done(
    archive: ForArchive, errand: ForLooking, once: ForOnce, *, account: AccountNumber, said: Annotated[Remark, Body()]
) -> Response:
    """You have looked at an account. Nobody does so for himself."""

    def answer(deed: Deed) -> Response:
        return json_answer({"account": account, "deed": deed.number})

    def made() -> Response:
        return answer(review(archive, errand, account, remark=said.remark))

    return once(made, said, again=by_deed(made, answer, "review"))
