"""A unit reports on its own assignments alone; everything else is refused and recorded (invariant 7)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from letters.clock import iso
from letters.ids import assignment_id, letter_id
from tests.unit.streams.conftest import NOW, OTHER, STATION, Town, call

MINE = assignment_id(letter_id("110", "C1"), 1, STATION)


@pytest.fixture
def dispatched(town: Town) -> Town:
    town.feed("110", call("C1"))
    town.run()
    return town


def report(id_: str, *, of: UUID = MINE, at: datetime = NOW, **more: Any) -> dict[str, Any]:
    return {"assignment_id": str(of), "step": "signed", "at": iso(at), "by": "张警官", "progress_id": id_, **more}


def taken(town: Town) -> list[tuple[str, str, str | None]]:
    return [tuple(row) for row in town.rows("SELECT progress_id, unit, refused FROM progress ORDER BY progress_id")]


def test_a_units_report_is_kept_and_stands_in_the_letters_ledger(dispatched: Town) -> None:
    dispatched.put(f"progress.{STATION}", report("p1", text="已到场"))
    dispatched.run()
    assert taken(dispatched) == [("p1", STATION, None)]
    assert dispatched.rows("SELECT event, actor FROM ledger ORDER BY seq")[-1] == (
        "progress_reported",
        f"unit:{STATION}",
    )


def test_a_repeated_report_counts_once_within_a_batch_and_after_it(dispatched: Town) -> None:
    dispatched.put(f"progress.{STATION}", report("p1"), report("p1"), report("p2", step="contacted"))
    dispatched.run()
    dispatched.put(f"progress.{STATION}", report("p1"), report("p2", step="contacted"))
    dispatched.run()
    assert taken(dispatched) == [("p1", STATION, None), ("p2", STATION, None)]
    assert dispatched.one("SELECT count(*) FROM ledger WHERE event = 'progress_reported'") == 2


def test_two_units_may_use_the_same_numbers(dispatched: Town) -> None:
    dispatched.put(f"progress.{STATION}", report("1"))
    dispatched.put(f"progress.{OTHER}", report("1", of=uuid4()))
    dispatched.run()
    assert set(taken(dispatched)) == {("1", STATION, None), ("1", OTHER, "unknown_assignment")}


REFUSED = {
    "another unit's assignment": (OTHER, report("x"), "not_yours"),
    "an assignment that nobody has": (STATION, report("x", of=uuid4()), "unknown_assignment"),
    "a time to come": (STATION, report("x", at=NOW + timedelta(minutes=6)), "future"),
    "a time before it was assigned": (STATION, report("x", at=NOW - timedelta(minutes=6)), "before_assignment"),
}


def test_what_is_not_the_units_to_report_is_refused_and_recorded(dispatched: Town) -> None:
    for number, (unit, message, _) in enumerate(REFUSED.values()):
        dispatched.put(f"progress.{unit}", {**message, "progress_id": f"x{number}"})
    dispatched.run()
    refused = {row[0]: row[2] for row in taken(dispatched)}
    assert refused == {f"x{number}": reason for number, (_, _, reason) in enumerate(REFUSED.values())}
    assert dispatched.one("SELECT count(*) FROM ledger WHERE event = 'progress_reported'") == 0
    assert dispatched.one("SELECT count(*) FROM ledger WHERE event = 'refused'") == 3
    assert dispatched.messages("dead-letters") == [], "a report that can be read is kept with its reason instead"


def test_clocks_may_differ_by_minutes(dispatched: Town) -> None:
    dispatched.put(
        f"progress.{STATION}", report("a", at=NOW + timedelta(minutes=4)), report("b", at=NOW - timedelta(minutes=4))
    )
    dispatched.run()
    assert [row[2] for row in taken(dispatched)] == [None, None]


JUNK: list[Any] = [
    b"", b"\xff", b"[]", b"null", report("x", step="eaten"), report(""), report("a\x00b"), report("p" * 201),
    {**report("x"), "at": "2026-11-20T12:00:00"}, {**report("x"), "at": "9999-12-31T23:59:59Z"},
    {**report("x"), "assignment_id": "1"}, {"progress_id": "x"},
]  # fmt: skip


def test_junk_becomes_a_dead_letter_each_and_good_reports_go_on(dispatched: Town) -> None:
    dispatched.put(f"progress.{STATION}", *JUNK, report("good"))
    dispatched.run()
    dead = dispatched.messages("dead-letters")
    assert len(dead) == len(JUNK)
    assert {each["topic"] for each in dead} == {f"progress.{STATION}"}
    assert {each["reason"] for each in dead} <= {"unreadable", "missing_field", "unknown_step", "bad_time"}
    assert taken(dispatched) == [("good", STATION, None)]
