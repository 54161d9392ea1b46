"""Clocks: a letter, the bureau's policy and the work calendar go in, its deadlines (时限) come out.

Clocks start when the letter arrived, on Asia/Shanghai time (invariant 10), not when a machine or a person got to it.

* A *natural* clock (自然时间, 24×7) ends exactly so many minutes after it started; nights and holidays count. Where
  a law counts in whole days this is never later than the law's own end of day (民法典 §201, §203).
* A *working-day* clock (工作日) does not count the day it starts on (民法典 §201) and ends at 24:00 of its last
  working day (民法典 §203), written 23:59:59 so that the date a person reads is the day they still have. Only
  working days are counted, make-up days (调休) among them, so it can never end on a holiday.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Final, Literal, Protocol

from casework.calendar import WorkCalendar
from letters.bureau import Policy, PolicyRow, Within
from letters.clock import SHANGHAI, shanghai
from letters.messages import Deadline

ClockStep = Literal["sign", "contact", "feedback", "finish"]
CLOCK_STEPS: Final[tuple[ClockStep, ...]] = ("sign", "contact", "feedback", "finish")


class Timed(Protocol):
    """What of a letter sets its clocks; `letters.messages.Letter` and `casework.case.Case` both have it."""

    @property
    def channel(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def urgency(self) -> str: ...
    @property
    def arrived_at(self) -> datetime: ...
    @property
    def upstream_due(self) -> datetime | None: ...


def matching_row(letter: Timed, policy: Policy) -> PolicyRow | None:
    """The first policy row whose channels, kinds and urgencies all take the letter; an empty tuple takes any."""
    channel, kind, urgency = letter.channel, letter.kind, letter.urgency
    for row in policy.rows:
        if (
            (not row.channels or channel in row.channels)
            and (not row.kinds or kind in row.kinds)
            and (not row.urgencies or urgency in row.urgencies)
        ):
            return row
    return None


def deadlines(
    letter: Timed, policy: Policy, calendar: WorkCalendar, *, start: datetime | None = None
) -> tuple[Deadline, ...]:
    """A letter's deadlines in the order of its steps; empty when no policy row takes it.

    `start` moves every clock's start away from `letter.arrived_at` (a reopened letter); it must be aware. Where the
    row leaves the finish to the source (12345 deadlineDate), `upstream_due` is the finish as it stands; a source's
    deadline that is not later than the start is no promise any more, and the row's own finish counts if it has one.
    """
    began = letter.arrived_at if start is None else start
    return step_deadlines(letter, policy, calendar, dict.fromkeys(CLOCK_STEPS, began))


def step_deadlines(
    letter: Timed, policy: Policy, calendar: WorkCalendar, starts: Mapping[ClockStep, datetime]
) -> tuple[Deadline, ...]:
    """As `deadlines`, with a start of its own for each step; a step without a start gets no deadline."""
    row = matching_row(letter, policy)
    return () if row is None else tuple(_deadlines(letter, row, calendar, starts))


def _deadlines(
    letter: Timed, row: PolicyRow, calendar: WorkCalendar, starts: Mapping[ClockStep, datetime]
) -> Iterator[Deadline]:
    limits: tuple[tuple[ClockStep, Within | None], ...] = (
        ("sign", row.sign),
        ("contact", row.contact),
        ("feedback", row.feedback),
        ("finish", row.finish),
    )
    for step, within in limits:
        start = starts.get(step)
        if start is None:
            continue
        if step == "finish" and row.finish_from_upstream and letter.upstream_due is not None:
            upstream = letter.upstream_due
            if within is None or upstream > start:
                yield Deadline.model_construct(step=step, due_at=upstream, clock="natural", policy=row.name)
                continue
        if within is not None:
            due_at, provisional = due(start, within, calendar)
            # model_construct: every dispatched letter passes here, and each value is already of its type
            yield Deadline.model_construct(
                step=step, due_at=due_at, clock=within.clock, policy=row.name, provisional=provisional
            )


def due(start: datetime, within: Within, calendar: WorkCalendar) -> tuple[datetime, bool]:
    """When a period that began at `start` ends, and whether that rests on holidays not yet published."""
    local = shanghai(start)
    if within.clock == "natural":
        return local + within.natural, False
    last = calendar.after(local.date(), within.working_days)
    return datetime(last.year, last.month, last.day, 23, 59, 59, tzinfo=SHANGHAI), calendar.is_provisional(last)


def met(at: datetime, due_at: datetime) -> bool:
    """Whether something done at `at` was in time; the second of the deadline still belongs to it."""
    return at - due_at < timedelta(seconds=1)


def remind_before(letter: Timed, policy: Policy, step: ClockStep) -> timedelta | None:
    """How long before the deadline the policy row wants a reminder (催办提醒); None where it does not say."""
    row = matching_row(letter, policy)
    within: Within | None = None if row is None else getattr(row, step)
    return None if within is None else within.remind_before
