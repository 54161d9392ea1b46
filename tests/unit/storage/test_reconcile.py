"""Whatever goes missing, the conservation proof names it (invariant 1); what is sound or on its way, it lets stand."""

from __future__ import annotations

from uuid import UUID, uuid5

import pytest
from sqlalchemy import Connection, text

from letters import ids
from storage.cases import NewAssignment, NewCase, write_cases
from storage.database import Database
from storage.dead import NewDead, write_dead
from storage.intake import NewLetter, NewRevision, Place, ReadRow, write_intake
from storage.reconcile import NAMED_AT_MOST, Sums, reconcile, undecided
from storage.sealing import Sealer

TOPIC = "intake.mailbox"
HOST, HELPER = "360703510000", "360703520000"
SPACE = UUID(int=1)

SEALER = Sealer(bytes(32))


def digest(offset: int) -> bytes:
    return offset.to_bytes(16, "big")


@pytest.fixture
def filled(database: Database) -> Database:
    """Offsets 0–3 are letters 1–4 (dispatched with a helper, waiting, escalated to nobody, undecided), 4 a revision of
    letter 1, 5 a repeat of it, 6 dead."""
    reads = [ReadRow(Place(TOPIC, 0, n, digest(n)), "letter", n + 1, 1, 1, 1, (), b"raw") for n in range(4)]
    reads += [
        ReadRow(Place(TOPIC, 0, 4, digest(4)), "revision", 1, 2, 1, 1, (), b"raw"),
        ReadRow(Place(TOPIC, 0, 5, digest(5)), "repeat", 1, None, 1, 1, (), b"raw"),
        ReadRow(Place(TOPIC, 0, 6, digest(6)), "dead", None, None, 1, 1, (), None),
    ]
    letters = [
        NewLetter(n, ids.letter_id("mailbox", f"M{n}"), "mailbox", f"M{n}", 1, "求助", 1, 1, digest(n), b"{}")
        for n in range(1, 5)
    ]
    cases = [
        NewCase(1, "dispatched", 1, "place", None, HOST, HELPER, "", 1),
        NewCase(2, "waiting", 1, "desk", None, None, "", "", 1),
        NewCase(3, "escalated", 1, "danger", None, None, "", "", 1),
    ]
    assignments = [
        NewAssignment(1, 1, unit, uuid5(SPACE, unit), role, 1, b"{}")
        for unit, role in ((HOST, "host"), (HELPER, "assist"))
    ]
    with database.write() as connection:
        write_intake(connection, reads, letters, [NewRevision(1, 2, 1, digest(9), b"{}")], SEALER)
        write_dead(
            connection,
            [NewDead(uuid5(SPACE, "dead"), TOPIC, 0, 6, None, (), 1, b"x", "not_json", "no JSON", 1)],
            SEALER,
        )
        write_cases(connection, cases, [], assignments)
    return database


def proof_on(connection: Connection, *, end: int = 7, committed: int = 7, standing: int = 7) -> Sums:
    here = (TOPIC, 0)
    return reconcile(
        connection,
        starts={here: 0},
        ends={here: end},
        committed={here: committed},
        standing=lambda _: {(0, offset) for offset in range(standing)},
    )


def proof(database: Database, **given: int) -> Sums:
    with database.read() as connection:
        return proof_on(connection, **given)


def run(database: Database, statement: str) -> None:
    with database.write() as connection:
        connection.execute(text(statement))


def test_a_sound_installation_adds_up(filled: Database) -> None:
    sums = proof(filled)
    assert sums.adds_up
    assert sums.facts() == {
        "read": 7, "letters": 4, "dead": 1, "revisions": 1, "repeats": 1, "dispatched": 1, "waiting": 1, "merged": 0,
        "escalated": 1, "unread": 0, "pending": 1, "unaccounted": [],
    }  # fmt: skip


HOLES = {
    'DELETE FROM intake_records WHERE "offset" = 1': ["record intake.mailbox/0/1", "letter mailbox M2"],
    'DELETE FROM intake_records WHERE "offset" = 5': ["record intake.mailbox/0/5"],
    'DELETE FROM intake_records WHERE "offset" = 6': ["record intake.mailbox/0/6"],
    "DELETE FROM letters WHERE letter_no = 2": ["record intake.mailbox/0/1"],
    "DELETE FROM revisions": ["record intake.mailbox/0/4"],
    "DELETE FROM dead_letters": ["record intake.mailbox/0/6"],
    "DELETE FROM assignments WHERE role = 'host'": ["letter mailbox M1"],
    "DELETE FROM assignments WHERE role = 'assist'": ["letter mailbox M1"],
    "UPDATE letters SET letter_no = 77 WHERE letter_no = 2": ["letter mailbox M2", "record intake.mailbox/0/1"],
}


def test_every_hole_is_found_and_named(filled: Database) -> None:
    for damage, names in HOLES.items():
        with filled.write() as connection:
            savepoint = connection.begin_nested()
            connection.execute(text(damage))
            sums = proof_on(connection)
            savepoint.rollback()
        assert not sums.adds_up, damage
        for name in names:
            assert any(name in sentence for sentence in sums.unaccounted), (damage, sums.unaccounted)
    assert proof(filled).adds_up


def test_a_hole_is_named_also_when_the_sums_happen_to_agree(filled: Database) -> None:
    run(filled, 'DELETE FROM intake_records WHERE "offset" = 0')
    run(filled, "DELETE FROM letters WHERE letter_no = 2")
    sums = proof(filled)
    told = " ".join(sums.unaccounted)
    assert "letter mailbox M1" in told
    assert "intake.mailbox/0/1" in told


def test_an_undecided_letter_is_named_for_whoever_knows_that_nothing_is_on_the_way(filled: Database) -> None:
    run(filled, "DELETE FROM cases WHERE letter_no = 2")
    with filled.read() as connection:
        assert undecided(connection) == {
            2: "letter mailbox M2 was never decided",
            4: "letter mailbox M4 was never decided",
        }
    assert proof(filled).pending == 2


def test_what_was_not_read_yet_is_no_loss(filled: Database) -> None:
    sums = proof(filled, end=10, standing=10)
    assert sums.adds_up
    assert sums.unread == 3


def test_what_a_worker_read_but_could_not_commit_is_neither_lost_nor_unread(filled: Database) -> None:
    sums = proof(filled, committed=2)
    assert sums.adds_up
    assert sums.unread == 0


def test_a_gap_that_the_broker_left_is_no_loss(filled: Database) -> None:
    """Kafka's transaction markers take offsets on which no record ever stands."""
    assert proof(filled, end=9, committed=9).adds_up
    assert not proof(filled, end=9, committed=9, standing=9).adds_up


def test_a_great_loss_is_named_in_part_and_counted_whole(filled: Database) -> None:
    fed = NAMED_AT_MOST + 50
    sums = proof(filled, end=fed, committed=fed, standing=fed)
    assert len(sums.unaccounted) == NAMED_AT_MOST + 1
    assert sums.unaccounted[-1] == f"… and {50 - 7} more records of {TOPIC}/0"


def test_raw_records_are_kept_byte_for_byte(filled: Database) -> None:
    with filled.read() as connection:
        raw = connection.execute(text('SELECT raw FROM intake_records WHERE "offset" = 0')).scalar_one()
    assert SEALER.unpack_raw(bytes(raw)) == b"raw"
