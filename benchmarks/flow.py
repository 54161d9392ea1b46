"""What the flow's benchmarks share: an installation of their own, a trained model, invented records on the bus."""

from __future__ import annotations

import json
from itertools import islice
from pathlib import Path

from bureaus.invented import generate, raw_records
from classifier.serving import LetterModel
from classifier.training import train
from jiesu.logs import configure_logs
from jiesu.settings import load_settings
from jiesu.wiring import House
from letters import topics
from letters.clock import to_ms
from storage import models
from streams.port import Outgoing

SEED = 7
TRAINED_ON = 4000


def prepared_house(*, home: Path, bus: str, database: str | None, **settings: object) -> House:
    """An installation with topics and tables, its run-time data in `home`."""
    configure_logs("error")
    house = House(load_settings(home=home, bus=bus, database_url=database, **settings))
    house.prepare()
    return house


def promoted_model(house: House) -> None:
    """A model learned from invented letters labels from now on; trained once and kept in var/bench."""
    folder = Path("var/bench/models") / f"invented-{TRAINED_ON}"
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        letters = folder.parent / "letters.jsonl"
        with letters.open("w", encoding="utf-8") as file:
            for row in generate(house.bureau, TRAINED_ON, SEED, templates="train"):
                file.write(json.dumps(row, ensure_ascii=False) + "\n")
        train([letters], folder)
    card = LetterModel.load(folder).card
    with house.database.write() as connection:
        name = models.register(connection, folder, card, to_ms(house.clock.now()))
        models.promote(connection, name, to_ms(house.clock.now()), "benchmark")


def records(house: House, count: int, *, seed: int = SEED, start: int = 0) -> list[Outgoing]:
    """So many invented upstream records, from all five channels, as they go on the intake topics."""
    made = []
    now = house.clock.now()  # letters of today: old ones would be overdue at birth, and their alerts be measured too
    source = raw_records(house.bureau, start + count, seed, start=now, days=0)
    for channel, record in islice(source, start, None):
        key = next(iter(record.values()))
        made.append(
            Outgoing(topics.intake(channel), str(key).encode(), json.dumps(record, ensure_ascii=False).encode())
        )
    return made


def feed_records(house: House, count: int, *, seed: int = SEED) -> int:
    """Puts them on the bus; how many."""
    waiting = records(house, count, seed=seed)
    for start in range(0, len(waiting), 500):
        house.bus.publish(waiting[start : start + 500])
    return len(waiting)
