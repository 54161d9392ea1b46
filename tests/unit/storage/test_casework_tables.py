"""What the first tables held is still there after casework's migration, and daily counters add up to the same sums in
whatever order and by however many workers they are settled."""

from __future__ import annotations

from collections import Counter

import pytest
from alembic import command
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from letters.clock import SHANGHAI, from_ms, to_ms
from storage import schema
from storage.casework import NewClock, anything_due, due_letters, open_clocks_rows, set_clocks
from storage.database import Conflict, Database
from storage.figures import EVERYONE, Moves, add_moves, day_at, day_of, settle_moves, sums_of

UNIT, OTHER = "360703510000", "360703520000"


def test_rows_of_the_first_schema_survive_the_second(empty_database: Database) -> None:
    with empty_database.write() as connection:
        command.upgrade(schema._config(connection), "0001")
        connection.execute(
            text("INSERT INTO cases VALUES (1, 'dispatched', 1, 'place', NULL, :unit, '', '', 5)"), {"unit": UNIT}
        )
        connection.execute(text("INSERT INTO cases VALUES (2, 'waiting', 1, 'desk', NULL, NULL, '', '', 5)"))
        of = "00000000-0000-0000-0000-000000000001" if not empty_database.sqlite else "0" * 31 + "1"
        connection.execute(
            text("INSERT INTO progress VALUES (:topic, '1', :of, 1, :unit, 'signed', 6, 7, NULL, :document)"),
            {"topic": f"progress.{UNIT}", "of": of, "unit": UNIT, "document": b"{}"},
        )
    assert schema.upgrade(empty_database) == ("0001", schema.newest_version())
    assert schema.differences(empty_database) == []
    with empty_database.read() as connection:
        assert connection.execute(text("SELECT letter_no, state, host, closed_at FROM cases ORDER BY 1")).all() == [
            (1, "dispatched", UNIT, None),
            (2, "waiting", None, None),
        ]
        assert connection.execute(text("SELECT progress_id, unit, step, refused FROM progress")).all() == [
            ("1", UNIT, "signed", None)
        ]
        assert connection.execute(text("SELECT letter_no, next_at FROM case_clocks")).all() == [(1, 0)]


def test_a_recused_unit_is_no_host_and_a_dispatched_letter_has_one_until_it_is_closed(database: Database) -> None:
    wrong = (
        f"INSERT INTO cases VALUES (1, 'dispatched', 1, 'place', NULL, '{UNIT}', '', '{UNIT}', 5, NULL)",
        "INSERT INTO cases VALUES (1, 'dispatched', 1, 'place', NULL, NULL, '', '', 5, NULL)",
    )
    for statement in wrong:
        with pytest.raises((Conflict, IntegrityError)), database.write() as connection:
            connection.execute(text(statement))
    with database.write() as connection:
        connection.execute(text("INSERT INTO cases VALUES (1, 'dispatched', 1, 'place', NULL, NULL, '', '', 5, 6)"))


def test_counters_add_up_and_are_hidden_from_who_must_not_see(database: Database) -> None:
    one: Counter[tuple[str, str, int]] = Counter({(UNIT, "hosted", 5): 2, ("", "received", 5): 3})
    two: Counter[tuple[str, str, int]] = Counter({(UNIT, "hosted", 6): 1, (UNIT, "hosted", 5): -1})
    with database.write() as connection:
        add_moves(connection, [Moves((EVERYONE,), one), Moves((EVERYONE, OTHER), two)])
        add_moves(connection, [Moves((EVERYONE,), Counter())])
        add_moves(connection, [Moves((EVERYONE,), Counter({("", "received", 7): 1}))])
    with database.write() as connection:
        assert [settle_moves(connection, at_once=1) for _ in range(3)] == [1, 1, 0]
        assert sums_of(connection, 5, 6) == {UNIT: {"hosted": 2}, "": {"received": 3}}
        assert sums_of(connection, 0, 9, viewer=OTHER) == {UNIT: {"hosted": 2}, "": {"received": 4}}
        assert sums_of(connection, 8, 9) == {}


@pytest.mark.parametrize("ms", [0, 57_599_999, 57_600_000, 1_795_231_155_123])
def test_a_day_is_a_day_in_shanghai(ms: int) -> None:
    at = from_ms(ms)
    assert at.tzinfo is SHANGHAI
    assert day_at(at) == day_of(to_ms(at))


def test_clocks_are_found_when_they_ring_earliest_first(database: Database) -> None:
    with database.write() as connection:
        for number in range(1, 5):
            connection.execute(
                text(f"INSERT INTO cases VALUES ({number}, 'dispatched', 1, 'p', NULL, '{UNIT}', '', '', 5, NULL)")
            )
        open_clocks_rows(
            connection, [NewClock(1, 30, ""), NewClock(2, 10, ""), NewClock(3, 40, ""), NewClock(4, None, "")]
        )
        assert due_letters(connection, 9, 10) == []
        assert due_letters(connection, 30, 10) == [2, 1]
        assert due_letters(connection, 99, 1) == [2]
        set_clocks(connection, [NewClock(2, None, "{}"), NewClock(1, 50, "")])
        assert due_letters(connection, 40, 10) == [3]
        assert anything_due(connection, 40)
        assert not anything_due(connection, 39)
