"""Checks an EDM Archive proof with nothing of EDM Archive: `python independent_verifier.py FILE PROOF KEY`.

Written from docs/proofs.md and the specifications it names, with the standard library and `cryptography` alone.
Prints what is proved and ends with 0, or prints why not and ends with 1.
"""

import base64
import hashlib
import json
import re
import sys
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


class Refused(Exception):
    """Why the proof does not hold."""


def demand(holds, reason):
    if not holds:
        raise Refused(reason)


def b64(text):
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError:
        raise Refused("bad base64") from None
    demand(base64.b64encode(data).decode() == text, "base64 in another form")
    return data


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def read_key(line):
    """C2SP signed-note, verifier key: name+hash+base64(0x01 || public key)."""
    name, key_id, encoded = line.strip().split("+", 2)
    data = b64(encoded)
    demand(data[0] == 1 and len(data) == 33, "not an Ed25519 key")
    demand(sha256(name.encode(), b"\n", data)[:4].hex() == key_id, "the key's hash does not fit")
    return name, bytes.fromhex(key_id), data[1:]


def read_proof(data):
    """C2SP tlog-proof: header, extra, index, path, blank line, checkpoint."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise Refused("not UTF-8") from None
    head, blank, checkpoint = text.partition("\n\n")
    lines = head.split("\n")
    demand(blank and len(lines) >= 3 and lines[0] == "c2sp.org/tlog-proof@v1", "not a tlog-proof")
    demand(lines[1].startswith("extra ") and re.fullmatch(r"index (0|[1-9][0-9]*)", lines[2]), "no record or index")
    return b64(lines[1][6:]), int(lines[2][6:]), [b64(line) for line in lines[3:]], checkpoint


def read_checkpoint(note, key):
    """C2SP signed-note and tlog-checkpoint: (origin, size, root), once the signature by `key` fits."""
    name, key_id, public = key
    demand(note.endswith("\n") and "\n\n" in note, "not a signed note")
    text, _, signatures = note[:-1].rpartition("\n\n")
    text += "\n"
    mine = [line.split(" ") for line in signatures.split("\n")]
    mine = [b64(parts[2]) for parts in mine if len(parts) == 3 and parts[0] == "—" and parts[1] == name]
    mine = [value for value in mine if value[:4] == key_id]
    demand(mine, "not signed by this key")
    for value in mine:
        try:
            Ed25519PublicKey.from_public_bytes(public).verify(value[4:], text.encode())
        except InvalidSignature:
            raise Refused("the checkpoint's signature does not fit") from None
    lines = text.split("\n")
    demand(len(lines) == 4 and lines[3] == "" and lines[0] == name, "not a checkpoint of this log")
    demand(re.fullmatch(r"0|[1-9][0-9]*", lines[1]), "no tree size")
    root = b64(lines[2])
    demand(len(root) == 32, "no root")
    return lines[0], int(lines[1]), root


def path_root(leaf, index, size, path):
    """RFC 6962 §2.1.1, read from the top: which half of the tree the leaf is in decides the order of the hashes."""
    if size == 1:
        demand(not path, "the path is too long")
        return leaf
    demand(path, "the path is too short")
    half = 1 << (size - 1).bit_length() - 1
    *below, sibling = path
    demand(len(sibling) == 32, "not a hash")
    if index < half:
        return sha256(b"\1", path_root(leaf, index, half, below), sibling)
    return sha256(b"\1", sibling, path_root(leaf, index - half, size - half, below))


def verify(stream, proof, key_line):
    """The record, as a dict, that the file of `stream` was taken over with. Raises `Refused`."""
    record, index, path, note = read_proof(proof)
    origin, size, root = read_checkpoint(note, read_key(key_line))
    demand(index < size, "the index is beyond the log")
    leaf = sha256(b"\0", sha256(record))
    demand(path_root(leaf, index, size, path) == root, "the record is not in the log")
    fields = json.loads(record)
    demand(fields["type"] == "holding" and fields["v"] == 1, "not the record of a file")
    demand(origin == "edm-archive/" + fields["archive"], "the record is of another archive")
    digest, length = hashlib.sha256(), 0
    while chunk := stream.read(1 << 20):
        digest.update(chunk)
        length += len(chunk)
    demand(length == fields["size"] and digest.hexdigest() == fields["sha256"], "the file is another one")
    return fields


if __name__ == "__main__":
    file, proof_file, key_file = map(Path, sys.argv[1:4])
    try:
        with file.open("rb") as opened:
            found = verify(opened, proof_file.read_bytes(), key_file.read_text())
    except (Refused, ValueError) as refusal:
        print(f"NOT PROVED: {refusal}")
        sys.exit(1)
    print(f"PROVED: taken over {found['at']} by archive {found['archive']}, item {found['ordinal']}")
