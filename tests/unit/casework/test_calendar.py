"""Working days as the State Council published them, and plain weekends where it has not yet."""

from __future__ import annotations

from datetime import date, timedelta

import chinese_calendar
import pytest
from hypothesis import given
from hypothesis import strategies as st

from casework.calendar import WorkCalendar, published_calendar

CALENDAR = published_calendar()
KNOWN = st.dates(date(2004, 1, 1), date(2026, 12, 31))


@given(KNOWN)
def test_every_published_day_is_what_the_package_says(day: date) -> None:
    assert CALENDAR.is_workday(day) == chinese_calendar.is_workday(day)


@pytest.mark.parametrize(
    ("day", "count", "expected"),
    [
        (date(2026, 2, 13), 1, date(2026, 2, 14)),  # the Saturday before Spring Festival is worked
        (date(2026, 2, 14), 1, date(2026, 2, 24)),  # nine days of Spring Festival
        (date(2026, 2, 23), 5, date(2026, 2, 28)),  # a made-up Saturday ends the week
        (date(2026, 9, 30), 1, date(2026, 10, 8)),  # National Day
        (date(2026, 10, 8), 2, date(2026, 10, 10)),  # and its made-up Saturday
        (date(2026, 9, 18), 1, date(2026, 9, 20)),  # a made-up Sunday
        (date(2026, 1, 1), 1, date(2026, 1, 4)),
        (date(2026, 7, 4), 5, date(2026, 7, 10)),  # begins on a Saturday: Monday is the first day
        (date(2026, 12, 31), 1, date(2027, 1, 1)),  # not yet published: a Friday like any other
        (date(2026, 12, 31), 5, date(2027, 1, 7)),
    ],
)
def test_the_nth_working_day(day: date, count: int, expected: date) -> None:
    assert CALENDAR.after(day, count) == expected
    assert CALENDAR.between(day, expected) == count


def test_what_lies_past_the_last_published_year_is_provisional() -> None:
    assert not CALENDAR.is_provisional(date(CALENDAR.last_year, 12, 31))
    assert CALENDAR.is_provisional(date(CALENDAR.last_year + 1, 1, 1))
    assert str(CALENDAR.last_year) in CALENDAR.version
    assert CALENDAR.version.startswith("chinesecalendar ")


@given(st.dates(date(1990, 1, 1), date(2090, 1, 1)), st.integers(1, 90))
def test_the_arrays_agree_with_counting_on_ones_fingers(day: date, count: int) -> None:
    end, left = day, count
    while left:
        end += timedelta(days=1)
        left -= CALENDAR.is_workday(end)
    assert CALENDAR.after(day, count) == end


@given(KNOWN, st.integers(1, 60))
def test_a_later_start_never_ends_earlier(day: date, count: int) -> None:
    assert CALENDAR.after(day, count) <= CALENDAR.after(day + timedelta(days=1), count)


def test_a_period_of_no_days_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        CALENDAR.after(date(2026, 1, 1), 0)


def test_a_calendar_that_grows_moves_the_end() -> None:
    grown = WorkCalendar([date(2027, 1, 1)], [], last_year=2027, version="grown")
    assert grown.after(date(2026, 12, 31), 1) == date(2027, 1, 4)
    assert not grown.is_provisional(date(2027, 1, 4))
