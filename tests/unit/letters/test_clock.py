"""Times: always Asia/Shanghai, never a guess, and the same moment after every way of keeping it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from letters.clock import SHANGHAI, SetClock, SystemClock, from_ms, iso, shanghai, to_ms

moments = st.datetimes(
    datetime(1992, 1, 1),
    datetime(2126, 1, 1),
    timezones=st.sampled_from([UTC, SHANGHAI, timezone(timedelta(hours=-7)), timezone(timedelta(hours=5, minutes=45))]),
)


@given(moments)
def test_a_moment_stays_the_same_moment_and_is_told_in_shanghai(at: datetime) -> None:
    assert shanghai(at) == at
    assert iso(at).endswith("+08:00")
    assert datetime.fromisoformat(iso(at)) == at


@given(moments)
def test_milliseconds_keep_the_moment_to_the_millisecond(at: datetime) -> None:
    kept = from_ms(to_ms(at))
    assert timedelta() <= at - kept < timedelta(milliseconds=1)
    assert to_ms(kept) == to_ms(at)
    assert kept.utcoffset() == timedelta(hours=8)


def test_a_time_without_an_offset_is_refused() -> None:
    with pytest.raises(ValueError, match="without an offset"):
        shanghai(datetime(2025, 4, 22, 9, 12, 30))
    with pytest.raises(ValueError, match="without an offset"):
        SetClock(datetime(2025, 4, 22))


def test_iso_has_seconds_and_no_fraction_unless_there_is_one() -> None:
    at = datetime(2025, 4, 22, 1, 12, 30, tzinfo=UTC)
    assert iso(at) == "2025-04-22T09:12:30+08:00"
    assert iso(at.replace(microsecond=500)) == "2025-04-22T09:12:30.000500+08:00"


def test_the_new_year_comes_eight_hours_earlier_than_in_utc() -> None:
    assert iso(datetime(2025, 12, 31, 16, 0, tzinfo=UTC)) == "2026-01-01T00:00:00+08:00"


def test_a_set_clock_moves_only_when_told() -> None:
    clock = SetClock(datetime(2025, 4, 22, 1, tzinfo=UTC))
    assert clock.now() == clock.now() == datetime(2025, 4, 22, 9, tzinfo=SHANGHAI)
    assert clock.move(timedelta(minutes=10)) == clock.now() == datetime(2025, 4, 22, 9, 10, tzinfo=SHANGHAI)


def test_the_system_clock_tells_shanghai_time_whatever_the_machine_is_set_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "America/New_York")
    now = SystemClock().now()
    assert now.utcoffset() == timedelta(hours=8)
    assert abs(now - datetime.now(UTC)) < timedelta(seconds=5)
