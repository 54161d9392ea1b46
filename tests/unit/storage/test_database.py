"""“Does not answer now” is told from “is wrong”, in words a person can act on, and nothing is half-written."""

from __future__ import annotations

import socket
import sqlite3
from pathlib import Path
from uuid import UUID, uuid5

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, ProgrammingError

from letters.errors import JiesuError, SettingsError, TryLater
from storage import schema
from storage.cases import NewEntry, NewNotice, write_cases, write_notices
from storage.database import Conflict, Database, as_uuid, insert_rows, select_in
from storage.tables import NoticeRow

UNIT = "360703010000"


@pytest.fixture
def sqlite(tmp_path: Path) -> Database:
    database = Database(f"sqlite:///{tmp_path / 'jiesu.sqlite3'}")
    schema.upgrade(database)
    return database


def notice(number: int, size: int = 10) -> NewNotice:
    return NewNotice(uuid5(UUID(int=3), str(number)), number, UNIT, "danger", 1, b"x" * size)


def count(database: Database, table: str = "notices") -> int:
    with database.read() as connection:
        return int(connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("", "no database address"),
        ("nonsense", "no database address"),
        ("mysql://localhost/x", "mysql"),
        ("oracle+oracledb://localhost/x", "oracle"),
        ("postgresql+nodriver://localhost/x", "postgresql.psycopg"),
        ("sqlite:////dev/null/folder/jiesu.sqlite3", "cannot be made"),
    ],
)
def test_a_wrong_address_is_a_setting_to_mend(url: str, says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        Database(url)


def test_a_password_is_never_told() -> None:
    database = Database("postgresql://jiesu:geheim@127.0.0.1:1/jiesu")
    assert "geheim" not in str(database)
    with pytest.raises(TryLater) as told, database.read():
        pass
    assert "geheim" not in str(told.value)


@pytest.mark.postgres
def test_a_server_that_is_not_there_means_try_later() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        database = Database(f"postgresql+psycopg://nobody@127.0.0.1:{taken.getsockname()[1]}/jiesu")
        with pytest.raises(TryLater, match="does not answer"), database.write():
            pass
        with pytest.raises(TryLater, match="does not answer"), database.read():
            pass


@pytest.mark.postgres
def test_a_server_that_ends_the_connection_means_try_later_and_the_next_try_works(postgres_url: str) -> None:
    database = Database(postgres_url)
    schema.upgrade(database)
    killer = Database(postgres_url)

    def write_and_be_cut_off() -> None:
        with database.write() as connection:
            write_notices(connection, [notice(1)])
            pid = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
            with killer.write() as other:
                other.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})
            write_notices(connection, [notice(2)])

    with pytest.raises(TryLater):
        write_and_be_cut_off()
    with database.write() as connection:
        write_notices(connection, [notice(1)])
    assert count(database) == 1
    database.close()
    killer.close()


def test_a_full_disk_means_try_later_and_leaves_nothing_half_written(sqlite: Database) -> None:
    pages = sqlite3.connect(str(sqlite.url.database)).execute("PRAGMA page_count").fetchone()[0]

    def write_many(room: int) -> None:
        with sqlite.write() as connection:
            connection.exec_driver_sql(f"PRAGMA max_page_count = {room}")
            write_notices(connection, [notice(n, 2000) for n in range(100)])

    with pytest.raises(TryLater, match="full"):
        write_many(pages + 5)
    assert count(sqlite) == 0
    write_many(1_000_000)
    assert count(sqlite) == 100


def test_a_locked_database_means_try_later(sqlite: Database) -> None:
    other = sqlite3.connect(str(sqlite.url.database), isolation_level=None)
    with sqlite.read() as connection:
        connection.exec_driver_sql("PRAGMA busy_timeout = 50")
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(TryLater, match="locked"), sqlite.write():
        pass
    assert count(sqlite) == 0, "reading does not wait for a writer"
    other.execute("ROLLBACK")
    other.close()
    with sqlite.write() as connection:
        write_notices(connection, [notice(1)])
    assert count(sqlite) == 1


def test_a_damaged_file_is_named_and_not_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "jiesu.sqlite3"
    path.write_bytes(b"this is no database" * 1000)
    database = Database(f"sqlite:///{path}")
    with pytest.raises(JiesuError, match="damaged") as told, database.read() as connection:
        connection.execute(text("SELECT 1"))
    assert not isinstance(told.value, TryLater)


def test_a_lost_race_for_a_row_is_a_conflict_that_a_second_try_settles(database: Database) -> None:
    with database.write() as connection:
        write_notices(connection, [notice(1)])
    with pytest.raises(Conflict), database.write() as connection:
        insert_rows(connection, NoticeRow, NewNotice._fields, [notice(2), notice(1)])
    assert count(database) == 1, "the whole batch is taken back"
    with database.write() as connection:
        assert write_notices(connection, [notice(2), notice(1), notice(2)]) == [notice(2)]
    assert count(database) == 2


def test_a_mistake_of_ours_is_not_waited_for(database: Database) -> None:
    with pytest.raises((ProgrammingError, TryLater)) as told, database.read() as connection:
        connection.execute(text("SELECT nothing FROM letters"))
    if not database.sqlite:
        assert not isinstance(told.value, TryLater)


def test_an_error_does_not_carry_what_was_to_be_written(database: Database) -> None:
    with pytest.raises((TryLater, DBAPIError)) as told, database.write() as connection:
        connection.execute(text("INSERT INTO nowhere VALUES (:text)"), {"text": "来信人电话 13812345678"})
    cause = told.value
    while cause is not None:
        assert "13812345678" not in str(cause)
        cause = cause.__cause__  # type: ignore[assignment]


def test_a_reader_sees_one_moment(database: Database) -> None:
    """The conservation proof adds up tables that are written meanwhile."""
    with database.write() as connection:
        write_notices(connection, [notice(1)])
    with database.read() as reading:
        assert reading.execute(text("SELECT count(*) FROM notices")).scalar_one() == 1
        with database.write() as connection:
            write_notices(connection, [notice(2)])
            write_cases(connection, [], [NewEntry(1, 1, "decided", "router", b"{}")], [])
        assert reading.execute(text("SELECT count(*) FROM notices")).scalar_one() == 1
        assert reading.execute(text("SELECT count(*) FROM ledger")).scalar_one() == 0
    assert count(database) == 2


def test_many_values_are_looked_up_in_one_statement(database: Database) -> None:
    with database.write() as connection:
        write_notices(connection, [notice(n) for n in range(3000)])
    wanted = [notice(n).notice_id for n in range(0, 6000, 2)]
    with database.read() as connection:
        found = select_in(connection, "SELECT notice_id FROM notices WHERE notice_id IN :values", wanted)
        assert {as_uuid(row[0]) for row in found} == set(wanted[:1500])
        assert select_in(connection, "SELECT notice_id FROM notices WHERE notice_id IN :values", []) == []
