"""Deadlines: which row, which clock, when it ends, and whether it may still move."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casework.calendar import published_calendar
from casework.clocks import deadlines, matching_row, met, step_deadlines
from letters.bureau import Policy, PolicyRow, Within
from letters.clock import SHANGHAI
from letters.messages import Letter

CALENDAR = published_calendar()


def natural(**time: float) -> Within:
    return Within("natural", natural=timedelta(**time))


POLICY = Policy(
    rows=(
        PolicyRow("特急", urgencies=("特急",), sign=natural(minutes=5)),
        PolicyRow(
            "信箱",
            channels=("mailbox",),
            sign=natural(minutes=10),
            contact=natural(minutes=30),
            feedback=natural(days=4),
            finish=Within("working", working_days=5),
        ),
        PolicyRow("12345", channels=("12345",), finish=Within("working", working_days=5), finish_from_upstream=True),
        PolicyRow("信访", channels=("petition",), kinds=("投诉", "求助"), finish=natural(days=60)),
    ),
    category_confidence=0.95,
    unit_confidence=0.95,
)


def letter(at: datetime, **more: object) -> Letter:
    facts: dict[str, object] = {
        "letter_id": UUID(int=1),
        "channel": "mailbox",
        "source_id": "1",
        "kind": "求助",
        "body": "路灯坏了",
        "arrived_at": at,
        "received_at": at,
    }
    return Letter.model_validate(facts | more)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


def test_each_deadline_names_its_clock_and_its_row() -> None:
    found = deadlines(letter(at("2026-09-30T17:58:00")), POLICY, CALENDAR)
    assert [(d.step, d.due_at, d.clock, d.policy, d.provisional) for d in found] == [
        ("sign", at("2026-09-30T18:08:00"), "natural", "信箱", False),
        ("contact", at("2026-09-30T18:28:00"), "natural", "信箱", False),
        ("feedback", at("2026-10-04T17:58:00"), "natural", "信箱", False),
        ("finish", at("2026-10-13T23:59:59"), "working", "信箱", False),
    ]


@pytest.mark.parametrize(
    ("arrived", "finish", "provisional"),
    [
        ("2026-02-13T23:59:59", "2026-02-27T23:59:59", False),  # 14 Feb worked, Spring Festival to 23 Feb
        ("2026-02-14T00:00:00", "2026-02-28T23:59:59", False),  # a second later is a day later
        ("2026-02-17T03:00:00", "2026-02-28T23:59:59", False),  # in the midst of the festival; 28 Feb is worked
        ("2026-12-24T08:00:00", "2026-12-31T23:59:59", False),
        ("2026-12-25T08:00:00", "2027-01-01T23:59:59", True),
        ("2026-12-31T08:00:00", "2027-01-07T23:59:59", True),
    ],
)
def test_working_days_around_midnight_festival_and_the_end_of_the_known(
    arrived: str, finish: str, provisional: bool
) -> None:
    found = deadlines(letter(at(arrived)), POLICY, CALENDAR)[-1]
    assert (found.due_at, found.provisional) == (at(finish), provisional)


def test_the_day_is_shanghais_whatever_zone_the_moment_was_told_in() -> None:
    # 17:00 UTC on the 13th is 01:00 on the 14th in Shanghai.
    there = letter(datetime(2026, 2, 13, 17, tzinfo=UTC))
    assert deadlines(there, POLICY, CALENDAR) == deadlines(letter(at("2026-02-14T01:00:00")), POLICY, CALENDAR)
    moved = deadlines(letter(at("2026-01-01T00:00:00")), POLICY, CALENDAR, start=datetime(2026, 2, 13, 17, tzinfo=UTC))
    assert moved == deadlines(there, POLICY, CALENDAR)


def test_a_natural_deadline_is_never_provisional() -> None:
    found = deadlines(letter(at("2026-12-31T23:00:00")), POLICY, CALENDAR)[2]
    assert (found.due_at, found.provisional) == (at("2027-01-04T23:00:00"), False)


def test_the_source_s_own_deadline_is_the_finish_where_the_row_says_so() -> None:
    arrived, upstream = at("2026-03-02T09:00:00"), at("2026-03-04T18:00:00")
    (found,) = deadlines(letter(arrived, channel="12345", upstream_due=upstream), POLICY, CALENDAR)
    assert (found.due_at, found.clock, found.policy) == (upstream, "natural", "12345")
    (without,) = deadlines(letter(arrived, channel="12345"), POLICY, CALENDAR)
    assert (without.due_at, without.clock) == (at("2026-03-09T23:59:59"), "working")
    # A mailbox row does not say so.
    assert deadlines(letter(arrived, upstream_due=upstream), POLICY, CALENDAR)[-1].due_at != upstream


def test_a_source_s_deadline_that_is_past_at_the_start_is_no_promise() -> None:
    arrived, upstream = at("2026-03-02T09:00:00"), at("2026-03-01T18:00:00")
    (found,) = deadlines(letter(arrived, channel="12345", upstream_due=upstream), POLICY, CALENDAR)
    assert found.due_at == at("2026-03-09T23:59:59")


def test_the_first_matching_row_counts() -> None:
    urgent = letter(at("2026-03-02T09:00:00"), urgency="特急")
    row = matching_row(urgent, POLICY)
    assert row is not None
    assert row.name == "特急"
    assert [d.step for d in deadlines(urgent, POLICY, CALENDAR)] == ["sign"]
    assert deadlines(letter(at("2026-03-02T09:00:00"), channel="petition", kind="建议"), POLICY, CALENDAR) == ()


def test_steps_may_start_at_different_moments() -> None:
    arrived, again = at("2026-03-02T09:00:00"), at("2026-03-03T09:00:00")
    found = step_deadlines(letter(arrived), POLICY, CALENDAR, {"sign": again, "feedback": arrived})
    assert [(d.step, d.due_at) for d in found] == [
        ("sign", at("2026-03-03T09:10:00")),
        ("feedback", at("2026-03-06T09:00:00")),
    ]


def test_the_second_of_the_deadline_still_belongs_to_it() -> None:
    due = at("2026-03-02T23:59:59")
    assert met(due, due)
    assert met(due + timedelta(microseconds=999_999), due)
    assert not met(due + timedelta(seconds=1), due)


def test_a_start_without_an_offset_is_refused() -> None:
    with pytest.raises(ValueError, match="offset"):
        deadlines(letter(at("2026-03-02T09:00:00")), POLICY, CALENDAR, start=datetime(2026, 3, 2))


@given(st.datetimes(datetime(2020, 1, 1), datetime(2028, 1, 1)), st.timedeltas(timedelta(), timedelta(days=400)))
def test_a_letter_that_arrives_later_is_never_due_earlier(first: datetime, later: timedelta) -> None:
    early = deadlines(letter(first.replace(tzinfo=SHANGHAI)), POLICY, CALENDAR)
    late = deadlines(letter((first + later).replace(tzinfo=SHANGHAI)), POLICY, CALENDAR)
    for before, after in zip(early, late, strict=True):
        assert first.replace(tzinfo=SHANGHAI) < before.due_at <= after.due_at
