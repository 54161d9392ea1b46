"""The outbox: a batch's messages go in with its rows, stay until the bus has confirmed them, and are handed on when
their worker died (invariant 3)."""

from __future__ import annotations

import contextlib
import os
import socket
import struct
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import Connection, delete, func, insert, select, update

from letters.errors import JiesuError
from storage.database import Database
from storage.sealing import Sealer
from storage.tables import OutboxBatch, Worker

_LENGTH = struct.Struct("<i")
_PURPOSE = b"outbox"
HEARTBEAT_SECONDS = 3.0
DEAD_AFTER_SECONDS = 20.0
"""A worker on another machine that was not seen for so long is taken for dead."""


class Message(NamedTuple):
    """Shaped like `streams.port.Outgoing`: topic, key, value, headers."""

    topic: str
    key: bytes | None
    value: bytes
    headers: tuple[tuple[str, bytes], ...] = ()


@dataclass(frozen=True, slots=True)
class Orphan:
    """A batch whose worker is gone."""

    id: int
    created_at: int
    messages: list[Message]


class Outbox:
    """One process's share of the outbox. Made once a process; `owner` names the process on its machine."""

    def __init__(self, database: Database, sealer: Sealer, *, heartbeat_seconds: float = HEARTBEAT_SECONDS) -> None:
        self._database = database
        self.sealer = sealer
        self._every = heartbeat_seconds
        self._seen = 0.0
        self._heart: threading.Thread | None = None
        self._still = threading.Event()
        self.owner = f"{socket.gethostname()}:{os.getpid()}:{_process_started(os.getpid())}"

    def alive(self, *, now: float | None = None) -> None:
        """Say that this process lives; call it every few seconds. `TryLater` when the database does not answer."""
        monotonic = time.monotonic() if now is None else now
        if self._seen and monotonic - self._seen < self._every:
            return
        at = _now_ms()
        with self._database.write() as connection:
            found = connection.execute(update(Worker).where(Worker.owner == self.owner).values(seen_at=at))
            if not found.rowcount:
                connection.execute(insert(Worker).values(owner=self.owner, started_at=at, seen_at=at))
        self._seen = monotonic

    def add(self, connection: Connection, stage: str, messages: Sequence[Message]) -> int:
        """Keep a batch's messages in the transaction that writes its rows; the number to settle it by."""
        self._be_seen()
        row = connection.execute(
            insert(OutboxBatch)
            .values(
                stage=stage,
                owner=self.owner,
                created_at=_now_ms(),
                messages=self.sealer.seal_bytes(_pack(messages), _PURPOSE),
            )
            .returning(OutboxBatch.id)
        )
        return int(row.scalar_one())

    def settle(self, batches: Sequence[int]) -> None:
        """The bus has confirmed every message of these batches."""
        if batches:
            with self._database.write() as connection:
                connection.execute(delete(OutboxBatch).where(OutboxBatch.id.in_(batches)))

    def orphans(self, stage: str) -> list[Orphan]:
        """Batches of this stage whose worker is dead, oldest first, now owned by this process.

        Also those that this process itself could not publish before it tried again.
        """
        with self._database.write() as connection:
            owners = connection.execute(select(OutboxBatch.owner).where(OutboxBatch.stage == stage).distinct())
            free = [owner for (owner,) in owners if owner == self.owner or self._dead(connection, owner)]
            if not free:
                return []
            rows = connection.execute(
                select(OutboxBatch.id, OutboxBatch.created_at, OutboxBatch.messages)
                .where(OutboxBatch.stage == stage, OutboxBatch.owner.in_(free))
                .order_by(OutboxBatch.id)
            ).all()
            connection.execute(
                update(OutboxBatch).where(OutboxBatch.id.in_([row.id for row in rows])).values(owner=self.owner)
            )
        return [Orphan(row.id, row.created_at, _unpack(self.sealer.open_bytes(row.messages, _PURPOSE))) for row in rows]

    def waiting(self) -> int:
        """How many batches the bus has not confirmed."""
        with self._database.read() as connection:
            return int(connection.execute(select(func.count()).select_from(OutboxBatch)).scalar_one())

    def close(self) -> None:
        """Be seen no more: what this process still holds is for others."""
        self._still.set()
        if self._heart is not None:
            self._heart.join()
            self._heart = None

    def _be_seen(self) -> None:
        """On a database that other machines use, this process is seen from before its first batch on, and also while it
        waits for a broker that is down: else another would take it for dead and publish the same."""
        if self._database.sqlite or self._heart is not None:
            return
        self.alive()
        self._still.clear()
        self._heart = threading.Thread(target=self._beat, name="outbox-heartbeat", daemon=True)
        self._heart.start()

    def _beat(self) -> None:
        while not self._still.wait(self._every):
            with contextlib.suppress(JiesuError):
                self.alive()

    def _dead(self, connection: Connection, owner: str) -> bool:
        host, pid, started = owner.rsplit(":", 2)
        if host == socket.gethostname():
            return _process_started(int(pid)) != started
        seen = connection.execute(select(Worker.seen_at).where(Worker.owner == owner)).scalar_one_or_none()
        return seen is None or _now_ms() - seen > DEAD_AFTER_SECONDS * 1000


def _process_started(pid: int) -> str:
    """When a process of this machine started, so that a reused pid is not taken for the same process; "" when it is gone."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            fields = file.read().rsplit(b")", 1)[1].split()
    except FileNotFoundError:
        pass
    else:
        # A killed child that nobody has waited for yet is a zombie: it holds nothing any more.
        return "" if fields[0] in (b"Z", b"X") else fields[19].decode()
    if os.path.isdir("/proc/self"):
        return ""
    try:  # no /proc (macOS): the pid alone has to do
        os.kill(pid, 0)
    except ProcessLookupError:
        return ""
    except PermissionError:
        pass
    return "0"


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _pack(messages: Iterable[Message]) -> bytes:
    parts: list[bytes] = []
    for topic, key, value, headers in messages:
        fields: list[bytes | None] = [topic.encode(), key, value]
        for name, content in headers:
            fields += [name.encode(), content]
        parts.append(_LENGTH.pack(len(fields)))
        for field in fields:
            parts.append(_LENGTH.pack(-1 if field is None else len(field)))
            if field is not None:
                parts.append(field)
    return b"".join(parts)


def _unpack(packed: bytes) -> list[Message]:
    messages: list[Message] = []
    at = 0
    while at < len(packed):
        (count,) = _LENGTH.unpack_from(packed, at)
        at += 4
        fields: list[bytes | None] = []
        for _ in range(count):
            (length,) = _LENGTH.unpack_from(packed, at)
            at += 4
            if length < 0:
                fields.append(None)
                continue
            fields.append(packed[at : at + length])
            at += length
        topic, key, value, *rest = fields
        headers = tuple(
            ((name or b"").decode(), content or b"") for name, content in zip(rest[::2], rest[1::2], strict=True)
        )
        messages.append(Message((topic or b"").decode(), key, value or b"", headers))
    return messages
