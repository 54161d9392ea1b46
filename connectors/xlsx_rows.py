"""An Excel workbook (.xlsx) goes in, one message a row of its first sheet comes out, with cells as the contract's text.

Excel keeps 15 digits of a number: longer ones have lost digits unless another program wrote them whole. A lost one is
fed as a JSON number with an exponent, which no source number may be, rather than as a number that is someone else's.
The whole sheet is read before the first row is handed out, so a workbook that breaks off feeds nothing.
"""

from __future__ import annotations

import csv
import io
import warnings
import zipfile
from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from xml.parsers.expat import ExpatError, ParserCreate

import openpyxl

from connectors.errors import Bomb, EmptyFile, FileRefused, NoWorkbook
from connectors.kinds import Field
from connectors.lines import Progress
from connectors.reading import Connector
from connectors.rows import Fed, broken_row, check_columns, row_of
from connectors.times import DAY_CELL, LOCAL_CELL

MOST_BYTES: Final = 256 * 1024 * 1024
"""Most bytes that a workbook may unpack to."""
MOST_PARTS: Final = 5000
MOST_RATIO: Final = 200
"""Most times that a part may grow; true sheets grow 10 to 50 times."""
SMALL: Final = 8 * 1024 * 1024
"""Parts up to this size may grow as much as they like."""
EXACT_DIGITS: Final = 15
_CHUNK: Final = 1024 * 1024


def xlsx_rows(path: Path, connector: Connector, progress: Progress) -> Iterator[Fed]:
    """Reads the first sheet whole. Raises `FileRefused`."""
    _check_parts(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = _read(path, connector, progress)
    except FileRefused:
        raise
    except Exception as error:
        if isinstance(error, OSError) and error.errno:
            raise
        raise NoWorkbook(file=path.name, problem=f"its sheet cannot be read ({type(error).__name__})") from error
    return iter(found)


def _read(path: Path, connector: Connector, progress: Progress) -> list[Fed]:
    size = path.stat().st_size
    workbook = openpyxl.load_workbook(path, read_only=True, data_only=True, keep_links=False)
    try:
        if not workbook.worksheets:
            raise NoWorkbook(file=path.name, problem="it has no sheet")
        sheet: Any = workbook.worksheets[0]
        rows = sheet.max_row or 0
        sheet.reset_dimensions()
        header: list[str] | None = None
        columns: list[Field | None] = []
        found: list[Fed] = []
        for row, cells in enumerate(sheet.iter_rows(), 1):
            if rows:
                progress(min(size, size * row // rows))
            if not any(cell.value is not None and str(cell.value).strip() for cell in cells):
                continue
            if header is None:
                header = [str(cell.value).strip() if cell.value is not None else "" for cell in cells]
                check_columns(path.name, connector, header)
                columns = [connector.known.get(name) for name in header]
            else:
                found.append(_row(connector, header, columns, cells, row))
    finally:
        workbook.close()
    if header is None:
        raise EmptyFile(file=path.name)
    progress(size)
    return found


def _row(connector: Connector, header: list[str], columns: list[Field | None], cells: Iterable[Any], row: int) -> Fed:
    fields: dict[str, Any] = {}
    texts: list[Any] = []
    misplaced = False
    for place, cell in enumerate(cells):
        if cell.value is None:
            texts.append("")
            continue
        known = place < len(header)
        text = _text(cell, columns[place] if known else None)
        texts.append(text)
        if known and header[place]:
            fields[header[place]] = text
        elif str(text).strip():
            misplaced = True
    if misplaced:
        line = io.StringIO()
        csv.writer(line, lineterminator="").writerow(texts)
        named = sum(1 for name in header if name)
        raw = line.getvalue().encode("utf-8", "backslashreplace")
        return broken_row(raw, "utf-8", row, len(texts), named)
    return row_of(connector, fields)


def _text(cell: Any, field: Field | None) -> str | float:
    value = cell.value
    if isinstance(value, str):
        return value.replace("_x000D_", "\r")
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | float):
        return _number(value, cell.number_format or "")
    if isinstance(value, datetime):
        whole = (value + timedelta(milliseconds=500)).replace(microsecond=0)
        pattern = field.kind.cell if field else LOCAL_CELL
        if pattern == DAY_CELL and (whole.hour or whole.minute or whole.second):
            pattern = LOCAL_CELL
        return whole.strftime(pattern)
    if isinstance(value, date):
        return value.strftime(DAY_CELL)
    return str(value)


def _number(value: int | float, number_format: str) -> str | float:
    if isinstance(value, float) and not value.is_integer():
        return repr(value)
    digits = str(abs(int(value)))
    lost = digits[EXACT_DIGITS:]
    if lost and (isinstance(value, float) or not lost.strip("0")):
        return float(value)
    if number_format and not number_format.strip("0"):
        digits = digits.zfill(len(number_format))
    return f"-{digits}" if value < 0 else digits


def _check_parts(path: Path) -> None:
    """Unpacks every part once, in chunks, before anything is built from it: sizes, check sums, no document types."""
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
            _check_sizes(path.name, parts)
            if "[Content_Types].xml" not in archive.namelist():
                raise NoWorkbook(file=path.name, problem="it is another kind of zip file")
            for part in parts:
                _check_part(path.name, archive, part)
    except FileRefused:
        raise
    except zipfile.BadZipFile as error:
        raise NoWorkbook(file=path.name, problem="it is no zip file, or it is damaged") from error
    except ExpatError as error:
        raise NoWorkbook(file=path.name, problem=f"a part of it is broken XML (line {error.lineno})") from error
    except OSError:
        raise
    except Exception as error:
        raise NoWorkbook(file=path.name, problem=f"it cannot be unpacked ({type(error).__name__})") from error


def _check_sizes(name: str, parts: list[zipfile.ZipInfo]) -> None:
    total = sum(part.file_size for part in parts)
    if len(parts) > MOST_PARTS:
        raise Bomb(file=name, problem=f"{len(parts):,} parts, at most {MOST_PARTS:,} are read")
    if total > MOST_BYTES:
        raise Bomb(file=name, problem=f"it unpacks to {total:,} bytes, at most {MOST_BYTES:,} are read")
    for part in parts:
        if part.file_size > SMALL and part.file_size > MOST_RATIO * max(part.compress_size, 1):
            raise Bomb(file=name, problem=f"a part unpacks to more than {MOST_RATIO} times its size")


def _check_part(name: str, archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> None:
    parser = ParserCreate() if part.filename.lower().endswith((".xml", ".rels")) else None
    if parser:

        def document_type(*_: object) -> None:
            raise Bomb(file=name, problem="a part of it declares a document type, which may hold an entity bomb")

        parser.StartDoctypeDeclHandler = document_type
    with archive.open(part) as stream:
        while chunk := stream.read(_CHUNK):
            if parser:
                parser.Parse(chunk, False)
    if parser:
        parser.Parse(b"", True)
