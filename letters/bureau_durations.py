"""A time limit as an official writes it (`10分钟`, `4天`, `15个工作日`) goes in, a `timedelta` or `Within` comes out."""

from __future__ import annotations

import re
from datetime import timedelta

from letters.bureau import Within

_DURATION = re.compile(
    r"([0-9]{1,5})\s*个?\s*(分钟|分|小时|自然日|天|日|工作日|minutes?|min|hours?|h|working days?|days?|d)"
)
_NATURAL = {
    **dict.fromkeys(("分钟", "分", "minute", "minutes", "min"), timedelta(minutes=1)),
    **dict.fromkeys(("小时", "hour", "hours", "h"), timedelta(hours=1)),
    **dict.fromkeys(("自然日", "天", "日", "day", "days", "d"), timedelta(days=1)),
}
REMEDY = "write a number and a unit such as 10分钟, 4小时, 4天 or 15个工作日"


def parse_within(text: str) -> Within:
    """A limit in natural time, or in working days; `ValueError` when it is neither or zero."""
    match = _DURATION.fullmatch(text.strip())
    if match is None or int(match.group(1)) == 0:
        raise ValueError(text)
    number, unit = int(match.group(1)), match.group(2)
    if unit in _NATURAL:
        return Within("natural", natural=number * _NATURAL[unit])
    return Within("working", working_days=number)


def parse_natural(text: str) -> timedelta:
    """A limit in natural time only; `ValueError` for working days and for anything else."""
    within = parse_within(text)
    if within.clock != "natural":
        raise ValueError(text)
    return within.natural
