"""Time: a clock that is passed in, and Asia/Shanghai wall time in and out of ISO 8601."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Protocol

SHANGHAI = timezone(timedelta(hours=8), "Asia/Shanghai")
"""China has kept one offset without summer time since September 1991; letters are younger than that."""


class Clock(Protocol):
    """Where the time comes from; pure code never asks the system."""

    def now(self) -> datetime:
        """The present moment, aware, in Asia/Shanghai."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC).astimezone(SHANGHAI)


class SetClock:
    """A clock that stands where it was set until it is moved; for tests, replays and the demo."""

    def __init__(self, at: datetime) -> None:
        self._at = shanghai(at)

    def now(self) -> datetime:
        return self._at

    def move(self, by: timedelta) -> datetime:
        self._at += by
        return self._at


def shanghai(at: datetime) -> datetime:
    """The same moment in Asia/Shanghai; `ValueError` when it has no offset (a naive time is a guess)."""
    if at.tzinfo is SHANGHAI:
        return at
    if at.tzinfo is None:
        raise ValueError(f"time without an offset: {at.isoformat()}")
    try:
        return at.astimezone(SHANGHAI)
    except OverflowError:
        raise ValueError(f"no such time in Asia/Shanghai: {at.isoformat()}") from None


def iso(at: datetime) -> str:
    """ISO 8601 with +08:00, to the second unless it has a fraction."""
    return shanghai(at).isoformat()


def to_ms(at: datetime) -> int:
    """Milliseconds since 1970, as stored and as Kafka stamps its messages."""
    return int((at - _EPOCH) / _MILLISECOND)


def from_ms(ms: int) -> datetime:
    """The moment in Asia/Shanghai."""
    return (_EPOCH + ms * _MILLISECOND).astimezone(SHANGHAI)


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
