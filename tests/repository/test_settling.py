"""At the end of a takeover its consents are in force, once, and somebody has custody, however often it is cut off."""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from repository.access.permission import Grantee, GranteeKind, PermissionKind
from repository.access.purpose import Purpose
from repository.access.subject import Scope
from repository.consents.fhir_consent import consent_resource
from repository.domain.describing import Identifier
from repository.domain.identifiers import PROVIDER_OID, REGON_9_OID
from repository.domain.takeover import State
from repository.entitlement import give_custody
from repository.journal import note_all
from repository.runtime import Archive
from repository.samples.building import build_sample
from repository.takeover.inscribing import inscribe_closing
from tests.builders.access import ANNA, BOGDAN, CELINA, DOCUMENT, OURS, consent, objection, organisation, record, worker
from tests.builders.archives_at_rest import AtRest, at_rest
from tests.repository.settled import HEADER, package, permitted, recorded, taken, told
from tests.repository.taken_over import paper

pytestmark = pytest.mark.requirement("R463-10.1.4")


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> AtRest:
    return at_rest(tmp_path_factory.mktemp("empty"))


@pytest.fixture
def archive(empty: AtRest, tmp_path: Path) -> Iterator[Archive]:
    with empty.copy(tmp_path / "archive").open() as opened:
        yield opened


def test_the_consents_of_a_sample_are_in_force_for_its_successor(archive: Archive, tmp_path: Path) -> None:
    built = build_sample(tmp_path / "bag", patients=4)
    takeover = taken(archive, built.folder)
    assert takeover.state is State.ACCEPTED
    found = recorded(archive, takeover)
    assert len(found) == 4
    assert sum(each.ended_at is not None for each in found) == 1
    assert told(archive, takeover) == {"CNS-TAKEN": [{"count": 4, "ended": 1}]}
    successor = takeover.handover.successor
    assert successor is not None
    assert {each.grantee for each in found} == {
        Grantee(GranteeKind.ORGANISATION, Identifier(PROVIDER_OID, successor.rpwdl_book), "")
    }
    who = worker(organisation=organisation(Identifier(PROVIDER_OID, successor.rpwdl_book)))
    now = datetime.now(UTC)
    for each in found:
        assert each.patient is not None
        subject = record(each.patient, takeover=takeover.id)
        facts = archive.catalogue.entitling.facts(who, subject)
        assert (facts.permissions == (each,)) is (each.ended_at is None)
        assert each.in_force(now) is (each.ended_at is None)
    (custody,) = archive.catalogue.entitling.custody_of(takeover.id)
    assert custody.custodian == Identifier(PROVIDER_OID, successor.rpwdl_book)


ROWS = f"""{HEADER},kind
{ANNA.extension},PATIENT,RPWDL:{OURS.extension},DOCUMENT:{DOCUMENT.root}^{DOCUMENT.extension}|FROM:2024-01-01,TREATMENT|CONTINUITY,2024-01-01,2030-12-31,ACTIVE,
{BOGDAN.extension},REPRESENTATIVE:{CELINA.extension},ANYBODY,ALL,ALL,2024-01-01,,ACTIVE,OBJECTION
{CELINA.extension},PATIENT,ANYBODY,ALL,TREATMENT,2024-01-01,,ACTIVE,
12345678901,PATIENT,ANYBODY,ALL,TREATMENT,2024-01-01,,ACTIVE,
00000000000,PATIENT,ANYBODY,ALL,TREATMENT,2024-01-01,,ACTIVE,
{ANNA.extension},PATIENT,RPWDL:1,ALL,TREATMENT,2024-01-01,,ACTIVE,
{ANNA.extension},PATIENT,ANYBODY,ALL|COLOUR:red,TREATMENT,2024-01-01,,ACTIVE,
{ANNA.extension},PATIENT,ANYBODY,ALL,,2024-01-01,,ACTIVE,
{ANNA.extension},PATIENT,ANYBODY,ALL,ALL,2024-01-01,,ACTIVE,
{ANNA.extension},PATIENT,ANYBODY,ALL,TREATMENT,2024-13-01,,ACTIVE,
{ANNA.extension},PATIENT,ANYBODY,ALL,TREATMENT,2024-01-02,2024-01-01,ACTIVE,
{ANNA.extension},PATIENT,ANYBODY,ALL,TREATMENT,2024-01-01,,PAUSED,
{ANNA.extension},CUSTODIAN,ANYBODY,ALL,TREATMENT,2024-01-01,,ACTIVE,
{ANNA.extension},PATIENT,ANYBODY,ALL,TREATMENT,2024-01-01,,ACTIVE,GRANT
{ANNA.extension},PATIENT,ANYBODY,ALL
"""


def test_every_row_is_a_permission_or_a_finding_with_its_number(archive: Archive, tmp_path: Path) -> None:
    takeover = taken(archive, package(tmp_path / "p", {"metadata/consents.csv": ROWS}))
    anna, bogdan = sorted(recorded(archive, takeover), key=lambda each: each.kind)
    assert (anna.kind, anna.patient, anna.takeover) == (PermissionKind.CONSENT, ANNA, takeover.id)
    assert anna.purposes == {Purpose.TREATMENT, Purpose.CONTINUITY}
    assert anna.scope == Scope(documents=(DOCUMENT,), first_day="20240101")
    assert anna.valid_from == datetime(2023, 12, 31, 23, tzinfo=UTC)
    assert anna.valid_to == datetime(2030, 12, 31, 23, tzinfo=UTC)
    assert (bogdan.kind, bogdan.patient, bogdan.purposes) == (PermissionKind.OBJECTION, BOGDAN, frozenset())
    assert (bogdan.grantor.capacity, bogdan.grantor.identifier) == ("representative", CELINA)
    said = told(archive, takeover)
    cells = {each["what"]: each["rows"] for each in said["CNS-CELL"]}
    assert cells == {
        "pesel": "6", "grantee": "7", "scope": "8", "purpose": "9, 10", "valid_from": "11", "valid_to": "12",
        "state": "13", "grantor": "14", "kind": "15",
    }  # fmt: skip
    assert said["CNS-PATIENT"] == [{"count": 2, "rows": "4, 5"}]
    assert said["CNS-ROW"] == [{"count": 1, "rows": "16"}]
    assert said["CNS-TAKEN"] == [{"count": 2, "ended": 0}]
    assert ANNA.extension not in json.dumps(paper(archive, takeover)["findings"])


@pytest.mark.parametrize(
    "header", [HEADER.replace("state", "except"), HEADER + ",colour", HEADER.replace("pesel", "scope")]
)
def test_a_column_that_may_narrow_is_not_passed_over(archive: Archive, tmp_path: Path, header: str) -> None:
    row = f"{ANNA.extension},PATIENT,ANYBODY,ALL,TREATMENT,2024-01-01,,ACTIVE" + ",red" * header.count("colour")
    takeover = taken(archive, package(tmp_path / "p", {"metadata/consents.csv": f"{header}\n{row}\n"}))
    assert recorded(archive, takeover) == []
    assert told(archive, takeover) == {"CNS-COLUMNS": [{}]}
    assert takeover.state is State.ACCEPTED_WITH_EXCEPTIONS


def test_grants_are_the_custodians_and_may_be_over_all(archive: Archive, tmp_path: Path) -> None:
    rows = [
        f",CUSTODIAN,RPWDL:{OURS.extension},ALL,CUSTODY,2024-01-01,,ACTIVE",
        f"{ANNA.extension},CUSTODIAN,SYSTEM:PACS-1,STUDY:1.2.3,CONTINUITY,2024-01-01,,REVOKED",
        f"{ANNA.extension},PATIENT,ANYBODY,ALL,TREATMENT,2024-01-01,,ACTIVE",
    ]
    takeover = taken(archive, package(tmp_path / "p", {"metadata/grants.csv": "\n".join([HEADER, *rows])}))
    by_patient = {each.patient: each for each in recorded(archive, takeover)}
    assert set(by_patient) == {None, ANNA}
    assert {each.kind for each in by_patient.values()} == {PermissionKind.GRANT}
    assert by_patient[ANNA].end_reason == "revoked"
    assert told(archive, takeover)["CNS-CELL"] == [{"count": 1, "rows": "4", "what": "grantor"}]


def test_fhir_consents_are_taken_from_a_bundle(archive: Archive, tmp_path: Path) -> None:
    foreign = consent(takeover="another archive's")
    resources = [
        consent_resource(each, archive="x")
        for each in (consent(), objection(ended_at=datetime(2026, 1, 1, tzinfo=UTC)), consent(patient=CELINA), foreign)
    ]
    resources.append({**resources[0], "policyRule": {}})
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": each} for each in resources]}
    takeover = taken(archive, package(tmp_path / "p", {"metadata/consents.json": json.dumps(bundle)}))
    found = sorted(recorded(archive, takeover), key=lambda each: each.kind)
    assert [(each.kind, each.end_reason) for each in found] == [("consent", ""), ("objection", "withdrawn")]
    assert {each.takeover for each in found} == {takeover.id}
    said = told(archive, takeover)
    assert {each["what"]: each["rows"] for each in said["CNS-RESOURCE"]} == {
        "Consent.modifierExtension": "4", "Consent.policyRule": "5",
    }  # fmt: skip
    assert said["CNS-PATIENT"] == [{"count": 1, "rows": "3"}]


@pytest.mark.parametrize("content", ["[", "{}{}", '{"resourceType": "Bundle", "entry": {}}'])
def test_a_bundle_that_is_none_is_named(archive: Archive, tmp_path: Path, content: str) -> None:
    takeover = taken(archive, package(tmp_path / "p", {"metadata/consents.json": content}))
    assert list(told(archive, takeover)) == ["CNS-JSON"]


def test_of_a_list_that_was_altered_only_objections_are_believed(archive: Archive, tmp_path: Path) -> None:
    built = build_sample(tmp_path / "bag", patients=2)
    file = built.folder / "metadata" / "consents.csv"
    header, *rows = file.read_text().splitlines()
    rows += [rows[0].replace("TREATMENT", "ALL") + ",OBJECTION"]
    file.write_text("\n".join([f"{header},kind", *(f"{row}," for row in rows[:-1]), rows[-1]]) + "\n")
    takeover = taken(archive, built.folder)
    assert [each.kind for each in recorded(archive, takeover)] == [PermissionKind.OBJECTION]
    said = told(archive, takeover)
    assert said["CNS-ALTERED"] == [{"count": 2}]
    assert said["CNS-TAKEN"] == [{"count": 1, "ended": 0}]


class Cut(Exception):
    """The process died here."""


@pytest.mark.parametrize("at", range(1, 8))
def test_a_takeover_that_was_cut_off_records_each_permission_once(
    empty: AtRest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    """It dies before or after the nth deed of settling, or before the closing is written, and goes on in another."""
    monkeypatch.setattr("repository.settling._AT_ONCE", 2)
    states = ("ACTIVE", "WITHDRAWN", "ACTIVE", "ACTIVE", "WITHDRAWN")
    people = (ANNA, BOGDAN, ANNA, BOGDAN, ANNA)
    rows = [
        f"{each.extension},PATIENT,ANYBODY,ALL,TREATMENT,2024-01-01,,{state}"
        for each, state in zip(people, states, strict=True)
    ]
    folder = package(tmp_path / "p", {"metadata/consents.csv": "\n".join([HEADER, *rows])})
    home = empty.copy(tmp_path / "archive")
    left = [at]

    def dying(real: Any) -> Any:
        def call(*args: Any, **kwargs: Any) -> Any:
            left[0] -= 1
            if left[0] == 0:
                raise Cut
            made = real(*args, **kwargs)
            left[0] -= 1
            if left[0] == 0:
                raise Cut
            return made

        return call

    with monkeypatch.context() as patched:
        patched.setattr("repository.settling.note_all", dying(note_all))
        patched.setattr("repository.settling.give_custody", dying(give_custody))
        patched.setattr("repository.intake.inscribe_closing", dying(inscribe_closing))
        with home.open() as archive, pytest.raises(Cut):
            taken(archive, folder)
    with home.open() as archive:
        takeover = taken(archive, folder)
        found = recorded(archive, takeover)
        assert len(found) == len({each.id for each in found}) == 5
        assert sum(each.end_reason == "withdrawn" for each in found) == 2
        assert len(archive.catalogue.entitling.custody_of(takeover.id)) == 1
        assert told(archive, takeover) == {"CNS-TAKEN": [{"count": 5, "ended": 2}]}
        kinds = [deed.kind for deed in archive.catalogue.journal.deeds()]
        assert (kinds.count("permission"), kinds.count("permission-end"), kinds.count("custody")) == (5, 2, 1)
        before = archive.catalogue.journal.size()
        assert taken(archive, folder).id == takeover.id
        assert archive.catalogue.journal.size() == before


def test_without_consents_nothing_is_opened_and_custody_is_the_archives(archive: Archive, tmp_path: Path) -> None:
    takeover = taken(archive, package(tmp_path / "p", {}))
    ((custody, name),) = archive.catalogue.entitling.custodians_of(takeover.id)
    assert (custody.custodian, name) == (archive.identifier, "EDM Archive")
    assert [deed.kind for deed in archive.catalogue.journal.deeds()] == ["custody"]
    assert permitted(archive, worker(organisation=organisation(archive.identifier, role="archive")), takeover)
    assert not permitted(archive, worker(), takeover)


@pytest.mark.parametrize(
    ("successor", "wanted", "code"),
    [
        ({"name": "N", "rpwdl_book": "000000190353"}, Identifier(PROVIDER_OID, "000000190353"), []),
        ({"name": "N", "rpwdl_book": "7", "regon": "192598184"}, Identifier(REGON_9_OID, "192598184"), []),
        ({"name": "N", "regon": "192598185"}, None, ["CNS-CUSTODIAN"]),
    ],
)
def test_the_successor_has_custody_by_a_number_that_names_it(
    archive: Archive, tmp_path: Path, successor: Mapping[str, str], wanted: Identifier | None, code: list[str]
) -> None:
    takeover = taken(archive, package(tmp_path / "p", {}, successor=successor))
    (custody,) = archive.catalogue.entitling.custody_of(takeover.id)
    assert custody.custodian == (wanted or archive.identifier)
    assert list(told(archive, takeover)) == code


def test_a_takeover_of_nothing_has_no_custodian(archive: Archive, tmp_path: Path) -> None:
    (tmp_path / "p").mkdir()
    takeover = taken(archive, tmp_path / "p")
    assert takeover.state is State.REJECTED
    assert archive.catalogue.entitling.custody_of(takeover.id) == ()


def test_the_same_patient_in_another_takeover_is_not_consented_for(archive: Archive, tmp_path: Path) -> None:
    row = f"{ANNA.extension},PATIENT,RPWDL:{OURS.extension},ALL,TREATMENT,2024-01-01,,ACTIVE"
    one = taken(archive, package(tmp_path / "one", {"metadata/consents.csv": f"{HEADER}\n{row}\n"}))
    other = taken(archive, package(tmp_path / "two", {"b.bin": b"other"}))
    assert (permitted(archive, worker(), one), permitted(archive, worker(), other)) == (True, False)
