"""The conservation proof (invariant 1): every record read ended as exactly one thing, every letter stands somewhere.

The database is held against the bus, which is the only witness of what was fed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set
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
    on_the_way: bool,
    standing: Callable[[str], Set[tuple[int, int]]],
) -> Sums:
    """Sums from database and bus.

    `starts`, `ends` and `committed` are those of the intake topics; `on_the_way` says that a later stage still has
    messages to read or send, so that undecided letters are no loss. `standing` gives the (partition, offset) of every
    record of a topic; it is asked only about a topic with a gap, for Kafka itself leaves gaps (transaction markers).
    """
    sums = Sums()
    names = {"letter": "letters", "dead": "dead", "revision": "revisions", "repeat": "repeats"}
    for outcome, count in connection.execute(select(IntakeRecord.outcome, func.count()).group_by(IntakeRecord.outcome)):
        setattr(sums, names[outcome], count)
        sums.read += count
    _positions(connection, sums, starts, ends, committed, standing)
    _letters(connection, sums, on_the_way)
    return sums


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
    sums.unaccounted += [
        f"record {topic}/{partition}/{offset} was passed but is in no table" for offset in lost[:NAMED_AT_MOST]
    ]
    if len(lost) > NAMED_AT_MOST:
        sums.unaccounted.append(f"… and {len(lost) - NAMED_AT_MOST} more records of {topic}/{partition}")


def _letters(connection: Connection, sums: Sums, on_the_way: bool) -> None:
    for state, count in states(connection).items():
        if state == UNDECIDED:
            sums.pending = count
        else:
            setattr(sums, state, count)
    rows = connection.execute(text("SELECT count(*) FROM letters")).scalar_one()
    if rows != sums.letters:
        _name(
            connection,
            sums,
            "SELECT l.channel, l.source_id FROM letters l LEFT JOIN intake_records i ON i.letter_no = l.letter_no AND"
            " i.outcome = 'letter' WHERE i.letter_no IS NULL",
            "letter {} {} came from no record",
        )
        if rows < sums.letters:
            sums.unaccounted.append(f"{sums.letters} records became letters, but only {rows} letters are kept")
    if sums.pending and not on_the_way:
        _name(
            connection,
            sums,
            "SELECT l.channel, l.source_id FROM letters l LEFT JOIN cases c ON c.letter_no = l.letter_no"
            " WHERE c.letter_no IS NULL",
            "letter {} {} was never decided",
        )
    _name(
        connection,
        sums,
        "SELECT l.channel, l.source_id FROM cases c JOIN letters l ON l.letter_no = c.letter_no WHERE"
        " c.state IN ('dispatched', 'escalated') AND NOT EXISTS (SELECT 1 FROM assignments a WHERE"
        " a.letter_no = c.letter_no AND a.unit = c.host)",
        "letter {} {} is said to be dispatched but has no assignment",
    )


def _name(connection: Connection, sums: Sums, query: str, sentence: str) -> None:
    for row in connection.execute(text(f"{query} LIMIT {NAMED_AT_MOST}")):
        sums.unaccounted.append(sentence.format(*row))
