"""The JSON form of a record: its text goes in, its fields come out; what JSON forbids or leaves open is refused."""

from __future__ import annotations

import json
import re
from collections.abc import Container
from typing import Any, Final, NoReturn

from connectors.reasons import refuse
from connectors.shown import field_name, shown

DEEPEST: Final = 64

_STRUCTURE: Final = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[\[\]{}]', re.DOTALL)


class NotJson(ValueError):
    """What is wrong with a JSON text, in words for a message."""


class _TwiceError(NotJson):
    pass


class _DeepError(NotJson):
    pass


def parse(text: str) -> Any:
    """The value. Raises `NotJson` for broken JSON, NaN and Infinity, a name twice in one object, too much depth."""
    if text.count("[") + text.count("{") > DEEPEST:
        _check_depth(text)
    try:
        return _DECODER.decode(text)
    except NotJson:
        raise
    except json.JSONDecodeError as error:
        problem = error.msg.partition(":")[0]
        raise NotJson(f"line {error.lineno}, column {error.colno}: {problem}") from None
    except RecursionError:
        raise _DeepError from None
    except ValueError:
        raise NotJson("found a number of thousands of digits") from None


def read_json(text: str, known: Container[str]) -> dict[str, Any]:
    """The record's fields. Raises `InvalidRecord`; names of fields are told where they are `known`."""
    try:
        record = parse(text)
    except _TwiceError as error:
        name = str(error)
        what = name if name in known else field_name(name)
        refuse("duplicate_key", f"{what}: found twice in one object, expected once", name if name in known else None)
    except _DeepError:
        refuse("too_deep", f"lists or objects stand inside each other more than {DEEPEST} deep, expected flat fields")
    except NotJson as error:
        if "\x00" in text:
            refuse("nul_character", "found a NUL byte, expected UTF-8 or GB18030 text without it")
        refuse("not_json", f"{error}; expected one JSON object")
    if type(record) is not dict:
        refuse("not_object", f"found {shown(record)}, expected one JSON object of fields")
    return record


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                raise _TwiceError(name)
            seen.add(name)
    return found


def _no_constant(name: str) -> NoReturn:
    raise NotJson(f"found {name}, which is no JSON")


_DECODER: Final = json.JSONDecoder(object_pairs_hook=_once, parse_constant=_no_constant)


def _check_depth(text: str) -> None:
    """Before parsing, so that the answer does not depend on how deep the interpreter can go."""
    depth = 0
    for match in _STRUCTURE.finditer(text):
        mark = match.group()
        if mark in "[{":
            depth += 1
            if depth > DEEPEST:
                raise _DeepError
        elif mark in "]}":
            depth -= 1
