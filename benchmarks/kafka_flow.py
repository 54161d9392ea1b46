"""Kafka and PostgreSQL, everything on this machine: invented records in, assignments out; letters a second and latency.

python -m benchmarks.kafka_flow [LETTERS] [--workers N] [--latency-seconds S]

Needs `make services`; uses a Kafka broker and a PostgreSQL database of its own, thrown away at the end.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import text

from benchmarks.flow import prepared_house, promoted_model, records
from benchmarks.machine import machine
from benchmarks.services import own_broker, own_database
from jiesu.conservation import prove
from jiesu.wiring import House
from letters import topics
from letters.messages import Assignment

LETTERS = 30_000
LATENCY_PER_SECOND = 300
LATENCY_SECONDS = 30
_METRICS = 29310


@contextmanager
def workers(house: House, count: int) -> Iterator[None]:
    """So many `jiesu worker` processes with every stage, ready to read."""
    environment = os.environ | {
        "JIESU_HOME": str(house.settings.home),
        "JIESU_BUS": house.settings.bus,
        "JIESU_DATABASE_URL": house.settings.database(),
        "JIESU_LOG": "warning",
    }
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "jiesu.cli", "worker", "--metrics-port", str(_METRICS + number)], env=environment
        )
        for number in range(count)
    ]
    try:
        for number in range(count):
            _wait_ready(_METRICS + number)
        yield
    finally:
        for process in processes:
            process.send_signal(signal.SIGTERM)
        for process in processes:
            process.wait(timeout=30)


def throughput(house: House, letters: int) -> float:
    """Letters a second from the first record fed to the last letter decided and sent."""
    waiting = records(house, letters)
    began = time.perf_counter()
    for start in range(0, len(waiting), 500):
        house.bus.publish(waiting[start : start + 500])
    _wait_decided(house, letters, deadline=began + 600)
    return letters / (time.perf_counter() - began)


def latency(house: House, per_second: int, seconds: int) -> list[float]:
    """Seconds from feeding a record to reading its assignment, for records fed evenly over the time."""
    waiting = records(house, per_second * seconds, seed=99)
    sent: dict[str, float] = {}
    got: dict[str, float] = {}
    stop = threading.Event()
    reader = house.bus.reader("benchmark", ["assignments.*"])
    while reader.poll(10_000, 1.0):
        reader.commit()

    def read() -> None:
        while not stop.is_set():
            for record in reader.poll(1000, 0.1):
                source = Assignment.model_validate_json(record.value).source
                got.setdefault(f"{source.channel}:{source.source_id}", time.perf_counter())
            reader.commit()

    listening = threading.Thread(target=read)
    listening.start()
    began = time.perf_counter()
    pace = 30
    for start in range(0, len(waiting), pace):
        batch = waiting[start : start + pace]
        due = began + start / per_second
        while (left := due - time.perf_counter()) > 0:
            time.sleep(left)  # the pace of feeding, not a wait for anything
        at = time.perf_counter()
        for message in batch:
            sent[f"{topics.channel_of(message.topic)}:{(message.key or b'').decode()}"] = at
        house.bus.publish(batch)
    quiet = time.perf_counter()
    seen = -1
    while len(got) != seen or time.perf_counter() - quiet < 3:
        if len(got) != seen:
            seen, quiet = len(got), time.perf_counter()
        stop.wait(0.1)
    stop.set()
    listening.join()
    reader.close()
    return sorted(got[key] - sent[key] for key in got if key in sent)


def _wait_ready(port: int) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=1) as answer:
                if len(json.load(answer)["stages"]) >= 4:
                    return
        except (OSError, urllib.error.URLError):
            pass
        time.sleep(0.1)
    raise SystemExit("the workers did not become ready within a minute")


def _wait_decided(house: House, letters: int, *, deadline: float) -> None:
    while time.perf_counter() < deadline:
        with house.database.read() as connection:
            done = connection.execute(text("SELECT count(*) FROM cases")).scalar_one()
        if done >= letters and not house.outbox.waiting():
            return
        time.sleep(0.05)
    raise SystemExit(f"only {done} of {letters} letters were decided in ten minutes")


def main() -> None:
    """Prints the table."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("letters", nargs="?", type=int, default=LETTERS)
    arguments.add_argument("--workers", type=int, default=2)
    arguments.add_argument("--latency-seconds", type=int, default=LATENCY_SECONDS)
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder, own_broker(Path(folder)) as bus, own_database() as database:
        house = prepared_house(home=Path(folder), bus=bus, database=database)
        promoted_model(house)
        with workers(house, given.workers):
            speed = throughput(house, given.letters)
            waits = latency(house, LATENCY_PER_SECOND, given.latency_seconds)
        sums = prove(house)
        house.close()
    assert sums.adds_up, sums.unaccounted[:5]
    print(f"Kafka + PostgreSQL, broker, database and {given.workers} workers on one machine. {machine()}")
    print(f"  letters                {given.letters:>10,}")
    print(f"  letters_per_second     {speed:>10,.0f}")
    cuts = statistics.quantiles(waits, n=100)
    print(f"  latency at {LATENCY_PER_SECOND}/s over {len(waits):,} assigned letters, feed to assignment read:")
    print(f"  p50_ms {cuts[49] * 1000:>8,.0f}   p95_ms {cuts[94] * 1000:>8,.0f}   p99_ms {cuts[98] * 1000:>8,.0f}")


if __name__ == "__main__":
    main()
