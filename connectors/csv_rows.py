"""A CSV file goes in (UTF-8 with or without BOM, or GB18030), one message a row comes out; a broken row costs no other.

Whether a file is UTF-8 is judged line by line: one broken byte in a UTF-8 file must not turn the whole file into
GB18030, under which most UTF-8 decodes to nonsense.
"""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

from connectors.decoding import LARGEST
from connectors.errors import EmptyFile, UnknownEncoding, WrongColumns
from connectors.lines import BOM, Progress, lines_of
from connectors.reading import Connector
from connectors.rows import Fed, broken_row, check_columns, row_of

ROW_LIMIT: Final = 8 * LARGEST
"""Most bytes that are read in search of a closing quotation mark; no record is that large."""


class _RowTooLongError(Exception):
    pass


def csv_rows(path: Path, connector: Connector, progress: Progress) -> Iterator[Fed]:
    """Checks the header at once, then reads row by row. Raises `FileRefused`."""
    charset = _charset(path)
    with path.open("rb") as file:
        table = _Table(file, path.name, charset)
        header = _header(table, path.name, connector)
    return _rows(path, connector, charset, header, progress)


def _header(table: _Table, name: str, connector: Connector) -> list[str]:
    for cells, _, _ in table.rows():
        if cells is None:
            raise WrongColumns(
                file=name, channel=connector.channel, problem="the header is no row of comma-separated names"
            )
        if any(cell.strip() for cell in cells):
            header = [cell.strip() for cell in cells]
            check_columns(name, connector, header)
            return header
    raise EmptyFile(file=name)


def _rows(path: Path, connector: Connector, charset: str, header: list[str], progress: Progress) -> Iterator[Fed]:
    with path.open("rb") as file:
        table = _Table(file, path.name, charset)
        head = True
        for cells, raw, row in table.rows():
            progress(table.position)
            if cells is None:
                yield broken_row(raw, charset, row)
            elif not any(cell and not cell.isspace() for cell in cells):
                continue
            elif head:
                head = False
            elif len(cells) != len(header):
                yield broken_row(raw, charset, row, len(cells), len(header))
            else:
                fields = {name: cell for name, cell in zip(header, cells, strict=True) if cell}
                if fields.get("", "").strip():
                    yield broken_row(raw, charset, row, len(cells), len(header) - header.count(""))
                    continue
                fields.pop("", None)
                yield row_of(connector, fields)


class _Table:
    """The rows of a file with the bytes they came from. After a broken row reading goes on at its second line, so
    that a quotation mark without its partner swallows no other row."""

    def __init__(self, file: BinaryIO, name: str, charset: str) -> None:
        self.position = 0
        self._charset = charset
        self._lines = lines_of(file, name)
        self._again: deque[bytes] = deque()
        self._taken: list[bytes] = []
        self._size = 0
        self._broken = False
        self._line = 0
        csv.field_size_limit(max(csv.field_size_limit(), ROW_LIMIT))

    def rows(self) -> Iterator[tuple[list[str] | None, bytes, int]]:
        """Cells (None for a broken row), raw bytes without the line's end, and the line in the file from 1."""
        reader = csv.reader(self._decoded(), strict=True)
        while True:
            self._taken, self._size, self._broken = [], 0, False
            first = self._line + 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except (csv.Error, _RowTooLongError):
                taken = self._taken
                self._again.extendleft(reversed(taken[1:]))
                self._line -= len(taken) - 1
                self.position -= self._size - len(taken[0])
                reader = csv.reader(self._decoded(), strict=True)
                yield None, taken[0].rstrip(b"\r\n"), first
                continue
            raw = b"".join(self._taken).rstrip(b"\r\n")
            yield (None if self._broken else cells), raw, first

    def _decoded(self) -> Iterator[str]:
        while True:
            line = self._again.popleft() if self._again else next(self._lines, b"")
            if not line:
                return
            self._taken.append(line)
            self._line += 1
            self._size += len(line)
            self.position += len(line)
            if self._size > ROW_LIMIT and len(self._taken) > 1:
                raise _RowTooLongError
            try:
                yield line.decode(self._charset)
            except UnicodeDecodeError:
                self._broken = True
                yield line.decode(self._charset, "surrogateescape")


def _charset(path: Path) -> str:
    """`utf-8` or `gb18030`. Raises `UnknownEncoding` when neither fits the file."""
    good = bad = foreign = 0
    with path.open("rb") as file:
        if file.read(len(BOM)) == BOM:
            return "utf-8"
        file.seek(0)
        for line in lines_of(file, path.name):
            if line.isascii():
                continue
            try:
                line.decode()
                good += 1
            except UnicodeDecodeError:
                bad += 1
                try:
                    line.decode("gb18030")
                except UnicodeDecodeError:
                    foreign += 1
    if good >= bad:
        return "utf-8"
    if foreign * 2 > good + bad:
        raise UnknownEncoding(file=path.name)
    return "gb18030"
