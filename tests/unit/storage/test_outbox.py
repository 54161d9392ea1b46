"""Messages wait in the outbox, sealed, until the bus has them; a dead worker's are handed on, a live one's never."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.synchronize import Event
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert, select, update

from storage import schema
from storage.database import Database
from storage.outbox import DEAD_AFTER_SECONDS, Message, Outbox, _pack, _unpack
from storage.sealing import Sealer
from storage.tables import OutboxBatch, Worker

MESSAGES = [
    Message("letters", b"k", "来信人电话 13812345678".encode(), (("message-id", b"1"),)),
    Message("assignments.360703510000", None, b"", ()),
]


HELD = [Message("letters", b"k", b"from the other")]


def hold_a_batch(url: str, ready: Event) -> None:
    database = Database(url)
    add(database, Outbox(database, Sealer(bytes(range(32)))), messages=HELD)
    ready.set()
    signal.pause()


@pytest.fixture
def outbox(database: Database, sealer: Sealer) -> Outbox:
    return Outbox(database, sealer)


def add(database: Database, outbox: Outbox, stage: str = "intake", messages: list[Message] = MESSAGES) -> int:
    with database.write() as connection:
        return outbox.add(connection, stage, messages)


@contextmanager
def another_worker(database: Database) -> Iterator[int]:
    """Another process of this machine that holds a batch; its process id."""
    processes = get_context("fork")
    ready = processes.Event()
    process = processes.Process(target=hold_a_batch, args=(database.url.render_as_string(hide_password=False), ready))
    process.start()
    assert process.pid
    try:
        assert ready.wait(30), "the other worker did not start"
        yield process.pid
    finally:
        process.kill()
        process.join()


messages = st.builds(
    Message,
    st.text(max_size=20),
    st.none() | st.binary(max_size=20),
    st.binary(max_size=200),
    st.lists(st.tuples(st.text(max_size=10), st.binary(max_size=20)), max_size=4).map(tuple),
)


@given(st.lists(messages, max_size=6))
def test_every_message_comes_out_as_it_went_in(kept: list[Message]) -> None:
    assert _unpack(_pack(kept)) == kept


def test_a_settled_batch_is_forgotten_and_an_unsettled_one_is_this_workers_own(
    database: Database, outbox: Outbox
) -> None:
    one, two = add(database, outbox), add(database, outbox, messages=MESSAGES[1:])
    assert outbox.waiting() == 2
    outbox.settle([one])
    assert [(orphan.id, orphan.messages) for orphan in outbox.orphans("intake")] == [(two, MESSAGES[1:])]
    outbox.settle([two])
    assert outbox.waiting() == 0
    assert outbox.orphans("intake") == []


def test_a_stage_is_given_only_its_own_batches_oldest_first(database: Database, outbox: Outbox) -> None:
    first = add(database, outbox, "route")
    add(database, outbox, "intake")
    last = add(database, outbox, "route")
    assert [orphan.id for orphan in outbox.orphans("route")] == [first, last]


def test_a_rolled_back_transaction_leaves_no_message(database: Database, outbox: Outbox) -> None:

    def add_and_fail() -> None:
        with database.write() as connection:
            outbox.add(connection, "intake", MESSAGES)
            raise KeyError

    with pytest.raises(KeyError):
        add_and_fail()
    assert outbox.waiting() == 0


def test_what_waits_is_sealed(database: Database, outbox: Outbox) -> None:
    add(database, outbox)
    with database.read() as connection:
        kept = bytes(connection.execute(select(OutboxBatch.messages)).scalar_one())
    for word in (b"13812345678", "来信人".encode(), b"letters", b"message-id"):
        assert word not in kept
    if database.sqlite:
        files = Path(str(database.url.database)).parent.glob("jiesu.sqlite3*")
        assert not any(b"13812345678" in file.read_bytes() for file in files)


def test_a_live_workers_batch_is_left_alone_and_a_killed_ones_is_taken_at_once(
    database: Database, outbox: Outbox
) -> None:
    with another_worker(database) as pid:
        assert outbox.orphans("intake") == []
        os.kill(pid, signal.SIGKILL)
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)  # dead, though its parent has not taken note: a zombie
        [orphan] = outbox.orphans("intake")
        assert orphan.messages == HELD
    add(database, outbox)
    assert len(outbox.orphans("intake")) == 2


def test_a_process_id_used_again_is_not_taken_for_the_worker_that_had_it(database: Database, outbox: Outbox) -> None:
    number = add(database, outbox)
    host, pid, _started = outbox.owner.rsplit(":", 2)
    with database.write() as connection:
        connection.execute(update(OutboxBatch).values(owner=f"{host}:{pid}:1"))
    assert [orphan.id for orphan in outbox.orphans("intake")] == [number]


def test_two_workers_never_both_get_a_dead_ones_batch(database: Database, outbox: Outbox, sealer: Sealer) -> None:
    add(database, outbox)
    with database.write() as connection:
        connection.execute(update(OutboxBatch).values(owner="elsewhere:1:1"))
    with another_worker(database):
        assert len(outbox.orphans("intake")) == 1
        with database.read() as connection:
            owners = set(connection.scalars(select(OutboxBatch.owner)))
    assert "elsewhere:1:1" not in owners
    assert len(owners) == 2


def seen(database: Database, owner: str, ago_seconds: float) -> None:
    at = int((time.time() - ago_seconds) * 1000)
    with database.write() as connection:
        connection.execute(insert(Worker).values(owner=owner, started_at=at, seen_at=at))


@pytest.mark.parametrize(("ago", "taken"), [(1.0, 0), (DEAD_AFTER_SECONDS + 5, 1)])
def test_a_worker_on_another_machine_lives_as_long_as_it_is_seen(
    database: Database, outbox: Outbox, ago: float, taken: int
) -> None:
    add(database, outbox)
    with database.write() as connection:
        connection.execute(update(OutboxBatch).values(owner="elsewhere:77:1"))
    seen(database, "elsewhere:77:1", ago)
    assert len(outbox.orphans("intake")) == taken


@pytest.mark.postgres
def test_a_worker_is_seen_before_its_first_batch_and_while_it_waits(postgres_url: str, sealer: Sealer) -> None:
    """Workers of other machines know of it by its row alone; it must not age while a broker is down."""
    database = Database(postgres_url)
    schema.upgrade(database)
    outbox = Outbox(database, sealer, heartbeat_seconds=0.05)

    def seen_at() -> int:
        with database.read() as connection:
            return int(connection.execute(select(Worker.seen_at).where(Worker.owner == outbox.owner)).scalar_one())

    try:
        add(database, outbox)
        first = seen_at()
        deadline = time.monotonic() + 20
        while seen_at() <= first and time.monotonic() < deadline:
            time.sleep(0.02)
        assert seen_at() > first
    finally:
        outbox.close()
        database.close()
