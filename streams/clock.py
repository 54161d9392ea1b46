"""Reads the database, writes `notices.<unit>`: reminders and alerts when they are due, each once, whoever looks.

Any number of workers may tick: a letter's row is held while its clocks ring, others pass over it, and a notice's id is
computed, so that even a tick that was cut short sends nothing twice. After an outage everything that was missed goes out
in the order of its time.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from typing import Final

import structlog

from casework.events import SYSTEM, CalendarGrew
from letters.clock import Clock, to_ms
from letters.errors import SettingsError, TryLater
from storage.casework import (
    NewClock,
    anything_due,
    calendar_used,
    due_letters,
    open_letters,
    set_clocks,
    use_calendar,
)
from storage.database import Database
from storage.figures import moves_waiting, settle_moves
from storage.outbox import Outbox
from streams.binding import Relay
from streams.casework import CaseBook, Parts
from streams.outbox_stage import OutboxStage
from streams.port import Bus, Prepared, Stage, StageObserver

log = structlog.get_logger()

AT_ONCE: Final = 500
TICK_SECONDS: Final = 1.0
_SWEEP_SECONDS: Final = 5.0
_PUT_OFF_MS: Final = 3_600_000
"""A case that no rule foresaw rings again in an hour, so that it cannot hold up all others."""


class CaseClock(OutboxStage):
    """What is due → notices. No stage on a topic, but its messages go the same way."""

    name = "clock"
    inputs: tuple[str, ...] = ()

    def __init__(self, database: Database, outbox: Outbox, clock: Clock, parts: Parts) -> None:
        super().__init__(database, outbox, clock)
        self._parts = parts

    def ring(self, limit: int = AT_ONCE) -> tuple[int, Prepared | None]:
        """Take the rungs of up to `limit` letters that are due, add up waiting figures, reckon deadlines again when the
        calendar has grown: how much was done (0: nothing is left to do) and what is to be sent."""
        now = to_ms(self._clock.now())
        with self._database.read() as connection:
            due = anything_due(connection, now)
            waiting = moves_waiting(connection)
            used = calendar_used(connection)
        stale = used != (self._parts.rules.calendar.version, -1)
        if not (due or waiting or stale):
            return 0, None
        done = self._reckon() if stale else 0
        if waiting:
            with self._database.write() as connection:
                done += settle_moves(connection)
        if not due:
            return done, None
        try:
            count, prepared = self._ring(limit)
        except (TryLater, SettingsError):
            raise
        except Exception:
            count, prepared = self._one_by_one(limit)
        return done + count, prepared

    def _ring(self, limit: int) -> tuple[int, Prepared]:
        now = self._clock.now()
        with self._database.write() as connection:
            numbers = due_letters(connection, to_ms(now), limit)
            book = CaseBook(self._parts, connection, now)
            book.load(numbers, hold=False)  # due_letters holds them
            for number in numbers:
                book.ring(number)
            return len(numbers), self.prepared(connection, book.write())

    def _one_by_one(self, limit: int) -> tuple[int, Prepared]:
        """The same with a transaction for each letter, to find the one that no rule foresaw."""
        prepared = Prepared([], [])
        done = 0
        for _ in range(limit):
            try:
                count, one = self._ring(1)
            except (TryLater, SettingsError):
                raise
            except Exception as error:
                count, one = self._put_off(error), Prepared([], [])
            if not count:
                break
            done += count
            tickets = [*(prepared.ticket or ()), *(one.ticket or ())]  # type: ignore[misc]
            prepared = Prepared(prepared.outgoing + one.outgoing, tickets)
        return done, prepared

    def _put_off(self, error: Exception) -> int:
        now = to_ms(self._clock.now())
        with self._database.write() as connection:
            numbers = due_letters(connection, now, 1)
            set_clocks(connection, [NewClock(number, now + _PUT_OFF_MS, "") for number in numbers])
        log.error(
            "a case broke the clock", action="case_broke_clock", letters=numbers, error=type(error).__name__
        )  # where it broke, not what the error says: an error's text may quote the letter (invariant 11)
        return len(numbers)

    def _reckon(self) -> int:
        """Open deadlines in working days once more, some letters at a time; what was provisional may become final."""
        version = self._parts.rules.calendar.version
        now = self._clock.now()
        with self._database.write() as connection:
            used = calendar_used(connection)
            if used is None:
                use_calendar(connection, version, -1)
                return 0
            after = used[1] if used[0] == version else 0
            if after < 0:
                return 0
            numbers = open_letters(connection, after, AT_ONCE)
            book = CaseBook(self._parts, connection, now)
            book.load(numbers)
            for number in numbers:
                book.apply(number, CalendarGrew(by=SYSTEM))
            book.write()  # the units' systems have the old deadline until their next assignment; ours counts
            use_calendar(connection, version, numbers[-1] if numbers else -1)
            return len(numbers)


class Ticking(Relay):
    """The clock beside the stages of one process. It also sends what officers' commands left in the outbox when they
    were cut short."""

    def __init__(
        self,
        bus: Bus,
        clock: CaseClock,
        others: Sequence[Stage],
        observer: StageObserver,
        stop: threading.Event,
        *,
        every: float = TICK_SECONDS,
    ) -> None:
        super().__init__(bus, clock, observer, stop)
        self._clock = clock
        self._others = [Relay(bus, stage, observer, stop) for stage in others]
        self._every = every
        self._ticked = float("-inf")
        self._tell_working()

    def step(self, timeout: float = 0.0) -> int:  # noqa: ARG002 - as a binding has it
        """Tick when it is time, and now and then look for what was left unsent; how much was done."""
        now = time.monotonic()
        if now - self._ticked < self._every:
            return 0
        return self.sweep() if now - self._swept > _SWEEP_SECONDS else self.tick()

    def tick(self) -> int:
        """Everything that is due by now."""
        self._ticked = time.monotonic()
        total = 0
        while True:
            done, prepared = self._until_answered(self._clock.ring)
            if prepared is not None:
                self.send(prepared)
            if not done:
                self._tell_working()
                return total
            total += done

    def sweep(self) -> int:
        """What was left unsent, then a tick: an idle process has looked at its clocks."""
        return super().sweep() + sum(other.sweep() for other in self._others) + self.tick()

    def lag(self) -> int:
        """A clock reads nothing."""
        return 0

    def leave(self) -> None:
        """It is in no group."""

    def close(self) -> None:
        """Say that it stops."""
        self._observer.stopped(self.stage.name, None)


def tick_for_ever(ticking: Ticking, stop: threading.Event) -> None:
    """For a thread of its own beside a Faust worker. Raises `Stopped` when told to stop while it waits."""
    while not stop.wait(TICK_SECONDS):
        ticking.step()
