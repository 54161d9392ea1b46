"""Consumer groups of the embedded bus: who is alive and which partitions exist go in, leases come out.

A lease is a row of `positions` with its owner and a token that grows each time it changes hands: who commits must still
hold owner and token. A member that was killed is seen by its process id (same machine) and loses its leases at once;
one that hangs loses them when its time runs out; one that lives gives them up only when it has nothing uncommitted.
"""

from __future__ import annotations

import json
import sqlite3
import time
import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from streams.embedded_processes import gone, here
from streams.embedded_store import Partition
from streams.port import selects


class Lease(NamedTuple):
    """The right to read a partition for a group, from `committed` (None: from its first message) on."""

    partition: Partition
    token: int
    committed: int | None

    @property
    def start(self) -> int:
        """The offset to read first."""
        return max(self.committed or 0, self.partition.first)


class Membership:
    """One member of a group as its rows in the file; the caller brings the transaction."""

    def __init__(self, group: str, names: Sequence[str], lease_seconds: float) -> None:
        self.id = uuid.uuid4().hex
        self.group = group
        self.names = tuple(names)
        self.lease_ms = int(lease_seconds * 1000)
        self._seen: object = None
        """What the last settled balance saw; None while a partition is still to change hands."""
        self._renew_at = 0.0

    def due(self, db: sqlite3.Connection) -> bool:
        """Whether `balance` has something to do: cheap enough to ask several times a second."""
        if time.monotonic() >= self._renew_at:
            return True
        members, topics = self._look(db)
        return (members, topics) != self._seen or any(gone(host, pid, since) for _, _, host, pid, since in members)

    def balance(self, db: sqlite3.Connection, held: Mapping[int, Lease], busy: Collection[int]) -> dict[int, Lease]:
        """Renew, drop dead members, and settle who has which partition. `held` are this member's leases so far, `busy`
        those with uncommitted messages, which it keeps; the leases it has from now on, by partition id."""
        now = int(time.time() * 1000)
        db.execute(
            'INSERT INTO members (id, "group", topics, host, pid, born, expires) VALUES (?, ?, ?, ?, ?, ?, ?) '
            "ON CONFLICT (id) DO UPDATE SET expires = excluded.expires",
            (self.id, self.group, json.dumps(self.names), *here(), now + self.lease_ms),
        )
        for member, host, pid, since, expires in db.execute(
            'SELECT id, host, pid, born, expires FROM members WHERE "group" = ?', (self.group,)
        ).fetchall():
            if member != self.id and (expires < now or gone(host, pid, since)):
                self._drop(db, member)
        wanted = self._wanted(db)
        rows = {
            row[0]: row[1:]
            for row in db.execute(
                'SELECT partition, committed, owner, token FROM positions WHERE "group" = ?', (self.group,)
            )
        }
        partitions = {row[0]: Partition(*row) for row in db.execute("SELECT * FROM partitions")}
        owners = {id_: owner for id_, (_, owner, _) in rows.items() if owner}
        share = shares({id_: wanted[p.topic] for id_, p in partitions.items() if wanted.get(p.topic)}, owners)
        leases: dict[int, Lease] = {}
        settled = True
        for id_, partition in partitions.items():
            committed, owner, token = rows.get(id_, (None, None, 0))
            if owner == self.id:
                ours = id_ in held and held[id_].token == token
                if share.get(id_) == self.id or (ours and id_ in busy):
                    leases[id_] = Lease(partition, token, committed)
                    settled = settled and share.get(id_) == self.id
                else:
                    self._own(db, id_, None, token)
            elif owner is None and share.get(id_) == self.id:
                self._own(db, id_, self.id, token + 1)
                leases[id_] = Lease(partition, token + 1, committed)
            elif share.get(id_) == self.id:
                settled = False
        self._seen = self._look(db) if settled else None
        self._renew_at = time.monotonic() + self.lease_ms / 3000
        return leases

    def holds(self, db: sqlite3.Connection, leases: Iterable[Lease]) -> bool:
        """Whether every one of these leases is still ours."""
        mine = dict(
            db.execute('SELECT partition, token FROM positions WHERE "group" = ? AND owner = ?', (self.group, self.id))
        )
        return all(mine.get(lease.partition.id) == lease.token for lease in leases)

    def leave(self, db: sqlite3.Connection) -> None:
        """Give everything back."""
        self._drop(db, self.id)

    def _look(self, db: sqlite3.Connection) -> tuple[list[tuple[str, str, str, int, int]], int]:
        members = db.execute(
            'SELECT id, topics, host, pid, born FROM members WHERE "group" = ? ORDER BY id', (self.group,)
        ).fetchall()
        return members, db.execute("SELECT count(*) FROM partitions").fetchone()[0]

    def _wanted(self, db: sqlite3.Connection) -> dict[str, list[str]]:
        """The members that want each topic."""
        wanted: dict[str, list[str]] = {}
        topics = [row[0] for row in db.execute("SELECT name FROM topics")]
        rows = db.execute('SELECT id, topics FROM members WHERE "group" = ? ORDER BY id', (self.group,))
        for member, names in rows.fetchall():
            for topic in topics:
                if any(selects(name, topic) for name in json.loads(names)):
                    wanted.setdefault(topic, []).append(member)
        return wanted

    def _own(self, db: sqlite3.Connection, partition: int, owner: str | None, token: int) -> None:
        db.execute(
            'INSERT INTO positions ("group", partition, owner, token) VALUES (?, ?, ?, ?) '
            'ON CONFLICT ("group", partition) DO UPDATE SET owner = excluded.owner, token = excluded.token',
            (self.group, partition, owner, token),
        )

    def _drop(self, db: sqlite3.Connection, member: str) -> None:
        db.execute("DELETE FROM members WHERE id = ?", (member,))
        db.execute('UPDATE positions SET owner = NULL WHERE "group" = ? AND owner = ?', (self.group, member))


def shares(wanted: Mapping[int, Sequence[str]], owners: Mapping[int, str]) -> dict[int, str]:
    """A member for each partition: as even as subscriptions allow, moving as few as possible away from `owners`.

    Every member computes the same from the same rows, so nobody has to lead.
    """
    load = {member: 0 for members in wanted.values() for member in members}
    chosen: dict[int, str] = {}
    for id_ in sorted(wanted):
        owner = owners.get(id_)
        if owner is not None and owner in wanted[id_]:
            chosen[id_] = owner
            load[owner] += 1
    for id_ in sorted(wanted):
        if id_ not in chosen:
            chosen[id_] = min(wanted[id_], key=lambda member: (load[member], member))
            load[chosen[id_]] += 1
    moved = True
    while moved:
        moved = False
        for id_ in sorted(wanted):
            least = min(wanted[id_], key=lambda member: (load[member], member))
            if load[chosen[id_]] - load[least] > 1:
                load[chosen[id_]] -= 1
                load[least] += 1
                chosen[id_] = least
                moved = True
    return chosen
