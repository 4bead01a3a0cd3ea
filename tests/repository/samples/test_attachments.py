"""The attachments are what their names say."""

import re
import zlib

from hypothesis import given
from hypothesis import strategies as st

from repository.samples.attachments import SIDE, small_pdf, small_png


@given(line=st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=60))
def test_every_offset_of_the_cross_reference_table_meets_its_object(line: str) -> None:
    pdf = small_pdf(line)
    start = int(re.findall(rb"startxref\n(\d+)\n%%EOF\n$", pdf)[0])
    assert pdf.startswith(b"%PDF-1.4\n")
    assert pdf[start:].startswith(b"xref\n0 7\n")
    offsets = [int(offset) for offset in re.findall(rb"(\d{10}) 00000 n ", pdf[start:])]
    assert len(offsets) == 6
    for number, offset in enumerate(offsets, start=1):
        assert pdf[offset:].startswith(b"%d 0 obj\n" % number)
    length = int(re.findall(rb"/Length (\d+)", pdf)[0])
    stream = pdf[pdf.index(b"stream\n") + 7 :]
    assert stream[length:].startswith(b"\nendstream")


@given(shade=st.integers(0, 255))
def test_a_png_inflates_to_its_rows_and_its_chunks_pass_their_checks(shade: int) -> None:
    png, place, chunks = small_png(shade), 8, {}
    while place < len(png):
        length, kind = int.from_bytes(png[place : place + 4], "big"), png[place + 4 : place + 8]
        data, check = png[place + 8 : place + 8 + length], png[place + 8 + length : place + 12 + length]
        assert zlib.crc32(kind + data).to_bytes(4, "big") == check
        chunks[kind] = data
        place += 12 + length
    rows = zlib.decompress(chunks[b"IDAT"])
    assert list(chunks) == [b"IHDR", b"IDAT", b"IEND"]
    assert len(rows) == SIDE * (SIDE + 1)
    assert rows[1] == shade
