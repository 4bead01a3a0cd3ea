"""`search`, `get`, `proof check`: what came in is found, and goes out bit for bit, with a proof for everybody."""

import json
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from repository.domain.describing import Identifier
from repository.domain.identifiers import PROVIDER_OID
from tests.cli.running import Machine, clean_environment, command
from tests.cli.staff import Staff, signed_in

FOR = ("--purpose", "custody")


def pesel_of(machine: Machine) -> str:
    return (machine.folder / "package/metadata/patients.csv").read_text("utf-8").splitlines()[1].split(",")[1]


def files_in(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.suffix != ".tlog-proof")


def test_a_patient_is_found_with_documents_and_studies(filled: Machine) -> None:
    levels = filled.json("search", *FOR, "--patient-id", pesel_of(filled))["levels"]
    assert {name: len(found["hits"]) for name, found in levels.items()} == {"patient": 1, "document": 4, "study": 1}
    told = filled.done("search", *FOR, "--patient-id", pesel_of(filled), "--lang", "pl").stdout
    assert "Karta informacyjna" in told
    assert "Wydanie: edm-archive get CO DOKĄD --purpose …" in told


@pytest.mark.parametrize(
    ("words", "hits"),
    [
        (("--level", "patient"), 3),
        (("--level", "study", "--modality", "ct"), 3),
        (("--level", "instance", "--limit", "5"), 5),
        (("--level", "holding", "--limit", "1000"), 34),
        (("--level", "patient", "--name", "lecka*"), 1),
        (("--level", "patient", "--patient-id", "0", "--issuer", "1.2"), 0),
        (("--level", "document", "--date", "19000101-19010101"), 0),
        (("--level", "patient", "--birth-date", "19000101-"), 3),
    ],
)
def test_conditions_narrow_a_search(words: tuple[str, ...], hits: int, filled: Machine) -> None:
    (found,) = filled.json("search", *FOR, *words)["levels"].values()
    assert len(found["hits"]) == hits


def test_pages_follow_each_other(filled: Machine, takeover: str) -> None:
    seen, mark = [], ""
    while True:
        words = ("search", *FOR, "--takeover", takeover, "--level", "instance", "--limit", "4", "--after", mark)
        found = filled.json(*words)["levels"]["instance"]
        seen += [hit["what"] for hit in found["hits"]]
        if not (mark := found["next"]):
            break
    assert len(seen) == len(set(seen)) == 13


def test_nothing_found_is_told(filled: Machine) -> None:
    assert filled.done("search", *FOR, "--name", "Nikt^Taki").stdout == "Nothing matches.\n"


@pytest.mark.requirement("R463-3.1.2")
def test_every_item_comes_back_bit_for_bit(filled: Machine, takeover: str, tmp_path: Path) -> None:
    items = filled.json("takeover", "statement", takeover, "--items", *FOR)["items"]
    for item in items[::3]:
        if item["disposition"] in {"missing", "refused"}:
            continue
        dest = tmp_path / str(item["ordinal"])
        filled.done("get", *FOR, f"{takeover[:18]}/{item['ordinal']}", dest)
        (file,) = files_in(dest)
        assert file.read_bytes() == (filled.folder / "package" / item["path"]).read_bytes()
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_study_comes_back_with_a_proof_beside_each_image(filled: Machine, tmp_path: Path) -> None:
    found = filled.json("search", *FOR, "--level", "study", "--patient-id", pesel_of(filled))
    uid = found["levels"]["study"]["hits"][0]["what"]
    answer = filled.json("get", *FOR, uid, tmp_path / "study")
    originals = sorted(p.read_bytes() for p in (filled.folder / "package/data/pacjent-00001/ct").iterdir())
    assert sorted(file.read_bytes() for file in files_in(tmp_path / "study")) == originals
    assert len(originals) == 5
    assert all(Path(each["proof"]).is_file() for each in answer["files"])


def test_a_document_is_given_by_its_identifier(filled: Machine, tmp_path: Path) -> None:
    hit = filled.json("search", *FOR, "--level", "document", "--limit", "1")["levels"]["document"]["hits"][0]
    name = f"{hit['values']['root']}^{hit['values']['extension']}"
    answer = filled.json("get", *FOR, name, tmp_path / "document.xml")
    assert answer["files"][0]["name"] == hit["what"]
    assert (tmp_path / "document.xml").is_file()
    assert (tmp_path / "document.xml.tlog-proof").is_file()


def test_a_duplicate_is_given_as_the_item_that_holds_its_bytes(filled: Machine, takeover: str, tmp_path: Path) -> None:
    path = "data/pacjent-00001/karta-informacyjna.xml"
    answer = filled.json("get", *FOR, f"{takeover}/path:{path}", tmp_path / "d")
    (file,) = files_in(tmp_path / "d")
    assert file.read_bytes() == (filled.folder / "package" / path).read_bytes()
    assert answer["files"][0]["name"].endswith("/9")


@pytest.mark.parametrize(
    "what", ["{}/36", "{}/99999", "{}/path:Kowalska^Anna.xml", "90010112349", "1.2.3.4.5", "1.2^90010112349", "x"]
)
def test_what_is_not_there_is_told_without_repeating_what_may_be_personal(
    what: str, filled: Machine, takeover: str, tmp_path: Path
) -> None:
    result = filled.done("get", *FOR, what.format(takeover), tmp_path / "d", code=10)
    assert "ACC-001" in result.stderr
    assert "Kowalska" not in result.output
    assert "90010112349" not in result.output
    assert not (tmp_path / "d").exists()


def test_giving_out_again_changes_nothing_and_never_overwrites(filled: Machine, takeover: str, tmp_path: Path) -> None:
    filled.done("get", *FOR, f"{takeover}/8", tmp_path / "d")
    (file,) = files_in(tmp_path / "d")
    before = file.stat().st_ino
    filled.done("get", *FOR, f"{takeover}/8", tmp_path / "d")
    assert file.stat().st_ino == before
    file.write_bytes(b"mine")
    assert "DLV-002" in filled.done("get", *FOR, f"{takeover}/8", tmp_path / "d", code=2).stderr
    assert file.read_bytes() == b"mine"


def test_a_link_in_the_place_of_a_file_is_not_followed(filled: Machine, takeover: str, tmp_path: Path) -> None:
    filled.done("get", *FOR, f"{takeover}/8", tmp_path / "d")
    (file,) = files_in(tmp_path / "d")
    file.unlink()
    file.symlink_to(tmp_path / "elsewhere")
    filled.done("get", *FOR, f"{takeover}/8", tmp_path / "d", code=2)
    assert not (tmp_path / "elsewhere").exists()


def test_a_place_that_cannot_be_written_to_is_told(filled: Machine, takeover: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert "DLV-001" in filled.done("get", *FOR, f"{takeover}/8", tmp_path / "file" / "below", code=2).stderr


def test_no_half_written_file_is_left(filled: Machine, takeover: str, tmp_path: Path) -> None:
    filled.done("get", *FOR, f"{takeover}/8", tmp_path / "d")
    assert [path for path in (tmp_path / "d").iterdir() if path.name.startswith(".")] == []


def test_a_damaged_item_is_named_and_the_others_are_given(machine: Machine, tmp_path: Path) -> None:
    takeover = machine.json("takeover", "receive", machine.sample("p", "--patients", 1, "--images", 3))["id"]
    machine = signed_in(machine)
    study = machine.json("search", *FOR, "--level", "study")["levels"]["study"]["hits"][0]["what"]
    machine.flip_byte(of_takeover=takeover, at=20_000)
    answer = machine.json("get", *FOR, study, tmp_path / "out", code=5)
    assert (answer["given"], answer["refused"]) == (2, 1)
    assert [each["fault"] for each in answer["files"] if each["fault"]] == ["STO-008"]
    assert len(files_in(tmp_path / "out")) == 2
    assert "[STO-008]" in machine.done("get", *FOR, study, tmp_path / "out2", code=5).stdout


def test_one_study_in_two_takeovers_is_given_out_of_both_and_not_mixed(machine: Machine, tmp_path: Path) -> None:
    first = machine.json("takeover", "receive", machine.sample("a", "--patients", 1))["id"]
    second = machine.json("takeover", "receive", machine.sample("b", "--patients", 1, "--damage"), code=3)["id"]
    machine = signed_in(machine)
    study = machine.json("search", *FOR, "--level", "study", "--takeover", first)["levels"]["study"]["hits"][0]["what"]
    answer = machine.json("get", *FOR, study, tmp_path / "out")
    assert {each["name"].partition("/")[0] for each in answer["files"]} == {first, second}
    assert len([path for path in files_in(tmp_path / "out") if path.is_file()]) == 4
    assert len(files_in(tmp_path / "out" / second)) == 5


def test_an_item_of_an_unfinished_takeover_is_given_without_a_proof(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    package = machine.sample()
    with monkeypatch.context() as patched:
        patched.setattr("repository.intake._conclude", stop)
        machine.done("takeover", "receive", package, code=130)
    takeover = machine.json("takeover", "list")["takeovers"][0]["id"]
    machine = signed_in(machine, Staff(house=Identifier(PROVIDER_OID, "000000000001")))
    wanted = ("get", "--purpose", "emergency", "--reason", "unconscious", f"{takeover}/3", tmp_path / "early")
    assert "Without a proof as yet: 1" in machine.done(*wanted).stdout
    assert machine.json(*wanted)["files"][0]["proof"]  # giving out publishes its account, and all that came before
    machine.done("takeover", "receive", package)


@pytest.fixture(scope="module")
def elsewhere(filled: Machine, takeover: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Another machine: a folder with a file, its proof and the public key, and nothing else."""
    folder = tmp_path_factory.mktemp("elsewhere")
    filled.done("get", *FOR, f"{takeover}/8", folder / "document.xml")
    shutil.copy(filled.home / "log.pub", folder / "log.pub")
    return folder


def check(folder: Path, *words: str, file: str = "document.xml") -> subprocess.CompletedProcess[bytes]:
    asked = command("proof", "check", folder / file, folder / "document.xml.tlog-proof", *words)
    return subprocess.run(asked, env=clean_environment(), cwd=folder, capture_output=True, check=False)


@pytest.mark.requirement("R463-7.4")
def test_a_proof_is_checked_on_a_machine_without_the_archive(elsewhere: Path) -> None:
    ended = check(elsewhere, "--key-file", "log.pub")
    assert (ended.returncode, ended.stderr) == (0, b"")
    assert b"The proof holds." in ended.stdout
    key = (elsewhere / "log.pub").read_text().strip()
    assert json.loads(check(elsewhere, "--key", key, "--json").stdout)["holds"] is True


def test_one_changed_byte_and_the_proof_does_not_hold(elsewhere: Path) -> None:
    content = (elsewhere / "document.xml").read_bytes()
    (elsewhere / "changed.xml").write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    ended = check(elsewhere, "--key-file", "log.pub", file="changed.xml")
    assert ended.returncode == 5
    assert b"PRF-002" in ended.stderr


def test_a_proof_under_another_key_does_not_hold(elsewhere: Path, machine: Machine) -> None:
    ended = check(elsewhere, "--key-file", str(machine.home / "log.pub"))
    assert ended.returncode == 5
    assert b"PRF-005" in ended.stderr


def test_without_a_key_nothing_is_checked(elsewhere: Path) -> None:
    ended = check(elsewhere)
    assert ended.returncode == 2
    assert b"PRF-010" in ended.stderr


@pytest.mark.parametrize("word", ["document.xml", "nothing"])
def test_a_file_that_is_not_there_is_told(word: str, elsewhere: Path) -> None:
    ended = check(elsewhere, "--key-file", "log.pub", file="missing.xml")
    assert ended.returncode == 2
    assert b"PRF-011" in ended.stderr


def test_at_home_the_published_key_is_used(filled: Machine, elsewhere: Path, tmp_path: Path) -> None:
    proof = elsewhere / "document.xml.tlog-proof"
    assert filled.json("proof", "check", elsewhere / "document.xml", proof)["holds"] is True
    (tmp_path / "another").write_bytes(b"another")
    assert "PRF-002" in filled.done("proof", "check", tmp_path / "another", proof, code=5).stderr


def test_checking_a_proof_loads_neither_catalogue_nor_parsers(elsewhere: Path) -> None:
    words = ["proof", "check", "document.xml", "document.xml.tlog-proof", "--key-file", "log.pub"]
    program = (
        f"import sys\nsys.argv = ['edm-archive', *{words!r}]\nimport cli.main\n"
        "try: cli.main.main()\nexcept SystemExit as end: print(end.code)\nprint(*sys.modules)"
    )
    python = command()[0]
    ended = subprocess.run(
        [python, "-c", program], env=clean_environment(), cwd=elsewhere, capture_output=True, check=True
    )
    lines = ended.stdout.decode().splitlines()
    assert lines[-2] == "0"
    assert {"sqlalchemy", "lxml", "pydicom", "minio", "celery", "argon2"} & set(lines[-1].split()) == set()
