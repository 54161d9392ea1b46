"""Rows of casework: letter numbers go in, all that makes their cases comes out; changed cases, clocks and ends go in.

Whoever changes a case first holds its row in `cases`, in the order of the numbers: of two workers one waits, and none
waits for the other in a circle.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Connection, text

from storage.database import as_uuid, insert_rows, select_in
from storage.tables import CaseClock

FIRST_LOOK = 0
"""`next_at` of a clock row that was made without looking at the case."""


class Stored(NamedTuple):
    """A decided letter as the database has it. `case` is None until its first event; then `decision` and `assignments`
    are empty, for the case has all that they say."""

    letter_no: int
    letter_id: UUID
    revision: int
    letter: bytes
    state: str
    round: int
    category: str | None
    host: str | None
    version: int
    case: bytes | None
    fired: str
    decision: bytes
    assignments: tuple[tuple[UUID, bytes], ...]


class ChangedCase(NamedTuple):
    """What becomes of a case's rows. Codes are joined by commas."""

    letter_no: int
    version: int
    stage: str
    document: bytes
    state: str
    round: int
    rule: str | None
    """None keeps the rule."""
    category: str | None
    host: str | None
    co_units: str
    recused: str
    closed_at: int | None


class NewClock(NamedTuple):
    """A letter's clock row; the order of the fields is that of the columns."""

    letter_no: int
    next_at: int | None
    fired: str


def numbers_of(connection: Connection, letters: Iterable[UUID]) -> dict[UUID, int]:
    """The numbers of the letters of these ids that are decided."""
    rows = select_in(
        connection,
        "SELECT l.letter_id, l.letter_no FROM letters l JOIN cases c ON c.letter_no = l.letter_no"
        " WHERE l.letter_id IN :values",
        set(letters),
    )
    return {as_uuid(row[0]): row[1] for row in rows}


def load_cases(connection: Connection, numbers: Iterable[int], *, hold: bool = True) -> dict[int, Stored]:
    """The decided letters of these numbers; held until the transaction ends unless `hold` is False."""
    wanted = sorted(set(numbers))
    if not wanted:
        return {}
    if hold and connection.dialect.name == "postgresql":
        select_in(
            connection, "SELECT letter_no FROM cases WHERE letter_no IN :values ORDER BY letter_no FOR UPDATE", wanted
        )
    rows = select_in(
        connection,
        "SELECT l.letter_no, l.letter_id, l.revision, l.document, c.state, c.round, c.category, c.host, d.version,"
        " d.document, k.fired FROM letters l JOIN cases c ON c.letter_no = l.letter_no LEFT JOIN case_documents d ON"
        " d.letter_no = l.letter_no LEFT JOIN case_clocks k ON k.letter_no = l.letter_no WHERE l.letter_no IN :values",
        wanted,
    )
    fresh = [row[0] for row in rows if row[9] is None]
    decisions: dict[int, bytes] = {}
    for number, document in select_in(
        connection,
        "SELECT letter_no, document FROM ledger WHERE event = 'decided' AND letter_no IN :values ORDER BY seq",
        fresh,
    ):
        decisions.setdefault(number, bytes(document))
    assignments: dict[int, list[tuple[UUID, bytes]]] = {}
    for number, assignment, document in select_in(
        connection, "SELECT letter_no, assignment_id, document FROM assignments WHERE letter_no IN :values", fresh
    ):
        assignments.setdefault(number, []).append((as_uuid(assignment), bytes(document)))
    return {
        row[0]: Stored(
            row[0],
            as_uuid(row[1]),
            row[2],
            bytes(row[3]),
            row[4],
            row[5],
            row[6],
            row[7],
            row[8] or 0,
            None if row[9] is None else bytes(row[9]),
            row[10] or "",
            decisions.get(row[0], b""),
            tuple(assignments.get(row[0], ())),
        )
        for row in rows
    }


def newest_letter(connection: Connection, stored: Stored) -> bytes:
    """The document of the letter's newest revision."""
    if stored.revision == 1:
        return stored.letter
    found = connection.execute(
        text("SELECT document FROM revisions WHERE letter_no = :number ORDER BY revision DESC LIMIT 1"),
        {"number": stored.letter_no},
    ).scalar_one_or_none()
    return stored.letter if found is None else bytes(found)


def revision_documents(connection: Connection, wanted: Iterable[tuple[int, int]]) -> dict[tuple[int, int], bytes]:
    """Documents of later revisions by letter number and revision."""
    pairs = set(wanted)
    rows = select_in(
        connection,
        "SELECT letter_no, revision, document FROM revisions WHERE letter_no IN :values",
        {number for number, _ in pairs},
    )
    return {(row[0], row[1]): bytes(row[2]) for row in rows if (row[0], row[1]) in pairs}


def write_changed(connection: Connection, changed: Sequence[ChangedCase], ended: Sequence[tuple[UUID, str]]) -> None:
    """Cases with their projections, and assignments that are over (with how they ended)."""
    if changed:
        rows = [case._asdict() for case in changed]
        connection.execute(
            text(
                "INSERT INTO case_documents (letter_no, version, stage, document)"
                " VALUES (:letter_no, :version, :stage, :document) ON CONFLICT (letter_no) DO UPDATE SET"
                " version = excluded.version, stage = excluded.stage, document = excluded.document"
            ),
            rows,
        )
        connection.execute(
            text(
                "UPDATE cases SET state = :state, round = :round, rule = coalesce(:rule, rule), category = :category,"
                " host = :host, co_units = :co_units, recused = :recused, closed_at = :closed_at WHERE letter_no = :letter_no"
            ),
            rows,
        )
    for assignment, how in ended:
        connection.execute(
            text("UPDATE assignments SET over = :how WHERE assignment_id = :id"),
            {"how": how, "id": assignment.hex if connection.dialect.name == "sqlite" else assignment},
        )


def open_clocks_rows(connection: Connection, clocks: Sequence[NewClock]) -> None:
    """The clock rows of letters that were just dispatched."""
    insert_rows(connection, CaseClock, NewClock._fields, clocks)


def set_clocks(connection: Connection, clocks: Sequence[NewClock]) -> None:
    """When each letter's clocks ring next."""
    if clocks:
        connection.execute(
            text(
                "INSERT INTO case_clocks (letter_no, next_at, fired) VALUES (:letter_no, :next_at, :fired)"
                " ON CONFLICT (letter_no) DO UPDATE SET next_at = excluded.next_at, fired = excluded.fired"
            ),
            [clock._asdict() for clock in clocks],
        )


_DUE = (
    "SELECT k.letter_no FROM case_clocks k JOIN cases c ON c.letter_no = k.letter_no WHERE k.next_at <= :now"
    " ORDER BY k.next_at, k.letter_no LIMIT :limit"
)


def due_letters(connection: Connection, now: int, limit: int) -> list[int]:
    """Letters whose clocks ring by now (ms), earliest first, held; those that another worker holds are left to it."""
    hold = " FOR UPDATE OF c SKIP LOCKED" if connection.dialect.name == "postgresql" else ""
    return list(connection.scalars(text(_DUE + hold), {"now": now, "limit": limit}))


def anything_due(connection: Connection, now: int) -> bool:
    """Whether any clock rings by now (ms)."""
    found = connection.execute(text("SELECT 1 FROM case_clocks WHERE next_at <= :now LIMIT 1"), {"now": now})
    return found.first() is not None


def calendar_used(connection: Connection) -> tuple[str, int] | None:
    """The calendar that open deadlines rest on, and the last letter reckoned with it (-1: all were)."""
    row = connection.execute(text("SELECT version, reckoned_to FROM calendar_used WHERE id = 1")).one_or_none()
    return None if row is None else (row[0], row[1])


def use_calendar(connection: Connection, version: str, reckoned_to: int) -> None:
    """Remember it."""
    connection.execute(
        text(
            "INSERT INTO calendar_used (id, version, reckoned_to) VALUES (1, :version, :to) ON CONFLICT (id) DO UPDATE"
            " SET version = excluded.version, reckoned_to = excluded.reckoned_to"
        ),
        {"version": version, "to": reckoned_to},
    )


def open_letters(connection: Connection, after: int, limit: int) -> list[int]:
    """Letters with clocks that still run, by number."""
    return list(
        connection.scalars(
            text(
                "SELECT letter_no FROM case_clocks WHERE next_at IS NOT NULL AND letter_no > :after"
                " ORDER BY letter_no LIMIT :limit"
            ),
            {"after": after, "limit": limit},
        )
    )
