"""A request as it is written, byte by byte, and the whole of its answer."""

import re
import socket
from collections.abc import Sequence
from urllib.parse import urlsplit

PATIENCE = 30


def answer_to(url: str, line: str, fields: Sequence[str], *, own: Sequence[str] = (), body: bytes = b"") -> bytes:
    """`line`: method and address. Those of the header fields `own` are sent whose names are not among `fields`."""
    at, names = urlsplit(url), {each.partition(":")[0] for each in fields}
    sent = [*fields, *(each for each in own if each.partition(":")[0] not in names)]
    if body:
        sent.append(f"Content-Length: {len(body)}")
    lines = [f"{line} HTTP/1.1", "Host: archive.example:8042", "Connection: close", *sent, "", ""]
    with socket.create_connection((at.hostname, at.port), timeout=PATIENCE) as connection:
        connection.sendall("\r\n".join(lines).encode("latin-1") + body)
        answer = b""
        while part := connection.recv(1 << 16):
            answer += part
    return answer


def settled(answer: bytes) -> bytes:
    """All of it but what is new in each answer: its date, its number, its boundary. Pieces of a body that comes in
    pieces may be cut elsewhere."""
    head, _, body = answer.partition(b"\r\n\r\n")
    number = re.search(rb"(?i)x-request-id: (\S+)", head)
    for varying in ([re.escape(number[1])] if number else []) + [rb"edm-[0-9a-f]{48}", rb"(?i)\r\ndate: [^\r]*"]:
        head, body = re.sub(varying, b"-", head), re.sub(varying, b"-", body)
    if b"transfer-encoding: chunked" in head.lower():
        body = re.sub(rb"(?m)^[0-9a-f]+\r\n|\r\n", b"", body)
    return head + b"\r\n\r\n" + body
