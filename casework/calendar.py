"""The work calendar: a date and a number of working days go in, the day the period ends comes out.

Holidays and make-up working days (调休) are those the State Council publishes each November, as `chinesecalendar`
carries them. Past the last published year only weekends are known; what is reckoned there is provisional.
"""

from __future__ import annotations

import importlib.metadata
from array import array
from collections.abc import Iterable
from datetime import date
from functools import lru_cache
from itertools import accumulate

from chinese_calendar.constants import holidays, workdays

_FIRST_KNOWN = date(2004, 1, 1)
_YEARS_BEYOND = 30
"""Years past the last published one that are laid out in advance; later dates are walked day by day."""


class WorkCalendar:
    """Which days are working days (工作日), laid out once as arrays so that a look-up costs well under a microsecond.

    Immutable by convention: nothing changes after construction, so one calendar may serve every thread.
    """

    __slots__ = ("_days", "_first", "_last", "_off", "_on", "_rank", "last_year", "version")

    def __init__(self, off: Iterable[date], on: Iterable[date], *, last_year: int, version: str) -> None:
        """`off` are days that are holidays, `on` weekend days worked instead; both published up to `last_year`."""
        self.last_year = last_year
        self.version = version
        self._off = frozenset(day.toordinal() for day in off)
        self._on = frozenset(day.toordinal() for day in on)
        self._first = _FIRST_KNOWN.toordinal()
        self._last = date(last_year + _YEARS_BEYOND, 12, 31).toordinal()
        span = range(self._first, self._last + 1)
        self._days = array("l", (day for day in span if self._works(day)))
        self._rank = array("l", accumulate(self._works(day) for day in span))

    def is_workday(self, day: date) -> bool:
        """Whether offices work that day."""
        return self._works(day.toordinal())

    def after(self, day: date, count: int) -> date:
        """The `count`-th working day after `day`; `day` itself never counts (民法典 §201). `count` is 1 or more."""
        if count < 1:
            raise ValueError(f"a period has at least one working day, not {count}")
        start = day.toordinal()
        if self._first <= start <= self._last:
            place = self._rank[start - self._first] + count - 1
            if place < len(self._days):
                return date.fromordinal(self._days[place])
        while count:
            start += 1
            count -= self._works(start)
        return date.fromordinal(start)

    def between(self, first: date, last: date) -> int:
        """How many working days lie after `first` up to and including `last`; 0 when `last` is not later."""
        return sum(self._works(day) for day in range(first.toordinal() + 1, last.toordinal() + 1))

    def is_provisional(self, day: date) -> bool:
        """Whether the holidays of that day's year were not yet published when this calendar was made."""
        return day.year > self.last_year

    def _works(self, ordinal: int) -> bool:
        return ordinal in self._on or (ordinal % 7 not in (6, 0) and ordinal not in self._off)


@lru_cache(maxsize=1)
def published_calendar() -> WorkCalendar:
    """The calendar that the installed `chinesecalendar` publishes."""
    last_year = max(holidays).year
    version = f"chinesecalendar {importlib.metadata.version('chinesecalendar')} to {last_year}"
    return WorkCalendar(holidays, workdays, last_year=last_year, version=version)
