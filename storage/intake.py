"""Rows of the intake: what is known of a batch's records and letters comes out, new records and letters go in."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Connection, bindparam, select, text, update

from storage.database import as_uuid, insert_rows, select_in
from storage.sealing import Sealer
from storage.tables import IntakeRecord, LetterRow, Revision


class Place(NamedTuple):
    """Where a record stood on the bus, with the digest of its bytes."""

    topic: str
    partition: int
    offset: int
    digest: bytes


class Known(NamedTuple):
    """A letter that is already here: its number, newest revision, and the content digests of all revisions."""

    letter_no: int
    revision: int
    digests: frozenset[bytes]


class ReadRow(NamedTuple):
    """One record and its end; `raw` is None for a dead one."""

    place: Place
    outcome: str
    letter_no: int | None
    revision: int | None
    stamped_at: int
    read_at: int
    headers: Sequence[tuple[str, bytes]]
    raw: bytes | None


class NewLetter(NamedTuple):
    """A letter to be written; the order of the fields is that of the columns."""

    letter_no: int
    letter_id: UUID
    channel: str
    source_id: str
    revision: int
    kind: str
    arrived_at: int
    received_at: int
    digest: bytes
    document: bytes


class NewRevision(NamedTuple):
    """A later revision to be written."""

    letter_no: int
    revision: int
    received_at: int
    digest: bytes
    document: bytes


def already_read(connection: Connection, places: Sequence[Place]) -> set[Place]:
    """Those of the places that an earlier, uncommitted reading of the same batch has written."""
    spans: dict[tuple[str, int], tuple[int, int]] = {}
    for place in places:
        low, high = spans.get((place.topic, place.partition), (place.offset, place.offset))
        spans[place.topic, place.partition] = (min(low, place.offset), max(high, place.offset))
    found: set[Place] = set()
    for (topic, partition), (low, high) in spans.items():
        rows = connection.execute(
            select(IntakeRecord.offset, IntakeRecord.digest).where(
                IntakeRecord.topic == topic,
                IntakeRecord.partition == partition,
                IntakeRecord.offset.between(low, high),
            )
        )
        found.update(Place(topic, partition, offset, bytes(digest)) for offset, digest in rows)
    return found


def known_letters(connection: Connection, ids: Sequence[UUID]) -> dict[UUID, Known]:
    """The letters among these ids that are already here."""
    rows = select_in(
        connection, "SELECT letter_id, letter_no, revision, digest FROM letters WHERE letter_id IN :values", ids
    )
    known = {as_uuid(row[0]): Known(row[1], row[2], frozenset((bytes(row[3]),))) for row in rows}
    revised = {found.letter_no: letter for letter, found in known.items() if found.revision > 1}
    for letter_no, digest in select_in(
        connection, "SELECT letter_no, digest FROM revisions WHERE letter_no IN :values", revised
    ):
        found = known[revised[letter_no]]
        known[revised[letter_no]] = found._replace(digests=found.digests | {bytes(digest)})
    return known


def next_numbers(connection: Connection, count: int) -> Sequence[int]:
    """Running numbers for so many new letters, drawn inside the transaction; gaps after a rollback do no harm."""
    if not count:
        return ()
    if connection.dialect.name == "postgresql":
        return connection.scalars(
            text("SELECT nextval('letters_no') FROM generate_series(1, :count)"), {"count": count}
        ).all()
    start = connection.execute(text("SELECT coalesce(max(letter_no), 0) + 1 FROM letters")).scalar_one()
    return range(start, start + count)


def write_intake(
    connection: Connection,
    reads: Sequence[ReadRow],
    letters: Sequence[NewLetter],
    revisions: Sequence[NewRevision],
    sealer: Sealer,
) -> None:
    """A batch's records, letters and revisions. `Conflict` when another worker wrote one of the letters first."""
    insert_rows(connection, LetterRow, NewLetter._fields, letters)
    insert_rows(connection, Revision, NewRevision._fields, revisions)
    if revisions:
        connection.execute(
            update(LetterRow).where(LetterRow.letter_no == bindparam("number")).values(revision=bindparam("newest")),
            [{"number": r.letter_no, "newest": r.revision} for r in revisions],
        )
    insert_rows(
        connection,
        IntakeRecord,
        ("topic", "partition", "offset", "digest", "outcome", "letter_no", "revision", "stamped_at", "read_at",
         "headers", "raw"),
        [
            (
                *row.place,
                row.outcome,
                row.letter_no,
                row.revision,
                row.stamped_at,
                row.read_at,
                headers_as_text(row.headers),
                None if row.raw is None else sealer.pack_raw(row.raw),
            )
            for row in reads
        ],
    )  # fmt: skip


def headers_as_text(headers: Sequence[tuple[str, bytes]]) -> str | None:
    """Headers as JSON with their bytes read as Latin-1, which every byte survives; None without headers."""
    if not headers:
        return None
    return json.dumps([[name, (value or b"").decode("latin-1")] for name, value in headers])


def headers_from_text(kept: str | None) -> tuple[tuple[str, bytes], ...]:
    """What `headers_as_text` kept."""
    return tuple((name, value.encode("latin-1")) for name, value in json.loads(kept)) if kept else ()
