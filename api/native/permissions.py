"""Routes that consents and grants share: one permission, its editions, its next edition, its end."""

from collections.abc import Callable, Sequence
from typing import Annotated, Any

from fastapi import Body, Depends, Path, Query, Request, Response

from api.accepting import Offer, chosen
from api.callers.scopes import requires
from api.errands import ForArchive
from api.errors import PreconditionFailed
from api.native.answering import JSON, json_answer, require_state
from api.native.declared import STRICT, IfMatch, problems
from api.native.once import ForOnce, by_deed
from api.native.permits import Change, EndGiven, Given, GivenList, Wanted, as_given, tag_of
from api.native.stewards import ForSteward
from api.native.wording import DOOR, Moment, Uuid, takeover_of
from api.routes import Routes
from repository.access.bodies import permission_of, read_moment
from repository.access.errors import PermissionUnknown
from repository.access.permission import Permission
from repository.catalogue.errors import CatalogueConflict
from repository.consents.errors import OptionUnreadable
from repository.consents.fhir_consent import consent_resource
from repository.domain.deed import Deed
from repository.entitlement import give
from repository.runtime import Archive
from repository.stewarding.permissions import as_of, editions, end, held, listed, shown

FHIR = "application/fhir+json"
PermissionId = Annotated[str, Path(pattern=Uuid, description="As it was given.")]
AsOf = Annotated[Moment | None, Query(description="As the archive knew it at this instant.")]
_OFFERS = (Offer(JSON), Offer(FHIR))


def one(archive: Archive, permission: Permission, *, status: int = 200, location: str = "") -> Response:
    """An edition with its ETag."""
    headers = {"ETag": tag_of(permission)} | ({"Location": location} if location else {})
    return json_answer(as_given(permission, at=archive.clock()), status=status, headers=headers)


def given_by(deeds: Sequence[Deed]) -> list[Permission]:
    """The permissions that these deeds give, as they were recorded, with the ends that these deeds give them."""
    ends = {each.body["id"]: (read_moment(each.at), each.outcome) for each in deeds if each.kind == "permission-end"}
    given = [each.body for each in deeds if each.kind == "permission"]
    known = [(body, *ends.get(body["id"], (None, ""))) for body in given]
    return [permission_of(body, ended_at=at, end_reason=reason) for body, at, reason in known]


def routes(prefix: str, *, grant: bool, ending: str) -> Routes:
    """Those below `prefix`; `ending` is the last part of the address at which one is ended."""
    found = Routes()
    fhir: dict[str, Any] = {"content": {JSON: {}}} if grant else {"content": {JSON: {}, FHIR: {}}}
    add = found.add_api_route
    add(f"/{prefix}/search", _searched(grant=grant), methods=["POST"], response_model=GivenList, name=f"list {prefix}",
        responses=problems(404, 409, 413, 422), dependencies=[Depends(requires("search")), STRICT])  # fmt: skip
    add(f"/{prefix}/{{permission}}", _read(grant=grant), methods=["GET"], response_model=Given, name=f"read {prefix}",
        responses=problems(404, 406) | {200: fhir})  # fmt: skip
    add(f"/{prefix}/{{permission}}/editions", _editions(grant=grant), methods=["GET"], response_model=GivenList,
        name=f"editions of {prefix}", responses=problems(404))  # fmt: skip
    add(f"/{prefix}/{{permission}}", _changed(grant=grant), methods=["PATCH"], response_model=Given,
        name=f"change {prefix}", responses=problems(404, 409, 412, 413, 422), dependencies=[STRICT])  # fmt: skip
    add(f"/{prefix}/{{permission}}/{ending}", _ended(grant=grant), methods=["POST"], response_model=EndGiven,
        name=f"end {prefix}", responses=problems(404, 409, 412, 422))  # fmt: skip
    return found


def _searched(*, grant: bool) -> Callable[..., Response]:
    def search(archive: ForArchive, who: ForSteward, wanted: Annotated[Wanted, Body()]) -> Response:
        """Of a patient, or bound to a takeover. What is about somebody under special protection is there for whoever
        was let in. Each listing has one account."""
        if not (wanted.takeover if grant else wanted.patient or wanted.takeover):
            raise OptionUnreadable(option="takeover" if grant else "patient, takeover")
        where = takeover_of(archive, wanted.takeover)
        whose = wanted.patient.identifier if wanted.patient else None
        found = listed(archive, who, patient=whose, takeover=where, grant=grant, door=DOOR)
        at = wanted.at or archive.clock()
        if wanted.at is not None:
            found = as_of(found, at)
        return json_answer({"permissions": [as_given(each, at=at) for each in found]})

    return search


def _read(*, grant: bool) -> Callable[..., Response]:
    def read(
        request: Request, archive: ForArchive, who: ForSteward, *, permission: PermissionId, at: AsOf = None
    ) -> Response:
        """The last edition, or with `at` the one that was the last then; a consent as a FHIR Consent, too."""
        form = Offer(JSON) if grant else chosen(request.headers.get("accept", ""), _OFFERS)
        if at is None:
            known = shown(archive, who, permission, grant=grant, door=DOOR)
        else:
            then = as_of(editions(archive, who, permission, grant=grant, door=DOOR), at)
            if not then:
                raise PermissionUnknown
            known = then[0]
        if form.media_type == FHIR:
            body = consent_resource(known, archive=archive.id.hex)
            answer = json_answer(body, headers={"ETag": tag_of(known)})
            answer.headers["Content-Type"] = FHIR
            return answer
        return json_answer(as_given(known, at=at or archive.clock()), headers={"ETag": tag_of(known)})

    return read


def _editions(*, grant: bool) -> Callable[..., Response]:
    def history(archive: ForArchive, who: ForSteward, permission: PermissionId) -> Response:
        """Every edition, the last one last."""
        found, now = editions(archive, who, permission, grant=grant, door=DOOR), archive.clock()
        return json_answer({"permissions": [as_given(each, at=now) for each in found]})

    return history


def _changed(*, grant: bool) -> Callable[..., Response]:
    def change(
        request: Request,
        archive: ForArchive,
        who: ForSteward,
        *,
        permission: PermissionId,
        said: Annotated[Change, Body()],
        if_match: IfMatch = None,
    ) -> Response:
        """The next edition: what is said anew replaces what was, limits as a whole; the rest stays."""
        known = held(archive, who, permission, grant=grant, door=DOOR)
        if known.ended_at is not None:
            raise PermissionUnknown
        require_state(request, tag_of(known))
        changed = said.terms(known.kind).changed(known)
        try:
            given = give(archive, changed, by=who, edition=known.edition)
        except CatalogueConflict:
            raise (PreconditionFailed if if_match else CatalogueConflict(reason="another edition")) from None
        return one(archive, given)

    return change


def _ended(*, grant: bool) -> Callable[..., Response]:
    def ends(
        request: Request,
        archive: ForArchive,
        who: ForSteward,
        *,
        once: ForOnce,
        permission: PermissionId,
        if_match: IfMatch = None,
    ) -> Response:
        """It ends now: the next request is decided without it."""

        def made() -> Response:
            known = held(archive, who, permission, grant=grant, door=DOOR)
            require_state(request, tag_of(known))
            try:
                ended = end(archive, who, permission, grant=grant, door=DOOR, edition=known.edition)
            except CatalogueConflict:
                raise (PreconditionFailed if if_match else CatalogueConflict(reason="another edition")) from None
            return json_answer({"id": ended.id, "ended_at": ended.at, "end_reason": ended.reason})

        def answer(deed: Deed) -> Response:
            return json_answer({"id": permission, "ended_at": deed.at, "end_reason": deed.body["reason"]})

        return once(made, again=by_deed(made, answer, "permission-end"))

    return ends
