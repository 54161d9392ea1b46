"""Times: the text of a time field goes in, an aware Asia/Shanghai datetime comes out; each channel has one format.

Nothing is guessed: another format, a day that does not exist and a time before 1992 (China's last summer time ended in
1991, so `SHANGHAI` holds from there on, and unset clocks say 1970) are refused. `arrived` adds the look at the future.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from typing import Final

from connectors.reasons import refuse
from connectors.shown import shown
from letters.clock import SHANGHAI

LOCAL: Final = "2025-04-22 09:12:30"
COMPACT: Final = "20250422091230"
DAY: Final = "2025-04-22"
DEADLINE: Final = f"{DAY} or {LOCAL}"
OFFSET: Final = "2025-04-22T09:12:30+08:00"

LOCAL_CELL: Final = "%Y-%m-%d %H:%M:%S"
COMPACT_CELL: Final = "%Y%m%d%H%M%S"
DAY_CELL: Final = "%Y-%m-%d"
"""How a date in an Excel cell is written out as these."""

EARLIEST_YEAR: Final = 1992
FUTURE: Final = timedelta(days=1)
"""How far a letter's time may lie after the moment it was read: clocks differ, but not by more."""
FAR: Final = timedelta(days=50 * 365)
"""How far a deadline may lie ahead; beyond it (9999-12-31) it is a filler, not a deadline."""

_TIME = r"([0-9]{2}):([0-9]{2}):([0-9]{2})"
_LOCAL: Final = re.compile(rf"([0-9]{{4}})-([0-9]{{2}})-([0-9]{{2}}) {_TIME}")
_COMPACT: Final = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})")
_DAY: Final = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_OFFSET: Final = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,9}))?)?"
    r"(?:([Zz])|([+-])([0-9]{2})(?::?([0-9]{2}))?)?"
)


def local_time(name: str, value: object) -> datetime:
    """`2025-04-22 09:12:30`, Asia/Shanghai."""
    return _read(name, value, _LOCAL, LOCAL)


def compact_time(name: str, value: object) -> datetime:
    """`20250422091230`, Asia/Shanghai; a JSON number of these 14 digits as well."""
    return _read(name, str(value) if type(value) is int else value, _COMPACT, COMPACT)


def day(name: str, value: object) -> datetime:
    """`2025-04-22`: that day's midnight, Asia/Shanghai."""
    return _read(name, value, _DAY, DAY)


def deadline(name: str, value: object) -> datetime:
    """`2025-04-22` (that day's midnight, as every date without a time) or `2025-04-22 09:12:30`, Asia/Shanghai."""
    text = _text(name, value, DEADLINE)
    return _read(name, text, _DAY if len(text) == 10 else _LOCAL, DEADLINE)


def offset_time(name: str, value: object) -> datetime:
    """ISO 8601 with an offset, `2025-04-22T09:12:30+08:00` or `…Z`; told in Asia/Shanghai."""
    text = _text(name, value, OFFSET)
    match = _OFFSET.fullmatch(text)
    if match is None:
        refuse("bad_time", f"{name}: found {shown(text)}, expected ISO 8601 with an offset like {OFFSET}", name)
    year, month, day_, hour, minute, second, fraction, utc, sign, hours, minutes = match.groups()
    if not utc and not sign:
        refuse("no_offset", f"{name}: found {shown(text)} without an offset, expected one like {OFFSET}", name)
    offset = timedelta(hours=int(hours or 0), minutes=int(minutes or 0))
    if offset > timedelta(hours=14):
        refuse("bad_time", f"{name}: found the offset of {shown(text)}, expected at most 14 hours", name)
    _plausible(name, text, int(year), OFFSET)
    micro = int((fraction or "0")[:6].ljust(6, "0"))
    zone = timezone(-offset if sign == "-" else offset)
    try:
        at = datetime(int(year), int(month), int(day_), int(hour), int(minute), int(second or 0), micro, zone)
        return at.astimezone(SHANGHAI)
    except (ValueError, OverflowError):
        refuse("bad_time", f"{name}: {shown(text)} does not exist, expected a time like {OFFSET}", name)


def arrived(name: str, at: datetime, received_at: datetime) -> None:
    """Refuse a letter that was written more than a day after it was read."""
    if at - received_at > FUTURE:
        refuse("future_time", f"{name}: found {at:%Y-%m-%d %H:%M:%S}, expected no later than a day from now", name)


def due(name: str, at: datetime | None, received_at: datetime) -> None:
    """Refuse a deadline that is none."""
    if at is not None and at - received_at > FAR:
        refuse("future_time", f"{name}: found {at:%Y-%m-%d}, expected a deadline within 50 years", name)


def _text(name: str, value: object, expected: str) -> str:
    if type(value) is not str:
        refuse("wrong_type", f"{name}: found {shown(value)}, expected a time as text like {expected}", name)
    return value.strip()


def _read(name: str, value: object, pattern: re.Pattern[str], expected: str) -> datetime:
    text = _text(name, value, expected)
    match = pattern.fullmatch(text)
    if match is None:
        refuse("bad_time", f"{name}: found {shown(text)}, expected a time like {expected}", name)
    parts = [int(part) for part in match.groups()]
    _plausible(name, text, parts[0], expected)
    try:
        return datetime(*parts, tzinfo=SHANGHAI)  # type: ignore[arg-type, misc]
    except ValueError:
        refuse("bad_time", f"{name}: {shown(text)} does not exist, expected a time like {expected}", name)


def _plausible(name: str, text: str, year: int, expected: str) -> None:
    if year < EARLIEST_YEAR:
        refuse("ancient_time", f"{name}: found {shown(text)}, expected {EARLIEST_YEAR} or later, like {expected}", name)
