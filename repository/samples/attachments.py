"""The smallest honest PDF and PNG: valid files, the same bytes on every machine."""

import zlib

SIDE = 48


def small_pdf(line: str) -> bytes:
    """A one-page PDF 1.4 that shows `line` (ASCII), with a correct cross-reference table."""
    shown = line.translate({ord("\\"): "\\\\", ord("("): "\\(", ord(")"): "\\)"}).encode("ascii")
    page = b"BT /F1 12 Tf 72 760 Td (" + shown + b") Tj ET"
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources 6 0 R >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(page), page),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        b"<< /Font << /F1 5 0 R >> >>",
    )
    body, offsets = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n", []
    for number, content in enumerate(objects, start=1):
        offsets.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    size = len(objects) + 1
    tail = b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (size, len(body))
    return body + b"xref\n0 %d\n0000000000 65535 f \n" % size + table + tail


def small_png(shade: int) -> bytes:
    """A grey PNG of 48 × 48 with a gradient from `shade`. Deflate is stored, so no zlib version shows in the bytes."""
    rows = b"".join(b"\0" + bytes((shade + row + column) % 256 for column in range(SIDE)) for row in range(SIDE))
    length = len(rows)
    stored = b"\x01" + length.to_bytes(2, "little") + (length ^ 0xFFFF).to_bytes(2, "little") + rows
    data = b"\x78\x01" + stored + zlib.adler32(rows).to_bytes(4, "big")
    head = SIDE.to_bytes(4, "big") * 2 + b"\x08\x00\x00\x00\x00"
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head) + _chunk(b"IDAT", data) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")
