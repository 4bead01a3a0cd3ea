"""Representatives, authorised and close persons; deaths of patients (UPP art. 26). Numbers stand in bodies alone."""

from typing import Annotated, Any

from fastapi import Body, Depends, Path, Response
from pydantic import BaseModel, Field, StrictBool

from api.callers.scopes import requires
from api.errands import ForArchive
from api.native.answering import json_answer
from api.native.declared import STRICT, problems
from api.native.once import ForOnce, by_deed
from api.native.permits import EndGiven
from api.native.stewards import ForSteward
from api.native.wording import DOOR, Date, Line, Moment, NumberGiven, Person, Strict, TakeoverName, Uuid, takeover_of
from api.routes import Routes
from repository.access.bodies import after_death_body, after_death_of, relation_body, relation_of
from repository.access.facts import AfterDeath, RelationKind
from repository.catalogue.entitling import KnownRelation
from repository.domain.deed import Deed
from repository.stewarding.relations import died, related, relations_of, unrelated

RelationId = Annotated[str, Path(pattern=Uuid, description="As it was given.")]


class OfPatient(Strict):
    """`takeover`: for workers of the custodian, where the patient is."""

    patient: Person
    takeover: TakeoverName = ""


class RelationOrder(OfPatient):
    """`person` is that to the patient, from `since` (or now) until `until`."""

    person: Person
    kind: RelationKind
    since: Moment | None = None
    until: Moment | None = None
    evidence: Line = ""


class InTakeover(Strict):
    takeover: TakeoverName = ""


class Death(OfPatient):
    """`objected`: to close persons, by the patient or another close person; `let_in`: by a court, all the same."""

    on: Date
    objected: StrictBool = False
    let_in: Annotated[tuple[Person, ...], Field(max_length=100)] = ()


class RelationGiven(BaseModel):
    id: str
    kind: RelationKind
    person: NumberGiven
    patient: NumberGiven
    since: str
    until: str | None
    evidence: str


class DiedGiven(BaseModel):
    died_on: str
    objected: bool
    overridden_for: list[NumberGiven]


class RelationsGiven(BaseModel):
    relations: list[RelationGiven]
    died: DiedGiven | None


class DeathGiven(BaseModel):
    died: DiedGiven
    recorded_at: str


def router() -> Routes:
    found = Routes(tags=["relations"], dependencies=[STRICT])
    add, words = found.add_api_route, problems(404, 409, 413, 422)
    add("/relations", add_relation, methods=["POST"], status_code=201, response_model=RelationGiven, responses=words)
    add("/relations/search", search, methods=["POST"], response_model=RelationsGiven, responses=words,
        dependencies=[Depends(requires("search"))])  # fmt: skip
    add("/relations/{relation}/end", end, methods=["POST"], response_model=EndGiven, responses=words)
    add("/deaths", death, methods=["POST"], status_code=201, response_model=DeathGiven, responses=words)
    return found


def add_relation(
    archive: ForArchive, who: ForSteward, once: ForOnce, *, said: Annotated[RelationOrder, Body()]
) -> Response:
    """What a person is to a patient is recorded; what follows from it is decided at the next request."""

    def made() -> Response:
        known = related(
            archive, who, patient=said.patient.identifier, person=said.person.identifier, kind=said.kind,
            since=said.since, until=said.until, evidence=said.evidence, takeover=takeover_of(archive, said.takeover),
        )  # fmt: skip
        return json_answer(_row(known), status=201)

    def answer(deed: Deed) -> Response:
        known = KnownRelation(deed.body["id"], relation_of(deed.body), deed.body.get("evidence", ""))
        return json_answer(_row(known), status=201)

    return once(made, said, again=by_deed(made, answer, "relation"))


def search(archive: ForArchive, who: ForSteward, wanted: Annotated[OfPatient, Body()]) -> Response:
    """All relations to a patient, ended ones too, and what was recorded of the death."""
    where = takeover_of(archive, wanted.takeover)
    found, after = relations_of(archive, who, wanted.patient.identifier, takeover=where, door=DOOR)
    dead = None if after is None else after_death_body(after)
    return json_answer({"relations": [_row(each) for each in found], "died": dead})


def end(
    archive: ForArchive, who: ForSteward, once: ForOnce, *, relation: RelationId, said: Annotated[InTakeover, Body()]
) -> Response:
    """It ends now; one that has ended with the patient's death may give a right of its own."""

    def answer(deed: Deed) -> Response:
        return json_answer({"id": relation, "ended_at": deed.at, "end_reason": "ended"})

    def made() -> Response:
        return answer(unrelated(archive, who, relation, takeover=takeover_of(archive, said.takeover)))

    return once(made, said, again=by_deed(made, answer, "relation-end"))


def death(archive: ForArchive, who: ForSteward, once: ForOnce, *, said: Annotated[Death, Body()]) -> Response:
    """From now on nobody asks as the patient. Said again, the last word counts whole."""

    def answer(deed: Deed) -> Response:
        told = {"died": after_death_body(after_death_of(deed.body)), "recorded_at": deed.at}
        return json_answer(told, status=201)

    def made() -> Response:
        after = AfterDeath(said.on.isoformat(), said.objected, tuple(each.identifier for each in said.let_in))
        where = takeover_of(archive, said.takeover)
        return answer(died(archive, who, said.patient.identifier, after=after, takeover=where))

    return once(made, said, again=by_deed(made, answer, "after-death"))


def _row(known: KnownRelation) -> dict[str, Any]:
    return {"id": known.id} | relation_body(known.relation) | {"evidence": known.evidence}
