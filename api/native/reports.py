"""Reports that the archive signs: the register of disclosures, who has looked, the report for special services.

Each is decided and accounted for by itself. The signed JSON is the report; CSV and a page show it.
"""

from typing import Annotated

from fastapi import Body, Depends, Request, Response

from api.accepting import Offer, chosen
from api.callers.scopes import requires
from api.errands import ForArchive
from api.languages import language_of
from api.native.declared import STRICT, problems, told
from api.native.seeking import About
from api.native.stewards import ForLooking
from api.routes import Routes
from repository.consents.errors import OptionUnreadable
from repository.reports.answering import signer_of
from repository.reports.page import rendered
from repository.reports.paper import Paper, PaperForm
from repository.reports.register import register
from repository.reports.special import special_report
from repository.reports.who_looked import who_looked
from repository.runtime import Archive

FORMS = {"application/json": PaperForm.JSON, "text/csv": PaperForm.CSV, "text/html": PaperForm.HTML}
_OFFERS = tuple(Offer(each) for each in FORMS)


def router() -> Routes:
    found = Routes(prefix="/reports", tags=["reports"], dependencies=[Depends(requires("search")), STRICT])
    for address, made in (("/register", disclosures), ("/who-looked", looks), ("/special", special)):
        found.add_api_route(
            address, made, methods=["POST"], response_class=Response,
            responses=problems(404, 406, 413, 422) | {200: told("The report.", *FORMS)},
        )  # fmt: skip
    return found


def disclosures(
    request: Request, archive: ForArchive, errand: ForLooking, *, about: Annotated[About, Body()]
) -> Response:
    """The register of disclosures (UPP art. 27(4)): of a patient, a takeover, a period, or all."""
    form = _form(request)
    signer = signer_of(archive)
    paper = register(archive, errand, patient=about.wanted, takeover=about.takeover, period=about.period, signer=signer)
    return _given(archive, request, paper, form)


def looks(request: Request, archive: ForArchive, errand: ForLooking, *, about: Annotated[About, Body()]) -> Response:
    """Who has looked at a patient's documentation, through any door, permitted or refused."""
    form = _form(request)
    if not about.wanted or about.takeover:
        raise OptionUnreadable(option="patient")
    paper = who_looked(archive, errand, patient=about.wanted, period=about.period)
    return _given(archive, request, paper, form)


def special(request: Request, archive: ForArchive, errand: ForLooking, *, about: Annotated[About, Body()]) -> Response:
    """For special services (§ 10(3)): first name, surname, day, hour, purpose; of a patient or a takeover."""
    form = _form(request)
    if bool(about.wanted) is bool(about.takeover):
        raise OptionUnreadable(option="patient, takeover")
    paper = special_report(archive, errand, patient=about.wanted, takeover=about.takeover, period=about.period)
    return _given(archive, request, paper, form)


def _form(request: Request) -> str:
    return chosen(request.headers.get("accept", ""), _OFFERS).media_type


def _given(archive: Archive, request: Request, paper: Paper, media_type: str) -> Response:
    form = FORMS[media_type]
    polish = language_of(request.headers.get("accept-language", "")) == "pl"
    content = rendered(paper, form, polish=polish, log_key=archive.log_key)
    headers = {
        "Cache-Control": "no-store",
        "Content-Disposition": f'attachment; filename="{paper.kind.purpose}.{form}"',
    }
    return Response(content, headers=headers, media_type=media_type)
