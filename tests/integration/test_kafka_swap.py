"""A model is promoted while real workers label under load on Kafka and PostgreSQL: nothing lost, nothing labelled twice."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from itertools import islice
from pathlib import Path

import pytest
from sqlalchemy import text

from bureaus.invented import generate, raw_records
from classifier.serving import LetterModel
from classifier.training import train
from jiesu.conservation import prove
from jiesu.wiring import House
from letters import topics
from storage import models
from streams.port import MESSAGE_ID, Outgoing
from tests.integration.test_kafka_kills import Workers, broker, house

__all__ = ["broker", "house"]
SECONDS = 300
pytestmark = [pytest.mark.kafka, pytest.mark.postgres, pytest.mark.slow, pytest.mark.timeout(SECONDS + 60)]


def test_a_promotion_under_load_takes_hold_between_two_batches(house: House, tmp_path: Path) -> None:
    for name, count in (("first", 300), ("second", 400)):
        file = tmp_path / f"{name}.jsonl"
        rows = generate(house.bureau, count, 5, templates="train")
        file.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
        train([file], tmp_path / name)
    promote(house, tmp_path / "first")
    workers = Workers(house)
    pause = threading.Event()
    deadline = time.monotonic() + SECONDS
    source = raw_records(house.bureau, 10**6, 21)
    fed = 0

    def feed_until(model: str) -> None:
        """Keep the load on until letters labelled by this model have been decided."""
        nonlocal fed
        while model not in labelled(house):
            assert time.monotonic() < deadline, f"{model} never labelled"
            batch = [
                Outgoing(
                    topics.intake(channel),
                    str(next(iter(record.values()))).encode(),
                    json.dumps(record, ensure_ascii=False).encode(),
                )
                for channel, record in islice(source, 50)
            ]
            house.bus.publish(batch)
            fed += len(batch)
            pause.wait(0.2)  # the pace of the load

    try:
        feed_until("first")
        promote(house, tmp_path / "second")
        feed_until("second")
        while prove(house).pending or prove(house).unread or house.outbox.waiting():
            assert time.monotonic() < deadline, prove(house).facts()
            pause.wait(0.2)
        workers.stop()
    finally:
        for process in workers.processes:
            process.kill()
    sums = prove(house)
    assert sums.adds_up, sums.unaccounted[:5]
    assert sums.read == fed
    made = Counter(dict(record.headers)[MESSAGE_ID] for record in house.bus.scan("labels"))
    assert len(made) == sums.letters + sums.revisions
    assert [name for name, count in made.items() if count > 1] == []
    assert set(labelled(house)) == {"first", "second"}


def promote(house: House, model: Path) -> None:
    with house.database.write() as connection:
        name = models.register(connection, model, LetterModel.load(model).card, 1)
        models.promote(connection, name, 1, "test")


def labelled(house: House) -> Counter[str]:
    """How many decided letters each model labelled."""
    with house.database.read() as connection:
        rows = connection.execute(text("SELECT document FROM ledger WHERE event = 'decided'")).all()
    return Counter(json.loads(bytes(row[0]))["label"]["model"]["name"] for row in rows)
