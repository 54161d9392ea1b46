"""Does a letter cost more once a million are kept? The same work on an empty database and on a filled one, in one run.

python -m benchmarks.million [LETTERS_KEPT] [--postgres]

The archive is made of copies of real rows: a few thousand letters go through every stage, then each row that belongs to
a letter is written again under new numbers and ids until the tables are as large as asked.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import select, text

from benchmarks.flow import feed_records, prepared_house, promoted_model
from benchmarks.machine import machine
from benchmarks.services import own_database
from jiesu.wiring import House
from storage.database import insert_rows
from storage.tables import Table
from streams.binding import run_until_idle

KEPT = 1_000_000
SEEDED = 2_000
MEASURED = 5_000
ROUNDS = 3
_FAR = 10**9
"""Offsets of the copies: no record fed later stands there."""


def fill(house: House, kept: int) -> None:
    """Copies of the letters already there, until about `kept` are."""
    with house.database.read() as connection:
        sources = [
            (table.class_, [column.name for column in table.local_table.columns if column.name != "seq"])
            for table in Table.registry.mappers
            if "letter_no" in table.local_table.columns
        ]
        rows = {
            table: [tuple(row) for row in connection.execute(select(*(getattr(table, name) for name in names)))]
            for table, names in sources
        }
        seeded = connection.execute(text("SELECT max(letter_no) FROM letters")).scalar_one()
    for copy in range(1, kept // seeded + 1):
        with house.database.write() as connection:
            for table, names in sources:
                insert_rows(connection, table, names, [_copy(names, row, copy, seeded) for row in rows[table]])
    with house.database.write() as connection:
        if not house.database.sqlite:
            connection.execute(text("SELECT setval('letters_no', (SELECT max(letter_no) FROM letters))"))
    if not house.database.sqlite:
        with house.database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE"))


def _copy(names: list[str], row: tuple[Any, ...], copy: int, seeded: int) -> tuple[Any, ...]:
    made = []
    for name, value in zip(names, row, strict=True):
        if name == "letter_no" and value is not None:
            value += copy * seeded
        elif name == "offset":
            value += copy * _FAR
        elif isinstance(value, UUID):
            value = uuid4()
        elif name == "source_id":
            value = f"{value}-{copy}"
        made.append(value)
    return tuple(made)


def cost(house: House, round_: int) -> float:
    """Microseconds a letter, from intake topic to assignment topic."""
    fed = feed_records(house, MEASURED, seed=1000 + round_)
    bindings = house.bindings()
    house.models.current()
    began = time.perf_counter()
    run_until_idle(bindings)
    took = time.perf_counter() - began
    for binding in bindings:
        binding.close()
    return took / fed * 1e6


def main() -> None:
    """Prints the table."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("kept", nargs="?", type=int, default=KEPT)
    arguments.add_argument("--postgres", action="store_true", help="PostgreSQL of make services instead of SQLite")
    given = arguments.parse_args()
    with ExitStack() as stack:
        houses = []
        for kept in (0, given.kept):
            home = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            database = stack.enter_context(own_database()) if given.postgres else None
            house = prepared_house(home=home, bus="embedded", database=database)
            stack.callback(house.close)
            promoted_model(house)
            feed_records(house, SEEDED)
            bindings = house.bindings()
            run_until_idle(bindings)
            for binding in bindings:
                binding.close()
            if kept:
                fill(house, kept)
            houses.append(house)
        # Both in turn, so that whatever else the machine does meets both alike.
        empty, full = [], []
        for round_ in range(ROUNDS):
            empty.append(cost(houses[0], round_))
            full.append(cost(houses[1], round_))
    database = "PostgreSQL" if given.postgres else "SQLite"
    print(f"Embedded bus + {database}, {MEASURED:,} letters a round, best of {ROUNDS}. {machine()}")
    print(f"  {'letters kept':>14}  {'us a letter':>12}  {'ratio':>6}")
    print(f"  {0:>14,}  {min(empty):>12,.0f}  {1:>6.2f}")
    print(f"  {given.kept:>14,}  {min(full):>12,.0f}  {min(full) / min(empty):>6.2f}")


if __name__ == "__main__":
    main()
