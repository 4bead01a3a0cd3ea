"""A system that works over HTTP alone opens and concludes; what it opened is pushed into at the DICOM door as well."""

import json
from dataclasses import replace
from pathlib import Path

import httpx
from joserfc.jwk import ECKey

from api.tokens import JWT_BEARER
from dicom_gateway.listening import Gateway
from dicom_gateway.settings import GatewaySettings
from repository.jobs.draining import drain
from repository.peers.registering import register
from repository.runtime import Archive, open_archive
from tests.api.native.scoped import assertion
from tests.api.native.transfers.house import ADMINISTRATOR, CT_1, PROVIDER, THE_CLINIC, House, conclusion
from tests.api.served import problem, serving
from tests.builders.homes import new_home
from tests.builders.pushing import image
from tests.builders.staff import session_of
from tests.dicom_gateway.gateways import CT, CUSTODIAN, PATIENT, Door, an_image, status_of
from tests.peers.plain_http import PLAIN

STORED, NOT_AUTHORISED = 0x0000, 0x0124  # PS3.7 C.5.7, C.5.3


def identity(file: Path, key: ECKey) -> Path:
    """One client, which is its own administrator where its token says so."""
    body = {"root": "1.2.3", "extension": "4", "name": "Szpital"}
    client = {
        "client_id": "his", "jwks": {"keys": [key.as_dict(private=False)]}, "organisation": body,
        "scopes": ["archive.admin", "archive.read", "archive.write", "dicomweb.write"],
    }  # fmt: skip
    file.write_text(json.dumps({"clients": [client]}))
    file.chmod(0o600)
    return file


def granted(url: str, key: ECKey, *scopes: str) -> httpx.Client:
    form = {
        "grant_type": "client_credentials", "client_assertion_type": JWT_BEARER, "scope": " ".join(scopes),
        "client_assertion": assertion(key, audience=f"{url}/v1/token"),
    }  # fmt: skip
    answer = httpx.post(f"{url}/v1/token", data=form, trust_env=False, verify=PLAIN, timeout=60)
    assert answer.status_code == 200, answer.text
    headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}
    return httpx.Client(base_url=url, headers=headers, timeout=60, trust_env=False, verify=PLAIN)


def test_a_system_opens_pushes_and_concludes_with_the_scopes_for_it(tmp_path: Path) -> None:
    key = ECKey.generate_key("P-384", {"kid": "client", "use": "sig"})
    file = identity(tmp_path / "identity.json", key)
    said = {
        "producer": PROVIDER,
        "peers": [{"kind": "system", "system": "client#his"}],
        "declared_counts": {"studies": 1},
    }
    with open_archive(new_home(tmp_path)) as archive, serving(archive, identity=file) as url:
        with granted(url, key, "archive.write") as writer:
            refused = writer.post("/v1/transfers", json=said)
            assert (refused.status_code, problem(refused)["code"]) == (403, "RST-001")
        with granted(url, key, "archive.admin", "archive.read") as reader:
            refused = reader.post("/v1/transfers", json=said)
            assert (refused.status_code, problem(refused)["code"]) == (403, "CAL-003")
        assert archive.catalogue.takeovers() == []
        with granted(url, key, "archive.admin", "archive.write", "archive.read", "dicomweb.write") as system:
            place = system.post("/v1/transfers", json=said).headers["location"]
            pushed = House(url, archive, system.headers["authorization"].removeprefix("Bearer ")).push(
                archive.catalogue.takeovers()[0], image(1)
            )
            assert pushed.status_code == 200
            job = system.post(f"{place}/conclusion").headers["location"]
            drain(archive, owner="test")
            assert system.get(job).json()["result"] == {"state": "accepted"}
            assert system.get(f"{place}/protocol").status_code == 200
        assert who_did(archive) == {("transfer", "client#his"), ("leave-end", "client#his")}


def who_did(archive: Archive) -> set[tuple[str, str]]:
    return {
        (kind, each.body["by"]["id"])
        for kind in ("transfer", "leave-end")
        for each in archive.catalogue.journal.deeds(kind=kind)
    }


def test_a_modality_stores_into_it_until_it_is_concluded(tmp_path: Path) -> None:
    settings = GatewaySettings(port=0, grace=5, patience=PATIENT)
    with open_archive(new_home(tmp_path)) as archive, serving(archive) as url:
        register(archive, replace(CUSTODIAN, ae_title="CT_1"))
        token = session_of(archive, ADMINISTRATOR, name="boss").token
        headers = {"Authorization": f"Bearer {token}"}
        with (
            Gateway(archive, settings) as gateway,
            httpx.Client(base_url=url, headers=headers, trust_env=False, verify=PLAIN, timeout=60) as boss,
        ):
            takeover = House(url, archive, "").opened(boss, peers=[THE_CLINIC, CT_1])
            door = Door(archive, gateway.port, tmp_path, None, takeover, CUSTODIAN)
            association = door.associated(CT, title="CT_1")
            assert association.is_established
            assert status_of(association.send_c_store(an_image(1))) == STORED
            place = boss.post(conclusion(takeover)).headers["location"]
            assert status_of(association.send_c_store(an_image(2))) == NOT_AUTHORISED
            drain(archive, owner="test")
            assert status_of(association.send_c_store(an_image(3))) == NOT_AUTHORISED
            association.release()
            assert boss.get(place).json()["result"] == {"state": "accepted"}
            counts = boss.get(f"/v1/takeovers/{takeover.id}").json()["counts"]
        assert (counts["holdings"], counts["instances"]) == (1, 1)
