"""The embedded bus's file: a path goes in, SQLite connections, write transactions and clear errors come out.

A message's row id is its partition's number times 2^40 plus its offset, so a partition is one contiguous run of the
table and reading on is a walk along it. Commits survive kill -9 because the log is in the kernel's hands before
they return; only with `durable` does each also wait for the disk and so survive a power cut.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

from letters.errors import JiesuError, TryLater

OFFSET_BITS: Final = 40
OFFSET_MASK: Final = (1 << OFFSET_BITS) - 1
SCHEMA: Final = 1
BUSY_SECONDS: Final = 30.0

_TABLES: Final = """
CREATE TABLE IF NOT EXISTS topics (
    name TEXT PRIMARY KEY,
    retention_ms INTEGER
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS partitions (
    id INTEGER PRIMARY KEY,
    topic TEXT NOT NULL,
    number INTEGER NOT NULL,
    first INTEGER NOT NULL DEFAULT 0,
    next INTEGER NOT NULL DEFAULT 0,
    last_at INTEGER NOT NULL DEFAULT 0,
    UNIQUE (topic, number)
);
CREATE TABLE IF NOT EXISTS messages (
    place INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    key BLOB,
    value BLOB NOT NULL,
    headers BLOB
);
CREATE TABLE IF NOT EXISTS members (
    id TEXT PRIMARY KEY,
    "group" TEXT NOT NULL,
    topics TEXT NOT NULL,
    host TEXT NOT NULL,
    pid INTEGER NOT NULL,
    born INTEGER NOT NULL,
    expires INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS positions (
    "group" TEXT NOT NULL,
    partition INTEGER NOT NULL,
    committed INTEGER,
    owner TEXT,
    token INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY ("group", partition)
) WITHOUT ROWID;
"""


class BusDamaged(JiesuError):
    """The bus file {path} is damaged ({cause}): stop every worker and put back a copy, or move the file aside to begin an empty bus and feed the sources again."""  # noqa: E501


class BusClosed(JiesuError):
    """This bus is closed."""


class Partition(NamedTuple):
    """A partition as the file knows it: offsets `first` to `next - 1` are kept."""

    id: int
    topic: str
    number: int
    first: int
    next: int
    last_at: int

    @property
    def base(self) -> int:
        """The row id of offset 0."""
        return self.id << OFFSET_BITS


class _Bell:
    """What all users of one file within this process share: one writer at a time, and a ring when something came."""

    def __init__(self) -> None:
        self.writing = threading.RLock()
        self._rung = threading.Condition()
        self._rings = 0

    @property
    def rings(self) -> int:
        return self._rings

    def ring(self) -> None:
        with self._rung:
            self._rings += 1
            self._rung.notify_all()

    def wait(self, seen: int, seconds: float) -> None:
        """Until it has rung since `seen`, or `seconds` went by."""
        with self._rung:
            if self._rings == seen:
                self._rung.wait(seconds)


_bells: dict[tuple[int, str], _Bell] = {}
_bells_lock = threading.Lock()


def _bell(path: Path) -> _Bell:
    with _bells_lock:
        return _bells.setdefault((os.getpid(), str(path.resolve())), _Bell())


class Store:
    """One bus file. Connections are made as asked for: one a thread for the bus, one for each reader."""

    def __init__(self, path: Path, *, durable: bool = False) -> None:
        self.path = path
        self.durable = durable
        self.bell = _bell(path)
        self._local = threading.local()
        self._open: list[sqlite3.Connection] = []
        self._closed = False
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise JiesuError(f"the bus file {path} cannot be made: {error}; check JIESU_HOME and its rights") from error
        self._prepare_file()

    def connection(self) -> sqlite3.Connection:
        """This thread's connection."""
        found: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if found is None or self._local.pid != os.getpid():
            found = self.connect()
            self._local.connection, self._local.pid = found, os.getpid()
        if self._closed:
            raise BusClosed
        return found

    def connect(self) -> sqlite3.Connection:
        """A new connection, to be used by one thread at a time."""
        if self._closed:
            raise BusClosed
        with self.errors():
            made = sqlite3.connect(self.path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
            made.execute("PRAGMA page_size = 8192")
            made.execute(f"PRAGMA synchronous = {'FULL' if self.durable else 'NORMAL'}")
            made.execute("PRAGMA wal_autocheckpoint = 2000")
            made.execute("PRAGMA journal_size_limit = 67108864")
            made.execute("PRAGMA cache_size = -4096")
        self._open.append(made)
        return made

    def close(self) -> None:
        """Close every connection; the last one to go folds the log into the file."""
        self._closed = True
        while self._open:
            self._open.pop().close()

    def let_go(self, connection: sqlite3.Connection) -> None:
        """Close one connection that `connect` made."""
        if connection in self._open:
            self._open.remove(connection)
        connection.close()

    @contextmanager
    def writing(self, connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
        """One write transaction: all of it or nothing. Within the process writers queue up here, because SQLite's own
        queue is a sleep that grows."""
        with self.bell.writing, self.errors():
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    @contextmanager
    def errors(self) -> Iterator[None]:
        """What SQLite says becomes a sentence that says whether waiting helps."""
        try:
            yield
        except sqlite3.ProgrammingError as error:
            if self._closed:
                raise BusClosed from error
            raise
        except sqlite3.DatabaseError as error:
            raise self._told(error) from error

    def _told(self, error: sqlite3.DatabaseError) -> Exception:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code == sqlite3.SQLITE_FULL:
            return TryLater(
                f"the disk that holds the bus file {self.path} is full: nothing was written; free some space"
            )
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            return TryLater(f"another process has kept the bus file {self.path} locked for {BUSY_SECONDS:.0f} s")
        if code == sqlite3.SQLITE_IOERR:
            return TryLater(
                f"the disk that holds the bus file {self.path} does not answer ({error}): check disk and space"
            )
        if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            return BusDamaged(path=self.path, cause=error)
        if code in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM):
            return JiesuError(
                f"the bus file {self.path} cannot be opened for writing ({error}): check its owner and rights"
            )
        return error

    def _prepare_file(self) -> None:
        connection = self.connection()
        with self.bell.writing, self.errors():
            version = int(connection.execute("PRAGMA user_version").fetchone()[0])
            if version > SCHEMA:
                raise JiesuError(f"the bus file {self.path} was written by a newer jiesu (format {version}): upgrade")
            if version == SCHEMA:
                return
            _until_unlocked(lambda: connection.execute("PRAGMA journal_mode = WAL"))
            _until_unlocked(lambda: connection.execute("BEGIN IMMEDIATE"))
            try:
                for statement in _TABLES.split(";"):
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version = {SCHEMA}")
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")


def _until_unlocked(step: Callable[[], object]) -> None:
    """Going over to WAL does not wait for other openers by itself; this does, as long as any other wait."""
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            step()
            return
        except sqlite3.OperationalError as error:
            busy = getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY
            if not busy or time.monotonic() > deadline:
                raise
            time.sleep(0.01)


def packed(headers: tuple[tuple[str, bytes], ...]) -> bytes | None:
    """Headers as one blob: for each its name's length (2 bytes), its value's (4), then both; None for no headers."""
    if not headers:
        return None
    parts: list[bytes] = []
    for name, value in headers:
        raw = name.encode()
        parts.append(len(raw).to_bytes(2, "big") + len(value).to_bytes(4, "big") + raw + value)
    return b"".join(parts)


def unpacked(blob: bytes | None) -> tuple[tuple[str, bytes], ...]:
    """The headers that `packed` made this blob of."""
    if not blob:
        return ()
    at, found = 0, []
    while at < len(blob):
        middle = at + 6 + int.from_bytes(blob[at : at + 2], "big")
        end = middle + int.from_bytes(blob[at + 2 : at + 6], "big")
        found.append((blob[at + 6 : middle].decode(), blob[middle:end]))
        at = end
    return tuple(found)
