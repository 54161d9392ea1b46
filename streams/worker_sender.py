"""Messages go in, confirmed messages stand on Kafka: an own aiokafka producer that hides no error, whole batches at once.

Messages are packed into record batches here, one a partition, instead of one `send` a message: a third of the work, and
one confirmation a partition. On an error the producer is thrown away and the caller asks what arrived before it sends
the rest, so nothing stands there twice.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any, Final

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError, UnknownTopicOrPartitionError
from aiokafka.partitioner import murmur2

from letters.errors import TryLater
from streams.kafka_url import MAX_MESSAGE_BYTES, KafkaSettings
from streams.port import Outgoing, UnknownTopic
from streams.worker_errors import told

_BATCH_BYTES: Final = 512 * 1024
_REQUEST_SECONDS: Final = 10.0
_GIVE_UP_SECONDS: Final = 30.0


class Sender:
    """One stage's way out. Used by one task."""

    def __init__(self, settings: KafkaSettings) -> None:
        self._settings = settings
        self._producer: Any = None
        self._turn = 0

    async def send(self, messages: Sequence[Outgoing]) -> None:
        """Returns when every message is on all in-sync replicas. `TryLater`: some may have arrived."""
        if not messages:
            return
        sent: list[asyncio.Future[Any]] = []
        try:
            producer = await self._started()
            for partition, batches in (await self._packed(producer, messages)).items():
                for batch in batches:
                    sent.append(await producer.send_batch(batch, partition.topic, partition=partition.partition))
            if await self._settled(sent):
                raise TryLater(f"Kafka at {self._settings.place} has not confirmed for {_GIVE_UP_SECONDS:.0f} s")
            for confirmed in sent:
                confirmed.result()
        except (KafkaError, OSError) as error:
            await self._drop(sent)
            raise told(self._settings, f"publish to {_names(messages)}", error) from error
        except BaseException:
            await self._drop(sent)
            raise

    async def stop(self) -> None:
        """Let go of the connection; nothing is on its way then."""
        await self._drop()

    async def _started(self) -> Any:
        if self._producer is None:
            made = AIOKafkaProducer(
                **self._settings.aiokafka(),
                acks="all",
                enable_idempotence=True,
                max_batch_size=_BATCH_BYTES,
                max_request_size=MAX_MESSAGE_BYTES,
                request_timeout_ms=int(_REQUEST_SECONDS * 1000),
            )
            self._producer = made
            await made.start()
        return self._producer

    async def _packed(self, producer: Any, messages: Iterable[Outgoing]) -> dict[TopicPartition, list[Any]]:
        """Record batches, none above the size that the producer sends at once unless one message alone is."""
        counts: dict[str, int] = {}
        packed: dict[TopicPartition, list[Any]] = {}
        now = int(time.time() * 1000)
        for topic, key, value, headers in messages:
            if topic not in counts:
                counts[topic] = await self._partitions(producer, topic)
            batches = packed.setdefault(TopicPartition(topic, self._partition(key, counts[topic])), [])
            fields: dict[str, Any] = {"timestamp": now, "key": key, "value": value, "headers": list(headers)}
            if not batches or batches[-1].append(**fields) is None:
                batches.append(producer.create_batch())
                batches[-1].append(**fields)
        for batches in packed.values():
            for batch in batches:
                batch.close()
        return packed

    def _partition(self, key: bytes | None, count: int) -> int:
        if key is None:
            self._turn += 1
            return self._turn % count
        return int(murmur2(key) & 0x7FFFFFFF) % count if count > 1 else 0

    async def _partitions(self, producer: Any, topic: str) -> int:
        try:
            return len(await producer.partitions_for(topic))
        except UnknownTopicOrPartitionError as error:
            raise UnknownTopic(topic=topic) from error

    async def _settled(self, sent: Sequence[asyncio.Future[Any]]) -> bool:
        """Waits until each is confirmed or has failed for good; whether some are neither after a long time."""
        return bool(sent and (await asyncio.wait(sent, timeout=_GIVE_UP_SECONDS))[1])

    async def _drop(self, sent: Sequence[asyncio.Future[Any]] = ()) -> None:
        """Let go of the producer when nothing is on its way any more, so that nothing goes out later, behind our back."""
        producer, self._producer = self._producer, None
        if producer is None:
            return
        if await self._settled(sent):
            producer._sender.sender_task.cancel()  # no public call throws away what a producer still holds
            await producer.client.close()
        for confirmed in sent:
            if confirmed.done() and not confirmed.cancelled():
                confirmed.exception()
        with suppress(TimeoutError, KafkaError, OSError, asyncio.CancelledError):
            await asyncio.wait_for(producer.stop(), 3.0)


def _names(messages: Sequence[Outgoing]) -> str:
    return ", ".join(sorted({message.topic for message in messages})[:5])
