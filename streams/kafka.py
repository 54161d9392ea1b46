"""The Kafka bus: the port's calls go in, kafka-python talks to the brokers; every confirmed message is on all replicas.

The producer is idempotent and made anew after an error, so that a message which timed out cannot arrive behind the back
of who then asks `missing`. Readers see only committed transactions of upstream producers.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final
from weakref import WeakSet

from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import OffsetSpec
from kafka.errors import GroupIdNotFoundError, KafkaError

from letters.errors import TryLater
from streams.kafka_admin import grant_unit, make_topics, set_user
from streams.kafka_asking import CONNECT_MS, Asking
from streams.kafka_errors import connected, told, translated
from streams.kafka_reader import CONSUMER, KafkaReader, as_record
from streams.kafka_url import MAX_MESSAGE_BYTES, KafkaSettings
from streams.port import MESSAGE_ID, Outgoing, Position, Reader, Record, TopicSpec, UnknownTopic, expand

_DELIVERY_SECONDS: Final = 30.0
_SILENCE_SECONDS: Final = 30.0


class KafkaBus:
    """Kafka at these settings. Connections are made when they are first needed."""

    name = "kafka"

    def __init__(self, settings: KafkaSettings) -> None:
        self.settings = settings
        self._lock = threading.Lock()
        self._publishing: Any = None
        self._asking = Asking(settings)
        self._known: dict[str, int] = {}
        self._readers: WeakSet[KafkaReader] = WeakSet()

    def create(self, topics: Iterable[TopicSpec]) -> list[str]:
        """Make the topics that do not exist; the names made. No more replicas than there are brokers."""
        specs, known = list(topics), self.topics()
        return self._asking.ask("make topics", lambda admin: make_topics(admin, specs, known))

    def topics(self) -> Mapping[str, int]:
        """Every topic and its number of partitions, without the broker's internal ones."""
        described = self._asking.ask("list topics", lambda admin: admin.describe_topics())
        found = {t["name"]: len(t["partitions"]) for t in described if not t["is_internal"] and not t["error_code"]}
        self._known = {name: count for name, count in sorted(found.items()) if not name.startswith("__")}
        return self._known

    def publish(self, messages: Sequence[Outgoing]) -> None:
        """Write all, in order per key; returns when every one is confirmed by all in-sync replicas. On an error some may
        have arrived: `missing` tells which have not."""
        if not messages:
            return
        what = f"publish to {', '.join(sorted({message.topic for message in messages})[:5])}"
        producer = self._producer({message.topic for message in messages})
        try:
            sent = [
                producer.send(message.topic, message.value, message.key, list(message.headers)) for message in messages
            ]
            producer.flush(timeout=_DELIVERY_SECONDS)
            deadline = time.monotonic() + _DELIVERY_SECONDS
            for future in sent:
                future.get(timeout=max(0.0, deadline - time.monotonic()))
        except (KafkaError, ValueError) as error:
            self._drop_producer(producer)
            raise told(self.settings, what, error) from error

    def missing(self, messages: Sequence[Outgoing], since: int) -> list[Outgoing]:
        """Those whose `message-id` header does not stand on their topic at or after `since` (ms since 1970)."""
        found: dict[str, set[bytes]] = {message.topic: set() for message in messages}
        known = self.topics()
        there = _partitions(found, known)
        starts = self._asking.offsets(dict.fromkeys(there, since))
        ends = self._asking.offsets(dict.fromkeys(there, OffsetSpec.LATEST))
        begins = {partition: offset for partition, offset in starts.items() if 0 <= offset < ends[partition]}
        if begins:
            for record in self._read(begins, {partition: ends[partition] for partition in begins}):
                found[record.topic].update(value for name, value in record.headers if name == MESSAGE_ID)
        return [m for m in messages if not any(n == MESSAGE_ID and v in found[m.topic] for n, v in m.headers)]

    def reader(self, group: str, topics: Sequence[str]) -> Reader:
        """A member of the group on these topics."""
        expand(topics, self.topics())
        made = KafkaReader(self.settings, group, topics)
        self._readers.add(made)
        return made

    def starts(self, topics: Sequence[str]) -> dict[Position, int]:
        """First offset still kept, for each partition."""
        return self._asked(topics, OffsetSpec.EARLIEST)

    def ends(self, topics: Sequence[str]) -> dict[Position, int]:
        """The offset that the next message will get, for each partition."""
        return self._asked(topics, OffsetSpec.LATEST)

    def committed(self, group: str, topics: Sequence[str]) -> dict[Position, int]:
        """What the group has committed; partitions without a commit are absent."""
        wanted = set(expand(topics, self.topics()))
        try:
            found = self._asking.ask(
                f"ask what {group} has committed", lambda admin: admin.list_group_offsets({group: None})
            )
        except GroupIdNotFoundError:
            return {}
        return {(p.topic, p.partition): at.offset for p, at in found.get(group, {}).items() if p.topic in wanted}

    def scan(self, topic: str, *, from_start: bool = True, follow: bool = False) -> Iterator[Record]:
        """Read a topic outside any group: what is there (or only what comes), and with `follow` on for ever."""
        known = self.topics()
        if topic not in known:
            raise UnknownTopic(topic=topic)
        partitions = _partitions([topic], known)
        ends = self._asking.offsets(dict.fromkeys(partitions, OffsetSpec.LATEST))
        starts = self._asking.offsets(dict.fromkeys(partitions, OffsetSpec.EARLIEST)) if from_start else ends
        return self._read(starts, None if follow else ends)

    def acl(self, unit: str, principal: str) -> list[str]:
        """Let a unit's user (e.g. `User:360703110000`) read its assignments and notices, write its progress, and use
        groups whose names begin with its code; what it may do now, in words."""
        return self._asking.ask(f"grant rights to {principal}", lambda admin: grant_unit(admin, unit, principal))

    def set_user(self, name: str, password: str) -> None:
        """Make a SCRAM-SHA-256 user or give it a new password."""
        self._asking.ask(f"make the user {name}", lambda admin: set_user(admin, name, password))

    def close(self) -> None:
        """Let go of connections; readers still open leave their groups."""
        for reader in list(self._readers):
            reader.close()
        with self._lock:
            if self._publishing is not None:
                self._publishing.close(timeout=5)
            self._publishing = None
        self._asking.close()

    def _producer(self, topics: set[str]) -> Any:
        if not topics <= self._known.keys():
            known = self.topics()
            for topic in sorted(topics - known.keys()):
                raise UnknownTopic(topic=topic)
        with self._lock:
            if self._publishing is None:
                self._publishing = connected(
                    self.settings,
                    lambda: KafkaProducer(
                        **self.settings.kafka_python(),
                        acks="all",
                        enable_idempotence=True,
                        allow_auto_create_topics=False,
                        batch_size=131_072,
                        linger_ms=2,
                        max_request_size=MAX_MESSAGE_BYTES,
                        delivery_timeout_ms=int(_DELIVERY_SECONDS * 1000),
                        request_timeout_ms=10_000,
                        max_block_ms=15_000,
                        reconnect_backoff_max_ms=1_000,
                        bootstrap_timeout_ms=CONNECT_MS,
                        metrics_enabled=False,
                    ),
                )
            return self._publishing

    def _drop_producer(self, producer: Any) -> None:
        with self._lock:
            if self._publishing is producer:
                self._publishing = None
                self._known = {}
        producer.close(timeout=0)

    def _asked(self, topics: Sequence[str], spec: OffsetSpec) -> dict[Position, int]:
        known = self.topics()
        wanted = _partitions(expand(topics, known), known)
        return {
            (p.topic, p.partition): offset for p, offset in self._asking.offsets(dict.fromkeys(wanted, spec)).items()
        }

    def _read(self, starts: Mapping[Any, int], ends: Mapping[Any, int] | None) -> Iterator[Record]:
        """From `starts` on, up to `ends` or for ever; `TryLater` when nothing comes though something should."""
        left = {partition for partition in starts if ends is None or starts[partition] < ends[partition]}
        if not left:
            return
        consumer = connected(
            self.settings,
            lambda: KafkaConsumer(**self.settings.kafka_python(), **CONSUMER, bootstrap_timeout_ms=CONNECT_MS),
        )
        try:
            with translated(self.settings, "read"):
                consumer.assign(list(left))
                for partition in left:
                    consumer.seek(partition, starts[partition])
                came = time.monotonic()
                while left:
                    polled = consumer.poll(timeout_ms=200, max_records=2000)
                    for partition, found in polled.items():
                        for record in found:
                            if ends is None or record.offset < ends[partition]:
                                yield as_record(record)
                    if polled:
                        came = time.monotonic()
                    if ends is not None:
                        done = {partition for partition in left if consumer.position(partition) >= ends[partition]}
                        if done:
                            left -= done
                            consumer.pause(*done)
                        elif time.monotonic() - came > _SILENCE_SECONDS:
                            raise TryLater(
                                f"read: Kafka at {self.settings.place} has sent nothing for {_SILENCE_SECONDS:.0f} s"
                            )
        finally:
            consumer.close(autocommit=False)


def _partitions(topics: Iterable[str], known: Mapping[str, int]) -> list[Any]:
    return [TopicPartition(topic, number) for topic in topics for number in range(known.get(topic, 0))]
