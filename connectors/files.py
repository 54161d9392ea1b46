"""A file from an upstream system goes in, one message for the intake topic comes out for each record in it.

Every record is fed as it stands, so that a broken one becomes a dead letter like anyone else's; a file that cannot be
split is refused whole, before the first record is handed out: `split_file` checks first and returns then.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from connectors.csv_rows import csv_rows
from connectors.decoding import LARGEST
from connectors.errors import (
    EmptyFile,
    FileRefused,
    FileTooLarge,
    NotThisChannel,
    UnknownChannel,
    UnknownSuffix,
    UnreadableFile,
)
from connectors.json_form import NotJson, parse
from connectors.lines import BOM, Progress, lines_of
from connectors.reading import Connector
from connectors.registry import CHANNELS_READ, CONNECTORS
from connectors.rows import JSON_HEADERS, Fed, key_of
from connectors.xml_form import declared_charset, text_of_element

__all__ = ["Fed", "split_file"]

XML_LIMIT: Final = 32 * 1024 * 1024


def split_file(path: Path, channel: str, *, progress: Progress | None = None) -> Iterator[Fed]:
    """The records of a .jsonl, .csv, .xlsx or (petition) .xml file. `progress` gets bytes done, of `path`'s size.

    Raises `connectors.errors.FileRefused` (a `JiesuError`) with one sentence before anything is handed out.
    """
    connector = CONNECTORS.get(channel)
    if connector is None:
        raise UnknownChannel(channel=channel, channels=", ".join(CHANNELS_READ))
    tell = progress or _nothing
    split = {".jsonl": _jsonl, ".csv": csv_rows, ".xlsx": _xlsx, ".xml": _xml}.get(path.suffix.lower())
    if split is None:
        raise UnknownSuffix(file=path.name)
    try:
        if not path.is_file():
            raise UnreadableFile(
                file=path.name, cause="there is a folder" if path.is_dir() else "there is no such file"
            )
        if path.stat().st_size == 0:
            raise EmptyFile(file=path.name)
        return split(path, connector, tell)
    except FileRefused:
        raise
    except OSError as error:
        raise UnreadableFile(file=path.name, cause=error.strerror or type(error).__name__) from error


def _nothing(_: int) -> None:
    return None


def _xlsx(path: Path, connector: Connector, tell: Progress) -> Iterator[Fed]:
    from connectors.xlsx_rows import xlsx_rows  # here: openpyxl takes as long to load as all the rest

    return xlsx_rows(path, connector, tell)


def _jsonl(path: Path, connector: Connector, progress: Progress) -> Iterator[Fed]:
    records = False
    with path.open("rb") as file:
        for line in lines_of(file, path.name):
            records = records or not line.isspace()
    if not records:
        raise EmptyFile(file=path.name)
    return _json_lines(path, connector, progress)


def _json_lines(path: Path, connector: Connector, progress: Progress) -> Iterator[Fed]:
    done = 0
    with path.open("rb") as file:
        for line in lines_of(file, path.name):
            done += len(line)
            progress(done)
            record = line.removesuffix(b"\n").removesuffix(b"\r")
            if record and not record.isspace():
                yield Fed(_key(connector, record), record, JSON_HEADERS)


def _key(connector: Connector, line: bytes) -> bytes | None:
    if len(line) > LARGEST:
        return None
    try:
        fields = parse(line.decode())
    except (NotJson, UnicodeDecodeError):
        return None
    return key_of(connector, fields) if isinstance(fields, dict) else None


def _xml(path: Path, connector: Connector, progress: Progress) -> Iterator[Fed]:
    if not connector.xml_root:
        raise NotThisChannel(file=path.name, channel=connector.channel)
    if path.stat().st_size > XML_LIMIT:
        raise FileTooLarge(file=path.name, limit=f"{XML_LIMIT // 1024 // 1024} MiB")
    value = path.read_bytes()
    if not value.removeprefix(BOM).strip():
        raise EmptyFile(file=path.name)
    charset = declared_charset(value) or "utf-8"
    number = text_of_element(value, connector.number, charset)
    progress(len(value))
    headers = (("content-type", f"application/xml; charset={charset}".encode()),)
    return iter([Fed(key_of(connector, {connector.number: number}), value, headers)])
