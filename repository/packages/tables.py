"""CSV as providers write it: UTF-8 or Windows-1250, commas or semicolons, a header row, in constant memory."""

import codecs
import csv
from collections.abc import Iterator, Mapping
from typing import BinaryIO

LONGEST_ROW = 1 << 16  # characters


class TableUnreadable(Exception):
    """No header row, or a row that does not end; `row` counts from 1 with the header."""

    def __init__(self, row: int) -> None:
        self.row = row
        super().__init__(f"row {row}")


class Table:
    """Rows as mappings from known column to text; `encoding` is `utf-8` or `cp1250`, known when all is read.

    `aliases` maps names in a header, in lower case, to columns. Columns that are not known are passed over.
    """

    def __init__(self, stream: BinaryIO, aliases: Mapping[str, str]) -> None:
        self._decoder = _Decoder()
        self._lines = self._decoder.lines(stream)
        header = next(self._lines, "")
        self._delimiter = ";" if header.count(";") > header.count(",") else ","
        names = next(csv.reader([header], delimiter=self._delimiter), [])
        self.columns = tuple(aliases.get(name.strip().lower().replace(" ", "_"), "") for name in names)
        if not header:
            raise TableUnreadable(1)

    @property
    def encoding(self) -> str:
        return self._decoder.encoding

    def rows(self) -> Iterator[tuple[int, Mapping[str, str] | None]]:
        """Row number (the header is 1) and cells; None for a row with another number of cells than the header.

        Raises `TableUnreadable` where a quoted cell does not end within `LONGEST_ROW`, or not at all: the reader would
        take whatever follows its quote for one cell, and a table that was cut off for a whole one.
        """
        over = False

        def lines() -> Iterator[str]:
            nonlocal over
            yield from self._lines
            over = True

        reader = csv.reader(lines(), delimiter=self._delimiter)
        number = 1
        while True:
            number += 1
            try:
                cells = next(reader, None)
            except csv.Error:
                raise TableUnreadable(number) from None
            if cells is None:
                return
            if over:  # the reader asked for a further line of this row
                raise TableUnreadable(number)
            if not any(cells):
                continue
            if len(cells) != len(self.columns):
                yield number, None
                continue
            yield number, {name: cell.strip() for name, cell in zip(self.columns, cells, strict=True) if name}


class _Decoder:
    """UTF-8 (a byte order mark is dropped) until a line is none, from then on Windows-1250."""

    def __init__(self) -> None:
        self.encoding = "utf-8"

    def lines(self, stream: BinaryIO) -> Iterator[str]:
        first = True
        for raw in iter(lambda: stream.readline(LONGEST_ROW), b""):
            line = raw.removeprefix(codecs.BOM_UTF8) if first else raw
            first = False
            yield self._decode(line)

    def _decode(self, line: bytes) -> str:
        if self.encoding == "utf-8":
            try:
                return line.decode()
            except UnicodeDecodeError:
                self.encoding = "cp1250"
        return line.decode("cp1250", "replace")
