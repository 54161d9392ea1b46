"""A hostile day: thousands of mutated records pass every stage, and each one is accounted for (invariants 1 and 4)."""

from __future__ import annotations

import base64
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import text

from jiesu.conservation import prove
from jiesu.settings import Settings
from jiesu.wiring import House
from letters import topics
from letters.messages import Assignment, DeadLetter, Label, Letter, Notice
from storage.dead import dead_letters
from streams.binding import run_until_idle
from streams.port import MESSAGE_ID, Outgoing
from tests.mutations import RECORDS, Record, mutated

FED = 20_500
SEED = 20261122
READERS = {"letters": Letter, "labels": Label, "assignments": Assignment, "notices": Notice, "dead-letters": DeadLetter}


def from_many_writers() -> list[Record]:
    """The valid records as if hundreds had written them, so that they are not all one person's letters."""
    phones = {
        "12345": "callerPhone",
        "110": "bjdh",
        "12389": "jbrlxfs",
        "petition": "petitionerPhone",
        "mailbox": "shouji",
    }
    return [
        (channel, {**record, phones[channel]: f"138{writer:04d}{number:04d}", "petitionerIdNo": None, "cardid": None})
        for writer in range(200)
        for number, (channel, record) in enumerate(RECORDS)
    ]


@pytest.mark.timeout(240)
def test_every_one_of_twenty_thousand_mutated_records_is_accounted_for(tmp_path: Path) -> None:
    house = House(Settings(home=tmp_path, dead_share=1.0, log="error"))
    house.prepare()
    fed: Counter[tuple[str, bytes]] = Counter()
    batch: list[Outgoing] = []
    for channel, value, headers in mutated(from_many_writers(), FED, SEED):
        fed[topics.intake(channel), value] += 1
        batch.append(Outgoing(topics.intake(channel), None, value, headers))
        if len(batch) == 500:
            house.bus.publish(batch)
            batch.clear()
    house.bus.publish(batch)
    bindings = house.bindings()
    handled = run_until_idle(bindings)
    for binding in bindings:
        binding.close()

    assert handled["intake"] == FED
    sums = prove(house)
    assert sums.adds_up
    assert (sums.read, sums.unread, sums.pending, sums.unaccounted) == (FED, 0, 0, [])
    assert sums.letters > FED / 10, "some records must get through, or nothing was tested"
    assert sums.dead > FED / 10

    stood = {
        (topic, record.partition, record.offset): record
        for topic in house.bus.topics()
        if topic.startswith("intake.")
        for record in house.bus.scan(topic)
    }
    with house.database.read() as connection:
        dead = dead_letters(connection, house.sealer)
        kept = connection.execute(text("SELECT count(*) FROM intake_records WHERE raw IS NULL")).scalar_one()
    assert len(dead) == sums.dead == kept
    for each in dead:
        record = stood[each.topic, each.partition, each.offset]
        assert (each.raw, each.headers) == (record.value, record.headers)
        assert each.reason
        assert each.message
        assert len(each.message) < 2000, "a reason is a sentence, not the record"
    surprises = Counter(each.message for each in dead if each.reason == "broke_the_stage")
    assert not surprises, "records that no rule foresaw"

    ids: Counter[tuple[str, bytes]] = Counter()
    for topic in house.bus.topics():
        reader = READERS.get(topic.partition(".")[0])
        if reader is None:
            continue
        for record in house.bus.scan(topic):
            message = reader.model_validate_json(record.value)
            ids[topic, dict(record.headers)[MESSAGE_ID]] += 1
            if isinstance(message, DeadLetter):
                assert base64.b64decode(message.raw) == stood[message.topic, message.partition, message.offset].value
    assert set(ids.values()) == {1}
    assert sum(topic == "dead-letters" for topic, _ in ids) == sums.dead
    assert sum(topic == "letters" for topic, _ in ids) == sums.letters + sums.revisions
    house.close()
