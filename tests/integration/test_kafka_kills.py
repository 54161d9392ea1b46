"""Workers on real Kafka and PostgreSQL are killed with -9 under load, again and again: nothing lost, nothing twice."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from bureaus.invented import raw_records
from jiesu.conservation import prove
from jiesu.services_kafka import Broker, free_ports
from jiesu.settings import load_settings
from jiesu.wiring import House
from letters import topics
from streams.port import MESSAGE_ID, Outgoing

KILLS = 30
WORKERS = 2
SECONDS = 600

pytestmark = [pytest.mark.kafka, pytest.mark.postgres, pytest.mark.slow, pytest.mark.timeout(SECONDS + 100)]


@pytest.fixture
def broker(tmp_path: Path, kafka_libs: str) -> Iterator[Broker]:
    own = Broker(tmp_path / "kafka", Path(kafka_libs), free_ports())
    own.start()
    yield own
    own.stop()


@pytest.fixture
def house(tmp_path: Path, broker: Broker, postgres_url: str) -> Iterator[House]:
    built = House(load_settings(home=tmp_path / "home", bus=broker.url, database_url=postgres_url, partitions=4))
    built.prepare()
    yield built
    built.close()


class Workers:
    """`jiesu worker` processes with lasting names, so that a restarted one takes its partitions back."""

    def __init__(self, house: House) -> None:
        self._environment = os.environ | {
            "JIESU_HOME": str(house.settings.home),
            "JIESU_BUS": house.settings.bus,
            "JIESU_DATABASE_URL": house.settings.database(),
            "JIESU_LOG": "error",
        }
        self._ports = [port for _ in range((WORKERS + 2) // 3) for port in free_ports()][:WORKERS]
        self.processes = [self._start(number) for number in range(WORKERS)]

    def _start(self, number: int) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", "jiesu.cli", "worker", "--metrics-port", str(self._ports[number])],
            env=self._environment | {"JIESU_INSTANCE": f"killed-{number}"},
            stderr=subprocess.DEVNULL,
        )

    def working(self, number: int) -> bool:
        """Whether this worker has said that its stages read."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self._ports[number]}/readyz", timeout=2) as answer:
                return "route" in json.load(answer)["stages"]
        except (OSError, urllib.error.URLError):
            return False

    def kill(self, number: int) -> None:
        """End it without warning and start another in its place."""
        self.processes[number].kill()
        self.processes[number].wait()
        self.processes[number] = self._start(number)

    def stop(self) -> None:
        for process in self.processes:
            process.send_signal(signal.SIGTERM)
        for process in self.processes:
            assert process.wait(timeout=60) == 0


def test_thirty_kills_under_load_lose_nothing_and_send_nothing_twice(house: House) -> None:
    fed = 0
    enough = threading.Event()
    source = raw_records(house.bureau, 10**9, 11)

    def feed() -> None:
        nonlocal fed
        while not enough.is_set():
            batch = [
                Outgoing(
                    topics.intake(channel),
                    str(next(iter(record.values()))).encode(),
                    json.dumps(record, ensure_ascii=False).encode(),
                )
                for channel, record in (next(source) for _ in range(40))
            ]
            house.bus.publish(batch)
            fed += len(batch)
            enough.wait(0.25)  # the pace of the load

    draw = random.Random(3)
    feeder = threading.Thread(target=feed)
    workers = Workers(house)
    feeder.start()
    deadline = time.monotonic() + SECONDS
    try:
        for _ in range(KILLS):
            number = draw.randrange(WORKERS)
            while not workers.working(number):
                assert time.monotonic() < deadline, "the workers did not come back to work"
                enough.wait(0.1)
            enough.wait(draw.random())  # anywhere in a batch: the moment is drawn, nothing is waited for
            workers.kill(number)
        enough.set()
        feeder.join()
        while _decided(house) + _dead(house) < fed or house.outbox.waiting():
            assert time.monotonic() < deadline, prove(house).facts()
            feeder.join(0.2)
        workers.stop()
    finally:
        enough.set()
        feeder.join()
        for process in workers.processes:
            process.kill()

    sums = prove(house)
    assert sums.adds_up, sums.unaccounted[:10]
    assert (sums.read, sums.unread, sums.pending) == (fed, 0, 0)
    assert sums.letters + sums.dead + sums.repeats + sums.revisions == fed
    sent = Counter(
        dict(record.headers)[MESSAGE_ID]
        for topic in house.bus.topics()
        if topic.startswith(("assignments.", "notices."))
        for record in house.bus.scan(topic)
    )
    assert [name for name, count in sent.items() if count > 1] == []
    with house.database.read() as connection:
        kept = {
            str(row[0])
            for query in ("SELECT assignment_id FROM assignments", "SELECT notice_id FROM notices")
            for row in connection.execute(text(query))
        }
    assert {name.decode() for name in sent} == kept


def _decided(house: House) -> int:
    with house.database.read() as connection:
        return int(connection.execute(text("SELECT count(*) FROM cases")).scalar_one())


def _dead(house: House) -> int:
    with house.database.read() as connection:
        query = "SELECT count(*) FROM intake_records WHERE outcome <> 'letter'"
        return int(connection.execute(text(query)).scalar_one())
