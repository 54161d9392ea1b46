"""The archive for replays: decided letters in order with what was decided, shadow labels, and the bureau as it was then."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Connection, and_, func, insert, select
from sqlalchemy.orm import aliased

from letters.errors import JiesuError
from storage.database import as_uuid, insert_rows, select_in
from storage.tables import BureauSnapshot, LedgerEntry, LetterRow, ShadowLabel

DECIDED = "decided"
SAME_MATTER = "same_matter"
"""The ledger's word for what a decision saw of an earlier letter; written only where it saw one."""


class UnknownSnapshot(JiesuError):
    """The bureau's files of that decision (versions {versions}) were not kept; the decision cannot be replayed."""


class Decided(NamedTuple):
    """A letter's first document and the decision made on it, both as wire JSON; `matter` is what the decision saw of an
    earlier letter, None where it saw none."""

    letter_no: int
    document: bytes
    decision: bytes
    matter: bytes | None = None


class Disagreement(NamedTuple):
    """The shadow model labelled a letter otherwise; the order of the fields is that of the columns."""

    letter_id: UUID
    revision: int
    model: str
    head: str
    labelled: str
    shadow: str
    confidence: float
    at: int


def decided_letters(
    connection: Connection,
    *,
    first: int = 1,
    last: int | None = None,
    ids: Sequence[UUID] = (),
    since: int | None = None,
) -> Iterator[Decided]:
    """Router decisions in the order of the letters; `first` and `last` are letter numbers, `since` ms of arrival."""
    seen = aliased(LedgerEntry)
    query = (
        select(LetterRow.letter_no, LetterRow.document, LedgerEntry.document, seen.document)
        .join(LedgerEntry, LedgerEntry.letter_no == LetterRow.letter_no)
        .outerjoin(seen, and_(seen.letter_no == LetterRow.letter_no, seen.event == SAME_MATTER))
        .where(LedgerEntry.event == DECIDED, LetterRow.letter_no >= first)
        .order_by(LetterRow.letter_no, LedgerEntry.seq)
    )
    if last is not None:
        query = query.where(LetterRow.letter_no <= last)
    if ids:
        query = query.where(LetterRow.letter_id.in_(ids))
    if since is not None:
        query = query.where(LetterRow.arrived_at >= since)
    for row in connection.execute(query.execution_options(yield_per=1000)):
        yield Decided(row[0], bytes(row[1]), bytes(row[2]), None if row[3] is None else bytes(row[3]))


def letter_numbers(connection: Connection) -> tuple[int, int]:
    """The first and last letter number; (1, 0) without letters."""
    row = connection.execute(select(func.min(LetterRow.letter_no), func.max(LetterRow.letter_no))).one()
    return (row[0], row[1]) if row[0] is not None else (1, 0)


def keep_snapshot(connection: Connection, files: Mapping[str, bytes], at: int) -> None:
    """Keep the bureau's files under the hash of their hashes; the same files again are harmless."""
    key = snapshot_key({name: sha256(content).hexdigest() for name, content in files.items()})
    if connection.execute(select(BureauSnapshot.sha256).where(BureauSnapshot.sha256 == key)).one_or_none():
        return
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(files):
            archive.writestr(name, files[name])
    connection.execute(insert(BureauSnapshot).values(sha256=key, taken_at=at, files=packed.getvalue()))


def snapshot(connection: Connection, versions: Mapping[str, str]) -> dict[str, bytes]:
    """The files whose hashes a decision names; raises `UnknownSnapshot`."""
    found = connection.execute(
        select(BureauSnapshot.files).where(BureauSnapshot.sha256 == snapshot_key(versions))
    ).scalar_one_or_none()
    if found is None:
        raise UnknownSnapshot(versions=json.dumps(dict(versions))[:200])
    with zipfile.ZipFile(io.BytesIO(found)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def snapshot_key(versions: Mapping[str, str]) -> str:
    """One hash for a bureau, from the sha256 of each of its files by name."""
    return sha256(json.dumps(sorted(versions.items())).encode()).hexdigest()


def write_disagreements(connection: Connection, found: Sequence[Disagreement]) -> None:
    """Keep those that are not kept yet: a batch that was cut short is labelled again."""
    known = {
        (as_uuid(row[0]), row[1], row[2], row[3])
        for row in select_in(
            connection,
            "SELECT letter_id, revision, model, head FROM shadow_labels WHERE letter_id IN :values",
            {each.letter_id for each in found},
        )
    }
    insert_rows(connection, ShadowLabel, Disagreement._fields, [each for each in found if each[:4] not in known])


def disagreements(connection: Connection, model: str, limit: int) -> list[tuple[Disagreement, str, str]]:
    """The newest disagreements of a shadow model, each with its letter's channel and number."""
    rows = connection.execute(
        select(*ShadowLabel.__table__.columns, LetterRow.channel, LetterRow.source_id)
        .join(LetterRow, LetterRow.letter_id == ShadowLabel.letter_id)
        .where(ShadowLabel.model == model)
        .order_by(ShadowLabel.at.desc())
        .limit(limit)
    )
    return [(Disagreement(*row[:8]), row[8], row[9]) for row in rows]
