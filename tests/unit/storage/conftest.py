"""A database of the test's own, on each kind that jiesu runs on; its schema made by the migrations."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from storage import schema
from storage.database import Database
from storage.sealing import Sealer

BOTH = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]


@pytest.fixture(params=BOTH)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database."""
    if request.param == "postgres":
        return str(request.getfixturevalue("postgres_url"))
    return f"sqlite:///{tmp_path / 'jiesu.sqlite3'}"


@pytest.fixture
def empty_database(database_url: str) -> Iterator[Database]:
    """Without our tables."""
    made = Database(database_url)
    yield made
    made.close()


@pytest.fixture
def database(empty_database: Database) -> Database:
    """With our tables."""
    schema.upgrade(empty_database)
    return empty_database


@pytest.fixture
def sealer() -> Sealer:
    """Under a key of the test's own."""
    return Sealer(bytes(range(32)))
