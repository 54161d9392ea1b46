"""A member of a consumer group on the embedded bus: leases go in, records come out, commits go back with fencing."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Sequence
from typing import Final

from letters.errors import TryLater
from streams.embedded_groups import Lease, Membership
from streams.embedded_store import OFFSET_MASK, Partition, Store, unpacked
from streams.port import Record, selects

_LOOK_SECONDS: Final = 0.2
_SHORTEST_WAIT: Final = 0.002
_LONGEST_WAIT: Final = 0.02


def records(db: sqlite3.Connection, partition: Partition, offset: int, limit: int) -> list[Record]:
    """Up to `limit` records of a partition from `offset` on."""
    topic, number, base = partition.topic, partition.number, partition.base
    rows = db.execute(
        "SELECT place, at, key, value, headers FROM messages WHERE place >= ? AND place <= ? ORDER BY place LIMIT ?",
        (base + offset, base + OFFSET_MASK, limit),
    ).fetchall()
    return [
        Record(topic, number, place & OFFSET_MASK, key, value, unpacked(headers) if headers else (), at)
        for place, at, key, value, headers in rows
    ]


class EmbeddedReader:
    """Reads the partitions it holds leases of, each in turn first, so that a busy one does not starve the others."""

    def __init__(self, store: Store, group: str, topics: Sequence[str], lease_seconds: float) -> None:
        self._store = store
        self._db = store.connect()
        self._member = Membership(group, topics, lease_seconds)
        self._leases: dict[int, Lease] = {}
        self._next: dict[int, int] = {}
        self._polled: dict[int, Lease] = {}
        self._paused: set[str] = set()
        self._look_at = 0.0
        self._turn = 0
        self._closed = False
        self._balance()

    def poll(self, max_records: int, timeout: float) -> list[Record]:
        """Up to `max_records` in offset order per partition; empty when nothing came within `timeout` seconds."""
        deadline = time.monotonic() + timeout
        pause = _SHORTEST_WAIT
        with self._store.errors():
            while True:
                seen, version = self._store.bell.rings, self._version()
                now = time.monotonic()
                if now >= self._look_at:
                    self._look_at = now + _LOOK_SECONDS
                    if self._member.due(self._db):
                        self._balance()
                if found := self._read(max_records):
                    return found
                while (now := time.monotonic()) < deadline:
                    self._store.bell.wait(seen, min(pause, deadline - now))
                    if self._store.bell.rings != seen or self._version() != version or now >= self._look_at:
                        break
                    pause = min(pause * 1.5, _LONGEST_WAIT)
                else:
                    return []

    def commit(self) -> None:
        """Everything polled so far is done; `TryLater` when a lease was lost meanwhile, and then nothing is committed."""
        if not self._polled:
            return
        with self._store.writing(self._db) as db:
            kept = self._member.holds(db, self._polled.values())
            if kept:
                db.executemany(
                    'UPDATE positions SET committed = ? WHERE "group" = ? AND partition = ?',
                    [(self._next[id_], self._member.group, id_) for id_ in self._polled],
                )
        if not kept:
            topics = ", ".join(sorted({lease.partition.topic for lease in self._polled.values()}))
            self._look_at = 0.0
            self.rewind()
            raise TryLater(f"another member of {self._member.group} has taken over partitions of {topics}")
        for id_ in self._polled:
            self._leases[id_] = self._leases[id_]._replace(committed=self._next[id_])
        self._polled.clear()

    def rewind(self) -> None:
        """Forget what was polled since the last commit: it will be polled again."""
        for id_ in self._polled:
            if id_ in self._leases:
                self._next[id_] = self._leases[id_].start
        self._polled.clear()

    def pause(self, topic: str) -> None:
        """Read no further from this topic."""
        self._paused.add(topic)

    def close(self) -> None:
        """Leave the group: the others may take the partitions over at once. What was polled but not committed is theirs."""
        if self._closed:
            return
        self._closed = True
        try:
            with self._store.writing(self._db) as db:
                self._member.leave(db)
        finally:
            self._store.let_go(self._db)
            self._store.bell.ring()

    def _version(self) -> int:
        """Changes whenever another connection, of whatever process, has written."""
        return int(self._db.execute("PRAGMA data_version").fetchone()[0])

    def _balance(self) -> None:
        with self._store.writing(self._db) as db:
            leases = self._member.balance(db, self._leases, self._polled)
        for id_, lease in leases.items():
            if id_ not in self._leases or self._leases[id_].token != lease.token:
                self._next[id_] = lease.start
        self._leases = leases

    def _read(self, limit: int) -> list[Record]:
        heads = dict(self._db.execute("SELECT id, next FROM partitions").fetchall())
        waiting = [
            id_
            for id_, lease in self._leases.items()
            if heads[id_] > self._next[id_] and not any(selects(name, lease.partition.topic) for name in self._paused)
        ]
        found: list[Record] = []
        self._turn += 1
        for i in range(len(waiting)):
            id_ = waiting[(i + self._turn) % len(waiting)]
            part = records(self._db, self._leases[id_].partition, self._next[id_], limit - len(found))
            if part:
                self._next[id_] = part[-1].offset + 1
                self._polled[id_] = self._leases[id_]
                found += part
            if len(found) >= limit:
                break
        return found
