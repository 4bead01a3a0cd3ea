"""Proofs, with an independent verifier as the second opinion on everything that is accepted or refused."""

import hashlib
import io
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repository.evidence.errors import (
    CheckpointForged,
    FileDiffers,
    NotAProof,
    NotOfAFile,
    ProofError,
    RecordNotInLog,
    UnknownLog,
    VerifierKeyMalformed,
)
from repository.evidence.note import Signer, encode64
from repository.evidence.proof import check, check_record, compose, parse
from repository.evidence.record import entry, holding_record
from storage.objects.memory import MemoryStore
from tests.repository.evidence import independent_verifier
from tests.repository.evidence.ledger import ARCHIVE, ORIGIN, SIGNER, Ledger, a_log, made
from tests.vectors.proofs.generate import DOCUMENT, vectors

ROOT = Path(__file__).resolve().parents[3]
VECTORS = ROOT / "tests" / "vectors" / "proofs"
KEY = str(SIGNER.verifier)


def recorded(content: bytes, **changes: str) -> bytes:
    return holding_record(
        archive=changes.get("archive", ARCHIVE),
        takeover="0193f3c0-2222-7222-8333-0123456789ab",
        ordinal=1,
        kind="dicom",
        size=len(content),
        sha256=hashlib.sha256(content).digest(),
        sealed_sha256=bytes(32),
        object_id="abc",
        offset=0,
        length=len(content) + 16,
        at="2026-01-31T23:59:59Z",
        facts=b"facts",
    )


def proved(content: bytes, *, before: int = 2, after: int = 3, signer: Signer = SIGNER, **changes: str) -> bytes:
    record = recorded(content, **changes)
    ledger = Ledger([*made(before), entry(record), *made(after, salt="after")])
    log = a_log(MemoryStore(), ledger, signer=signer)
    log.publish()
    return log.prove_record(record, before)


def independently(content: bytes, proof: bytes, key: str = KEY) -> bool:
    try:
        independent_verifier.verify(io.BytesIO(content), proof, key)
    except (independent_verifier.Refused, ValueError):
        return False
    return True


CONTENT = b"the bytes as received"
PROOF = proved(CONTENT)


@given(st.binary(max_size=100), st.integers(0, 600), st.integers(0, 600))
def test_whoever_has_file_proof_and_key_can_check_it(content, before, after):
    proof = proved(content, before=before, after=after)
    checked = check(io.BytesIO(content), proof, [KEY])
    assert checked.index == before
    assert checked.checkpoint.size == before + after + 1
    assert checked.record.sha256 == hashlib.sha256(content).digest()
    assert independently(content, proof)


@given(st.integers(0, len(PROOF) - 1), st.integers(0, 255))
def test_no_byte_of_a_proof_can_be_changed(at, value):
    changed = PROOF[:at] + bytes([value]) + PROOF[at + 1 :]
    if changed == PROOF:
        return
    with pytest.raises(ProofError):
        check(io.BytesIO(CONTENT), changed, [KEY])
    assert not independently(CONTENT, changed)


@given(st.integers(0, len(PROOF) - 1))
def test_a_proof_that_is_cut_off_is_refused(length):
    with pytest.raises(ProofError):
        check(io.BytesIO(CONTENT), PROOF[:length], [KEY])


@given(
    st.binary(max_size=300),
    st.integers(0, 2**63 - 1),
    st.lists(st.binary(min_size=32, max_size=32), max_size=64),
    st.binary(max_size=100),
)
def test_a_proof_is_read_back_as_it_was_composed(record, index, hashes, checkpoint):
    proof = compose(record, index=index, hashes=hashes, checkpoint=checkpoint)
    parts = parse(proof)
    assert (parts.record, parts.index, list(parts.hashes), parts.checkpoint) == (record, index, hashes, checkpoint)


@given(st.binary(max_size=200) | st.binary(max_size=60).map(lambda tail: b"c2sp.org/tlog-proof@v1\nextra " + tail))
def test_any_bytes_are_refused(data):
    with pytest.raises(NotAProof):
        parse(data)


def test_another_file_is_refused_with_both_digests():
    for other in (CONTENT + b"!", CONTENT[:-1], b"", CONTENT.upper()):
        with pytest.raises(FileDiffers, match=hashlib.sha256(other).hexdigest()) as caught:
            check(io.BytesIO(other), PROOF, [KEY])
        assert caught.value.exit_code == 5
        assert hashlib.sha256(CONTENT).hexdigest() in caught.value.message.pl
        assert not independently(other, PROOF)


def test_a_record_that_was_never_logged_is_refused():
    forged = b"forged bytes"
    parts = parse(PROOF)
    proof = compose(recorded(forged), index=parts.index, hashes=parts.hashes, checkpoint=parts.checkpoint)
    with pytest.raises(RecordNotInLog):
        check(io.BytesIO(forged), proof, [KEY])
    assert not independently(forged, proof)


def test_the_right_record_at_another_index_is_refused():
    parts = parse(PROOF)
    for index in (0, 1, 3, 5, 6, 2**62):
        proof = compose(parts.record, index=index, hashes=parts.hashes, checkpoint=parts.checkpoint)
        with pytest.raises(RecordNotInLog):
            check(io.BytesIO(CONTENT), proof, [KEY])


def test_a_checkpoint_with_another_root_is_refused():
    parts = parse(PROOF)
    lines = parts.checkpoint.split(b"\n")
    lines[2] = encode64(bytes(32)).encode()
    proof = compose(parts.record, index=parts.index, hashes=parts.hashes, checkpoint=b"\n".join(lines))
    with pytest.raises(CheckpointForged):
        check(io.BytesIO(CONTENT), proof, [KEY])


def test_the_proof_of_another_log_is_refused():
    stranger = Signer(name=ORIGIN, seed=b"\1" * 32)
    with pytest.raises(UnknownLog, match=ORIGIN):
        check(io.BytesIO(CONTENT), proved(CONTENT, signer=stranger), [KEY])
    other = Signer(name=ORIGIN + "-other", seed=b"\2" * 32)
    with pytest.raises(UnknownLog):  # signed by its own key, but the record names another archive
        check(io.BytesIO(CONTENT), proved(CONTENT, signer=other), [KEY, str(other.verifier)])
    with pytest.raises(UnknownLog):
        check(io.BytesIO(CONTENT), PROOF, [])


def test_one_of_several_keys_is_enough():
    old = Signer(name=ORIGIN, seed=b"\3" * 32)
    assert check(io.BytesIO(CONTENT), PROOF, [str(old.verifier), KEY + "\n"]).index == 2


def test_a_key_that_is_none_is_named_as_such():
    for key in ("", "a+b", KEY[:-2], KEY.replace("+", "-", 1), "edm+00000000+AAAA"):
        with pytest.raises(VerifierKeyMalformed):
            check(io.BytesIO(CONTENT), PROOF, [key])


def test_the_proof_of_an_event_proves_no_file():
    event = vectors()["event.tlog-proof"]
    key = vectors()["archive.vkey"].decode()
    assert check_record(event, [key]).record.event == "ingestion end"
    with pytest.raises(NotOfAFile, match="ingestion end"):
        check(io.BytesIO(b""), event, [key])


def test_a_proof_without_its_record_is_no_proof_of_a_file():
    with pytest.raises(NotAProof):
        parse(PROOF.replace(b"extra ", b"xtra "))
    lines = PROOF.split(b"\n")
    with pytest.raises(NotAProof):
        parse(b"\n".join([lines[0], *lines[2:]]))
    with pytest.raises(NotAProof, match="too long"):
        parse(PROOF + b"x" * 400_000)


def test_a_big_file_is_read_in_pieces():
    class Endless(io.RawIOBase):
        """Gives 64 MiB of zeros, and refuses to be asked for more than a few MiB at once."""

        left = 64 * 1024 * 1024

        def read(self, size=-1):
            assert 0 < size <= 4 * 1024 * 1024
            size = min(size, self.left)
            self.left -= size
            return bytes(size)

    with pytest.raises(FileDiffers, match=str(64 * 1024 * 1024)):
        check(Endless(), PROOF, [KEY])


def test_the_stored_vectors_are_what_their_generator_makes():
    for name, content in vectors().items():
        assert (VECTORS / name).read_bytes() == content, name


def test_a_stranger_can_check_the_vectors_with_the_independent_verifier_alone(tmp_path):
    script = tmp_path / "verifier.py"  # away from the product, which then cannot be imported
    script.write_bytes(Path(independent_verifier.__file__).read_bytes())
    assert len(script.read_text().splitlines()) < 150

    def run(document: Path) -> subprocess.CompletedProcess[str]:
        files = [document, VECTORS / "document.xml.tlog-proof", VECTORS / "archive.vkey"]
        command = [sys.executable, "-I", str(script), *map(str, files)]
        return subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)

    done = run(VECTORS / "document.xml")
    assert (done.returncode, done.stdout[:7]) == (0, "PROVED:"), done.stderr
    changed = tmp_path / "changed.xml"
    changed.write_bytes(DOCUMENT.replace(b"note", b"nota"))
    assert run(changed).returncode == 1


def test_the_worked_example_in_the_docs_is_the_stored_vector():
    page = (ROOT / "docs" / "proofs.md").read_text("utf-8")
    for name in ("document.xml", "document.xml.tlog-proof", "archive.vkey"):
        assert (VECTORS / name).read_text("utf-8").rstrip("\n") in page, name
    record = parse((VECTORS / "document.xml.tlog-proof").read_bytes()).record
    assert record.decode() in page
    assert hashlib.sha256(record).hexdigest() in page
    assert hashlib.sha256(b"\0" + hashlib.sha256(record).digest()).hexdigest() in page


def test_checking_a_proof_needs_neither_store_nor_catalogue():
    code = (
        "import sys, repository.evidence.proof\n"
        "heavy = ('sqlalchemy', 'minio', 'pydicom', 'lxml', 'celery', 'storage.objects', 'repository.catalogue',"
        " 'repository.evidence.log', 'storage.sealing')\n"
        "print([name for name in heavy if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"
