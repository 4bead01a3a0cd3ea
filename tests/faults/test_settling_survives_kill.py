"""kill -9 at each step of the end of a takeover: the consents of its package are there once, custody was given once,
and the protocol says what it says where nobody disturbs.

A group of consents is one commit, however many are in it: where each step is tried, groups are of a few, and the steps
the same. Custody is tried with groups as large as they are.
"""

import json
from collections import Counter
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from repository import settling
from repository.access.permission import Grantee, Permission
from repository.consents.fhir_consent import consent_resource
from repository.domain.takeover import Takeover
from repository.intake import Order, receive
from repository.runtime import Archive
from repository.settings import Settings
from repository.upkeep.checking import Level
from repository.upkeep.verifying import VerifyOrder, verify
from tests.builders.access import ANNA, BOGDAN, OURS, consent, objection
from tests.builders.archives_at_rest import bare_package
from tests.builders.cda import clinical_document
from tests.builders.homes import at_home, new_home
from tests.faults.dying import Death, intake_in_groups, killed
from tests.repository.taken_over import paper

pytestmark = pytest.mark.requirement("R463-10.1.4", "R463-6.2")
DESK = "catalogue.journal"
FEW = 40
HEADER = "pesel,grantor,grantee,scope,purpose,valid_from,valid_to,state"
WRITINGS = {  # of the journal, in order
    1: "the account of opening the lists",
    2: "the first group of consents",
    3: "the second group of consents",
    4: "the grants",
    5: "the bundle of consents",
    6: "custody",
}
DEATHS = [
    Death("before anything is settled", DESK, "write"),
    *(Death(f"inside the commit of {what}", DESK, "write", call=call, inside=True) for call, what in WRITINGS.items()),
    *(Death(f"after {what}", DESK, "write", call=call, after=True) for call, what in WRITINGS.items()),
    Death("before the deeds are sealed", "store", "put", "journal/"),
    Death("after the deeds are sealed", "store", "put", "journal/", after=True),
    Death("inside the commit of the closing", "catalogue", "record", "ingestion end", inside=True),
    Death("after the closing", "catalogue", "record", "ingestion end", after=True),
]
NUMBERED = {"name": "Następca", "rpwdl_book": OURS.extension}
UNKNOWN = {"name": "Następca", "regon": "192598185"}  # its check digit is wrong: custody stays with the archive


def package(folder: Path, successor: dict[str, str]) -> Path:
    """Consents in two groups, every third of them withdrawn; grants; a FHIR bundle; a row that cannot be read."""
    states = ("ACTIVE", "ACTIVE", "WITHDRAWN")
    people = (ANNA, BOGDAN)
    consents = [
        f"{people[n % 2].extension},PATIENT,PERSON-{n},ALL,TREATMENT,2024-01-01,,{states[n % 3]}"
        if n == 7
        else f"{people[n % 2].extension},PATIENT,ANYBODY,ALL,TREATMENT,2024-01-{n % 28 + 1:02},,{states[n % 3]}"
        for n in range(settling._AT_ONCE + 5)
    ]
    grants = [f",CUSTODIAN,RPWDL:{OURS.extension},ALL,CUSTODY,2024-01-01,,{state}" for state in ("ACTIVE", "REVOKED")]
    resources = [consent_resource(each, archive="x") for each in (consent(), objection())]
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": each} for each in resources]}
    handover = {"producer": {"name": "NZOZ", "regon": "192598184"}, "cessation_date": "2024-05-31",
        "legal_basis": "x", "route": "SUCCESSOR", "successor": successor}  # fmt: skip
    return bare_package(
        folder,
        {
            "a.xml": clinical_document(1),
            "metadata/handover.json": json.dumps(handover).encode(),
            "metadata/patients.csv": f"local_id,pesel\n1,{ANNA.extension}\n2,{BOGDAN.extension}\n".encode(),
            "metadata/consents.csv": "\n".join([HEADER, *consents]).encode(),
            "metadata/grants.csv": "\n".join([HEADER, *grants]).encode(),
            "metadata/consents.json": json.dumps(bundle).encode(),
        },
    )


@dataclass(frozen=True)
class End:
    """What is so at the end, but for what differs from archive to archive and for moments."""

    permissions: Counter[tuple[object, ...]]
    deeds: Counter[str]  # but accounts: each run that opens the lists has its own
    custodian: object
    findings: list[object]
    state: str


def told(each: Permission) -> tuple[object, ...]:
    """All but the takeover, the id and the moment."""
    grantee: Grantee = each.grantee
    return (
        each.evidence, each.edition, each.kind, each.patient, grantee, each.purposes, each.valid_from, each.valid_to,
        each.ended_at is not None, each.end_reason,
    )  # fmt: skip


def end_of(archive: Archive, takeover: Takeover) -> End:
    permissions = archive.catalogue.entitling.permissions(takeover=takeover.id)
    assert len({each.id for each in permissions}) == len(permissions)
    (custody,) = archive.catalogue.entitling.custody_of(takeover.id)
    deeds = Counter(deed.kind for deed in archive.catalogue.journal.deeds())
    assert deeds.pop("account") >= 1
    assert deeds["custody"] == 1
    return End(
        Counter(map(told, permissions)),
        deeds,
        "the archive" if custody.custodian == archive.identifier else custody.custodian,
        paper(archive, takeover)["findings"],
        takeover.state.value,
    )


def concluded(settings: Settings, folder: Path) -> End:
    """The takeover goes on, in a process that lives, and nothing is wrong with the archive."""
    with at_home(settings) as archive:
        takeover = receive(archive, Order(folder), progress=lambda _: None)
        said = verify(archive, VerifyOrder(level=Level.SEALED), progress=lambda _: None)
        assert {each.code for each in said.findings} <= {"VFY-STRAY"}
        size = archive.catalogue.journal.size()
        assert receive(archive, Order(folder), progress=lambda _: None) == takeover
        assert archive.catalogue.journal.size() == size
        return end_of(archive, takeover)


def killed_in_groups(settings: Settings, folder: Path, death: Death) -> bool:
    return killed(settings, folder, death, work=partial(intake_in_groups, of=settling._AT_ONCE))


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settling, "_AT_ONCE", FEW)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, End]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(settling, "_AT_ONCE", FEW)
        folder = package(tmp_path_factory.mktemp("packages") / "p", UNKNOWN)
        end = concluded(new_home(tmp_path_factory.mktemp("undisturbed")), folder)
    return folder, end


def test_nobody_disturbs(undisturbed: tuple[Path, End]) -> None:
    _, end = undisturbed
    rows = FEW + 4  # and one that cannot be read
    assert sum(end.permissions.values()) == rows + 2 + 2
    assert end.deeds["permission"] == rows + 2 + 2
    assert end.custodian == "the archive"
    codes = Counter(each["code"] for each in end.findings if each["code"].startswith("CNS-"))  # type: ignore[index]
    assert codes == {"CNS-TAKEN": 3, "CNS-CELL": 1, "CNS-CUSTODIAN": 1}


@pytest.mark.usefixtures("few")
@pytest.mark.parametrize("death", DEATHS, ids=str)
def test_killed_at_any_step_of_settling_the_end_is_the_same(
    undisturbed: tuple[Path, End], tmp_path: Path, death: Death
) -> None:
    folder, end = undisturbed
    settings = new_home(tmp_path)
    assert killed_in_groups(settings, folder, death)
    assert concluded(settings, folder) == end


@pytest.mark.usefixtures("few")
def test_killed_after_each_step_in_turn_the_end_is_the_same(undisturbed: tuple[Path, End], tmp_path: Path) -> None:
    """Each run gets one step further: what it finds done is not done again, so its second writing is the next one."""
    folder, end = undisturbed
    settings, deaths = new_home(tmp_path), 0
    while killed_in_groups(settings, folder, Death("after the next step", DESK, "write", call=2, after=True)):
        deaths += 1
        assert deaths < len(WRITINGS)
    assert deaths == len(WRITINGS) - 1
    assert concluded(settings, folder) == end


@pytest.mark.parametrize("after", [False, True])
def test_a_successor_who_is_known_has_custody_once(tmp_path: Path, after: bool) -> None:
    folder = package(tmp_path / "p", NUMBERED)
    settings = new_home(tmp_path)
    assert killed(settings, folder, Death("around custody", DESK, "write", call=6, after=after))
    end = concluded(settings, folder)
    assert end.custodian == OURS
    assert "CNS-CUSTODIAN" not in {each["code"] for each in end.findings}  # type: ignore[index]
