"""What is asked for once is done once, and what was cut off between asking and the row is found."""

import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from repository.catalogue.jobs import JobState
from repository.domain.takeover import Disposition, Handover, Producer, State
from repository.errors import HomeBusy
from repository.home_lock import sole_writer
from repository.intake import Order, receive
from repository.jobs.draining import drain
from repository.jobs.enqueuing import enqueue_intake, enqueue_publish, recover
from repository.jobs.errors import OrderDamaged, OrderMissing, PackageDiffers, TakeoverHeld
from repository.jobs.foreground import receive_here
from repository.jobs.orders import Orders
from repository.packages.errors import PackageMissing
from repository.packages.guard import Limits
from repository.runtime import Archive
from repository.settings import Settings
from storage.errors import StoreReadOnly
from tests.builders.homes import assert_whole, at_home, environment_of, plain_package

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def package(tmp_path: Path) -> Path:
    return plain_package(tmp_path / "package", files=12, copies=2)


def test_asked_for_twice_a_takeover_has_one_job_and_one_opening(archive: Archive, package: Path) -> None:
    first, second = enqueue_intake(archive, Order(package)), enqueue_intake(archive, Order(package))
    assert first == second
    assert first.subject == archive.catalogue.takeovers()[0].id
    assert drain(archive, owner="me") == 1
    assert enqueue_intake(archive, Order(package)).state is JobState.DONE
    assert drain(archive, owner="me") == 0
    assert_whole(archive, archive.catalogue.takeover(first.subject), package)
    assert Orders(archive.settings.home).fingerprints() == []


def test_manifest_hand_over_data_and_limits_reach_the_worker_and_not_the_row(archive: Archive, package: Path) -> None:
    manifest = package.with_name("manifest.csv")
    manifest.write_text("path,sha256,size\n" + "".join(f"{n:05d}.bin,{0:064x},600\n" for n in range(3)))
    given = Handover(producer=Producer(name="Poradnia Zamknięta"), legal_basis="UPP art. 30a")
    (package / "large.bin").write_bytes(bytes(5000))
    order = Order(package, manifest=manifest, given=given, limits=replace(Limits(), member_bytes=4000))
    job = enqueue_intake(archive, order)
    assert "Zamkni" not in repr(job)
    assert str(package) not in repr(job)
    orders = Orders(archive.settings.home)
    (fingerprint,) = orders.fingerprints()
    assert orders.find(fingerprint) == replace(order, package=package.resolve(), manifest=manifest.resolve())
    assert (orders.folder / f"{fingerprint}.json").stat().st_mode & 0o777 == 0o600
    assert drain(archive, owner="me") == 1
    takeover = archive.catalogue.takeover(job.subject)
    assert takeover.handover.producer.name == "Poradnia Zamknięta"
    items = {item.path: item for item in archive.catalogue.items(takeover.number)}
    assert items["large.bin"].disposition is Disposition.REFUSED
    assert items["00000.bin"].disposition is Disposition.ALTERED
    assert items["00005.bin"].disposition is Disposition.UNEXPECTED


KILLED = """
import os, signal, sys
from pathlib import Path
from repository.intake import Order
from repository.jobs import enqueuing
from repository.runtime import open_archive
from repository.settings import from_environment

def die(*args, **named):
    os.kill(os.getpid(), signal.SIGKILL)

with open_archive(from_environment(os.environ)) as archive:
    setattr(enqueuing, sys.argv[1], die)
    enqueuing.enqueue_intake(archive, Order(Path(sys.argv[2])))
"""


@pytest.mark.parametrize("before", ["announce", "enqueue_once"])
def test_killed_before_the_row_the_order_is_found_and_done(settings: Settings, package: Path, before: str) -> None:
    environment = {**os.environ, **environment_of(settings)}
    ended = subprocess.run([sys.executable, "-c", KILLED, before, package], cwd=ROOT, env=environment, check=False)
    assert ended.returncode == -signal.SIGKILL
    with at_home(settings) as archive:
        assert archive.catalogue.jobs.jobs() == []
        assert len(archive.catalogue.takeovers()) == (0 if before == "announce" else 1)
        assert drain(archive, owner="me") == 1
        assert recover(archive) == []
        (takeover,) = archive.catalogue.takeovers()
        assert_whole(archive, takeover, package)


def test_an_order_whose_package_changed_before_it_had_a_job_is_dropped(archive: Archive, package: Path) -> None:
    orders = Orders(archive.settings.home)
    with orders.locked(wait=True):
        orders.keep("0" * 64, Order(package))
        assert recover(archive) == []  # somebody is enqueuing: it is not ours to judge
        assert orders.fingerprints() == ["0" * 64]
    assert recover(archive) == []
    assert orders.fingerprints() == []


def test_an_order_that_cannot_be_read_harms_no_other(archive: Archive, package: Path) -> None:
    orders = Orders(archive.settings.home)
    enqueue_intake(archive, Order(package))
    (orders.folder / "damaged.json").write_bytes(b'{"format": "edm-archive order 1", "package": 3}')
    (orders.folder / "damaged.json").chmod(0o600)
    with pytest.raises(OrderDamaged):
        orders.find("damaged")
    assert drain(archive, owner="me") == 1


def test_a_changed_package_fails_the_job_and_put_back_it_can_be_asked_for_again(
    archive: Archive, package: Path
) -> None:
    job = enqueue_intake(archive, Order(package))
    moved = package.rename(package.with_name("elsewhere"))
    plain_package(package, files=3)
    drain(archive, owner="me")
    row = archive.catalogue.jobs.job(job.id)
    assert row is not None
    assert (row.state, row.code) == (JobState.FAILED, PackageDiffers.code)
    for path in package.iterdir():
        path.unlink()
    package.rmdir()
    moved.rename(package)
    again = enqueue_intake(archive, Order(package))
    assert (again.subject, again.state) == (job.subject, JobState.WAITING)
    assert again.id != job.id
    assert drain(archive, owner="me") == 1
    assert_whole(archive, archive.catalogue.takeover(job.subject), package)


def test_a_worker_without_the_order_says_so_and_leaves_the_takeover_open(archive: Archive, package: Path) -> None:
    job = enqueue_intake(archive, Order(package))
    orders = Orders(archive.settings.home)
    orders.drop(orders.fingerprints()[0])
    drain(archive, owner="me")
    row = archive.catalogue.jobs.job(job.id)
    assert row is not None
    assert (row.state, row.code) == (JobState.WAITING, OrderMissing.code)
    assert archive.catalogue.takeover(job.subject).state is State.RECEIVING


def test_a_takeover_concluded_meanwhile_needs_no_package_any_more(archive: Archive, package: Path) -> None:
    job = enqueue_intake(archive, Order(package))
    concluded = receive(archive, Order(package), progress=lambda _: None)
    package.rename(package.with_name("gone"))
    assert drain(archive, owner="me") == 1
    row = archive.catalogue.jobs.job(job.id)
    assert row is not None
    assert (row.state, row.result) == (JobState.DONE, {"state": concluded.state.value})


def test_nothing_is_enqueued_for_a_package_that_is_not_there(archive: Archive, tmp_path: Path) -> None:
    with pytest.raises(PackageMissing):
        enqueue_intake(archive, Order(tmp_path / "nothing"))
    assert archive.catalogue.jobs.jobs() == []
    assert archive.catalogue.takeovers() == []


def test_publishing_is_asked_for_once_for_each_size_of_the_log(archive: Archive, package: Path) -> None:
    first = enqueue_publish(archive)
    assert enqueue_publish(archive) == first
    receive(archive, Order(package), progress=lambda _: None)
    second = enqueue_publish(archive)
    assert second.id != first.id
    assert drain(archive, owner="me") == 2
    row = archive.catalogue.jobs.job(second.id)
    assert row is not None
    assert row.result == {"size": archive.catalogue.log_size()}


def test_a_person_and_a_worker_never_have_one_takeover_at_once(archive: Archive, package: Path) -> None:
    job = enqueue_intake(archive, Order(package))
    held = archive.catalogue.jobs.lease({"intake"}, owner="worker", seconds=60)
    assert held is not None
    with pytest.raises(TakeoverHeld):
        receive_here(archive, Order(package), progress=lambda _: None)
    archive.catalogue.jobs.release(held)
    with sole_writer(archive.settings.home), pytest.raises(HomeBusy):
        receive_here(archive, Order(package), progress=lambda _: None)
    seen: list[int] = []
    takeover = receive_here(archive, Order(package), progress=lambda so_far: seen.append(so_far.items))
    assert takeover.id == job.subject
    assert seen[-1] == 14
    assert_whole(archive, takeover, package)
    assert receive_here(archive, Order(package), progress=lambda _: None) == takeover


def test_what_stops_a_person_is_told_as_it_is_and_asked_again_it_goes_on(archive: Archive, package: Path) -> None:
    put = archive.store.put

    def refuse(key: str, parts: object) -> None:
        raise StoreReadOnly

    archive.store.put = refuse  # type: ignore[method-assign, assignment]
    with pytest.raises(StoreReadOnly):
        receive_here(archive, Order(package), progress=lambda _: None)
    archive.store.put = put  # type: ignore[method-assign]
    takeover = receive_here(archive, Order(package), progress=lambda _: None)
    assert_whole(archive, takeover, package)
