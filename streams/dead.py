"""Dead letters (死信): a record and what was wrong with it go in, its database row and its `dead-letters` message come out."""

from __future__ import annotations

import base64
from datetime import datetime
from hashlib import blake2b

from letters import ids
from letters.clock import from_ms, to_ms
from letters.errors import InvalidRecord
from letters.messages import DeadLetter
from letters.topics import DEAD_LETTERS
from storage.dead import NewDead
from streams.port import MESSAGE_ID, Outgoing, Record

DIGEST_BYTES = 16
_BUS_LIMIT = 14_000_000
"""Raw bytes that in base64 still fit a message (`streams.kafka_url`); longer ones stand whole in the database alone."""


def digest(value: bytes) -> bytes:
    """Of a record's raw bytes."""
    return blake2b(value, digest_size=DIGEST_BYTES).digest()


def dead_row(record: Record, error: InvalidRecord, at: datetime) -> NewDead:
    """The row of a refused record."""
    return NewDead(
        ids.dead_id(record.topic, record.partition, record.offset, digest(record.value).hex()),
        record.topic,
        record.partition,
        record.offset,
        record.key,
        record.headers,
        record.timestamp,
        record.value,
        error.reason,
        _storable(str(error)),
        to_ms(at),
    )


def _storable(message: str) -> str:
    """PostgreSQL keeps no NUL and UTF-8 no lone surrogate; a refused record may have put either into its reason."""
    return message.replace("\x00", "\\x00").encode("utf-8", "backslashreplace").decode()


def dead_message(row: NewDead) -> Outgoing:
    """What stands on `dead-letters`: headers that are no text are told in Latin-1, which every byte survives."""
    raw, message = row.raw, row.message
    if len(raw) > _BUS_LIMIT:
        message += f" (only the first {_BUS_LIMIT} of {len(raw)} bytes are on the bus; jiesu dead show has them all)"
        raw = raw[:_BUS_LIMIT]
    letter = DeadLetter(
        dead_id=row.dead_id,
        topic=row.topic,
        partition=row.partition,
        offset=row.offset,
        key=None if row.key is None else row.key.decode("utf-8", "backslashreplace"),
        headers={name: (value or b"").decode("latin-1") for name, value in row.headers},
        timestamp=from_ms(row.stamped_at),
        raw=base64.b64encode(raw).decode(),
        reason=row.reason,
        message=message,
        at=from_ms(row.at),
    )
    return Outgoing(
        DEAD_LETTERS, row.key, letter.model_dump_json().encode(), ((MESSAGE_ID, str(row.dead_id).encode()),)
    )
