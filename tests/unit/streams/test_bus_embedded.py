"""What only the embedded bus must stand: kill -9, several processes on one file, a full disk, a damaged file, retention."""

from __future__ import annotations

import os
import random
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from letters.errors import JiesuError, TryLater
from streams.embedded import EmbeddedBus
from streams.embedded_groups import shares
from streams.embedded_store import BusClosed, BusDamaged, packed, unpacked
from streams.port import MESSAGE_ID, Outgoing, TopicSpec

SOON = 30.0


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "bus.sqlite3"


@pytest.fixture
def bus(path: Path) -> Iterator[EmbeddedBus]:
    made = EmbeddedBus(path)
    made.create([TopicSpec("t")])
    yield made
    made.close()


def many(count: int, topic: str = "t", size: int = 0) -> list[Outgoing]:
    return [Outgoing(topic, b"%d" % i, b"%d" % i + b"." * size) for i in range(count)]


PUBLISHER = """
import random, sys
from pathlib import Path
from streams.embedded import EmbeddedBus
from streams.port import Outgoing
bus = EmbeddedBus(Path(sys.argv[1]))
sizes = random.Random(int(sys.argv[2]))
while True:
    size = sizes.randint(1, 300)
    bus.publish([Outgoing("t", None, b"%s %d %d" % (sys.argv[2].encode(), i, size)) for i in range(size)])
    print(size, flush=True)
"""


def test_a_killed_publisher_leaves_whole_batches_and_all_it_was_told_are_safe(bus: EmbeddedBus, path: Path) -> None:
    moments = random.Random(7)
    confirmed = 0
    for run in range(12):
        arguments = [sys.executable, "-c", PUBLISHER, str(path), str(run)]
        with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as publisher:
            assert publisher.stdout is not None
            told = [int(publisher.stdout.readline()) for _ in range(moments.randint(1, 40))]
            publisher.kill()
            told += [int(line) for line in publisher.stdout if line.endswith("\n")]
        confirmed += sum(told)
        records = list(bus.scan("t"))
        assert len(records) >= confirmed
        confirmed = len(records)
        assert [record.offset for record in records] == list(range(len(records)))
    at = 0
    while at < len(records):
        run_, first, size = records[at].value.split()
        assert first == b"0"
        batch = [record.value for record in records[at : at + int(size)]]
        assert batch == [b"%s %d %s" % (run_, i, size) for i in range(int(size))]
        at += int(size)


WORKER = """
import sqlite3, sys
from pathlib import Path
from letters.errors import TryLater
from streams.embedded import EmbeddedBus
reader = EmbeddedBus(Path(sys.argv[1])).reader("g", ["in"])
rows = sqlite3.connect(sys.argv[2], timeout=30, isolation_level=None)
while True:
    batch = reader.poll(50, 0.5)
    if batch:
        rows.execute("BEGIN IMMEDIATE")
        rows.executemany("INSERT INTO seen VALUES (?, ?)", [(r.partition, r.offset) for r in batch])
        rows.execute("COMMIT")
        try:
            reader.commit()
        except TryLater:
            reader.rewind()
        print(len(batch), flush=True)
"""


def test_workers_of_one_group_are_killed_and_every_message_is_handled(bus: EmbeddedBus, path: Path) -> None:
    bus.create([TopicSpec("in", 4)])
    seen = path.with_name("seen.sqlite3")
    rows = sqlite3.connect(seen, timeout=30)
    rows.execute("PRAGMA journal_mode = WAL")
    rows.execute("CREATE TABLE seen (partition INTEGER, offset INTEGER)")
    moments = random.Random(11)
    arguments = [sys.executable, "-c", WORKER, str(path), str(seen)]
    workers = [subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    over = threading.Event()

    def feed() -> None:
        while not over.wait(0.01):
            bus.publish(many(50, "in"))

    feeder = threading.Thread(target=feed)
    feeder.start()
    kills = 8
    try:
        for victim in [0, 1] * (kills // 2):
            stdout = workers[victim].stdout
            assert stdout is not None
            for _ in range(moments.randint(1, 4)):
                stdout.readline()
            workers[victim].kill()
            workers[victim].communicate()
            workers[victim] = subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True)
        over.set()
        feeder.join()
        fed = sum(bus.ends(["in"]).values())
        deadline = time.monotonic() + SOON
        while sum(bus.committed("g", ["in"]).values()) < fed:
            assert time.monotonic() < deadline
            time.sleep(0.02)
    finally:
        over.set()
        for worker in workers:
            worker.kill()
            worker.communicate()
    counts = Counter(rows.execute("SELECT partition, offset FROM seen").fetchall())
    assert len(counts) == fed
    assert sum(counts.values()) - fed <= 50 * kills
    rows.close()


def test_a_member_that_hangs_loses_its_lease_and_may_not_commit(path: Path) -> None:
    hanging, going = EmbeddedBus(path, lease_seconds=0.2), EmbeddedBus(path, lease_seconds=0.2)
    hanging.create([TopicSpec("t")])
    hanging.publish(many(10))
    first = hanging.reader("g", ["t"])
    assert len(first.poll(5, 1)) == 5
    second = going.reader("g", ["t"])
    assert len(second.poll(10, SOON)) == 10
    second.commit()
    with pytest.raises(TryLater, match="another member"):
        first.commit()
    assert going.committed("g", ["t"]) == {("t", 0): 10}
    going.close()
    hanging.publish(many(1))
    assert [record.offset for record in first.poll(10, SOON)] == [10]
    first.commit()
    hanging.close()


def test_a_member_that_lives_keeps_what_it_has_not_committed(bus: EmbeddedBus) -> None:
    bus.publish(many(10))
    first = bus.reader("g", ["t"])
    first.poll(5, 1)
    second = bus.reader("g", ["t"])
    assert second.poll(10, 0.5) == []
    first.commit()
    first.close()
    assert [record.offset for record in second.poll(10, SOON)] == [5, 6, 7, 8, 9]


def test_a_full_disk_says_so_writes_nothing_and_is_over_when_there_is_room(bus: EmbeddedBus) -> None:
    connection = bus._store.connection()
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count = {pages + 20}")
    with pytest.raises(TryLater, match="is full"):
        bus.publish(many(1000, size=1000))
    assert bus.ends(["t"]) == {("t", 0): 0}
    assert list(bus.scan("t")) == []
    connection.execute("PRAGMA max_page_count = 1000000")
    bus.publish(many(1000, size=1000))
    assert len(list(bus.scan("t"))) == 1000


def test_a_damaged_file_is_named(path: Path) -> None:
    path.write_bytes(b"this is not a bus at all, but long enough to be read as one" * 100)
    with pytest.raises(BusDamaged, match=str(path)):
        EmbeddedBus(path)


def test_damage_inside_the_file_is_named(bus: EmbeddedBus, path: Path) -> None:
    bus.publish(many(2000, size=500))
    bus.close()
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(8192 * 8)
        file.write(os.urandom(size - 8192 * 8))
    again = EmbeddedBus(path)
    with pytest.raises(BusDamaged, match="put back a copy"):
        list(again.scan("t"))


def test_a_newer_file_and_a_place_that_cannot_be_written_are_refused(path: Path) -> None:
    newer = sqlite3.connect(path)
    newer.execute("PRAGMA user_version = 99")
    newer.close()
    with pytest.raises(JiesuError, match="newer jiesu"):
        EmbeddedBus(path)
    with pytest.raises(JiesuError, match="cannot be made"):
        EmbeddedBus(Path("/proc/nowhere/bus.sqlite3"))


def test_a_locked_file_is_tried_later(bus: EmbeddedBus, path: Path) -> None:
    bus._store.connection().execute("PRAGMA busy_timeout = 50")
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(TryLater, match="locked"):
        bus.publish(many(1))
    other.execute("COMMIT")
    other.close()
    bus.publish(many(1))


def test_retention_deletes_what_is_old_and_read_by_every_group(path: Path) -> None:
    bus = EmbeddedBus(path)
    bus.create([TopicSpec("short", retention_hours=1), TopicSpec("kept")])
    ids = [Outgoing(topic, None, b"x", ((MESSAGE_ID, b"%d" % i),)) for topic in ("short", "kept") for i in range(100)]
    bus.publish(ids)
    bus.publish(many(5, "short"))
    hours_ago = int(time.time() * 1000) - 7_200_000
    bus._store.connection().execute("UPDATE messages SET at = ? WHERE headers IS NOT NULL", (hours_ago,))
    quick, slow = bus.reader("quick", ["short", "kept"]), bus.reader("slow", ["short"])
    assert bus.trim() == 0
    while quick.poll(1000, 0.1):
        quick.commit()
    slow.poll(60, 1)
    slow.commit()
    assert bus.trim() == 60
    assert bus.starts(["short", "kept"]) == {("short", 0): 60, ("kept", 0): 0}
    assert [record.offset for record in bus.scan("short")] == list(range(60, 105))
    bus.forget_group("slow")
    assert bus.trim() == 40
    bus.publish(many(1, "short"))
    assert bus.ends(["short"]) == {("short", 0): 106}
    assert [record.offset for record in bus.reader("new", ["short"]).poll(100, 1)] == list(range(100, 106))
    assert len(bus.missing(ids, 0)) == 100
    bus.close()


def test_one_bus_serves_many_threads(bus: EmbeddedBus) -> None:
    threads = [threading.Thread(target=lambda: [bus.publish(many(20)) for _ in range(20)]) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [record.offset for record in bus.scan("t")] == list(range(8 * 20 * 20))


def test_a_waiting_reader_wakes_when_something_comes(bus: EmbeddedBus, path: Path) -> None:
    reader = bus.reader("g", ["t"])
    other = EmbeddedBus(path)
    waits = []
    for _ in range(20):
        timer = threading.Timer(0.02, lambda: other.publish(many(1)))
        timer.start()
        batch = reader.poll(10, SOON)
        waits.append(time.time() * 1000 - batch[0].timestamp)
        timer.join()
        reader.commit()
    assert sorted(waits)[len(waits) // 2] < 50
    other.close()


def test_a_closed_bus_says_so(bus: EmbeddedBus) -> None:
    reader = bus.reader("g", ["t"])
    bus.close()
    bus.close()
    reader.close()
    with pytest.raises(BusClosed):
        bus.publish(many(1))
    with pytest.raises(BusClosed):
        reader.poll(1, 0.1)


def test_a_topic_that_exists_stays_as_it_is_and_one_without_partitions_is_refused(bus: EmbeddedBus) -> None:
    assert bus.create([TopicSpec("t", 3)]) == []
    assert bus.topics() == {"t": 1}
    with pytest.raises(JiesuError, match="at least 1"):
        bus.create([TopicSpec("none", 0)])


@pytest.mark.parametrize("members", [1, 2, 3, 5])
def test_shares_are_even_and_move_little(members: int) -> None:
    names = [f"m{i}" for i in range(members)]
    wanted = dict.fromkeys(range(7), names)
    first = shares(wanted, {})
    counts = [list(first.values()).count(name) for name in names]
    assert max(counts) - min(counts) <= 1
    assert shares(wanted, first) == first
    more = shares({id_: [*names, "new"] for id_ in wanted}, first)
    assert all(more[id_] in (first[id_], "new") for id_ in more)
    assert Counter(more.values())["new"] == 7 // (members + 1)


def test_a_member_gets_only_what_it_asked_for() -> None:
    assert shares({1: ["a"], 2: ["a", "b"], 3: ["b"]}, {1: "b", 3: "gone"}) == {1: "a", 2: "b", 3: "b"}


def test_headers_are_packed_without_loss() -> None:
    headers = (("a", b""), ("键", bytes(range(256))), ("a", b"\0"))
    assert unpacked(packed(headers)) == headers
    assert packed(()) is None
    assert unpacked(None) == ()
