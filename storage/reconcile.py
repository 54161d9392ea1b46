"""The conservation proof (invariant 1): every record read ended as exactly one thing, every letter stands somewhere.

The database is held against the bus, which is the only witness of what was fed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import asdict, dataclass, field

from sqlalchemy import Connection, func, select, text

from storage.lookup import UNDECIDED, states
from storage.tables import IntakeRecord

Position = tuple[str, int]
NAMED_AT_MOST = 1000
"""How many lost records are named; the count is always whole."""


@dataclass(slots=True)
class Sums:
    """What was found. `unaccounted` names records and letters that are nowhere; `pending` are still on their way."""

    read: int = 0
    letters: int = 0
    dead: int = 0
    revisions: int = 0
    repeats: int = 0
    dispatched: int = 0
    waiting: int = 0
    merged: int = 0
    escalated: int = 0
    unread: int = 0
    """Records fed that no stage has read yet; they are kept on the bus."""
    pending: int = 0
    """Letters between two stages; their messages are kept on the bus or in the outbox."""
    unaccounted: list[str] = field(default_factory=list)

    @property
    def adds_up(self) -> bool:
        """Whether everything that was read is somewhere."""
        ends = self.letters + self.dead + self.revisions + self.repeats
        stands = self.dispatched + self.waiting + self.merged + self.escalated + self.pending
        return not self.unaccounted and self.read == ends and self.letters == stands

    def facts(self) -> dict[str, object]:
        """As `jiesu reconcile --json` prints them."""
        return asdict(self)


def reconcile(
    connection: Connection,
    *,
    starts: Mapping[Position, int],
    ends: Mapping[Position, int],
    committed: Mapping[Position, int],
    standing: Callable[[str], Set[tuple[int, int]]],
) -> Sums:
    """Sums from database and bus; undecided letters are `pending` (whether they are lost, `undecided` helps to tell).

    `starts`, `ends` and `committed` are those of the intake topics. `standing` gives the (partition, offset) of every
    record of a topic; it is asked only about a topic with a gap, for Kafka itself leaves gaps (transaction markers).
    """
    sums = Sums()
    names = {"letter": "letters", "dead": "dead", "revision": "revisions", "repeat": "repeats"}
    for outcome, count in connection.execute(select(IntakeRecord.outcome, func.count()).group_by(IntakeRecord.outcome)):
        setattr(sums, names[outcome], count)
        sums.read += count
    _positions(connection, sums, starts, ends, committed, standing)
    _letters(connection, sums)
    return sums


def undecided(connection: Connection) -> dict[int, str]:
    """Letters without a decision by their number, each with the sentence that names it as lost."""
    rows = connection.execute(
        text(
            "SELECT l.letter_no, l.channel, l.source_id FROM letters l LEFT JOIN cases c ON c.letter_no = l.letter_no"
            " WHERE c.letter_no IS NULL ORDER BY l.letter_no"
        )
    )
    return {number: f"letter {channel} {source_id} was never decided" for number, channel, source_id in rows}


def capped(names: Sequence[str], what: str) -> list[str]:
    """The first of them and how many more there are."""
    more = len(names) - NAMED_AT_MOST
    return [*names[:NAMED_AT_MOST], *([f"… and {more} more {what}"] if more > 0 else [])]


def _positions(
    connection: Connection,
    sums: Sums,
    starts: Mapping[Position, int],
    ends: Mapping[Position, int],
    committed: Mapping[Position, int],
    standing: Callable[[str], Set[tuple[int, int]]],
) -> None:
    """Every offset that a stage has passed must have its row."""
    for (topic, partition), end in sorted(ends.items()):
        start = starts.get((topic, partition), 0)
        done = min(max(committed.get((topic, partition), start), start), end)
        here = (IntakeRecord.topic == topic, IntakeRecord.partition == partition)
        found = connection.execute(
            select(func.count(IntakeRecord.offset.distinct())).where(
                *here, IntakeRecord.offset.between(start, done - 1)
            )
        ).scalar_one()
        # Rows past the commit were read by a worker that died before it could commit: read, not lost.
        ahead = connection.execute(
            select(func.count(IntakeRecord.offset.distinct())).where(*here, IntakeRecord.offset.between(done, end - 1))
        ).scalar_one()
        sums.unread += end - done - ahead
        if found < done - start:
            _name_gaps(connection, sums, topic, partition, range(start, done), standing(topic))


def _name_gaps(
    connection: Connection, sums: Sums, topic: str, partition: int, passed: range, standing: Set[tuple[int, int]]
) -> None:
    here = (IntakeRecord.topic == topic, IntakeRecord.partition == partition)
    kept = set(connection.scalars(select(IntakeRecord.offset).where(*here)))
    lost = [offset for offset in passed if offset not in kept and (partition, offset) in standing]
    named = [f"record {topic}/{partition}/{offset} was passed but is in no table" for offset in lost]
    sums.unaccounted += capped(named, f"records of {topic}/{partition}")


_HOLES = (
    (
        "SELECT l.channel, l.source_id FROM letters l WHERE NOT EXISTS (SELECT 1 FROM intake_records i WHERE"
        " i.letter_no = l.letter_no AND i.outcome = 'letter')",
        "letter {} {} came from no record",
    ),
    (
        "SELECT i.topic, i.partition, i.\"offset\" FROM intake_records i WHERE i.outcome <> 'dead' AND NOT EXISTS"
        " (SELECT 1 FROM letters l WHERE l.letter_no = i.letter_no)",
        "record {}/{}/{} became a letter that is not kept",
    ),
    (
        "SELECT i.topic, i.partition, i.\"offset\" FROM intake_records i WHERE i.outcome = 'revision' AND NOT EXISTS"
        " (SELECT 1 FROM revisions r WHERE r.letter_no = i.letter_no AND r.revision = i.revision)",
        "record {}/{}/{} became a revision that is not kept",
    ),
    (
        'SELECT i.topic, i.partition, i."offset" FROM intake_records i LEFT JOIN dead_letters d ON d.topic = i.topic'
        ' AND d.partition = i.partition AND d."offset" = i."offset" WHERE i.outcome = \'dead\' AND d.dead_id IS NULL',
        "record {}/{}/{} was refused but is not among the dead letters",
    ),
    (
        "SELECT l.channel, l.source_id FROM cases c JOIN letters l ON l.letter_no = c.letter_no WHERE"
        " c.state IN ('dispatched', 'escalated') AND c.host IS NOT NULL AND (SELECT count(*) FROM assignments a WHERE"
        " a.letter_no = c.letter_no AND a.round = c.round AND (a.unit = c.host OR a.role = 'assist')) < 1 + CASE WHEN"
        " c.co_units = '' THEN 0 ELSE 1 + length(c.co_units) - length(replace(c.co_units, ',', '')) END",
        "letter {} {} is said to be dispatched but a unit has no assignment",
    ),
)
"""Queries that find what stands in one table and is missing from another, with the sentence that names each row."""


def _letters(connection: Connection, sums: Sums) -> None:
    for state, count in states(connection).items():
        if state == UNDECIDED:
            sums.pending = count
        else:
            setattr(sums, state, count)
    for query, sentence in _HOLES:
        _name(connection, sums, query, sentence)


def _name(connection: Connection, sums: Sums, query: str, sentence: str) -> None:
    for row in connection.execute(text(f"{query} LIMIT {NAMED_AT_MOST}")):
        sums.unaccounted.append(sentence.format(*row))
