"""What every bus must do, run against each backend; a stage must not be able to tell them apart."""

from __future__ import annotations

import subprocess
import sys
import time
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from letters.errors import TryLater
from streams.buses import open_bus
from streams.port import MESSAGE_ID, Bus, Outgoing, Reader, Record, TopicSpec, UnknownTopic

SOON = 30.0


class Bed:
    """One log and as many buses on it as a test opens; topic and group names nobody else uses."""

    def __init__(self, url: str, home: Path) -> None:
        self.url, self.home = url, home
        self.mark = uuid.uuid4().hex[:10]
        self._open: list[Bus] = []
        self.bus = self.another()

    def another(self) -> Bus:
        self._open.append(open_bus(self.url, self.home))
        return self._open[-1]

    def topic(self, name: str = "t", partitions: int = 1) -> str:
        full = f"{self.mark}.{name}"
        self.bus.create([TopicSpec(full, partitions)])
        return full

    def close(self) -> None:
        for bus in self._open:
            bus.close()


@pytest.fixture(params=["embedded", pytest.param("kafka", marks=pytest.mark.kafka)])
def bed(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bed]:
    url = "embedded" if request.param == "embedded" else request.getfixturevalue("kafka_url") + "?session_timeout=3"
    made = Bed(url, tmp_path)
    yield made
    made.close()


def out(topic: str, value: bytes, key: bytes | None = None, id_: str | None = None) -> Outgoing:
    return Outgoing(topic, key, value, ((MESSAGE_ID, id_.encode()),) if id_ else ())


def numbered(topic: str, count: int, keys: int = 1) -> list[Outgoing]:
    return [out(topic, b"%d" % i, b"k%d" % (i % keys)) for i in range(count)]


def drain(reader: Reader, count: int, max_records: int = 100) -> list[Record]:
    """Poll until `count` records have come."""
    found: list[Record] = []
    deadline = time.monotonic() + SOON
    while len(found) < count and time.monotonic() < deadline:
        found += reader.poll(max_records, 0.2)
    assert len(found) == count
    return found


def until(condition: Callable[[], bool], said: str) -> None:
    deadline = time.monotonic() + SOON
    while not condition():
        assert time.monotonic() < deadline, said


def test_messages_of_a_key_keep_their_order(bed: Bed) -> None:
    topic = bed.topic(partitions=4)
    for start in range(0, 200, 50):
        bed.bus.publish(numbered(topic, 200, keys=7)[start : start + 50])
    by_key: dict[bytes | None, list[int]] = defaultdict(list)
    places: dict[bytes | None, set[int]] = defaultdict(set)
    for record in drain(bed.bus.reader("g" + bed.mark, [topic]), 200):
        by_key[record.key].append(int(record.value))
        places[record.key].add(record.partition)
    assert all(values == sorted(values) for values in by_key.values())
    assert all(len(partitions) == 1 for partitions in places.values())
    assert len(by_key) == 7
    assert len(set.union(*places.values())) > 1


def test_offsets_of_a_partition_are_contiguous_from_zero(bed: Bed) -> None:
    topic = bed.topic()
    bed.bus.publish(numbered(topic, 10))
    bed.bus.publish(numbered(topic, 5))
    assert [record.offset for record in bed.bus.scan(topic)] == list(range(15))


def test_each_group_reads_everything(bed: Bed) -> None:
    topic = bed.topic()
    bed.bus.publish(numbered(topic, 20))
    for group in ("one", "two"):
        assert len(drain(bed.bus.reader(group + bed.mark, [topic]), 20)) == 20


def test_poll_gives_no_more_than_asked_and_returns_when_nothing_comes(bed: Bed) -> None:
    topic = bed.topic()
    bed.bus.publish(numbered(topic, 20))
    reader = bed.bus.reader("g" + bed.mark, [topic])
    assert len(drain(reader, 7, max_records=7)) == 7
    drain(reader, 13)
    began = time.monotonic()
    assert reader.poll(10, 0.1) == []
    assert time.monotonic() - began < 5


def test_what_was_committed_is_not_read_again_and_the_rest_is(bed: Bed) -> None:
    topic, group = bed.topic(), "g" + bed.mark
    bed.bus.publish(numbered(topic, 30))
    first = bed.bus.reader(group, [topic])
    drain(first, 10, max_records=10)
    first.commit()
    drain(first, 10, max_records=10)
    first.close()
    assert bed.bus.committed(group, [topic]) == {(topic, 0): 10}
    again = bed.another().reader(group, [topic])
    assert [int(record.value) for record in drain(again, 20)] == list(range(10, 30))


def test_commit_covers_every_poll_since_the_last_and_nothing_more(bed: Bed) -> None:
    topic, group = bed.topic(), "g" + bed.mark
    bed.bus.publish(numbered(topic, 30))
    reader = bed.bus.reader(group, [topic])
    reader.commit()
    assert bed.bus.committed(group, [topic]) == {}
    drain(reader, 5, max_records=5)
    drain(reader, 5, max_records=5)
    reader.commit()
    assert bed.bus.committed(group, [topic]) == {(topic, 0): 10}


def test_rewind_gives_the_uncommitted_again(bed: Bed) -> None:
    topic = bed.topic(partitions=3)
    bed.bus.publish(numbered(topic, 30, keys=9))
    reader = bed.bus.reader("g" + bed.mark, [topic])
    before = {(r.partition, r.offset) for r in drain(reader, 10, max_records=10)}
    reader.commit()
    second = {(r.partition, r.offset) for r in drain(reader, 8, max_records=8)}
    reader.rewind()
    rest = {(r.partition, r.offset) for r in drain(reader, 20)}
    assert second <= rest
    assert not before & rest


def test_a_paused_topic_is_read_no_further(bed: Bed) -> None:
    stopped, going = bed.topic("stopped"), bed.topic("going")
    reader = bed.bus.reader("g" + bed.mark, [stopped, going])
    bed.bus.publish(numbered(going, 1))
    drain(reader, 1)
    reader.pause(stopped)
    bed.bus.publish(numbered(stopped, 5) + numbered(going, 5))
    assert {record.topic for record in drain(reader, 5)} == {going}
    assert reader.poll(10, 0.3) == []


def test_two_members_share_the_partitions(bed: Bed) -> None:
    topic, group = bed.topic(partitions=4), "g" + bed.mark
    readers = [bed.bus.reader(group, [topic]), bed.another().reader(group, [topic])]
    read: list[dict[int, list[bytes]]] = [defaultdict(list), defaultdict(list)]
    fed = 0
    deadline = time.monotonic() + SOON
    while not (len(read[0]) == len(read[1]) == 2 and not set(read[0]) & set(read[1])):
        assert time.monotonic() < deadline, read
        for partitions in read:
            partitions.clear()
        bed.bus.publish(numbered(topic, 40, keys=20))
        fed += 40
        while sum(bed.bus.committed(group, [topic]).values()) < fed and time.monotonic() < deadline:
            for reader, partitions in zip(readers, read, strict=True):
                for record in reader.poll(100, 0.05):
                    partitions[record.partition].append(record.value)
                try:
                    reader.commit()
                except TryLater:
                    reader.rewind()
    readers[0].close()
    bed.bus.publish(numbered(topic, 40, keys=20))
    assert len(drain(readers[1], 40)) == 40


MEMBER = """
import sys
from pathlib import Path
from streams.buses import open_bus
url, home, group, topic = sys.argv[1:]
reader = open_bus(url, Path(home)).reader(group, [topic])
while not reader.poll(10, 1.0):
    pass
print("reading", flush=True)
while True:
    reader.poll(1000, 0.1)
"""


def test_the_partitions_of_a_killed_member_come_over_with_what_it_had_not_committed(bed: Bed) -> None:
    topic, group = bed.topic(partitions=2), "g" + bed.mark
    bed.bus.publish(numbered(topic, 20, keys=10))
    arguments = [sys.executable, "-c", MEMBER, bed.url, str(bed.home), group, topic]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as member:
        assert member.stdout is not None
        assert member.stdout.readline() == "reading\n"
        reader = bed.bus.reader(group, [topic])
        assert reader.poll(10, 0.2) == []
        member.kill()
    assert sorted(int(record.value) for record in drain(reader, 20)) == list(range(20))
    reader.commit()


def test_a_pattern_takes_in_topics_made_later(bed: Bed) -> None:
    bed.topic("progress.360703000001")
    bed.topic("other")
    reader = bed.bus.reader("g" + bed.mark, [f"{bed.mark}.progress.*"])
    assert reader.poll(1, 0.1) == []
    later = bed.topic("progress.360703000002")
    bed.bus.publish([out(later, b"x"), out(f"{bed.mark}.other", b"y"), out(f"{bed.mark}.progress.360703000001", b"z")])
    assert {record.value for record in drain(reader, 2)} == {b"x", b"z"}
    assert set(bed.bus.ends([f"{bed.mark}.progress.*"])) == {
        (f"{bed.mark}.progress.360703000001", 0),
        (f"{bed.mark}.progress.360703000002", 0),
    }


def test_missing_names_what_has_not_arrived(bed: Bed) -> None:
    topic, other = bed.topic(partitions=3), bed.topic("other")
    before = int(time.time() * 1000) - 1000
    sent = [out(topic, b"x", b"k%d" % i, f"id-{i}") for i in range(50)]
    unsent = [out(topic, b"x", b"k%d" % i, f"id-{i}") for i in range(50, 60)]
    bed.bus.publish(sent[:25])
    bed.bus.publish(sent[25:])
    elsewhere = out(other, b"x", None, "id-1")
    assert bed.bus.missing([*sent, *unsent, elsewhere], before) == [*unsent, elsewhere]
    assert bed.bus.missing(sent, int(time.time() * 1000) + 60_000) == sent
    assert bed.bus.missing([], before) == []


def test_missing_finds_messages_by_time(bed: Bed) -> None:
    topic = bed.topic()
    bed.bus.publish([out(topic, b"x", None, "early")])
    early = next(bed.bus.scan(topic)).timestamp
    until(lambda: int(time.time() * 1000) > early + 5, "the clock stands")
    bed.bus.publish([out(topic, b"x", None, "late")])
    late = [record.timestamp for record in bed.bus.scan(topic)][1]
    both = [out(topic, b"x", None, "early"), out(topic, b"x", None, "late")]
    assert bed.bus.missing(both, early) == []
    assert bed.bus.missing(both, late) == both[:1]


def test_keys_headers_and_values_come_back_byte_for_byte(bed: Bed) -> None:
    topic = bed.topic()
    headers = (
        ("content-type", "文本; charset=gb18030".encode("gb18030")),
        ("empty", b""),
        ("键", b"\x00\xff"),
        ("empty", b"2"),
    )
    sent = [
        Outgoing(topic, None, b"", ()),
        Outgoing(topic, b"", b"\x00", headers),
        Outgoing(topic, "信".encode(), bytes(range(256)) * 4096, headers[:1]),
    ]
    bed.bus.publish(sent)
    assert [Outgoing(r.topic, r.key, r.value, r.headers) for r in bed.bus.scan(topic)] == sent
    read = drain(bed.bus.reader("g" + bed.mark, [topic]), 3)
    assert [Outgoing(r.topic, r.key, r.value, r.headers) for r in read] == sent
    assert all(abs(r.timestamp - time.time() * 1000) < 60_000 for r in read)


def test_starts_ends_and_committed_tell_the_lag(bed: Bed) -> None:
    topic, group = bed.topic(partitions=2), "g" + bed.mark
    assert bed.bus.starts([topic]) == bed.bus.ends([topic]) == {(topic, 0): 0, (topic, 1): 0}
    bed.bus.publish(numbered(topic, 30, keys=10))
    ends = bed.bus.ends([topic])
    assert sum(ends.values()) == 30
    assert bed.bus.committed(group, [topic]) == {}
    reader = bed.bus.reader(group, [topic])
    drain(reader, 30)
    reader.commit()
    assert bed.bus.committed(group, [topic]) == ends
    assert bed.bus.starts([topic]) == {(topic, 0): 0, (topic, 1): 0}


def test_scan_reads_what_is_there_and_follows_what_comes(bed: Bed) -> None:
    topic = bed.topic(partitions=2)
    bed.bus.publish(numbered(topic, 20, keys=10))
    assert sorted(int(record.value) for record in bed.bus.scan(topic)) == list(range(20))
    following = bed.bus.scan(topic, from_start=False, follow=True)
    bed.another().publish([out(topic, b"new", b"a"), out(topic, b"newer", b"a")])
    assert [next(following).value, next(following).value] == [b"new", b"newer"]
    assert list(bed.bus.scan(topic, from_start=False)) == []


def test_topics_are_made_once(bed: Bed) -> None:
    one, two = f"{bed.mark}.one", f"{bed.mark}.two"
    assert bed.bus.create([TopicSpec(one, 2, replication=3, retention_hours=24)]) == [one]
    assert bed.bus.create([TopicSpec(one, 2), TopicSpec(two)]) == [two]
    assert {name: count for name, count in bed.bus.topics().items() if bed.mark in name} == {one: 2, two: 1}
    assert not [name for name in bed.bus.topics() if name.startswith("__")]


def test_an_unknown_topic_is_refused_by_name(bed: Bed) -> None:
    calls: list[Callable[[], object]] = [
        lambda: bed.bus.publish([out("no-such-topic", b"x")]),
        lambda: bed.bus.reader("g" + bed.mark, ["no-such-topic"]),
        lambda: bed.bus.ends(["no-such-topic"]),
        lambda: bed.bus.starts(["no-such-topic"]),
        lambda: bed.bus.scan("no-such-topic"),
    ]
    for call in calls:
        with pytest.raises(UnknownTopic, match="no-such-topic"):
            call()


def test_publish_of_a_batch_with_an_unknown_topic_reaches_the_known_ones_only_whole_or_not(bed: Bed) -> None:
    topic = bed.topic()
    with pytest.raises(UnknownTopic):
        bed.bus.publish([out(topic, b"x"), out("no-such-topic", b"x")])
    bed.bus.publish([])
    assert list(bed.bus.scan(topic)) == []
