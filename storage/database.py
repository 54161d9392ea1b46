"""A database URL goes in, transactions come out; SQLite and PostgreSQL behind one door.

Whatever means “the database does not answer now” (down, locked, disk full, a lost race) leaves here as `TryLater`.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError, NoSuchModuleError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from letters.errors import JiesuError, SettingsError, TryLater
from storage.tables import Table

_CACHE_KIB = 65536


class Conflict(TryLater):
    """Another worker wrote the same row first; the batch is read again and finds it."""


class DatabaseDamaged(JiesuError):
    """The database {database} is damaged ({cause}): stop every worker and put back a copy; jiesu reconcile then says what is missing."""  # noqa: E501


class Database:
    """One database. `write()` and `read()` give a connection inside a transaction."""

    def __init__(self, url: str) -> None:
        try:
            self.url = make_url(url)
        except ArgumentError:
            raise SettingsError(
                f"JIESU_DATABASE_URL is no database address: {url!r}; expected sqlite:///path or"
                " postgresql+psycopg://user@host:port/name"
            ) from None
        backend = self.url.get_backend_name()
        if backend not in ("sqlite", "postgresql"):
            raise SettingsError(f"JIESU_DATABASE_URL names {backend}; jiesu runs on sqlite and postgresql")
        if self.url.drivername == "postgresql":
            self.url = self.url.set(drivername="postgresql+psycopg")
        self.sqlite = backend == "sqlite"
        try:
            self.engine = self._sqlite_engine() if self.sqlite else self._postgres_engine()
        except NoSuchModuleError:
            raise SettingsError(
                f"JIESU_DATABASE_URL names an unknown driver: {self.url.drivername}; use postgresql+psycopg"
            ) from None

    def _sqlite_engine(self) -> Engine:
        if self.url.database and self.url.database != ":memory:":
            folder = Path(self.url.database).parent
            try:
                folder.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise SettingsError(
                    f"the database's folder {folder} cannot be made: {error.strerror}; check JIESU_HOME or JIESU_DATABASE_URL"
                ) from None
        # An error's text must not carry what was to be written: it ends in logs (invariant 11).
        engine = create_engine(self.url, connect_args={"timeout": 30, "check_same_thread": False}, hide_parameters=True)

        @event.listens_for(engine, "connect")
        def _connected(connection: Any, _record: object) -> None:
            connection.isolation_level = None  # we say BEGIN ourselves, see _begin
            cursor = connection.cursor()
            cursor.execute("PRAGMA journal_mode=WAL")
            cursor.execute("PRAGMA synchronous=NORMAL")
            cursor.execute("PRAGMA foreign_keys=ON")
            cursor.execute(f"PRAGMA cache_size=-{_CACHE_KIB}")
            cursor.execute("PRAGMA wal_autocheckpoint=4000")
            cursor.close()

        @event.listens_for(engine, "begin")
        def _begin(connection: Connection) -> None:
            # A writer takes the lock at once: upgrading a read transaction later could fail half-way.
            immediate = connection.get_execution_options().get("jiesu_write", False)
            connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")

        return engine

    def _postgres_engine(self) -> Engine:
        return create_engine(
            self.url,
            pool_pre_ping=True,
            pool_size=8,
            hide_parameters=True,
            connect_args={"connect_timeout": 10, "application_name": "jiesu"},
        )

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that commits at the end of the block; `TryLater` when nothing was written."""
        with (
            answering(self),
            self.engine.connect().execution_options(jiesu_write=True) as connection,
            connection.begin(),
        ):
            yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction to read in; it sees one moment's state on both databases."""
        with answering(self), self.engine.connect() as connection, connection.begin():
            if not self.sqlite:
                connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"))
            yield connection

    def close(self) -> None:
        """Let go of all connections."""
        self.engine.dispose()

    def __str__(self) -> str:
        return self.url.render_as_string(hide_password=True)


@contextmanager
def answering(database: Database) -> Iterator[None]:
    """Turns “does not answer now” into `TryLater` with a sentence that says what to look at."""
    try:
        yield
    except IntegrityError as error:
        raise Conflict(f"another worker wrote the same rows first: {_first_line(error)}") from error
    except (OperationalError, PoolTimeout) as error:
        raise TryLater(f"the database {database} does not answer: {_first_line(error)}") from error
    except DBAPIError as error:
        if getattr(error.orig, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            raise DatabaseDamaged(database=database, cause=_first_line(error)) from error
        if not error.connection_invalidated:
            raise
        raise TryLater(f"the connection to the database {database} was lost: {_first_line(error)}") from error


def _first_line(error: Exception) -> str:
    cause = error.orig if isinstance(error, DBAPIError) and error.orig else error
    return (str(cause).strip().splitlines() or [type(cause).__name__])[0]


def insert_rows(
    connection: Connection, table: type[Table], columns: Sequence[str], rows: Sequence[tuple[Any, ...]]
) -> None:
    """Insert a batch by the driver's fastest way: COPY on PostgreSQL, one prepared statement on SQLite."""
    if not rows:
        return
    name = table.__tablename__
    quoted = ", ".join(f'"{column}"' for column in columns)
    if connection.dialect.name == "postgresql":
        driver: Any = connection.connection.driver_connection
        try:
            with driver.cursor() as cursor, cursor.copy(f"COPY {name} ({quoted}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
        except Exception as error:
            # COPY goes past SQLAlchemy, so its errors are given the same faces here.
            raise _as_sqlalchemy(error, connection) from error
        return
    marks = ", ".join("?" * len(columns))
    uuids = [i for i, value in enumerate(rows[0]) if isinstance(value, UUID)]
    if uuids:
        rows = [tuple(v.hex if isinstance(v, UUID) else v for v in row) for row in rows]
    connection.exec_driver_sql(f"INSERT INTO {name} ({quoted}) VALUES ({marks})", list(rows))  # noqa: S608


def _as_sqlalchemy(error: Exception, connection: Connection) -> Exception:
    import psycopg

    if isinstance(error, psycopg.errors.IntegrityError):
        return IntegrityError("COPY", None, error)
    if isinstance(error, psycopg.OperationalError):
        return OperationalError("COPY", None, error)
    if isinstance(error, psycopg.Error):
        return DBAPIError("COPY", None, error, connection_invalidated=bool(connection.closed))
    return error


def select_in(connection: Connection, sql: str, values: Iterable[Any], **more: Any) -> list[Any]:
    """Rows of `sql`, whose `:values` stands where a list of values is wanted (`… IN :values`).

    One statement whatever the number of values, so that it is parsed once: an array on PostgreSQL, a JSON list on SQLite.
    """
    wanted = list(values)
    if not wanted:
        return []
    if connection.dialect.name == "postgresql":
        return list(connection.execute(text(sql.replace("IN :values", "= ANY(:values)")), {"values": wanted, **more}))
    as_json = json.dumps([v.hex if isinstance(v, UUID) else v for v in wanted])
    return list(
        connection.execute(
            text(sql.replace("IN :values", "IN (SELECT value FROM json_each(:values))")), {"values": as_json, **more}
        )
    )


def as_uuid(value: UUID | str) -> UUID:
    """A uuid column's value as read by plain SQL: SQLite keeps 32 hex digits."""
    return value if isinstance(value, UUID) else UUID(value)
