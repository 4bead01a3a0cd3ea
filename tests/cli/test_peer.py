"""`peer add | list | remove | echo`: an administrator says who may call, and each word is a deed."""

import pytest

from dicom_gateway.errors import PeerDoesNotAnswer
from dicom_gateway.listening import Gateway
from dicom_gateway.settings import DEFAULT_TITLE, GatewaySettings
from repository.consents.errors import NotYoursToGive, OptionUnreadable
from repository.peers.errors import PeerKnown, PeerUnfit, PeerUnknown
from repository.runtime import open_archive
from repository.settings import from_environment
from tests.cli.office import BOSS, DOCTOR, Office

ADD = ("peer", "add", "--organisation", "RPWDL:000000190353", "--name", "NZOZ", "--service", "find", "--service", "get",
    "--purpose", "custody")  # fmt: skip


def test_a_peer_is_registered_listed_and_removed(office: Office) -> None:
    boss = office.as_(BOSS)
    digest = "AB:" * 31 + "cd"
    made = boss.json(*ADD, "PACS_1", "--address", "10.0.0.0/8", "--host", "10.1.2.3", "--port", 104,
        "--certificate", digest)  # fmt: skip
    assert (made["ae_title"], made["services"], made["purpose"]) == ("PACS_1", ["find", "get"], "custody")
    assert made["certificate"] == "ab" * 31 + "cd"
    assert boss.json("peer", "list")["peers"] == [made | {"last_seen": ""}]
    assert "10.1.2.3:104" in boss.done("peer", "list").stdout
    assert PeerKnown.code in boss.run(*ADD, "PACS_1").stderr
    assert boss.json("peer", "remove", "PACS_1")["ae_title"] == "PACS_1"
    assert boss.json("peer", "list")["peers"] == []
    assert PeerUnknown.code in boss.run("peer", "remove", "PACS_1").stderr
    assert [deed.kind for deed in office.deeds()][-2:] == ["peer", "leave-end"]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("TITLE-THAT-IS-TOO-LONG",), PeerUnfit.code),
        (("BACK\\SLASH",), PeerUnfit.code),
        (("PACS", "--address", "nowhere"), PeerUnfit.code),
        (("PACS", "--certificate", "abc"), PeerUnfit.code),
        (("PACS", "--organisation", "PESEL:02070803628"), OptionUnreadable.code),
    ],
)
def test_what_no_peer_can_be_is_refused(office: Office, words: tuple[str, ...], code: str) -> None:
    before = len(office.deeds())
    answer = office.as_(BOSS).run(*ADD, *words)
    assert answer.exit_code == 2
    assert code in answer.stderr
    assert len(office.deeds()) == before


def test_only_an_administrator_registers_and_removes(office: Office) -> None:
    for words in ((*ADD, "PACS"), ("peer", "list"), ("peer", "remove", "PACS"), ("peer", "echo", "PACS")):
        assert NotYoursToGive.code in office.as_(DOCTOR).run(*words).stderr


def test_a_peer_that_listens_answers_and_one_that_is_gone_does_not(office: Office) -> None:
    boss = office.as_(BOSS)
    with open_archive(from_environment(office.machine.environment)) as archive:
        with Gateway(archive, GatewaySettings(port=0, ae_title="PACS_2")) as other:
            at = ("--host", "127.0.0.1", "--port", other.port)
            boss.json(*ADD, "PACS_2", *at)
            boss.json(*ADD, DEFAULT_TITLE, *at)  # whom the other one lets call
            assert boss.json("peer", "echo", "PACS_2")["milliseconds"] > 0
            boss.json("peer", "remove", DEFAULT_TITLE)
            refused = boss.run("peer", "test", "PACS_2")
            assert "does not know our AE title" in refused.stderr
        gone = boss.run("peer", "echo", "PACS_2")
    assert gone.exit_code == PeerDoesNotAnswer.exit_code
    assert "nobody listens there" in gone.stderr
