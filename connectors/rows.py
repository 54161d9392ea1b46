"""Rows of a table (CSV, Excel): a header and cells go in, one message for the intake topic comes out for each row.

A row that fits its header becomes a JSON object of its columns, empty cells left out. One that does not is fed as it
stands; its content-type says what is wrong, so that its dead letter can (`connectors.decoding`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from connectors.errors import WrongColumns
from connectors.kinds import LONGEST_NUMBER
from connectors.reading import Connector

Headers = tuple[tuple[str, bytes], ...]

JSON_HEADERS: Final[Headers] = (("content-type", b"application/json; charset=utf-8"),)

_JSON: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


class Fed(NamedTuple):
    """One message for `intake.<channel>`: the record as it stood in the file, keyed by its source number if that is
    easily found."""

    key: bytes | None
    value: bytes
    headers: Headers


def check_columns(file: str, connector: Connector, header: Sequence[str]) -> None:
    """Raises `WrongColumns` when required columns are missing or a name stands twice."""
    named = [name for name in header if name]
    missing = [name for name in connector.required if name not in named]
    if missing:
        found = "、".join(name[:30] for name in named[:12]) or "none"
        problem = f"found {found}; missing {', '.join(missing)}"
        raise WrongColumns(file=file, channel=connector.channel, problem=problem)
    twice = sorted({name for name in named if named.count(name) > 1})
    if twice:
        raise WrongColumns(file=file, channel=connector.channel, problem=f"found twice: {', '.join(twice)[:200]}")


def key_of(connector: Connector, fields: Mapping[str, Any]) -> bytes | None:
    """The source number in UTF-8; None when there is none that can be one."""
    number = fields.get(connector.number)
    text = str(number) if type(number) is int else number.strip() if isinstance(number, str) else ""
    if not 0 < len(text) <= LONGEST_NUMBER:
        return None
    try:
        return text.encode()
    except UnicodeEncodeError:
        return None


def row_of(connector: Connector, fields: Mapping[str, Any]) -> Fed:
    """A row that fits its header."""
    return Fed(key_of(connector, fields), _JSON.encode(fields).encode(), JSON_HEADERS)


def broken_row(raw: bytes, charset: str, row: int, cells: int | None = None, columns: int | None = None) -> Fed:
    """A row that does not. `row` is its line in the file, from 1."""
    said = f"text/csv; charset={charset}; row={row}"
    if cells is not None and columns is not None:
        said += f"; cells={cells}; columns={columns}"
    return Fed(None, raw, (("content-type", said.encode()),))
