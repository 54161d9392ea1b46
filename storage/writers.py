"""Same writers (同一来信人): marks of phones and ID numbers go in, the letters that share one come out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Connection

from storage.database import as_uuid, insert_rows, select_in
from storage.tables import WriterMark

NEWEST = 10
"""So many letters of one writer are compared at most: a switchboard's number stands under thousands."""


class Candidate(NamedTuple):
    """A decided letter that may be about the same matter; `case` is None until its first event."""

    letter_no: int
    letter_id: UUID
    arrived_at: int
    document: bytes
    state: str
    rule: str
    category: str | None
    host: str | None
    co_units: str
    recused: str
    case: bytes | None


def letters_with_marks(connection: Connection, marks: Iterable[int]) -> dict[int, list[int]]:
    """The newest letters under each mark."""
    found: dict[int, list[int]] = {}
    for mark, number in select_in(
        connection,
        "SELECT mark, letter_no FROM writer_marks WHERE mark IN :values ORDER BY mark, letter_no DESC",
        set(marks),
    ):
        numbers = found.setdefault(mark, [])
        if len(numbers) < NEWEST:
            numbers.append(number)
    return found


def write_marks(connection: Connection, marks: Sequence[tuple[int, int]]) -> None:
    """(mark, letter number) of letters that are decided in this transaction."""
    insert_rows(connection, WriterMark, ("mark", "letter_no"), marks)


_CANDIDATE = (
    "SELECT l.letter_no, l.letter_id, l.arrived_at, l.document, c.state, c.rule, c.category, c.host, c.co_units,"
    " c.recused, d.document FROM letters l JOIN cases c ON c.letter_no = l.letter_no LEFT JOIN case_documents d ON"
    " d.letter_no = l.letter_no WHERE "
)


def candidates(connection: Connection, numbers: Iterable[int], ids: Iterable[UUID]) -> list[Candidate]:
    """Decided letters by number or id; held until the transaction ends, so that none of them closes meanwhile."""
    wanted, named = sorted(set(numbers)), set(ids)
    if named:
        rows = select_in(connection, "SELECT letter_no FROM letters WHERE letter_id IN :values", named)
        wanted = sorted({*wanted, *(row[0] for row in rows)})
    if wanted and connection.dialect.name == "postgresql":
        select_in(
            connection, "SELECT letter_no FROM cases WHERE letter_no IN :values ORDER BY letter_no FOR UPDATE", wanted
        )
    return [
        Candidate(
            letter_no=row[0],
            letter_id=as_uuid(row[1]),
            arrived_at=row[2],
            document=bytes(row[3]),
            state=row[4],
            rule=row[5],
            category=row[6],
            host=row[7],
            co_units=row[8],
            recused=row[9],
            case=None if row[10] is None else bytes(row[10]),
        )
        for row in select_in(connection, _CANDIDATE + "l.letter_no IN :values", wanted)
    ]
