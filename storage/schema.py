"""The schema's versions: a database goes in, upgraded or with its difference named (Alembic migrations beside this file)."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from letters.errors import SettingsError
from storage.database import Database
from storage.tables import Table

_UPGRADE_LOCK = 5_190_110
"""Key of PostgreSQL's advisory lock that lets one process at a time upgrade."""


class SchemaBehind(SettingsError):
    """The database's schema is not this program's; run: jiesu db upgrade."""


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    if connection is not None:
        config.attributes["connection"] = connection
    return config


def newest_version() -> str:
    """The revision that this program was written for."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    return head or ""


def current_version(database: Database) -> str | None:
    """The database's revision; None when it has no schema of ours."""
    with database.read() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def upgrade(database: Database) -> tuple[str | None, str]:
    """Bring the schema to the newest version; (before, after). Several processes may call it at once.

    Nothing is locked or changed when it is there already, or when a newer program has taken it further.
    """
    before = current_version(database)
    if _at_least_ours(before):
        return before, str(before)
    with database.write() as connection:
        if not database.sqlite:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _UPGRADE_LOCK})
        before = MigrationContext.configure(connection).get_current_revision()
        if _at_least_ours(before):
            return before, str(before)
        command.upgrade(_config(connection), "head")
    return before, newest_version()


def differences(database: Database) -> list[str]:
    """In what the database's tables differ from the models; empty when they agree."""
    with database.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return [str(difference) for difference in compare_metadata(context, Table.metadata)]


def require_current(database: Database) -> None:
    """Raises `SchemaBehind` unless the schema is at least as new as this program (a newer one is fine: see style)."""
    if not _at_least_ours(current_version(database)):
        raise SchemaBehind()


def _at_least_ours(version: str | None) -> bool:
    """The newest revision that this program knows, or one that it does not know and that is therefore newer."""
    if version is None or version == newest_version():
        return version is not None
    return version not in {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}
