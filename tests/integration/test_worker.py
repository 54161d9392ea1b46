"""`jiesu worker` on real Kafka: killed, moved, stopped, cut off from its database or broker; every record once, none lost."""

from __future__ import annotations

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from jiesu.services_kafka import Broker, free_ports
from letters.errors import TryLater
from letters.topics import CONTROL
from streams.kafka import KafkaBus
from streams.kafka_url import KafkaSettings
from streams.port import MESSAGE_ID, Outgoing, TopicSpec

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(240)]

PARTITIONS = 4
SOON = 60.0

PROCESS = Path(__file__).with_name("worker_process.py")


class Worker:
    """A worker process and what it told."""

    def __init__(self, url: str, home: Path, options: dict[str, object]) -> None:
        self.told: list[dict[str, object]] = []
        self.process = subprocess.Popen(
            [sys.executable, str(PROCESS), url, str(home), json.dumps(options)],
            stdout=subprocess.PIPE,
            stderr=(home / "worker.log").open("a"),
            text=True,
        )
        self._listening = threading.Thread(target=self._listen, daemon=True)
        self._listening.start()

    def _listen(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.startswith("{"):  # the rest is the log
                self.told.append(json.loads(line))

    def said(self, word: str) -> list[object]:
        return [told[word] for told in list(self.told) if word in told]

    def end(self, number: signal.Signals = signal.SIGKILL) -> int:
        self.process.send_signal(number)
        code = self.process.wait(30)
        self._listening.join(5)
        return code


class Place:
    """Topics, rows and workers of one test."""

    def __init__(self, url: str, home: Path) -> None:
        self.url, self.home = url, home
        self.mark = uuid.uuid4().hex[:8]
        self.source, self.target, self.group = f"{self.mark}.in", f"{self.mark}.out", f"{self.mark}.keep"
        self.bus = KafkaBus(KafkaSettings.from_url(url))
        self.bus.create([TopicSpec(self.source, PARTITIONS), TopicSpec(self.target, PARTITIONS), TopicSpec(CONTROL)])
        self.rows = sqlite3.connect(home / "rows.sqlite3", timeout=30, isolation_level=None)
        self.rows.execute("PRAGMA journal_mode = WAL")
        self.rows.execute("CREATE TABLE rows (stage TEXT, id TEXT, PRIMARY KEY (stage, id))")
        self.rows.execute("CREATE TABLE outbox (id INTEGER PRIMARY KEY, stage TEXT, owner TEXT, at INTEGER, body TEXT)")
        self.workers: list[Worker] = []
        self.fed = 0

    def work(self, **options: object) -> Worker:
        stages = [[self.group, [self.source], self.target]]
        self.workers.append(Worker(self.url, self.home, {"stages": stages, **options}))
        return self.workers[-1]

    def feed(self, count: int, topic: str | None = None) -> None:
        ids = range(self.fed, self.fed + count)
        self.bus.publish(
            [Outgoing(topic or self.source, b"%d" % i, b"%d" % i, ((MESSAGE_ID, b"%d" % i),)) for i in ids]
        )
        self.fed += count

    def lag(self) -> int:
        try:
            done = self.bus.committed(self.group, [self.source])
            return sum(end - done.get(at, 0) for at, end in self.bus.ends([self.source]).items())
        except TryLater:
            return -1

    def until(self, condition: Callable[[], bool], said: str, seconds: float = SOON) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            log = (self.home / "worker.log").read_text()[-3000:] if time.monotonic() > deadline else ""
            assert time.monotonic() < deadline, f"{said}\n{[w.told[-5:] for w in self.workers]}\n{log}"
            time.sleep(0.05)

    def exactly_once(self) -> None:
        """Every record that was fed has one row and one message, whoever reads without regard to transactions."""
        arrived = Counter(dict(record.headers)[MESSAGE_ID] for record in self.bus.scan(self.target))
        assert set(arrived) == {b"%d" % i for i in range(self.fed)}
        assert {id_: count for id_, count in arrived.items() if count > 1} == {}
        assert self.rows.execute("SELECT count(*) FROM rows").fetchone()[0] == self.fed
        assert self.rows.execute("SELECT count(*) FROM outbox").fetchone()[0] == 0

    def close(self) -> None:
        for worker in self.workers:
            worker.process.kill()
            worker.process.wait()
        self.bus.close()
        self.rows.close()


@pytest.fixture
def place(kafka_url: str, tmp_path: Path) -> Iterator[Place]:
    made = Place(f"{kafka_url}?session_timeout=3", tmp_path)
    yield made
    made.close()


@pytest.fixture
def own_broker(tmp_path: Path, kafka_libs: str) -> Iterator[Broker]:
    broker = Broker(tmp_path / "kafka", Path(kafka_libs), free_ports())
    broker.start()
    yield broker
    broker.kill()


def test_killed_workers_lose_and_repeat_nothing(place: Place) -> None:
    moments = random.Random(3)
    over = threading.Event()

    def feed() -> None:
        while not over.wait(0.02):
            place.feed(100)

    workers = [place.work(), place.work()]
    feeder = threading.Thread(target=feed)
    feeder.start()
    try:
        for kill in range(4):
            victim = workers[kill % 2]
            enough = len(victim.said("done")) + moments.randint(1, 15)
            place.until(lambda v=victim, n=enough: len(v.said("done")) >= n, "the worker does not work")
            victim.end(signal.SIGKILL)
            workers[kill % 2] = place.work()
        place.until(lambda: bool(workers[0].said("done")), "the worker does not work")
        assert workers[0].end(signal.SIGTERM) == 0
    finally:
        over.set()
        feeder.join()
    place.until(lambda: place.lag() == 0, "not everything was handled")
    for worker in workers:
        assert worker.end(signal.SIGTERM) == 0
    place.exactly_once()


def test_an_orderly_stop_is_quick_and_hands_over_at_once(place: Place) -> None:
    first = place.work(slow=0.1)
    place.feed(1000)
    place.until(lambda: len(first.said("done")) >= 2, "the worker does not work")
    second = place.work()
    began = time.monotonic()
    assert first.end(signal.SIGTERM) == 0
    assert time.monotonic() - began < 5
    assert first.said("stopped") == ["None"]
    place.until(lambda: place.lag() == 0, "not everything was handled")
    assert time.monotonic() - began < 15
    assert second.end(signal.SIGTERM) == 0
    place.exactly_once()


def test_a_second_worker_shares_the_partitions_and_nothing_is_done_twice(place: Place) -> None:
    first = place.work(slow=0.05)
    place.feed(500)
    place.until(lambda: bool(first.said("done")), "the worker does not work")
    second = place.work(slow=0.05)

    def shared() -> bool:
        place.feed(100)
        return bool(second.said("done"))

    place.until(shared, "the second worker gets nothing")
    place.until(lambda: place.lag() == 0, "not everything was handled")
    handled = sum(sum(worker.said("done")) for worker in (first, second))  # type: ignore[arg-type]
    assert handled == place.fed
    place.exactly_once()


def test_a_database_that_is_down_is_waited_for_and_nothing_is_read_on(place: Place) -> None:
    worker = place.work()
    place.feed(100)
    place.until(lambda: place.lag() == 0, "not everything was handled")
    (place.home / "database-down").touch()
    place.feed(1000)
    place.until(lambda: len(worker.said("retrying")) >= 3, "nobody waits")
    assert place.lag() == 1000
    (place.home / "database-down").unlink()
    place.until(lambda: place.lag() == 0, "not everything was handled")
    assert worker.process.poll() is None
    place.exactly_once()


def test_a_worker_that_waits_for_its_database_stops_when_told(place: Place) -> None:
    (place.home / "database-down").touch()
    worker = place.work()
    place.feed(100)
    place.until(lambda: bool(worker.said("retrying")), "nobody waits")
    began = time.monotonic()
    assert worker.end(signal.SIGTERM) == 0
    assert time.monotonic() - began < 5
    assert place.lag() == 100


def test_an_error_nobody_foresaw_ends_the_worker_and_commits_nothing(place: Place) -> None:
    place.feed(50)
    place.bus.publish([Outgoing(place.source, b"0", b"poison", ((MESSAGE_ID, b"p"),))])
    worker = place.work(batch=1000)
    assert worker.process.wait(SOON) != 0
    assert place.lag() > 0
    assert worker.said("stopped") == ["no rule foresaw this"]


def test_the_brake_stops_the_worker_after_the_batch_is_committed(place: Place) -> None:
    place.feed(50)
    worker = place.work(brake=True, batch=1000)
    assert worker.process.wait(SOON) != 0
    place.until(lambda: worker.said("stopped") == ["too many dead letters"], "no reason")
    assert place.lag() == 50 - sum(worker.said("done"))  # type: ignore[arg-type]
    assert place.lag() < 50


def test_a_stage_that_hangs_does_not_hold_up_the_stop_for_ever(place: Place) -> None:
    worker = place.work(slow=600)
    place.feed(50)
    place.until(lambda: place.rows.execute("SELECT count(*) FROM rows").fetchone()[0] > 0, "the worker does not work")
    began = time.monotonic()
    assert worker.end(signal.SIGTERM) == 1
    assert time.monotonic() - began < 20
    assert place.lag() == 50


def test_several_stages_patterns_and_control_in_one_worker(place: Place) -> None:
    unit = f"{place.mark}.progress.360703110000"
    later = f"{place.mark}.progress.360703120000"
    place.bus.create([TopicSpec(unit)])
    stages = [
        [place.group, [place.source], place.target],
        [f"{place.mark}.progress", [f"{place.mark}.progress.*"], place.target],
    ]
    worker = place.work(stages=stages)
    place.feed(300)
    place.feed(5, unit)
    place.until(lambda: len(worker.said("assigned")) >= 2, "no partitions")
    place.bus.create([TopicSpec(later)])
    place.feed(7, later)
    place.bus.publish(
        [Outgoing(CONTROL, None, b'{"command": "promote", "model": "m2", "at": "2026-01-01T00:00:00+08:00"}')]
    )
    place.bus.publish([Outgoing(CONTROL, None, b"no control message")])
    place.until(lambda: {"control": "promote", "model": "m2"} in worker.told, "no control")
    place.until(lambda: place.lag() == 0, "not everything was handled")
    place.until(lambda: sum(place.bus.committed(f"{place.mark}.progress", [unit, later]).values()) == 12, "pattern")
    assert worker.end(signal.SIGTERM) == 0
    place.exactly_once()


def test_a_named_worker_gets_its_partitions_back_without_waiting_for_its_session(place: Place) -> None:
    place.url = place.url.replace("session_timeout=3", "session_timeout=60")
    worker = place.work(instance="a")
    place.feed(100)
    place.until(lambda: place.lag() == 0, "not everything was handled")
    worker.end(signal.SIGKILL)
    began = time.monotonic()
    place.work(instance="a")
    place.feed(100)
    place.until(lambda: place.lag() == 0, "not everything was handled")
    assert time.monotonic() - began < 20
    place.exactly_once()


def test_a_topic_that_does_not_exist_is_named(place: Place) -> None:
    worker = place.work(stages=[[place.group, ["no-such-topic"], place.target]])
    assert worker.process.wait(SOON) != 0
    assert "Topic no-such-topic does not exist" in (place.home / "worker.log").read_text()


@pytest.mark.slow
def test_a_broker_that_is_killed_and_comes_back_in_flight(own_broker: Broker, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    place = Place(f"{own_broker.url}?session_timeout=3", home)
    try:
        worker = place.work()
        place.feed(2000)
        place.until(lambda: place.lag() == 0, "not everything was handled")
        place.feed(20_000)  # so many that the worker is still at it when the broker goes
        count = len(worker.said("done"))
        place.until(lambda: len(worker.said("done")) > count, "the worker does not work")
        own_broker.kill()
        place.until(lambda: bool(worker.said("retrying")), "nobody noticed")
        own_broker.start()
        place.until(lambda: place.lag() == 0, "not everything was handled")
        assert worker.end(signal.SIGTERM) == 0
        place.exactly_once()
    finally:
        place.close()


def test_a_worker_waits_for_a_broker_that_is_not_there_yet(tmp_path: Path, kafka_libs: str) -> None:
    broker = Broker(tmp_path / "kafka", Path(kafka_libs), free_ports())
    home = tmp_path / "home"
    home.mkdir()
    worker = Worker(broker.url, home, {"stages": [["g", ["in"], "out"]]})
    deadline = time.monotonic() + SOON
    while not worker.said("retrying"):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert f"no Kafka listens on {broker.servers}" in str(worker.said("retrying")[0])
    assert worker.end(signal.SIGTERM) == 0
    assert os.path.exists(home)


def test_a_worker_logs_in_and_says_so_when_it_may_not(kafka_sasl_url: str, tmp_path: Path) -> None:
    place = Place(kafka_sasl_url, tmp_path)
    try:
        worker = place.work()
        place.feed(200)
        place.until(lambda: place.lag() == 0, "not everything was handled")
        assert worker.end(signal.SIGTERM) == 0
        place.exactly_once()
        password = urlsplit(kafka_sasl_url).password
        wrong = Worker(kafka_sasl_url.replace(f":{password}@", ":wrong@"), tmp_path, {"stages": [["g", ["in"], "out"]]})
        log = tmp_path / "worker.log"
        place.until(lambda: "login of admin" in log.read_text() + str(wrong.said("retrying")), "no word of the login")
        wrong.end()
    finally:
        place.close()
