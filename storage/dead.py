"""Rows of dead letters (死信): refused records go in with their bytes, come out to be looked at and fed again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Connection, func, select, update

from storage.database import as_uuid, insert_rows, select_in
from storage.intake import headers_as_text, headers_from_text
from storage.sealing import Sealer
from storage.tables import DeadLetterRow


class NewDead(NamedTuple):
    """A refused record; the order of the fields is that of the columns (headers and raw are packed on the way)."""

    dead_id: UUID
    topic: str
    partition: int
    offset: int
    key: bytes | None
    headers: Sequence[tuple[str, bytes]]
    stamped_at: int
    raw: bytes
    reason: str
    message: str
    at: int


@dataclass(frozen=True, slots=True)
class Dead:
    """A dead letter as kept."""

    dead_id: UUID
    topic: str
    partition: int
    offset: int
    key: bytes | None
    headers: tuple[tuple[str, bytes], ...]
    stamped_at: int
    raw: bytes
    reason: str
    message: str
    at: int
    redriven_at: int | None


def write_dead(connection: Connection, dead: Sequence[NewDead], sealer: Sealer) -> list[NewDead]:
    """Write those that are not here yet; the ones written."""
    known = {
        as_uuid(row[0])
        for row in select_in(
            connection, "SELECT dead_id FROM dead_letters WHERE dead_id IN :values", [row.dead_id for row in dead]
        )
    }
    fresh = [row for row in dead if row.dead_id not in known]
    insert_rows(
        connection,
        DeadLetterRow,
        NewDead._fields,
        [
            (*row[:5], headers_as_text(row.headers) or "", row.stamped_at, sealer.pack_raw(row.raw), *row[8:])
            for row in fresh
        ],
    )
    return fresh


def dead_letters(
    connection: Connection, sealer: Sealer, *, ids: Sequence[UUID] = (), topic: str | None = None, reason: str | None = None,
    waiting_only: bool = False, limit: int | None = None,
) -> list[Dead]:  # fmt: skip
    """Dead letters in the order they died; all, or those that fit every condition given."""
    query = select(DeadLetterRow).order_by(DeadLetterRow.at, DeadLetterRow.topic, DeadLetterRow.offset)
    if ids:
        query = query.where(DeadLetterRow.dead_id.in_(ids))
    if topic:
        query = query.where(DeadLetterRow.topic == topic)
    if reason:
        query = query.where(DeadLetterRow.reason == reason)
    if waiting_only:
        query = query.where(DeadLetterRow.redriven_at.is_(None))
    if limit:
        query = query.limit(limit)
    return [
        Dead(
            row.dead_id, row.topic, row.partition, row.offset, row.key, headers_from_text(row.headers or None),
            row.stamped_at, sealer.unpack_raw(row.raw), row.reason, row.message, row.at, row.redriven_at,
        )
        for row in connection.execute(query)
    ]  # fmt: skip


def mark_redriven(connection: Connection, dead: UUID, at: int) -> None:
    """The record was fed again."""
    connection.execute(update(DeadLetterRow).where(DeadLetterRow.dead_id == dead).values(redriven_at=at))


def dead_by_reason(connection: Connection) -> dict[tuple[str, str], int]:
    """How many dead letters, by (topic, reason)."""
    rows = connection.execute(
        select(DeadLetterRow.topic, DeadLetterRow.reason, func.count()).group_by(
            DeadLetterRow.topic, DeadLetterRow.reason
        )
    )
    return {(topic, reason): count for topic, reason, count in rows}
