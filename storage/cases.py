"""Rows of decided letters: letters with their documents come out, decisions, assignments, notices and progress go in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Connection

from storage.database import as_uuid, insert_rows, select_in
from storage.tables import AssignmentRow, Case, LedgerEntry, NoticeRow, ProgressRow


class Undecided(NamedTuple):
    """A letter as the router needs it; `decided` when a case is already open."""

    letter_no: int
    newest: int
    document: bytes
    decided: bool


class NewCase(NamedTuple):
    """A decided letter; the order of the fields is that of the columns. Codes are joined by commas."""

    letter_no: int
    state: str
    round: int
    rule: str
    category: str | None
    host: str | None
    co_units: str
    recused: str
    decided_at: int


class NewEntry(NamedTuple):
    """A ledger entry."""

    letter_no: int
    at: int
    event: str
    actor: str
    document: bytes


class NewAssignment(NamedTuple):
    """An assignment; the document holds no contact."""

    letter_no: int
    round: int
    unit: str
    assignment_id: UUID
    role: str
    assigned_at: int
    document: bytes


class NewNotice(NamedTuple):
    """A notice to a unit."""

    notice_id: UUID
    letter_no: int | None
    unit: str
    kind: str
    at: int
    document: bytes


class Assigned(NamedTuple):
    """What a progress message is held against."""

    assignment_id: UUID
    letter_no: int
    unit: str
    role: str
    assigned_at: int


class NewProgress(NamedTuple):
    """A unit's report; `refused` holds the reason code where it was not taken."""

    report_id: UUID
    topic: str
    progress_id: str
    assignment_id: UUID
    letter_no: int | None
    unit: str
    step: str
    at: int
    received_at: int
    refused: str | None
    document: bytes


def letters_to_decide(connection: Connection, ids: Sequence[UUID]) -> dict[UUID, Undecided]:
    """The letters of these ids, with the document of their first revision."""
    rows = select_in(
        connection,
        "SELECT l.letter_id, l.letter_no, l.revision, l.document, c.letter_no IS NOT NULL FROM letters l"
        " LEFT JOIN cases c ON c.letter_no = l.letter_no WHERE l.letter_id IN :values",
        ids,
    )
    return {as_uuid(row[0]): Undecided(row[1], row[2], bytes(row[3]), bool(row[4])) for row in rows}


def write_cases(
    connection: Connection,
    cases: Sequence[NewCase],
    entries: Sequence[NewEntry],
    assignments: Sequence[NewAssignment],
) -> None:
    """A batch of decisions: ledger, projection, assignments. `Conflict` when one of the letters was decided meanwhile."""
    insert_rows(connection, Case, NewCase._fields, cases)
    insert_rows(connection, AssignmentRow, NewAssignment._fields, assignments)
    insert_rows(connection, LedgerEntry, NewEntry._fields, entries)


def write_notices(connection: Connection, notices: Sequence[NewNotice]) -> list[NewNotice]:
    """Write those that were not sent before; the ones written, which are the ones to send."""
    sent = {
        as_uuid(row[0])
        for row in select_in(
            connection,
            "SELECT notice_id FROM notices WHERE notice_id IN :values",
            [notice.notice_id for notice in notices],
        )
    }
    fresh = {notice.notice_id: notice for notice in notices if notice.notice_id not in sent}
    insert_rows(connection, NoticeRow, NewNotice._fields, list(fresh.values()))
    return list(fresh.values())


def assignments_by_id(connection: Connection, ids: Sequence[UUID]) -> dict[UUID, Assigned]:
    """The assignments of these ids."""
    rows = select_in(
        connection,
        "SELECT assignment_id, letter_no, unit, role, assigned_at FROM assignments WHERE assignment_id IN :values",
        ids,
    )
    return {as_uuid(row[0]): Assigned(as_uuid(row[0]), *row[1:]) for row in rows}


def reports_known(connection: Connection, ids: Sequence[UUID]) -> set[UUID]:
    """Those of these reports that an earlier, uncommitted reading of the same batch has written."""
    rows = select_in(connection, "SELECT report_id FROM progress WHERE report_id IN :values", ids)
    return {as_uuid(row[0]) for row in rows}


def write_progress(connection: Connection, reports: Sequence[NewProgress], entries: Sequence[NewEntry]) -> None:
    """Reports of units, taken and refused, with their ledger entries."""
    insert_rows(connection, ProgressRow, NewProgress._fields, reports)
    insert_rows(connection, LedgerEntry, NewEntry._fields, entries)


def write_entries(connection: Connection, entries: Sequence[NewEntry], assignments: Sequence[NewAssignment]) -> None:
    """What happened to cases, and the assignments that came of it."""
    insert_rows(connection, AssignmentRow, NewAssignment._fields, assignments)
    insert_rows(connection, LedgerEntry, NewEntry._fields, entries)
