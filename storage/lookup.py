"""Reading letters back: conditions or a number go in, lines for a list or one letter's whole life come out."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Connection, func, not_, select
from sqlalchemy.orm import Session

from letters import ids
from storage.intake import headers_from_text
from storage.tables import AssignmentRow, Case, IntakeRecord, LedgerEntry, LetterRow, NoticeRow, ProgressRow, Revision

UNDECIDED = "received"
"""The state of a letter on its way between intake and router."""


class LetterLine(NamedTuple):
    """One letter in a list; times in ms, codes as they stand."""

    letter_no: int
    letter_id: UUID
    channel: str
    source_id: str
    arrived_at: int
    kind: str
    category: str | None
    host: str | None
    co_units: tuple[str, ...]
    state: str
    rule: str | None


@dataclass(frozen=True, slots=True)
class Life:
    """All that is kept of one letter, as it stands in the database."""

    letter: LetterRow
    revisions: list[Revision]
    reads: list[IntakeRecord]
    case: Case | None
    ledger: list[LedgerEntry]
    assignments: list[AssignmentRow]
    progress: list[ProgressRow]
    notices: list[NoticeRow]


def letter_lines(
    connection: Connection,
    *,
    state: str | None = None,
    unit: str | None = None,
    channel: str | None = None,
    after: int = 0,
    limit: int | None = None,
) -> Iterator[LetterLine]:
    """Letters in the order they came in; `unit` is host or co-unit, `after` the last letter_no already seen."""
    query = (
        select(
            LetterRow.letter_no,
            LetterRow.letter_id,
            LetterRow.channel,
            LetterRow.source_id,
            LetterRow.arrived_at,
            LetterRow.kind,
            Case.category,
            Case.host,
            Case.co_units,
            Case.state,
            Case.rule,
        )
        .outerjoin(Case, Case.letter_no == LetterRow.letter_no)
        .where(LetterRow.letter_no > after)
        .order_by(LetterRow.letter_no)
    )
    if state == UNDECIDED:
        query = query.where(Case.letter_no.is_(None))
    elif state:
        query = query.where(Case.state == state)
    if channel:
        query = query.where(LetterRow.channel == channel)
    if unit:
        theirs = select(AssignmentRow.letter_no).where(AssignmentRow.unit == unit)
        # What a unit had before it was recused is not its to see any more, not even that it is handled (invariant 5).
        query = query.where(LetterRow.letter_no.in_(theirs), not_(Case.recused.contains(unit)))
    if limit:
        query = query.limit(limit)
    for row in connection.execute(query.execution_options(yield_per=1000)):
        no, letter_id, source, number, arrived, kind, category, host, co_units, now, rule = row
        helpers = tuple(co_units.split(",")) if co_units else ()
        yield LetterLine(no, letter_id, source, number, arrived, kind, category, host, helpers, now or UNDECIDED, rule)


def find_letters(connection: Connection, number: str, channels: Iterable[str]) -> list[UUID]:
    """The letters that a number may mean: a letter_id, or a source number of any channel.

    No index on source numbers is needed: ids are computed from them.
    """
    candidates = [ids.letter_id(channel, number) for channel in channels]
    with contextlib.suppress(ValueError):
        candidates.append(UUID(number))
    return list(connection.scalars(select(LetterRow.letter_id).where(LetterRow.letter_id.in_(candidates))))


def life_of(connection: Connection, letter: UUID) -> Life:
    """Everything kept of a letter that is here."""
    with Session(connection) as session:
        row = session.scalars(select(LetterRow).where(LetterRow.letter_id == letter)).one()
        number = row.letter_no

        def all_of(table: Any, *order: Any) -> list[Any]:
            return list(session.scalars(select(table).where(table.letter_no == number).order_by(*order)))

        life = Life(
            row,
            all_of(Revision, Revision.revision),
            all_of(IntakeRecord, IntakeRecord.read_at, IntakeRecord.offset),
            session.get(Case, number),
            all_of(LedgerEntry, LedgerEntry.seq),
            all_of(AssignmentRow, AssignmentRow.round, AssignmentRow.role.desc(), AssignmentRow.unit),
            all_of(ProgressRow, ProgressRow.at),
            all_of(NoticeRow, NoticeRow.at),
        )
        session.expunge_all()
    return life


def states(connection: Connection) -> dict[str, int]:
    """How many letters stand in each state, undecided ones as `received`."""
    counts: dict[str, int] = {
        str(state): count for state, count in connection.execute(select(Case.state, func.count()).group_by(Case.state))
    }
    letters = connection.execute(select(func.count()).select_from(LetterRow)).scalar_one()
    counts[UNDECIDED] = letters - sum(counts.values())
    return counts


def read_place(row: IntakeRecord) -> dict[str, Any]:
    """Where a raw record stands, as facts to print."""
    return {
        "topic": row.topic,
        "partition": row.partition,
        "offset": row.offset,
        "outcome": row.outcome,
        "revision": row.revision,
        "headers": {name: value.decode("latin-1") for name, value in headers_from_text(row.headers)},
    }


def latest_document(life: Life) -> dict[str, Any]:
    """The newest revision's wire JSON."""
    newest: Sequence[LetterRow | Revision] = life.revisions or [life.letter]
    document: dict[str, Any] = json.loads(newest[-1].document)
    return document
