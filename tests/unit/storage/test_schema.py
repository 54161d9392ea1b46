"""Migrations make what the models say, may be run by several at once, and never take an older database for a sound one."""

from __future__ import annotations

from multiprocessing import get_context
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Event
from pathlib import Path

import pytest
from sqlalchemy import inspect, text

from storage import schema
from storage.database import Database
from storage.tables import Table


def upgrade_when_told(url: str, go: Event, versions: Queue[str]) -> None:
    go.wait()
    database = Database(url)
    versions.put(schema.upgrade(database)[1])
    database.close()


def set_version(database: Database, version: str) -> None:
    with database.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :version"), {"version": version})


def test_an_upgrade_from_empty_gives_the_models_tables(empty_database: Database) -> None:
    assert schema.upgrade(empty_database) == (None, schema.newest_version())
    assert schema.differences(empty_database) == []
    with empty_database.read() as connection:
        found = inspect(connection)
        for table in Table.metadata.tables.values():
            here = {check["name"] for check in found.get_check_constraints(table.name)}
            wanted = {check.name for check in table.constraints if check.__visit_name__ == "check_constraint"}
            assert wanted <= here, f"{table.name} lacks a check that the models have"


def test_a_second_upgrade_changes_nothing(database: Database) -> None:
    newest = schema.newest_version()
    assert schema.upgrade(database) == (newest, newest)
    schema.require_current(database)


def test_a_difference_is_told(database: Database) -> None:
    with database.write() as connection:
        connection.execute(text("ALTER TABLE notices ADD COLUMN stray TEXT"))
    assert any("stray" in difference for difference in schema.differences(database))


def test_processes_that_upgrade_at_once_all_find_it_done(database_url: str) -> None:
    processes = get_context("fork")
    go, versions = processes.Event(), processes.Queue()
    started = [processes.Process(target=upgrade_when_told, args=(database_url, go, versions)) for _ in range(4)]
    for process in started:
        process.start()
    go.set()
    for process in started:
        process.join(60)
    assert [process.exitcode for process in started] == [0] * 4
    assert {versions.get(timeout=10) for _ in started} == {schema.newest_version()}


def test_an_empty_or_older_database_is_refused_with_the_remedy(empty_database: Database) -> None:
    with pytest.raises(schema.SchemaBehind, match="jiesu db upgrade"):
        schema.require_current(empty_database)
    with empty_database.read() as connection:
        assert inspect(connection).get_table_names() == [], "asking must change nothing"


def test_a_revision_known_as_older_is_refused(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema, "newest_version", lambda: "9999")
    with pytest.raises(schema.SchemaBehind):
        schema.require_current(database)


def test_a_newer_database_is_worked_with_and_left_as_it_is(database: Database) -> None:
    """Old code keeps working on the new schema: workers are not all replaced at one moment."""
    set_version(database, "9999_from_the_future")
    schema.require_current(database)
    assert schema.upgrade(database) == ("9999_from_the_future", "9999_from_the_future")
    assert schema.current_version(database) == "9999_from_the_future"


def test_a_database_that_is_current_is_not_locked_to_find_that_out(tmp_path: Path) -> None:
    """Every command of an embedded installation asks; one that only reads must not wait for a long write."""
    url = f"sqlite:///{tmp_path / 'jiesu.sqlite3'}"
    database, other = Database(url), Database(url)
    schema.upgrade(database)
    try:
        with database.write() as connection:
            connection.execute(text("DELETE FROM workers"))
            assert schema.upgrade(other)[1] == schema.newest_version()
    finally:
        database.close()
        other.close()
