"""Tries that are refused are written down, and cannot fill the disk."""

from pathlib import Path

from repository.people.refusing import AT_ONCE, EVERY, Refusals
from repository.runtime import open_archive
from tests.api.callers.conftest import Known
from tests.api.served import serving
from tests.builders.homes import new_home
from tests.peers.plain_http import PLAIN


def test_a_refused_try_is_a_deed_that_says_why_and_nothing_that_was_sent(known: Known) -> None:
    import httpx

    identity = known.served.settings.home.parent / "identity.json"
    before = len(known.refusals())
    token = known.provider.token(exp=1, sub="sekret-subject")
    with serving(known.served.archive, identity=identity) as url:
        httpx.get(
            url + known.address, headers={"Authorization": f"Bearer {token}"}, trust_env=False, verify=PLAIN, timeout=60
        )
    (deed,) = known.refusals()[before:]
    assert deed == {
        "way": "bearer", "why": "expired", "issuer": known.provider.url, "address": "127.0.0.1", "door": "v1",
        "unnoted": 0,
    }  # fmt: skip


def test_nobody_who_says_nothing_is_no_try(known: Known) -> None:
    before = len(known.refusals())
    assert known.get().status_code == 401
    assert len(known.refusals()) == before


def test_tries_without_end_are_counted_and_not_written(tmp_path: Path) -> None:
    with open_archive(new_home(tmp_path)) as archive:
        now = [0.0]
        refusals = Refusals(archive, clock=lambda: now[0])

        def tried(times: int) -> int:
            return sum(refusals.note("bearer", "expired", address="::1", door="v1") for _ in range(times))

        assert tried(1000) == AT_ONCE == archive.catalogue.journal.size()
        now[0] += EVERY * 2
        assert tried(500) == 2
        unnoted = [deed.body["unnoted"] for deed in archive.catalogue.journal.deeds(after=AT_ONCE, last=AT_ONCE + 2)]
        assert unnoted == [1000 - AT_ONCE, 0]
        now[0] += EVERY * 10_000
        assert tried(1000) == AT_ONCE  # waiting does not save up more
        last = archive.catalogue.journal.size()
        assert next(archive.catalogue.journal.deeds(after=AT_ONCE + 2, last=last)).body["unnoted"] == 498


def test_deeds_of_refused_tries_are_published_and_verified_like_all_others(tmp_path: Path) -> None:
    from repository.journal import journal_proof, publish

    with open_archive(new_home(tmp_path)) as archive:
        Refusals(archive).note("certificate", "TRU-013", address="192.0.2.1\ud800", door="x" * 999)
        publish(archive)
        assert journal_proof(archive, 1)
