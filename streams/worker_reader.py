"""A stage's consumer on Kafka as a Faust service: it reads a batch, waits until the agent has done it, and commits then.

The group is the stage's name. A rebalance waits for the batch in hand (heartbeats go on meanwhile), so an orderly change
of workers repeats nothing; a batch that takes too long loses its partitions and is not committed.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

import faust
import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError

from streams.kafka_reader import pattern_of
from streams.kafka_url import MAX_MESSAGE_BYTES, KafkaSettings
from streams.port import Prepared, Record, StageObserver
from streams.worker_errors import told
from streams.worker_stage import GivenUp, Work

log = structlog.get_logger()

_SWEEP_SECONDS: Final = 5.0
_LAG_SECONDS: Final = 5.0
_REVOKE_SECONDS: Final = 20.0
"""How long a rebalance waits for the batch in hand; then others may read it again."""


@dataclass(slots=True, eq=False)
class Batch:
    """What the reader hands to the agent; `done` is set when rows and messages are safe, or has the error."""

    records: list[Record]
    done: asyncio.Future[Prepared]
    taken: asyncio.Event = field(default_factory=asyncio.Event)


class StageReader(faust.Service):  # type: ignore[misc]
    """Reads for one stage until it is stopped or fails: `over` is set then, and `failure` says what failed."""

    def __init__(
        self,
        work: Work,
        channel: Any,
        settings: KafkaSettings,
        observer: StageObserver,
        *,
        batch: int,
        instance: str | None,
        stop_seconds: float,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.work = work
        self.name = work.stage.name
        self.over = asyncio.Event()
        self.failure: Exception | None = None
        self._channel = channel
        self._settings = settings
        self._observer = observer
        self._batch = batch
        self._instance = instance
        self._stop_seconds = stop_seconds
        self._consumer: Any = None
        self._free = asyncio.Event()
        self._free.set()
        self._revoking = False
        self._lost = False
        self._sweep_at = 0.0
        self._lag_at = 0.0
        self._held: list[tuple[str, int]] = []

    async def on_start(self) -> None:
        """Join the group."""
        names = self.work.stage.inputs
        timeout = int(self._settings.session_timeout * 1000)
        patterns = any(name.endswith(".*") for name in names)
        self._consumer = AIOKafkaConsumer(
            **self._settings.aiokafka(),
            group_id=self.name,
            group_instance_id=f"{self.name}-{self._instance}" if self._instance else None,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
            session_timeout_ms=timeout,
            heartbeat_interval_ms=timeout // 4,
            rebalance_timeout_ms=int((_REVOKE_SECONDS + 10) * 1000),
            max_partition_fetch_bytes=MAX_MESSAGE_BYTES // 8,
            metadata_max_age_ms=5_000 if patterns else 60_000,
        )
        listener = _Listener(self)
        if patterns:
            self._consumer.subscribe(pattern=pattern_of(names), listener=listener)
        else:
            self._consumer.subscribe(topics=list(names), listener=listener)
        try:
            await self._consumer.start()
        except (KafkaError, OSError) as error:
            raise told(self._settings, f"read for {self.name}", error) from error

    async def on_stop(self) -> None:
        """Finish the batch in hand, commit it, leave the group; bounded in time."""
        self.work.end()
        with suppress(TimeoutError):
            await asyncio.wait_for(self.over.wait(), self._stop_seconds)
        for part in (self._consumer.stop(), self.work.stop()):
            try:
                await asyncio.wait_for(part, 3.0)
            except (TimeoutError, KafkaError, OSError):
                log.warning("a connection did not close in time", action="close_timed_out", stage=self.name)

    @faust.Service.task  # type: ignore[untyped-decorator]
    async def _read(self) -> None:
        try:
            while not self.should_stop:
                await self._step()
        except Exception as error:
            self.failure = (
                told(self._settings, f"read for {self.name}", error) if isinstance(error, KafkaError) else error
            )
            await self.crash(self.failure)
        finally:
            self._observer.stopped(self.name, self.failure)
            self.over.set()

    async def _step(self) -> None:
        if not self._revoking and time.monotonic() >= self._sweep_at:
            await self._alone(self.work.sweep())
            self._sweep_at = time.monotonic() + _SWEEP_SECONDS
        polled = await self._consumer.getmany(timeout_ms=200, max_records=self._batch)
        if polled and not self._revoking:  # what comes during a rebalance is read again after it
            await self._alone(self._handle(polled))
        if time.monotonic() >= self._lag_at:
            await self._tell_lag()
        if not polled and self.work.waited and not self._revoking:
            self._observer.assigned(self.name, self._held)  # the wait is over, and no batch will tell so
            self.work.waited = False

    async def _alone(self, work: Any) -> None:
        """Do it so that a rebalance waits for it."""
        self._free.clear()
        try:
            await work
        except GivenUp:
            log.info("a batch was left to whoever reads it next", action="batch_given_up", stage=self.name)
        finally:
            self._lost = False
            self._free.set()

    async def _handle(self, polled: dict[TopicPartition, list[Any]]) -> None:
        began = time.perf_counter()
        records = [_record(each) for found in polled.values() for each in found]
        batch = Batch(records, asyncio.get_running_loop().create_future())
        while not batch.taken.is_set():
            # Faust may clear its channels in a rebalance of its own; a batch that nobody took is handed over again.
            await self._channel.put(batch)
            await asyncio.wait([asyncio.ensure_future(batch.taken.wait())], timeout=5.0)
        prepared = await batch.done
        offsets = {partition: found[-1].offset + 1 for partition, found in polled.items()}
        if await self._commit(offsets):
            self.work.waited = False
            self._observer.batch_done(self.name, records, prepared, time.perf_counter() - began)

    async def _commit(self, offsets: dict[TopicPartition, int]) -> bool:
        """Whether it is committed; not when the partitions went to another worker, who then finds rows and messages."""
        wait = 0.1
        while not self._lost:
            try:
                await asyncio.wait_for(self._consumer.commit(offsets), 15.0)
                return True
            except (CommitFailedError, IllegalStateError) as error:
                log.warning("partitions went to another worker", action="commit_lost", stage=self.name, why=str(error))
                return False
            except (KafkaError, OSError, TimeoutError) as error:
                self._observer.retrying(self.name, told(self._settings, f"commit for {self.name}", error), wait)
                await asyncio.sleep(wait)
                wait = min(wait * 2, 5.0)
        return False

    async def _tell_lag(self) -> None:
        self._lag_at = time.monotonic() + _LAG_SECONDS
        lag = {}
        for partition in self._consumer.assignment():
            end = self._consumer.highwater(partition)
            if end is not None:
                with suppress(TimeoutError, KafkaError):
                    position = await asyncio.wait_for(self._consumer.position(partition), 1.0)
                    lag[partition.topic, partition.partition] = max(0, end - position)
        self._observer.lag(self.name, lag)

    async def revoked(self) -> None:
        """A rebalance begins: wait for the batch in hand, but not for one that itself waits for the database."""
        self._revoking = True
        self.work.give_up_waiting()
        try:
            await asyncio.wait_for(self._free.wait(), _REVOKE_SECONDS)
        except TimeoutError:
            self._lost = True

    def assigned(self, partitions: Iterable[TopicPartition]) -> None:
        """The rebalance is over; first of all, look for what a dead worker left."""
        self._revoking = False
        self._sweep_at = 0.0
        if not self.should_stop:
            self.work.go_on()
        self._held = sorted((p.topic, p.partition) for p in partitions)
        self._observer.assigned(self.name, self._held)


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]
    def __init__(self, reader: StageReader) -> None:
        self._reader = reader

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        if list(revoked):
            await self._reader.revoked()

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        self._reader.assigned(assigned)


def _record(each: Any) -> Record:
    return Record(
        each.topic,
        each.partition,
        each.offset,
        each.key,
        each.value or b"",
        tuple((name, value or b"") for name, value in each.headers),
        each.timestamp,
    )
