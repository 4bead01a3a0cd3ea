"""A study that was taken over, looked at in a real browser: OHIF, signed in through its page, from another origin."""

import io
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from PIL import Image

from repository.access.principal import Organisation, PrincipalKind
from repository.clock import now
from repository.domain.describing import Identifier
from repository.domain.identifiers import NPWZ_DOCTOR_OID
from repository.people import totp
from repository.people.inviting import accept, invite
from tests.api.served import Served, served_sample
from tests.builders.people import PASSWORD, cheap_argon2, secret_of
from tests.builders.staff import NPWZ, custodian_of
from tests.peers import chromium
from tests.peers.needed import needed
from tests.peers.processes import free_port

pytestmark = [pytest.mark.peers, pytest.mark.timeout(300)]

ROOT = Path(__file__).parents[2]
DIST = ROOT / "var" / "viewer" / "dist"
SHADES, BRIGHT = 8, 0.3  # the samples are a noisy ellipse in air: its middle is bright, and no two pixels are alike
# The middle of the canvas that shows the image, in pixels of the page.
_CANVAS = """(() => {
    const canvas = document.querySelector(".cornerstone-canvas");
    if (!canvas) return null;
    const {x, y, width, height} = canvas.getBoundingClientRect();
    return width > 100 && height > 100 ? [x + width / 4, y + height / 4, width / 2, height / 2] : null;
})()"""


@dataclass(frozen=True)
class Account:
    name: str
    secret: bytes


@contextmanager
def viewer(archive: str, port: int) -> Iterator[str]:
    """The address of the viewer's own server, which `deploy/viewer/viewer.py` is."""
    words = ["--archive", archive, "--port", str(port), "--folder", str(DIST)]
    command = [sys.executable, str(ROOT / "deploy" / "viewer" / "viewer.py"), *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
        try:
            assert running.stdout is not None
            assert "The viewer is at" in running.stdout.readline()
            yield f"http://127.0.0.1:{port}"
        finally:
            running.terminate()


@pytest.fixture
def seen(tmp_path: Path) -> Iterator[tuple[Served, str]]:
    """A served archive, and the address of a viewer whose pages it lets read."""
    needed(chromium.missing())
    if not (DIST / "index.html").exists():
        pytest.skip("the OHIF viewer is not in var/viewer: `make viewer` fetches it, where the network lets it")
    port = free_port()
    with (
        served_sample(tmp_path, origins=(f"http://127.0.0.1:{port}",)) as served,
        viewer(served.url, port) as url,
    ):
        yield served, url


def account(served: Served) -> Account:
    """A doctor of the custodian's, with a device that shows codes."""
    with pytest.MonkeyPatch.context() as patch:
        cheap_argon2(patch)
        invitation = invite(
            served.archive, kind=PrincipalKind.MEDICAL_WORKER, given_name="Ada", surname="Nowak", by="test", npwz=NPWZ,
            role="lekarz", identifier=Identifier(NPWZ_DOCTOR_OID, NPWZ),
            organisation=Organisation(custodian_of(served.archive), "Następca", "provider"),
        )  # fmt: skip
        return Account(
            "viewer", secret_of(accept(served.archive, invitation.code, name="viewer", password=PASSWORD).otpauth)
        )


def sign_in(page: chromium.Page, known: Account) -> None:
    """The form is filled in and sent, as a person does."""
    page.until("document.querySelector('form [name=totp]') !== null")
    said = {"name": known.name, "password": PASSWORD, "totp": totp.code_at(known.secret, totp.step_at(now()))}
    for field, value in said.items():
        page.run(f"document.querySelector('form [name={field}]').value = {value!r}")
    page.run("document.querySelector('form').requestSubmit()")


def drawn(page: chromium.Page) -> tuple[int, float]:
    """How many shades of grey are in the middle of the viewport, and what part of it is not black."""
    place = page.run(_CANVAS)
    if place is None:  # it is laid out anew
        return 0, 0.0
    x, y, width, height = place
    picture = Image.open(io.BytesIO(page.screenshot())).convert("L").crop((x, y, x + width, y + height))
    counted = picture.histogram()
    return sum(each > 0 for each in counted), 1 - sum(counted[:10]) / (picture.width * picture.height)


def test_a_study_is_seen_in_a_browser(seen: tuple[Served, str], tmp_path: Path) -> None:
    served, url = seen
    images = [each.description.dicom for each in served.archive.catalogue.holdings(served.takeover.number)]
    study = next(each.study_instance_uid for each in images if each is not None)
    known = account(served)
    before = served.archive.catalogue.journal.size()
    with chromium.browsing(tmp_path / "chromium") as page:
        page.go(f"{url}/viewer?StudyInstanceUIDs={study}")
        sign_in(page, known)
        page.until(_CANVAS, seconds=90)
        for _ in range(300):
            shades, bright = drawn(page)
            if shades > SHADES and bright > BRIGHT:
                break
            page.run("new Promise(done => setTimeout(done, 200))")
        (tmp_path / "seen.png").write_bytes(page.screenshot())
    assert not [line for line in page.told if line.startswith("4") and served.url in line], page.told
    assert shades > SHADES, page.told[-20:]
    assert bright > BRIGHT, page.told[-20:]
    assert served.archive.catalogue.journal.size() > before + 2  # each reading has its account


def test_pages_of_other_origins_are_not_told_anything(seen: tuple[Served, str]) -> None:
    served, url = seen
    with served.client(Origin="http://elsewhere.example") as client:
        assert "access-control-allow-origin" not in client.get("/dicomweb/studies").headers
    with served.client(Origin=url) as client:
        assert client.get("/dicomweb/studies").headers["access-control-allow-origin"] == url


def test_the_viewer_speaks_to_nobody_but_the_archive(seen: tuple[Served, str]) -> None:
    served, url = seen
    with urllib.request.urlopen(f"{url}/viewer?StudyInstanceUIDs=1.2.3", timeout=60) as answer:
        policy = answer.headers["Content-Security-Policy"]
        assert b"OHIF" in answer.read()
    assert f"connect-src 'self' blob: data: {served.url};" in policy
    assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert answer.headers["Cross-Origin-Embedder-Policy"] == "require-corp"
