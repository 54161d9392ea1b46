"""Letters are found again by state, unit, channel and number, and nothing that belongs to another is shown."""

from __future__ import annotations

from uuid import UUID, uuid4, uuid5

import pytest

from letters import ids
from storage.cases import (
    NewAssignment,
    NewCase,
    NewEntry,
    NewNotice,
    NewProgress,
    write_cases,
    write_notices,
    write_progress,
)
from storage.database import Database
from storage.dead import NewDead, dead_by_reason, dead_letters, mark_redriven, write_dead
from storage.intake import NewLetter, Place, ReadRow, known_letters, next_numbers, write_intake
from storage.lookup import find_letters, letter_lines, life_of, states
from storage.sealing import Sealer

A, B = "360703510000", "360703520000"
SPACE = UUID(int=2)
CHANNELS = ("110", "12345", "mailbox")


@pytest.fixture
def filled(database: Database) -> Database:
    """1: 110, dispatched to A with B; 2: mailbox, waiting; 3: mailbox, escalated to B; 4: 12345, undecided."""
    made = [(1, "110", "N1"), (2, "mailbox", "N1"), (3, "mailbox", "N3"), (4, "12345", "N4")]
    letters = [
        NewLetter(no, ids.letter_id(channel, number), channel, number, 1, "求助", no, no, bytes(16), b"{}")
        for no, channel, number in made
    ]
    reads = [
        ReadRow(Place(f"intake.{channel}", 0, no, bytes(16)), "letter", no, 1, 1, 1, (("n", b"\xff"),), b"raw")
        for no, channel, _ in made
    ]
    cases = [
        NewCase(1, "dispatched", 1, "place", "治安", A, B, "", 1),
        NewCase(2, "waiting", 1, "desk", None, None, "", A, 1),
        NewCase(3, "escalated", 1, "danger", None, B, "", "", 1),
    ]
    assignments = [
        NewAssignment(1, 1, A, uuid5(SPACE, "1A"), "host", 1, b"{}"),
        NewAssignment(1, 1, B, uuid5(SPACE, "1B"), "assist", 1, b"{}"),
        NewAssignment(3, 1, B, uuid5(SPACE, "3B"), "host", 1, b"{}"),
    ]
    with database.write() as connection:
        write_intake(connection, reads, letters, [], SEALER)
        write_cases(connection, cases, [NewEntry(1, 1, "decided", "router", b"{}")], assignments)
        write_notices(connection, [NewNotice(uuid5(SPACE, "n"), 3, B, "danger", 1, b"{}")])
        report = NewProgress(
            uuid5(SPACE, "p1"), f"progress.{A}", "p1", uuid5(SPACE, "1A"), 1, A, "signed", 1, 1, None, b"{}"
        )
        write_progress(connection, [report], [NewEntry(1, 2, "progress", f"unit:{A}", b"{}")])
    return database


FILTERS: list[tuple[dict[str, object], list[int]]] = [
    ({}, [1, 2, 3, 4]),
    ({"state": "dispatched"}, [1]),
    ({"state": "waiting"}, [2]),
    ({"state": "received"}, [4]),
    ({"state": "merged"}, []),
    ({"unit": A}, [1]),
    ({"unit": B}, [1, 3]),
    ({"channel": "mailbox"}, [2, 3]),
    ({"channel": "mailbox", "state": "escalated"}, [3]),
    ({"after": 2}, [3, 4]),
    ({"limit": 2}, [1, 2]),
    ({"after": 1, "limit": 1, "unit": B}, [3]),
]

SEALER = Sealer(bytes(32))


def test_letters_are_listed_by_every_filter(filled: Database) -> None:
    with filled.read() as connection:
        for filters, numbers in FILTERS:
            lines = list(letter_lines(connection, **filters))  # type: ignore[arg-type]
            assert [line.letter_no for line in lines] == numbers, filters


def test_a_line_tells_where_the_letter_stands(filled: Database) -> None:
    with filled.read() as connection:
        lines = {line.letter_no: line for line in letter_lines(connection)}
        assert states(connection) == {"dispatched": 1, "waiting": 1, "escalated": 1, "received": 1}
    assert (lines[1].host, lines[1].co_units, lines[1].state, lines[1].category) == (A, (B,), "dispatched", "治安")
    assert (lines[2].host, lines[2].co_units, lines[4].state) == (None, (), "received")


def test_a_number_finds_the_letters_of_every_channel_that_uses_it(filled: Database) -> None:
    both = {ids.letter_id("110", "N1"), ids.letter_id("mailbox", "N1")}
    with filled.read() as connection:
        assert set(find_letters(connection, "N1", CHANNELS)) == both
        assert find_letters(connection, str(ids.letter_id("12345", "N4")), CHANNELS) == [ids.letter_id("12345", "N4")]
        assert find_letters(connection, str(uuid4()), CHANNELS) == []
        assert find_letters(connection, "%' OR 1=1 --", CHANNELS) == []


def test_a_life_holds_all_of_one_letter_and_nothing_of_another(filled: Database) -> None:
    with filled.read() as connection:
        one, three = (life_of(connection, ids.letter_id(*key)) for key in (("110", "N1"), ("mailbox", "N3")))
    assert [row.unit for row in one.assignments] == [A, B], "the host first"
    assert [row.event for row in one.ledger] == ["decided", "progress"]
    assert [row.progress_id for row in one.progress] == ["p1"]
    assert one.notices == []
    assert [row.topic for row in one.reads] == ["intake.110"]
    assert [row.kind for row in three.notices] == ["danger"]
    assert three.progress == []


def test_numbers_go_on_where_the_last_letter_stands_and_are_never_drawn_twice(filled: Database) -> None:
    with filled.write() as connection:
        first = list(next_numbers(connection, 3))
        assert list(next_numbers(connection, 0)) == []
    assert len(set(first)) == 3
    if filled.sqlite:
        assert first == [5, 6, 7]


def test_known_letters_know_every_revisions_content(filled: Database) -> None:
    letter = ids.letter_id("110", "N1")
    with filled.read() as connection:
        found = known_letters(connection, [letter, uuid4()])
    assert list(found) == [letter]
    assert (found[letter].letter_no, found[letter].revision) == (1, 1)


def dead(number: int, topic: str = "intake.110", reason: str = "bad_time") -> NewDead:
    return NewDead(
        uuid5(SPACE, f"d{number}"),
        topic,
        0,
        number,
        b"k",
        (("h", b"\xff\x00"),),
        1,
        b"\x00raw\xff" * 9,
        reason,
        "m",
        number,
    )


def test_dead_letters_keep_their_bytes_and_are_chosen_by_topic_reason_and_whether_fed_again(database: Database) -> None:
    rows = [dead(1), dead(2, "intake.12345"), dead(3, reason="not_json")]
    with database.write() as connection:
        assert write_dead(connection, rows, SEALER) == rows
        assert write_dead(connection, [*rows, dead(4)], SEALER) == [dead(4)], (
            "read again, the same record is the same dead letter"
        )
        mark_redriven(connection, rows[0].dead_id, 50)
    with database.read() as connection:

        def chosen(**given: object) -> list[int]:
            return [row.offset for row in dead_letters(connection, SEALER, **given)]  # type: ignore[arg-type]

        assert chosen() == [1, 2, 3, 4]
        assert chosen(topic="intake.110") == [1, 3, 4]
        assert chosen(reason="not_json") == [3]
        assert chosen(waiting_only=True) == [2, 3, 4]
        assert chosen(limit=2) == [1, 2]
        assert chosen(ids=[rows[1].dead_id]) == [2]
        assert dead_by_reason(connection)[("intake.110", "bad_time")] == 2
        [one] = dead_letters(connection, SEALER, ids=[rows[0].dead_id])
    assert (one.raw, one.headers, one.key, one.redriven_at) == (b"\x00raw\xff" * 9, (("h", b"\xff\x00"),), b"k", 50)
