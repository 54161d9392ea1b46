"""A whole installation for stages: the example bureau, the embedded bus, a database of each kind, a clock that stands."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from jiesu.conservation import prove
from jiesu.settings import EXAMPLE_BUREAU, Settings
from jiesu.wiring import House
from letters import topics
from letters.bureau import Bureau
from letters.bureau_files import read_bureau
from letters.clock import SHANGHAI, SetClock
from router import Router
from storage.reconcile import Sums
from streams.binding import run_until_idle
from streams.port import Outgoing, Record, StageObserver

NOW = datetime(2026, 11, 20, 12, tzinfo=SHANGHAI)
JSON = (("content-type", b"application/json; charset=utf-8"),)
BUREAU: list[Bureau] = []
ROUTER: list[Router] = []


class Town:
    """An installation with what tests ask of it."""

    def __init__(self, home: Path, url: str | None = None, **settings: Any) -> None:
        given = {"home": home, "database_url": SecretStr(url) if url else None, "dead_share": 1.0, **settings}
        self.house = House(Settings(**given), SetClock(NOW))
        self.house.__dict__["bureau"] = BUREAU[0]  # read once for all tests
        if ROUTER:
            self.house.__dict__["router"] = ROUTER[0]
        ROUTER[:] = [self.house.router]

    def feed(self, channel: str, *records: dict[str, Any] | bytes, headers: Sequence[tuple[str, bytes]] = JSON) -> None:
        """Puts records on the channel's intake topic."""
        self.put(topics.intake(channel), *records, headers=headers)

    def put(self, topic: str, *values: Any, headers: Sequence[tuple[str, bytes]] = ()) -> None:
        """Puts messages on any topic."""
        self.house.bus.publish(
            [
                Outgoing(topic, b"key", v if isinstance(v, bytes) else json.dumps(v).encode(), tuple(headers))
                for v in values
            ]
        )

    def run(self, *stages: str, observer: StageObserver | None = None) -> dict[str, int]:
        """These stages, all without a name, until nothing is left."""
        bindings = self.house.bindings(names=stages, observer=observer)
        try:
            return run_until_idle(bindings)
        finally:
            for binding in bindings:
                binding.leave()

    def records(self, topic: str) -> list[Record]:
        """What stands on a topic."""
        return list(self.house.bus.scan(topic))

    def messages(self, topic: str) -> list[dict[str, Any]]:
        """What stands on a topic, parsed."""
        return [json.loads(record.value) for record in self.records(topic)]

    def rows(self, sql: str) -> list[Any]:
        """Rows of the database."""
        with self.house.database.read() as connection:
            return list(connection.execute(text(sql)))

    def one(self, sql: str) -> Any:
        """A single value."""
        [[value]] = self.rows(sql)
        return value

    def proof(self) -> Sums:
        """The conservation proof."""
        return prove(self.house)


@pytest.fixture(scope="session", autouse=True)
def _bureau() -> None:
    BUREAU[:] = [read_bureau(EXAMPLE_BUREAU)]


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def town(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Town]:
    """An installation on each kind of database."""
    url = request.getfixturevalue("postgres_url") if request.param == "postgres" else None
    made = Town(tmp_path / "home", url)
    made.house.prepare()
    yield made
    made.house.close()


@pytest.fixture
def village(tmp_path: Path) -> Iterator[Town]:
    """One on SQLite, for what has nothing to do with the kind of database."""
    made = Town(tmp_path / "home")
    made.house.prepare()
    yield made
    made.house.close()


def mailbox(number: str, introduce: str = "两条路上天天乱停车", **more: Any) -> dict[str, Any]:
    """A valid mailbox record."""
    return {"id": number, "submitted_at": "2026-11-01T09:00:00+08:00", "introduce": introduce, **more}


def call(number: str, bjnr: str = "楼上半夜吵闹", **more: Any) -> dict[str, Any]:
    """A valid 110 record that 蓉江派出所 answers for."""
    return {"jjdbh": number, "bjsj": "20261101231500", "bjnr": bjnr, "gxdwdm": STATION, "bjlbdm": "500100", **more}


STATION, OTHER, CENTRE, INSPECTION = "360703510000", "360703520000", "360703010000", "360703020000"
