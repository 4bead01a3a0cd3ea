import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repository.evidence.checkpoint import Checkpoint, TreeHead, origin_of
from repository.evidence.errors import NoteError, NoteForged, NoteMalformed, NoteUnsigned, VerifierKeyMalformed
from repository.evidence.note import Signer, Verifier, decode64, encode64, is_key_name, open_note, split_note

NAMES = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=30).filter(is_key_name)
SEEDS = st.binary(min_size=32, max_size=32)
SIGNERS = st.builds(lambda name, seed: Signer(name=name, seed=seed), NAMES, SEEDS)
LINES = st.text(st.characters(exclude_categories=["Cs"], min_codepoint=32), max_size=30)
TEXTS = st.lists(LINES, max_size=5).map(lambda lines: "".join(f"{line}\n" for line in [*lines, "end"]).encode())
HEADS = st.builds(
    TreeHead,
    origin=NAMES,
    size=st.integers(0, 2**63 - 1),
    root=st.binary(min_size=32, max_size=32),
    extensions=st.lists(LINES.filter(bool), max_size=2).map(tuple),
)

# From the Go package golang.org/x/mod/sumdb/note, which C2SP signed-note was written after.
PETER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
SIGNED_BY_PETER = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
    "\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)


def test_a_note_and_key_made_by_another_program_verify():
    text, names = open_note(SIGNED_BY_PETER.encode(), [Verifier.parse(PETER)])
    assert names == {"PeterNeumann"}
    assert text.endswith(b"what your problem is.\n")
    with pytest.raises(NoteForged):
        open_note(SIGNED_BY_PETER.replace("answer", "Answer").encode(), [Verifier.parse(PETER)])


@given(SIGNERS, TEXTS)
def test_a_signed_text_opens_and_every_changed_byte_is_noticed(signer, text):
    note = signer.sign(text)
    assert open_note(note, [signer.verifier]) == (text, {signer.name})
    assert signer.sign(text) == note
    for at in {0, len(text) // 2, len(text) - 1, len(note) - 2, len(note) - 20, len(note) - 89}:
        changed = note[:at] + bytes([note[at] ^ 1]) + note[at + 1 :]
        with pytest.raises(NoteError):
            open_note(changed, [signer.verifier])


@given(SIGNERS)
def test_a_verifier_key_is_read_back_as_it_was_written(signer):
    assert Verifier.parse(str(signer.verifier)) == signer.verifier


@given(st.data(), SIGNERS)
def test_a_changed_verifier_key_is_never_taken_for_another(data, signer):
    line = str(signer.verifier)
    at = data.draw(st.integers(0, len(line) - 1))
    changed = line[:at] + data.draw(st.characters(exclude_categories=["Cs"])) + line[at + 1 :]
    with contextlib.suppress(VerifierKeyMalformed):
        assert str(Verifier.parse(changed)) == line


@given(SIGNERS, SIGNERS, TEXTS)
def test_signatures_by_strangers_are_passed_over(one, other, text):
    if one.name == other.name or one.seed == other.seed:
        return
    both = one.sign(text) + other.sign(text)[len(text) + 1 :]
    assert open_note(both, [one.verifier])[1] == {one.name}
    assert open_note(both, [one.verifier, other.verifier])[1] == {one.name, other.name}
    with pytest.raises(NoteUnsigned):
        open_note(one.sign(text), [other.verifier])
    with pytest.raises(NoteUnsigned):
        open_note(one.sign(text), [Verifier(name=one.name, public=other.verifier.public)])


@given(st.binary(max_size=200))
def test_any_bytes_are_refused_and_nothing_but_a_note_error_is_raised(data):
    with pytest.raises(NoteError):
        open_note(data, [])


@pytest.mark.parametrize(
    ("note", "reason"),
    [
        (b"text\n", "signatures"),
        (b"text\n\n", "signatures"),
        (b"text\n\n\xe2\x80\x94 a AAAAAAA=", "signatures"),
        (b"te\rxt\n\n\xe2\x80\x94 a AAAAAAA=\n", "control"),
        (b"te\xff\n\n\xe2\x80\x94 a AAAAAAA=\n", "UTF-8"),
        (b"text\n\n- a AAAAAAA=\n", "line"),
        (b"text\n\n\xe2\x80\x94 a AAAAAAB=\n", "line"),
        (b"text\n\n\xe2\x80\x94 a AAAAAA==\n", "line"),
        (b"text\n\n\xe2\x80\x94 a+b AAAAAAA=\n", "line"),
        (b"text\n\n" + b"\xe2\x80\x94 a AAAAAAA=\n" * 101, "too many"),
        (b"t" * 300_000, "too long"),
    ],
)
def test_what_is_not_a_note_is_refused_with_the_reason(note, reason):
    with pytest.raises(NoteMalformed, match=reason):
        split_note(note)


@given(HEADS)
def test_a_checkpoint_body_is_read_back_as_it_was_written(head):
    assert TreeHead.parse(head.body()) == head


@given(st.binary(max_size=120) | HEADS.map(TreeHead.body).flatmap(lambda body: st.integers(0, 90).map(
    lambda at: body[:at] + body[at + 1 :])))  # fmt: skip
def test_a_checkpoint_body_has_one_form(data):
    try:
        head = TreeHead.parse(data)
    except NoteMalformed:
        return
    assert head.body() == data


ROOT = encode64(bytes(32))


@pytest.mark.parametrize(
    "body",
    [
        "", "o\n1\n", f"o\n01\n{ROOT}\n", f"o\n-1\n{ROOT}\n", f"o\n1\n{ROOT}", f"o\n1\n{ROOT[:-1]}\n", f"\n1\n{ROOT}\n",
        f"o\n1\n{ROOT}\n\n", f"o\n9223372036854775808\n{ROOT}\n", f"o\n١\n{ROOT}\n", "o\n1\nAAAA\n", f"o\n+1\n{ROOT}\n",
    ],
)  # fmt: skip
def test_a_body_that_is_not_a_checkpoint_is_refused(body):
    with pytest.raises(NoteMalformed):
        TreeHead.parse(body.encode())


def test_a_checkpoint_counts_only_under_the_key_of_its_own_log():
    own = Signer(name=origin_of("a"), seed=b"1" * 32)
    other = Signer(name=origin_of("b"), seed=b"2" * 32)
    head = TreeHead(origin=origin_of("a"), size=3, root=bytes(32))
    assert Checkpoint.opened(Checkpoint.signed(head, own).note, [own.verifier]).head == head
    with pytest.raises(NoteUnsigned):
        Checkpoint.opened(Checkpoint.signed(head, other).note, [own.verifier, other.verifier])


def test_the_private_key_does_not_show_in_a_representation():
    shown = repr(Signer(name="a", seed=b"1" * 32))
    assert "1111" not in shown
    assert "3131" not in shown


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\nb", "a\u00a0b", "a\x00b"])
def test_a_name_that_no_line_can_hold_is_no_name(name):
    with pytest.raises(ValueError, match="signing key"):
        Signer(name=name, seed=bytes(32))


def test_base64_is_read_in_its_canonical_form_only():
    assert decode64("AAA=") == b"\0\0"
    for text in ("AAB=", "AAA", "AA\n=", "AA-_", "ąAA="):
        with pytest.raises(ValueError, match="base64"):
            decode64(text)
