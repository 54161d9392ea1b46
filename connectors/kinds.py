"""Kinds of field: a field's name and raw value go in, its canonical plain value comes out, or the record is refused.

A reader is only called with a value that is neither null nor blank text: those are the same as an absent field. What
it returns also decides whether two records have the same content, so the CSV and the JSON form of a record must come
out equal: text is stripped (but never title and body, the citizen's words), flags become booleans, numbers numbers.

A value of another type refuses the record, and so does a value that the contract rules out; only phones and ID numbers
never refuse a letter (`connectors.identity` marks them). Text where a coordinate should be is kept with the raw record.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from connectors import times
from connectors.json_form import NotJson, parse
from connectors.names import pieces
from connectors.reasons import refuse
from connectors.shown import shown

LONGEST_BODY: Final = 160_000
LONGEST_TITLE: Final = 2_000
LONGEST_THREAT: Final = 20_000
SHORT: Final = 1_000
"""Longest text of any other field, in characters. With these limits a letter in JSON stays below the 1 MiB that a Kafka
broker takes by default, whatever characters it is made of."""
LONGEST_NUMBER: Final = 200
"""Longest source number, in characters."""
MOST_PEOPLE: Final = 1_000_000
LONGEST_LIST: Final = 20_000
"""Most characters in all names or attachments of a field together."""

_TRUE: Final = frozenset({"1", "true", "是", "yes", "y"})
_FALSE: Final = frozenset({"0", "false", "否", "no", "n"})
_ROUNDED: Final = re.compile(r"[0-9](?:\.[0-9]+)?[Ee]\+[0-9]{1,3}")
"""What Excel writes to a CSV file for a long number (2.02504E+17): many records would share it."""
_ATTACHMENT: Final = ("name", "media_type", "sha256", "url")

Reader = Callable[[str, object], Any]


@dataclass(frozen=True, slots=True)
class Kind:
    """What a field holds. `example` is for messages and docs, `cell` how a date in an Excel cell is written out."""

    read: Reader
    example: str
    cell: str = times.LOCAL_CELL


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a channel's contract (records.md)."""

    name: str
    kind: Kind
    required: bool = False


def prose(limit: int) -> Reader:
    """The citizen's own words, to the character, up to `limit` of them."""

    def read(name: str, value: object) -> str:
        if type(value) is not str:
            refuse("wrong_type", f"{name}: found {shown(value)}, expected text", name)
        if len(value) > limit:
            refuse("too_long", f"{name}: found {len(value):,} characters, expected at most {limit:,}", name)
        if "\x00" in value:
            _nul(name)
        return value

    return read


def text(name: str, value: object) -> str:
    """A name, a word or an address."""
    if type(value) is not str:
        refuse("wrong_type", f"{name}: found {shown(value)}, expected text", name)
    if len(value) > SHORT or "\x00" in value:
        _short(name, value)
    return value.strip()


def code(name: str, value: object) -> str:
    """A code or number that upstream may send as text or as a whole number."""
    if type(value) is str:
        return _short(name, value)
    if type(value) is not int:
        refuse("wrong_type", f"{name}: found {shown(value)}, expected text or a whole number", name)
    return _short(name, str(value))


def number(name: str, value: object) -> str:
    """The source number, from which the letter's id is computed: as it stands, only stripped."""
    found = code(name, value)
    if len(found) > LONGEST_NUMBER:
        refuse("too_long", f"{name}: found {len(found):,} characters, expected at most {LONGEST_NUMBER}", name)
    if not found.isprintable():
        refuse("bad_value", f"{name}: found a control character, expected a number or code", name)
    if _ROUNDED.fullmatch(found):
        refuse("bad_value", f"{name}: found a number that a spreadsheet rounded, expected every digit of it", name)
    return found


def identity(_name: str, value: object) -> str:
    """A phone or ID number as written; whatever it is, it never refuses the letter."""
    found = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    if not found.isprintable():
        found = found.encode("utf-8", "backslashreplace").decode().replace("\x00", "\\x00")
    return found.strip()[:SHORT]


def flag(name: str, value: object) -> bool:
    """0 or 1; also true/false and 是/否."""
    if value is True or value is False:
        return bool(value)
    if type(value) is not str and type(value) is not int:
        refuse("wrong_type", f"{name}: found {shown(value)}, expected 0 or 1", name)
    found = str(value).strip().lower()
    if found not in _TRUE and found not in _FALSE:
        refuse("bad_value", f"{name}: found {shown(value)}, expected 0 or 1", name)
    return found in _TRUE


def count(name: str, value: object) -> int:
    """A number of people; 0 is what systems send that were told none."""
    if type(value) is int:
        found = value
    elif type(value) is str:
        digits = value.strip().removesuffix("人").strip()
        if not (digits.isascii() and digits.isdigit() and len(digits) < 10):
            refuse("bad_value", f"{name}: found {shown(value)}, expected a whole number like 3", name)
        found = int(digits)
    else:
        refuse("wrong_type", f"{name}: found {shown(value)}, expected a whole number like 3", name)
    if not 0 <= found <= MOST_PEOPLE:
        refuse("bad_value", f"{name}: found a number outside 0–{MOST_PEOPLE:,}, expected a count of people", name)
    return found


def degrees(name: str, value: object) -> float | str:
    """A coordinate as a number, or as the text that it is; `connectors.places` decides what it is good for."""
    if type(value) is int or type(value) is float:
        return float(value) if abs(value) < 1e6 else str(value)
    if type(value) is not str:
        refuse("wrong_type", f"{name}: found {shown(value)}, expected degrees like 114.75", name)
    found = _short(name, value)
    try:
        return float(found) if found.isascii() and len(found) < 40 else found
    except ValueError:
        return found


def names(name: str, value: object) -> list[str] | None:
    """Several names: a list of text, its JSON text, or one text with separators."""
    if type(value) is str:
        listed = _json_list(value)
        if listed is None:
            return list(pieces(_short(name, value))) or None
        value = listed
    if type(value) is not list:
        refuse("wrong_type", f"{name}: found {shown(value)}, expected text or a list of text", name)
    found: list[str] = []
    for place, item in enumerate(value):
        if type(item) is not str:
            refuse("wrong_type", f"{name}[{place}]: found {shown(item)}, expected text", name)
        found.extend(pieces(_short(name, item)))
    _check_list(name, sum(map(len, found)))
    return found or None


def files(name: str, value: object) -> list[dict[str, str]] | None:
    """Attachments by reference: a list of {name, media_type, sha256, url} or its JSON text."""
    expected = "expected a list of {name, sha256, url}"
    if type(value) is str:
        value = _json_list(value)
        if value is None:
            refuse("bad_value", f"{name}: found text that is no JSON list, {expected}", name)
    if type(value) is not list:
        refuse("wrong_type", f"{name}: found {shown(value)}, {expected}", name)
    found: list[dict[str, str]] = []
    for place, item in enumerate(value):
        if item is None:
            continue
        if type(item) is not dict:
            refuse("wrong_type", f"{name}[{place}]: found {shown(item)}, {expected}", name)
        entry: dict[str, str] = {}
        for key in _ATTACHMENT:
            raw = item.get(key)
            if raw is not None and raw != "":
                entry[key] = text(f"{name}[{place}].{key}", raw)
        if entry:
            found.append(entry)
    _check_list(name, sum(50 + sum(map(len, entry.values())) for entry in found))
    return found or None


def anything(_name: str, value: object) -> str:
    """A field that no part of a letter takes: it counts as content and stays in the raw record."""
    found = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)
    return found.replace("\x00", "\\x00").strip()


def _short(name: str, value: str) -> str:
    if len(value) > SHORT:
        refuse("too_long", f"{name}: found {len(value):,} characters, expected at most {SHORT:,}", name)
    if "\x00" in value:
        _nul(name)
    return value.strip()


def _check_list(name: str, size: int) -> None:
    if size > LONGEST_LIST:
        refuse("too_long", f"{name}: found a list of {size:,} characters, expected at most {LONGEST_LIST:,}", name)


def _nul(name: str) -> None:
    refuse("nul_character", f"{name}: found a NUL character (U+0000), expected text without it", name)


def _json_list(value: str) -> object | None:
    """The list that a table's cell holds as JSON text; None when it is no JSON."""
    if not value.lstrip().startswith("["):
        return None
    try:
        found: object = parse(value)
    except NotJson:
        return None
    return found


BODY: Final = Kind(prose(LONGEST_BODY), "text, kept to the character")
TITLE: Final = Kind(prose(LONGEST_TITLE), "text, kept to the character")
THREAT: Final = Kind(prose(LONGEST_THREAT), "text, kept to the character")
TEXT: Final = Kind(text, "text")
CODE: Final = Kind(code, "text or whole number")
NUMBER: Final = Kind(number, "text or whole number")
IDENTITY: Final = Kind(identity, "text; kept and marked when it is not what it claims to be")
FLAG: Final = Kind(flag, "0 or 1")
COUNT: Final = Kind(count, "whole number")
DEGREES: Final = Kind(degrees, "degrees")
NAMES: Final = Kind(names, "text with 、 between names, or a list")
FILES: Final = Kind(files, "list of {name, media_type, sha256, url}")
ANYTHING: Final = Kind(anything, "anything; stays in the raw record")
LOCAL_TIME: Final = Kind(times.local_time, times.LOCAL)
COMPACT_TIME: Final = Kind(times.compact_time, times.COMPACT, times.COMPACT_CELL)
DAY: Final = Kind(times.day, times.DAY, times.DAY_CELL)
DEADLINE: Final = Kind(times.deadline, times.DEADLINE)
OFFSET_TIME: Final = Kind(times.offset_time, times.OFFSET, times.LOCAL_CELL)
