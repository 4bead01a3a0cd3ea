"""`takeover bind | unbind`, and what `takeover show` tells of bindings: what the next C-STORE is answered each time."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from pynetdicom import AE
from pynetdicom.association import Association

from dicom_gateway.listening import Gateway
from dicom_gateway.settings import DEFAULT_TITLE, GatewaySettings
from repository.clock import instant
from repository.consents.errors import NotYoursToGive, OptionUnreadable
from repository.consents.grammar import day_of_words
from repository.runtime import open_archive
from repository.settings import from_environment
from repository.transfer.errors import BindingEnded, BindingUnfit, BindingUnknown, NotLive
from tests.cli.office import AUDITOR, BOSS, DOCTOR, Office, day
from tests.dicom_gateway.gateways import CT, EXPLICIT, PATIENT, an_image, status_of

OPEN = ("takeover", "open", "--producer-name", "Przychodnia Zdrowie")
STORED, NOT_AUTHORISED = 0x0000, 0x0124  # PS3.7 C.5.7, C.5.3
PEER, PESEL = "SYSTEM:CT_1", "44051401458"
NOWHERE = "00000000-0000-4000-8000-000000000000"


@contextmanager
def door(office: Office) -> Iterator[int]:
    """The port of the office's DICOM door, at which CT_1 may store."""
    office.as_(BOSS).done("peer", "add", "CT_1", "--organisation", "RPWDL:000000190353", "--name", "NZOZ",
        "--service", "store", "--purpose", "custody", "--address", "127.0.0.0/8")  # fmt: skip
    settings = GatewaySettings(port=0, grace=5, patience=PATIENT)
    with (
        open_archive(from_environment(office.machine.environment)) as archive,
        Gateway(archive, settings) as gateway,
    ):
        yield gateway.port


@contextmanager
def associated(port: int) -> Iterator[Association]:
    entity = AE(ae_title="CT_1")
    entity.acse_timeout = entity.dimse_timeout = entity.network_timeout = 30
    entity.add_requested_context(CT, [EXPLICIT])
    association = entity.associate("127.0.0.1", port, ae_title=DEFAULT_TITLE)
    assert association.is_established
    yield association
    association.release()


@dataclass
class Sender:
    """Stores one image after another over one association."""

    association: Association
    sent: int = 0

    def store(self) -> int:
        self.sent += 1
        return status_of(self.association.send_c_store(an_image(self.sent)))


def opened(office: Office, *words: object, peer: str = "SYSTEM:OTHER") -> str:
    found: str = office.as_(BOSS).json(*OPEN, "--peer", peer, *words)["id"]
    return found


def shown(office: Office, takeover: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = office.machine.json("takeover", "show", takeover)["bindings"]
    return found


@pytest.mark.requirement("R463-6.1")
def test_a_registered_peer_stores_once_it_is_bound_and_no_more_once_it_is_not(office: Office) -> None:
    takeover, boss = opened(office), office.as_(BOSS)
    with door(office) as port, associated(port) as association:
        sender = Sender(association)
        assert sender.store() == NOT_AUTHORISED
        made = boss.json("takeover", "bind", takeover, "--peer", PEER)
        (bound,) = made["bindings"]
        assert (made["takeover"], bound["kind"], bound["in_force"]) == (takeover, "system", True)
        assert bound["identifier"] == {"root": "", "extension": "CT_1"}
        assert sender.store() == STORED
        ended = boss.json("takeover", "unbind", takeover, bound["id"])
        assert (ended["id"], ended["in_force"], ended["others"]) == (bound["id"], False, [])
        assert [sender.store(), sender.store()] == [NOT_AUTHORISED] * 2
        boss.done("takeover", "bind", takeover[:30], "--peer", PEER)
        assert sender.store() == STORED
    told = boss.json("takeover", "show", takeover)
    assert told["counts"]["holdings"] == 2
    assert [(each["in_force"], each["ended_at"] is None) for each in told["bindings"]] == [
        (True, True), (False, False), (True, True),
    ]  # fmt: skip


def test_a_peer_that_is_bound_by_another_binding_is_not_disturbed_and_that_is_told(office: Office) -> None:
    takeover, boss = opened(office, peer=PEER), office.as_(BOSS)
    (first,) = shown(office, takeover)
    with door(office) as port, associated(port) as association:
        sender = Sender(association)
        assert sender.store() == STORED
        (second,) = boss.json("takeover", "bind", takeover, "--peer", PEER, "--until", day(ahead=2))["bindings"]
        assert second["until"] == instant(day_of_words(day(ahead=2))[1])
        said = boss.done("takeover", "unbind", takeover, first["id"]).stdout
        assert f"may still push by: {second['id']}" in said
        assert sender.store() == STORED
        assert boss.json("takeover", "unbind", takeover, second["id"])["others"] == []
        assert sender.store() == NOT_AUTHORISED


def test_closing_ends_every_binding_and_after_it_none_is_given(office: Office) -> None:
    takeover, boss = opened(office), office.as_(BOSS)
    with door(office) as port, associated(port) as association:
        sender = Sender(association)
        (bound,) = boss.json("takeover", "bind", takeover, "--peer", PEER)["bindings"]
        assert sender.store() == STORED
        boss.done("takeover", "close", takeover)
        assert sender.store() == NOT_AUTHORISED
    rows = shown(office, takeover)
    assert [(each["in_force"], each["ended_at"] is None) for each in rows] == [(False, False)] * 2
    assert "CAT-021" in boss.done("takeover", "bind", takeover, "--peer", PEER, code=2).stderr
    assert BindingEnded.code in boss.done("takeover", "unbind", takeover, bound["id"], code=2).stderr


def test_several_are_bound_at_once_and_shown_for_people(office: Office) -> None:
    takeover, boss = opened(office), office.as_(BOSS)
    words = ("--peer", "RPWDL:000000190353", "--peer", "SYSTEM:his", "--until", day(ahead=1))
    made = boss.json("takeover", "bind", takeover, *words)["bindings"]
    assert {each["kind"] for each in made} == {"organisation", "system"}
    said = boss.done("takeover", "show", takeover).stdout
    for each in made:
        assert each["id"] in said
    assert "system his" in said
    assert said.count("in force") == 3
    boss.done("takeover", "unbind", takeover, made[0]["id"].upper())
    assert boss.done("takeover", "show", takeover).stdout.count("in force") == 2
    polish = boss.done("--lang", "pl", "takeover", "show", takeover).stdout
    assert (polish.count("obowiązuje"), polish.count("zakończone")) == (2, 1)
    assert f"takeover unbind {takeover}" in boss.done("takeover", "bind", takeover, "--peer", PEER).stdout


def test_opening_tells_the_bindings_that_it_gave(office: Office) -> None:
    made = office.as_(BOSS).json(*OPEN, "--peer", PEER, "--peer", "SYSTEM:CT_2")
    assert made["bindings"] == shown(office, made["id"])
    assert len(made["bindings"]) == 2
    assert shown(office, office.takeover) == []  # of a package


def test_a_person_who_may_push_is_named_to_those_alone_who_oversee(office: Office) -> None:
    """`show` needs nobody to be signed in: whoever keeps the machine is told states and counts."""
    takeover = opened(office, peer=f"PESEL:{PESEL}")
    assert [each["identifier"]["extension"] for each in shown(office, takeover)] == [PESEL]
    assert PESEL in office.as_(AUDITOR).done("takeover", "show", takeover).stdout
    office.machine.more = {"EDM_ARCHIVE_SESSION_FILE": str(office.machine.folder / "none")}
    for machine in (office.machine, office.as_(DOCTOR)):
        assert PESEL not in machine.done("takeover", "show", takeover).stdout
        (told,) = machine.json("takeover", "show", takeover)["bindings"]
        assert (told["kind"], told["identifier"], told["name"], told["in_force"]) == ("person", None, "", True)


def test_who_binds_and_unbinds_is_in_the_journal(office: Office) -> None:
    takeover, boss = opened(office), office.as_(BOSS)
    (bound,) = boss.json("takeover", "bind", takeover, "--peer", PEER)["bindings"]
    boss.done("takeover", "unbind", takeover, bound["id"])
    deeds = [each for each in office.deeds() if each.body.get("id") == bound["id"]]
    assert [each.kind for each in deeds] == ["transfer", "leave-end"]
    assert {each.body["by"]["id"] for each in deeds} == {office.ids[BOSS]}


def test_only_an_administrator_binds_and_unbinds(office: Office) -> None:
    takeover = opened(office)
    (known,) = shown(office, takeover)
    before = len(office.deeds())
    for name in (DOCTOR, AUDITOR):
        for words in (("bind", takeover, "--peer", PEER), ("unbind", takeover, known["id"])):
            assert NotYoursToGive.code in office.as_(name).done("takeover", *words, code=10).stderr
    assert len(office.deeds()) == before


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--peer", "ANYBODY"), BindingUnfit.code),
        (("--peer", "nobody"), OptionUnreadable.code),
        (("--peer", PEER, "--peer", "ANYBODY"), BindingUnfit.code),
        (("--peer", PEER, "--until", "tomorrow"), OptionUnreadable.code),
        (("--peer", PEER, "--until", "2020-01-01"), BindingUnfit.code),
    ],
)
def test_what_cannot_be_bound_is_refused_and_nothing_is_written(
    shared_office: Office, words: tuple[str, ...], code: str
) -> None:
    takeover = opened(shared_office)
    before = len(shared_office.deeds())
    refused = shared_office.as_(BOSS).run("takeover", "bind", takeover, *words, "--json")
    assert (refused.exit_code, f'"code": "{code}"' in refused.stdout) == (2, True)
    assert len(shared_office.deeds()) == before


def test_a_second_end_and_what_is_no_binding_of_it_are_refused_each_in_its_words(shared_office: Office) -> None:
    takeover, other, boss = opened(shared_office), opened(shared_office), shared_office.as_(BOSS)
    (known,) = shown(shared_office, takeover)
    before = len(shared_office.deeds())
    for where, id in ((takeover, NOWHERE), (takeover, "x"), (other, known["id"])):  # noqa: A001
        assert BindingUnknown.code in boss.done("takeover", "unbind", where, id, code=2).stderr
    assert len(shared_office.deeds()) == before
    ended = boss.json("takeover", "unbind", takeover, known["id"])
    again = boss.done("takeover", "unbind", takeover, known["id"], code=2).stderr
    assert BindingEnded.code in again
    assert ended["ended_at"] in again
    assert len(shared_office.deeds()) == before + 1


def test_a_registered_peer_is_not_unregistered_as_if_it_were_a_binding(shared_office: Office) -> None:
    takeover, boss = opened(shared_office), shared_office.as_(BOSS)
    boss.done("peer", "add", "PACS_9", "--organisation", "RPWDL:000000190353", "--name", "NZOZ", "--service", "store",
        "--purpose", "custody", "--address", "127.0.0.0/8")  # fmt: skip
    id = next(each.body["id"] for each in reversed(shared_office.deeds()) if each.kind == "peer")  # noqa: A001
    assert BindingUnknown.code in boss.done("takeover", "unbind", takeover, id, code=2).stderr
    assert "PACS_9" in [each["ae_title"] for each in boss.json("peer", "list")["peers"]]


def test_nobody_is_bound_to_what_came_as_a_package(shared_office: Office) -> None:
    boss = shared_office.as_(BOSS)
    assert NotLive.code in boss.done("takeover", "bind", shared_office.takeover, "--peer", PEER, code=2).stderr
    assert "CAT-012" in boss.done("takeover", "bind", NOWHERE, "--peer", PEER, code=2).stderr
