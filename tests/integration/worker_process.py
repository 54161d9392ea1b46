"""The process that test_worker.py starts, kills and stops: `worker_process.py URL HOME OPTIONS` runs toy stages on Kafka.

A toy stage does what a real one does, in little: rows and outbox in one transaction, a record seen before writes nothing.
What it is told by the worker it prints, one JSON object a line.
"""

from __future__ import annotations

import json
import os
import sqlite3
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from letters.errors import JiesuError, TryLater
from letters.messages import Control
from streams.kafka_url import KafkaSettings
from streams.port import MESSAGE_ID, Outgoing, Position, Prepared, Record, SilentObserver
from streams.worker import WorkerSettings, run_worker


def born(pid: int | str) -> str | None:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if stat[0] in "ZX" else stat[19]


ME = f"{os.getpid()}:{born(os.getpid())}"


class Keep:
    """Keeps each record's id and passes the record on to `target`."""

    def __init__(self, home: Path, name: str, inputs: Sequence[str], target: str, slow: float = 0.0) -> None:
        self.home, self.name, self.inputs, self.target, self.slow = home, name, tuple(inputs), target, slow
        self._opened: sqlite3.Connection | None = None

    def prepare(self, records: Sequence[Record]) -> Prepared:
        db = self._database()
        db.execute("BEGIN IMMEDIATE")
        new: list[list[str]] = []
        for record in records:
            if b"poison" in record.value:
                raise RuntimeError("no rule foresaw this")
            id_ = dict(record.headers)[MESSAGE_ID].decode()
            if db.execute("INSERT OR IGNORE INTO rows VALUES (?, ?)", (self.name, id_)).rowcount:
                new.append([(record.key or b"").decode(), record.value.decode(), id_])
        ticket = None
        if new:
            row = (self.name, ME, int(time.time() * 1000), json.dumps(new))
            ticket = db.execute("INSERT INTO outbox (stage, owner, at, body) VALUES (?, ?, ?, ?)", row).lastrowid
        db.execute("COMMIT")
        time.sleep(self.slow)
        return Prepared(self._messages(new), ticket, {}, len(new) < len(records))

    def settle(self, prepared: Prepared) -> None:
        if prepared.ticket is not None:
            self._database().execute("DELETE FROM outbox WHERE id = ?", (prepared.ticket,))

    def recover(self) -> list[tuple[int, list[Outgoing], object]]:
        db = self._database()
        found: list[tuple[int, list[Outgoing], object]] = []
        db.execute("BEGIN IMMEDIATE")
        rows = db.execute("SELECT id, owner, at, body FROM outbox WHERE stage = ? ORDER BY id", (self.name,)).fetchall()
        for id_, owner, at, body in rows:
            pid, _, since = owner.partition(":")
            if owner == ME or born(pid) != since:
                db.execute("UPDATE outbox SET owner = ? WHERE id = ?", (ME, id_))
                found.append((at, self._messages(json.loads(body)), id_))
        db.execute("COMMIT")
        return found

    def _messages(self, rows: Sequence[Sequence[str]]) -> list[Outgoing]:
        return [
            Outgoing(self.target, key.encode(), value.encode(), ((MESSAGE_ID, id_.encode()),))
            for key, value, id_ in rows
        ]

    def _database(self) -> sqlite3.Connection:
        if (self.home / "database-down").exists():
            raise TryLater("the database is down")
        if self._opened is None:
            self._opened = sqlite3.connect(
                self.home / "rows.sqlite3", timeout=30, isolation_level=None, check_same_thread=False
            )
        return self._opened


def tell(**what: object) -> None:
    print(json.dumps(what), flush=True)  # noqa: T201


class Telling(SilentObserver):
    def __init__(self, brake: bool) -> None:
        self._brake = brake

    def assigned(self, stage: str, partitions: Sequence[Position]) -> None:
        tell(assigned=[list(position) for position in partitions], stage=stage)

    def batch_done(self, stage: str, records: Sequence[Record], prepared: Prepared, seconds: float) -> None:
        tell(done=len(records), stage=stage)
        if self._brake:
            raise JiesuError("too many dead letters")

    def retrying(self, stage: str, error: Exception, wait: float) -> None:
        tell(retrying=str(error))

    def stopped(self, stage: str, error: Exception | None) -> None:
        tell(stopped=str(error))


def follow(word: Control) -> None:
    tell(control=word.command, model=word.model)


def main(url: str, home: Path, options: dict[str, Any]) -> None:
    settings = WorkerSettings(
        KafkaSettings.from_url(url),
        batch=options.get("batch", 100),
        instance=options.get("instance"),
        folder=home / "faust",
    )
    stages = [Keep(home, *stage, slow=options.get("slow", 0.0)) for stage in options["stages"]]
    run_worker(stages, settings, observer=Telling(options.get("brake", False)), on_control=follow)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), json.loads(sys.argv[3]))
