"""A record's bytes and headers go in, its fields by name come out; charset, form, size and depth are checked here.

The content-type header names form and charset; without one a record is JSON in UTF-8. A petition may be XML, told by
its header or by its first character `<`. A charset in the header counts before the one that an XML declaration names
(RFC 7303), which counts where the header names none. Bytes that are no text in that charset are refused, not guessed.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from functools import lru_cache
from typing import Any, Final, NoReturn

from connectors.json_form import read_json
from connectors.reasons import refuse
from connectors.shown import shown
from connectors.xml_form import declared_charset, read_xml

LARGEST: Final = 1024 * 1024
"""Largest record in bytes: a letter of 160,000 characters, even with each written as a JSON escape."""

_CHARSETS: Final = {
    "utf-8": "utf-8",
    "utf8": "utf-8",
    "us-ascii": "utf-8",
    "ascii": "utf-8",
    "gb18030": "gb18030",
    "gbk": "gb18030",
    "gb2312": "gb18030",
    "cp936": "gb18030",
}
"""GBK and GB2312 are subsets of GB18030 and read as it."""

_JSON: Final = frozenset({"application/json", "text/json"})
_XML: Final = frozenset({"application/xml", "text/xml"})
_CSV: Final = "text/csv"


def decode(
    value: bytes, headers: Sequence[tuple[str, bytes]], *, xml_root: str | None, known: Container[str]
) -> dict[str, Any]:
    """The record's fields. Raises `InvalidRecord`."""
    if not value:  # also a Kafka record without a value
        refuse("empty_record", "the record is empty, expected one object of fields")
    if len(value) > LARGEST:
        refuse("too_large", f"the record has {len(value):,} bytes, expected at most {LARGEST:,}")
    form, charset, parameters = _JSON_UTF8
    for name, content_type in headers:
        if name.lower() == "content-type":
            form, charset, parameters = _content_type(bytes(content_type or b""))
            break
    if form in _JSON:
        if xml_root and value.lstrip()[:4].lstrip(b"\xef\xbb\xbf")[:1] == b"<":
            form = "application/xml"
    elif form == _CSV:
        _bad_row(parameters)
    elif form not in _XML or not xml_root:
        takes = "application/json or application/xml" if xml_root else "application/json"
        refuse("bad_content_type", f"content-type: found {shown(form)}, expected {takes}")
    if form in _XML and xml_root:
        text = _text(value, charset or _charset(declared_charset(value), "the XML declaration"))
        return read_xml(text, xml_root)
    return read_json(_text(value, charset or "utf-8"), known)


@lru_cache(maxsize=128)
def _content_type(header: bytes) -> tuple[str, str | None, tuple[tuple[str, str], ...]]:
    """Media type, charset (None when none is named) and the other parameters."""
    form, *rest = header.decode("latin-1").split(";")
    parameters = []
    charset = None
    for part in rest:
        name, _, said = part.partition("=")
        name, said = name.strip().lower(), said.strip().strip("\"'")
        if name == "charset":
            charset = _charset(said, "the content-type header")
        else:
            parameters.append((name, said))
    return form.strip().lower() or "application/json", charset, tuple(parameters)


_JSON_UTF8: Final[tuple[str, str | None, tuple[tuple[str, str], ...]]] = ("application/json", None, ())


def _charset(name: str | None, where: str) -> str:
    if not name:
        return "utf-8"
    known = _CHARSETS.get(name.lower().replace("_", "-"))
    if known is None:
        refuse("bad_charset", f"{where} names the charset {shown(name)}, expected utf-8 or gb18030")
    return known


def _text(value: bytes, charset: str) -> str:
    try:
        text = value.decode(charset)
    except UnicodeDecodeError as error:
        refuse(
            "bad_encoding",
            f"byte {error.start + 1:,} of {len(value):,} is no {charset} text, expected {charset} throughout; "
            "another charset must be named in the content-type header",
        )
    text = text.removeprefix("\ufeff")
    if not text or text.isspace():
        refuse("empty_record", "the record is empty, expected one object of fields")
    return text


def _bad_row(parameters: tuple[tuple[str, str], ...]) -> NoReturn:
    """`jiesu feed` sends a row that does not fit its header as it stands and says in the content-type what is wrong."""
    said = {
        name: int(number) for name, number in parameters if number.isascii() and number.isdigit() and len(number) < 10
    }
    row = f"row {said['row']:,}" if "row" in said else "the row"
    if "cells" in said and "columns" in said:
        refuse("bad_row", f"{row} has {said['cells']:,} cells, expected {said['columns']:,} as in the header")
    refuse("bad_row", f"{row} is no row of a table (quotation marks or bytes are broken), expected one JSON object")
