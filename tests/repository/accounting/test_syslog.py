"""Batches on their way to real TLS servers on loopback, good ones and others."""

import ssl
from pathlib import Path

import pytest

from repository.accounting.collector_settings import Collector, Confirm
from repository.accounting.errors import (
    CollectorLost,
    CollectorNotTrusted,
    CollectorSettingWrong,
    CollectorUnreachable,
)
from repository.accounting.syslog import Patience, SyslogTls, framed, syslog_message
from tests.builders.accounts import account
from tests.builders.certificates import LOOPBACK, Authority, Pair
from tests.peers.syslog_collector import Manner, SyslogCollector

PATIENT = Patience(silence=0.3)
HASTY = Patience(connect=10, write=0.3, answer=0.3, silence=0.3)
BATCH = [b"first", b"second", "trzeci\nz końcem wiersza".encode()]


def sender(
    port: int, authority: Authority, *, patience: Patience = PATIENT, own: Pair | None = None,
    confirm: Confirm = Confirm.CLOSE,
) -> SyslogTls:  # fmt: skip
    certificate, key = (own.certificate, own.key) if own else (None, None)
    where = Collector(
        host=LOOPBACK, port=port, ca_file=authority.file, certificate_file=certificate, key_file=key, confirm=confirm
    )
    return SyslogTls(where, patience=patience)


@pytest.mark.parametrize("confirm", Confirm)
def test_a_batch_arrives_whole_and_in_order(collector: SyslogCollector, authority: Authority, confirm: Confirm) -> None:
    sending = sender(collector.port, authority, confirm=confirm)
    sending.send(BATCH)
    sending.send([b"x" * 300_000])
    sender(collector.port, authority).send([b"last"])  # attended to after the others: what they sent is then counted
    assert collector.received == [*BATCH, b"x" * 300_000, b"last"]


@pytest.mark.parametrize("newest", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_tls_from_1_2_on_is_taken(authority: Authority, newest: ssl.TLSVersion) -> None:
    with SyslogCollector(authority.sign("modern"), newest=newest) as modern:
        sender(modern.port, authority).send(BATCH)
    assert modern.received == BATCH


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1 is deprecated")
def test_tls_1_1_is_refused(authority: Authority) -> None:
    with (
        SyslogCollector(authority.sign("old"), newest=ssl.TLSVersion.TLSv1_1) as old,
        pytest.raises(CollectorNotTrusted) as refusal,
    ):
        sender(old.port, authority).send(BATCH)
    assert "VERSION" in str(refusal.value) or "PROTOCOL" in str(refusal.value)
    assert old.connections == 1
    assert old.received == []


def test_a_collector_of_another_authority_is_refused(collector: SyslogCollector, stranger: Authority) -> None:
    with pytest.raises(CollectorNotTrusted):
        sender(collector.port, stranger).send(BATCH)
    assert collector.received == []


@pytest.mark.parametrize(("days", "address", "said"), [(-1, LOOPBACK, "expired"), (2, "127.0.0.2", "mismatch")])
def test_an_expired_certificate_and_one_of_another_host_are_refused(
    authority: Authority, days: int, address: str, said: str
) -> None:
    with (
        SyslogCollector(authority.sign("wrong", days=days, address=address)) as wrong,
        pytest.raises(CollectorNotTrusted, match=said),
    ):
        sender(wrong.port, authority).send(BATCH)
    assert wrong.received == []


def test_a_collector_that_wants_to_know_us_does(authority: Authority, stranger: Authority) -> None:
    ours = authority.sign("archive")
    with SyslogCollector(authority.sign("strict"), clients=authority.file) as strict:
        sender(strict.port, authority, own=ours).send(BATCH)
        for other in (None, stranger.sign("archive")):
            with pytest.raises((CollectorNotTrusted, CollectorLost)):
                sender(strict.port, authority, own=other).send([b"nothing"])
    assert strict.received == BATCH


def test_a_refusal_of_our_certificate_is_told_as_one(authority: Authority) -> None:
    with (
        SyslogCollector(authority.sign("strict"), clients=authority.file, newest=ssl.TLSVersion.TLSv1_2) as strict,
        pytest.raises(CollectorNotTrusted),
    ):
        sender(strict.port, authority).send(BATCH)


@pytest.mark.parametrize("confirm", Confirm)
def test_a_collector_that_dies_while_it_reads_has_not_read(
    collector: SyslogCollector, authority: Authority, confirm: Confirm
) -> None:
    collector.manner, collector.dies_after = Manner.DIES, 20
    with pytest.raises(CollectorLost):
        sender(collector.port, authority, patience=Patience(), confirm=confirm).send([b"one", *[b"y" * 1000] * 200])
    assert collector.received in ([], [b"one"])


def test_a_collector_that_hangs_up_without_answering_has_not_confirmed(
    collector: SyslogCollector, authority: Authority
) -> None:
    collector.manner = Manner.HANGS_UP
    with pytest.raises(CollectorLost):
        sender(collector.port, authority).send(BATCH)


def test_silence_is_enough_for_a_collector_that_only_ever_hangs_up(
    collector: SyslogCollector, authority: Authority
) -> None:
    collector.manner = Manner.HANGS_UP
    sender(collector.port, authority, confirm=Confirm.SILENCE).send(BATCH)
    collector.manner = Manner.GOOD
    sender(collector.port, authority).send([b"last"])
    assert collector.received == [*BATCH, b"last"]


def test_a_collector_that_never_shakes_hands_is_given_up(collector: SyslogCollector, authority: Authority) -> None:
    collector.manner = Manner.MUTE
    with pytest.raises(CollectorUnreachable, match="no answer in time"):
        sender(collector.port, authority, patience=Patience(connect=0.3)).send(BATCH)


@pytest.mark.parametrize("size", [10, 20_000_000])
def test_a_collector_that_never_reads_is_given_up(collector: SyslogCollector, authority: Authority, size: int) -> None:
    collector.manner = Manner.DEAF
    with pytest.raises(CollectorLost, match="no answer in time"):
        sender(collector.port, authority, patience=HASTY).send([b"z" * size])


def test_where_nobody_listens_or_no_such_host_is_there_is_no_answer(authority: Authority) -> None:
    with SyslogCollector(authority.sign("gone")) as gone:
        pass
    with pytest.raises(CollectorUnreachable):
        sender(gone.port, authority).send(BATCH)
    for host in ("name.invalid", "x" * 80, "a..b"):
        with pytest.raises(CollectorUnreachable):
            SyslogTls(Collector(host=host, port=1, ca_file=authority.file)).send(BATCH)


def test_files_that_are_no_certificates_are_told_by_the_setting(authority: Authority, tmp_path: Path) -> None:
    paper = tmp_path / "paper"
    paper.write_text("no certificate")
    with pytest.raises(CollectorSettingWrong, match="CA_FILE"):
        SyslogTls(Collector(host=LOOPBACK, port=1, ca_file=paper)).send(BATCH)
    with pytest.raises(CollectorSettingWrong, match="CERTIFICATE_FILE"):
        sender(1, authority, own=Pair(paper, paper)).send(BATCH)


def test_the_envelope_is_that_of_rfc_5424_and_names_the_account() -> None:
    made = syslog_message(account(7), host="archive host\n", archive='a"]\\', message="<ż/>".encode())
    header, structured = made.split(b" [", 1)
    assert header == b"<85>1 2026-03-04T05:06:07.000089Z archive-host- edm-archive - DICOM+RFC3881"
    assert structured == b'account@32473 number="7" archive="a\\"\\]\\\\"] \xef\xbb\xbf<\xc5\xbc/>'


def test_a_frame_counts_octets_and_not_letters() -> None:
    assert framed("ż".encode()) == b"2 \xc5\xbc"
