"""`edm-archive relation add | end | list | died`: who is what to a patient, and what holds after a death (UPP art. 26).

Administrators write all of it. A medical worker of the custodian writes of patients of the takeover in custody, which
`--takeover` names, and not of one under special protection: then the answer is as for a patient who is not there.
"""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli import permitting
from cli.opening import DOOR, opened, takeover_id
from cli.options import Json
from cli.screen import Screen, heads, screen_of
from repository.access.facts import RelationKind
from storage.errors import Text

if TYPE_CHECKING:
    from repository.access.facts import AfterDeath
    from repository.catalogue.entitling import KnownRelation
    from repository.domain.describing import Identifier

verbs = typer.Typer(no_args_is_help=True, help="Representatives, authorised and close persons; deaths of patients.")

InCustody = Annotated[
    str, typer.Option("--takeover", metavar="ID", help="For workers of the custodian: where the patient is.")
]


@verbs.command("add")
def add_command(
    context: typer.Context,
    *,
    patient: permitting.Patient,
    person: Annotated[str, typer.Option("--person", metavar="PESEL|OID^NUMBER", help="Who is that to the patient.")],
    kind: Annotated[RelationKind, typer.Option("--kind", help="What the person is.")],
    since: Annotated[str, typer.Option("--since", metavar="DAY", help="From this day on; else from now.")] = "",
    until: Annotated[str, typer.Option("--until", metavar="DAY", help="To the end of this day.")] = "",
    evidence: permitting.Evidence = "",
    takeover: InCustody = "",
    as_json: Json = False,  # noqa: ARG001  the screen knows
) -> None:
    """Record what a person is to a patient; what follows from it is decided at the next request."""
    from cli.identity import signed_in
    from repository.consents.grammar import day_of_words
    from repository.stewarding.relations import related

    screen = screen_of(context)
    whose, who = permitting.patient_of(patient), _person(person)
    start = permitting.read("--since", lambda: day_of_words(since)[0]) if since else None
    end = permitting.read("--until", lambda: day_of_words(until)[1]) if until else None
    with opened(screen) as archive:
        by = signed_in(archive, screen)
        known = related(
            archive, by, patient=whose, person=who, kind=kind, since=start, until=end, evidence=evidence,
            takeover=takeover_id(archive, takeover),
        )  # fmt: skip
    screen.answer(_as_row(known), en=f"Recorded: {known.id}", pl=f"Zapisano: {known.id}")


@verbs.command("end")
def end_command(
    context: typer.Context,
    *,
    id: Annotated[str, typer.Argument(metavar="ID", help="As `list` shows it.")],  # noqa: A002
    takeover: InCustody = "",
    as_json: Json = False,  # noqa: ARG001  the screen knows
) -> None:
    """End a relation now; one that has ended with the patient's death may give a right of its own."""
    from cli.identity import signed_in
    from repository.stewarding.relations import unrelated

    screen = screen_of(context)
    with opened(screen) as archive:
        by = signed_in(archive, screen)
        ended = unrelated(archive, by, id, takeover=takeover_id(archive, takeover))
    permitting.tell_ended(screen, id, ended.at, reason="ended")


@verbs.command("list")
def list_command(
    context: typer.Context,
    *,
    patient: permitting.Patient,
    takeover: InCustody = "",
    as_json: Json = False,  # noqa: ARG001  the screen knows
) -> None:
    """All relations to a patient, ended ones too, and what was recorded of the patient's death. Of somebody under
    special protection nothing is shown but to whoever was let in."""
    from cli.identity import signed_in
    from repository.stewarding.relations import relations_of

    screen = screen_of(context)
    whose = permitting.patient_of(patient)
    with opened(screen) as archive:
        by = signed_in(archive, screen)
        found, after = relations_of(archive, by, whose, takeover=takeover_id(archive, takeover), door=DOOR)
    if screen.as_json:
        screen.json({"relations": [_as_row(each) for each in found], "died": _death(after)})
        return
    _tell(screen, found, after)


@verbs.command("died")
def died_command(
    context: typer.Context,
    *,
    patient: permitting.Patient,
    on: Annotated[str, typer.Option("--on", metavar="DAY", help="The day of death, in Poland.")],
    objected: Annotated[
        bool, typer.Option("--objected", metavar="", help="The patient, or a close person, objects to close persons.")
    ] = False,
    let_in: Annotated[
        list[str] | None, typer.Option("--let-in", metavar="PERSON", help="Whom a court has let in all the same.")
    ] = None,
    takeover: InCustody = "",
    as_json: Json = False,  # noqa: ARG001  the screen knows
) -> None:
    """Record a death, objections and court decisions (UPP art. 26(2)-(2b)). Said again, the last word counts whole."""
    from datetime import date

    from cli.identity import signed_in
    from repository.access.facts import AfterDeath
    from repository.stewarding.relations import died

    screen = screen_of(context)
    whose, people = permitting.patient_of(patient), tuple(_person(each, "--let-in") for each in let_in or ())
    day = permitting.read("--on", lambda: date.fromisoformat(on))
    after = AfterDeath(day.isoformat(), objected, people)
    with opened(screen) as archive:
        by = signed_in(archive, screen)
        noted = died(archive, by, whose, after=after, takeover=takeover_id(archive, takeover))
    screen.answer(
        {"died": _death(after), "recorded_at": noted.at},
        en=f"Recorded at {noted.at}. From now on nobody asks as the patient.",
        pl=f"Zapisano: {noted.at}. Odtąd nikt nie występuje jako pacjent.",
    )


def _person(text: str, option: str = "--person") -> "Identifier":
    from repository.consents.grammar import identifier_of_words

    return permitting.read(option, lambda: identifier_of_words(text))


def _as_row(known: "KnownRelation") -> dict[str, Any]:
    from repository.access.bodies import relation_body

    return {"id": known.id} | relation_body(known.relation) | {"evidence": known.evidence}


def _death(after: "AfterDeath | None") -> dict[str, Any] | None:
    from repository.access.bodies import after_death_body

    return None if after is None else after_death_body(after)


KINDS = {
    RelationKind.STATUTORY_REPRESENTATIVE: Text("statutory representative", "przedstawiciel ustawowy"),
    RelationKind.AUTHORISED: Text("authorised by the patient", "osoba upoważniona"),
    RelationKind.CLOSE: Text("close person", "osoba bliska"),
    RelationKind.PRIMARY_CARE: Text("primary care", "podstawowa opieka zdrowotna"),
}


def _tell(screen: Screen, found: "list[KnownRelation]", after: "AfterDeath | None") -> None:
    if after is not None:
        let_in = ", ".join(map(permitting.words_of, after.overridden_for)) or "–"
        said = ("yes", "tak") if after.objected else ("no", "nie")
        screen.say(
            en=f"Died on {after.died_on}. Objection to close persons: {said[0]}. Let in by a court: {let_in}",
            pl=f"Zgon: {after.died_on}. Sprzeciw wobec osób bliskich: {said[1]}. Dopuszczeni przez sąd: {let_in}",
        )
    if not found:
        screen.say(en="No relation is recorded.", pl="Nie zapisano żadnej relacji.")
        return
    titles = heads(("Id", "Id"), ("Person", "Osoba"), ("Kind", "Rodzaj"), ("Since", "Od"), ("Until", "Do"))
    rows = [
        (
            row["id"], permitting.words_of(each.relation.person),
            getattr(KINDS[each.relation.kind], screen.language), row["since"][:10], (row["until"] or "–")[:10],
        )
        for each in found
        for row in (_as_row(each),)
    ]  # fmt: skip
    screen.table(titles, rows, whole=(0, 1))
