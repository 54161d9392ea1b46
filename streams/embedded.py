"""The embedded bus: messages go in, an append-only log in one SQLite file keeps them, groups read them out.

Several processes of one machine may share the file. What `publish` returned from survives kill -9; a power cut may take
the last moments unless the bus is opened with `durable=True` (some 5 times slower on an ordinary disk).
"""

from __future__ import annotations

import sqlite3
import time
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final
from weakref import WeakSet

from letters.errors import JiesuError
from streams.embedded_reader import EmbeddedReader, records
from streams.embedded_store import OFFSET_MASK, Partition, Store, packed, unpacked
from streams.port import MESSAGE_ID, Outgoing, Position, Reader, Record, TopicSpec, UnknownTopic, expand

_CHUNK: Final = 1000
_TRIM_ROWS: Final = 5000


class EmbeddedBus:
    """The bus in the file at `path`, made when it is not there."""

    name = "embedded"

    def __init__(self, path: Path, *, durable: bool = False, lease_seconds: float = 30.0) -> None:
        self.path = path
        self.lease_seconds = lease_seconds
        self._store = Store(path, durable=durable)
        self._readers: WeakSet[EmbeddedReader] = WeakSet()
        self._turn = 0

    def create(self, topics: Iterable[TopicSpec]) -> list[str]:
        """Make the topics that do not exist; the names made. One that exists stays as it is: more partitions would send
        a key elsewhere and break its order. Replication means nothing on one machine."""
        made = []
        with self._store.writing(self._store.connection()) as db:
            for spec in topics:
                if spec.partitions < 1:
                    raise JiesuError(f"topic {spec.name}: {spec.partitions} partitions; at least 1 is needed")
                retention = None if spec.retention_hours is None else spec.retention_hours * 3_600_000
                if db.execute("INSERT OR IGNORE INTO topics VALUES (?, ?)", (spec.name, retention)).rowcount:
                    made.append(spec.name)
                    db.executemany(
                        "INSERT INTO partitions (topic, number) VALUES (?, ?)",
                        [(spec.name, number) for number in range(spec.partitions)],
                    )
        self._store.bell.ring()
        return made

    def topics(self) -> Mapping[str, int]:
        """Every topic and its number of partitions."""
        with self._store.errors():
            return dict(
                self._store.connection()
                .execute("SELECT topic, count(*) FROM partitions GROUP BY topic ORDER BY topic")
                .fetchall()
            )

    def publish(self, messages: Sequence[Outgoing]) -> None:
        """Write all in one transaction: a reader sees the batch whole or not at all, with contiguous offsets."""
        if not messages:
            return
        by_topic: dict[str, list[Outgoing]] = {}
        for message in messages:
            by_topic.setdefault(message.topic, []).append(message)
        with self._store.writing(self._store.connection()) as db:
            for topic, batch in by_topic.items():
                for partition, part in self._spread(self._of(db, topic), batch):
                    at = max(int(time.time() * 1000), partition.last_at)
                    place = partition.base + partition.next
                    db.executemany(
                        "INSERT INTO messages VALUES (?, ?, ?, ?, ?)",
                        [(place + i, at, m.key, m.value, packed(m.headers)) for i, m in enumerate(part)],
                    )
                    db.execute(
                        "UPDATE partitions SET next = next + ?, last_at = ? WHERE id = ?", (len(part), at, partition.id)
                    )
        self._store.bell.ring()

    def missing(self, messages: Sequence[Outgoing], since: int) -> list[Outgoing]:
        """Those whose `message-id` header does not stand on their topic at or after `since` (ms since 1970)."""
        found: dict[str, set[bytes]] = {}
        with self._store.errors():
            db = self._store.connection()
            for topic in {message.topic for message in messages}:
                ids = found.setdefault(topic, set())
                for partition in self._of(db, topic, known=False):
                    place, end = _first_at(db, partition, since), partition.base + partition.next
                    while place < end:
                        rows = db.execute(
                            "SELECT place, headers FROM messages WHERE place >= ? AND place < ? ORDER BY place LIMIT ?",
                            (place, end, _CHUNK),
                        ).fetchall()
                        if not rows:
                            break
                        ids.update(id_ for _, blob in rows for name, id_ in unpacked(blob) if name == MESSAGE_ID)
                        place = rows[-1][0] + 1
        return [m for m in messages if not any(n == MESSAGE_ID and v in found[m.topic] for n, v in m.headers)]

    def reader(self, group: str, topics: Sequence[str]) -> Reader:
        """A member of the group on these topics."""
        expand(topics, self.topics())
        made = EmbeddedReader(self._store, group, topics, self.lease_seconds)
        self._readers.add(made)
        return made

    def starts(self, topics: Sequence[str]) -> dict[Position, int]:
        """First offset still kept, for each partition."""
        return {(p.topic, p.number): p.first for p in self._existing(topics)}

    def ends(self, topics: Sequence[str]) -> dict[Position, int]:
        """The offset that the next message will get, for each partition."""
        return {(p.topic, p.number): p.next for p in self._existing(topics)}

    def committed(self, group: str, topics: Sequence[str]) -> dict[Position, int]:
        """What the group has committed; partitions without a commit are absent."""
        places = {p.id: (p.topic, p.number) for p in self._existing(topics)}
        with self._store.errors():
            rows = self._store.connection().execute(
                'SELECT partition, committed FROM positions WHERE "group" = ? AND committed IS NOT NULL', (group,)
            )
            return {places[id_]: offset for id_, offset in rows if id_ in places}

    def scan(self, topic: str, *, from_start: bool = True, follow: bool = False) -> Iterator[Record]:
        """Read a topic outside any group: what is there (or only what comes), and with `follow` on for ever."""
        places = {p.id: p.first if from_start else p.next for p in self._existing([topic])}
        return self._scan(topic, places, follow)

    def forget_group(self, group: str) -> None:
        """Drop a group that nobody will use again, so that retention waits for it no longer."""
        with self._store.writing(self._store.connection()) as db:
            db.execute('DELETE FROM members WHERE "group" = ?', (group,))
            db.execute('DELETE FROM positions WHERE "group" = ?', (group,))

    def trim(self) -> int:
        """Delete what is older than its topic's retention and committed by every group that ever read it; the number
        of messages deleted. In steps, so that writers wait for none of it long."""
        deleted = 0
        now = int(time.time() * 1000)
        with self._store.errors():
            rows = self._store.connection().execute(
                "SELECT p.*, t.retention_ms, (SELECT min(coalesce(g.committed, 0)) FROM positions g "
                "WHERE g.partition = p.id) FROM partitions p JOIN topics t ON t.name = p.topic "
                "WHERE t.retention_ms IS NOT NULL AND p.first < p.next"
            )
            candidates = [(Partition(*row[:6]), row[6], row[7]) for row in rows.fetchall()]
        for partition, retention, read in candidates:
            with self._store.errors():
                old = _first_at(self._store.connection(), partition, now - retention)
            keep = min((old - partition.base), partition.next if read is None else read)
            for first in range(partition.first, keep, _TRIM_ROWS):
                upto = min(first + _TRIM_ROWS, keep)
                with self._store.writing(self._store.connection()) as db:
                    db.execute("UPDATE partitions SET first = ? WHERE id = ? AND first < ?", (upto, partition.id, upto))
                    deleted += db.execute(
                        "DELETE FROM messages WHERE place >= ? AND place < ?",
                        (partition.base + first, partition.base + upto),
                    ).rowcount
        return deleted

    def close(self) -> None:
        """Let go of connections and files; readers still open leave their groups."""
        for reader in list(self._readers):
            reader.close()
        self._store.close()
        self._store.bell.ring()

    def _scan(self, topic: str, places: dict[int, int], follow: bool) -> Iterator[Record]:
        while True:
            seen = self._store.bell.rings
            came = False
            for partition in self._existing([topic]):
                offset = places.setdefault(partition.id, 0)
                while offset < partition.next:
                    with self._store.errors():
                        chunk = records(self._store.connection(), partition, offset, _CHUNK)
                    if not chunk:
                        break
                    yield from chunk
                    came = True
                    offset = places[partition.id] = chunk[-1].offset + 1
            if not follow:
                return
            if not came:
                self._store.bell.wait(seen, 0.05)

    def _existing(self, topics: Sequence[str]) -> list[Partition]:
        with self._store.errors():
            db = self._store.connection()
            if len(topics) == 1 and not topics[0].endswith(".*"):
                return self._of(db, topics[0])
            every = [Partition(*row) for row in db.execute("SELECT * FROM partitions ORDER BY topic, number")]
        wanted = set(expand(topics, {partition.topic: 1 for partition in every}))
        return [partition for partition in every if partition.topic in wanted]

    def _of(self, db: sqlite3.Connection, topic: str, *, known: bool = True) -> list[Partition]:
        rows = db.execute("SELECT * FROM partitions WHERE topic = ? ORDER BY number", (topic,)).fetchall()
        if known and not rows:
            raise UnknownTopic(topic=topic)
        return [Partition(*row) for row in rows]

    def _spread(self, partitions: list[Partition], batch: list[Outgoing]) -> Iterator[tuple[Partition, list[Outgoing]]]:
        """Equal keys go to the same partition; messages without a key take turns."""
        if len(partitions) == 1:
            yield partitions[0], batch
            return
        parts: dict[int, list[Outgoing]] = {}
        for message in batch:
            if message.key is None:
                self._turn += 1
            number = self._turn if message.key is None else zlib.crc32(message.key)
            parts.setdefault(number % len(partitions), []).append(message)
        for number, part in parts.items():
            yield partitions[number], part


def _first_at(db: sqlite3.Connection, partition: Partition, since: int) -> int:
    """The place of the first message at or after `since`; the times of a partition never fall, so halving finds it."""
    low, high = partition.first, partition.next
    while low < high:
        middle = (low + high) // 2
        row = db.execute("SELECT at FROM messages WHERE place = ?", (partition.base + middle,)).fetchone()
        if row is None or row[0] < since:
            low = middle + 1
        else:
            high = middle
    return partition.base + (low & OFFSET_MASK)
