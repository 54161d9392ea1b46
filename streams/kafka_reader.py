"""A member of a Kafka consumer group by kafka-python: records come out, exactly what was polled is committed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, Final

from kafka import ConsumerRebalanceListener, KafkaConsumer, OffsetAndMetadata, TopicPartition
from kafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor
from kafka.errors import CommitFailedError, RebalanceInProgressError

from letters.errors import TryLater
from streams.kafka_errors import connected, translated
from streams.kafka_url import MAX_MESSAGE_BYTES, KafkaSettings
from streams.port import Record, selects

CONSUMER: Final[dict[str, Any]] = {
    "enable_auto_commit": False,
    "auto_offset_reset": "earliest",
    "isolation_level": "read_committed",
    "allow_auto_create_topics": False,
    "max_partition_fetch_bytes": MAX_MESSAGE_BYTES // 8,
    "reconnect_backoff_max_ms": 1_000,
    "metrics_enabled": False,
}
_TOPICS_SEEN_MS: Final = 5_000
"""How soon a pattern takes in a topic that was just made."""


def pattern_of(names: Iterable[str]) -> str:
    """One regular expression for several names, some of them ending in `.*`."""
    parts = [re.escape(name[:-1]) + ".*" if name.endswith(".*") else re.escape(name) for name in names]
    return f"^(?:{'|'.join(parts)})$"


def as_record(record: Any) -> Record:
    """kafka-python's record as ours; a tombstone has an empty value."""
    return Record(
        record.topic,
        record.partition,
        record.offset,
        record.key,
        record.value or b"",
        tuple((name, value or b"") for name, value in record.headers),
        record.timestamp,
    )


class KafkaReader:
    """Reads until it is closed; partitions come and go as members do, and what was not committed goes with them."""

    def __init__(self, settings: KafkaSettings, group: str, topics: Sequence[str]) -> None:
        self._settings = settings
        self._group = group
        self._lost = False
        self._first: dict[Any, int] = {}
        self._next: dict[Any, int] = {}
        self._paused: set[str] = set()
        self._closed = False
        patterns = any(name.endswith(".*") for name in topics)
        self._consumer = connected(
            settings,
            lambda: KafkaConsumer(
                **settings.kafka_python(),
                **CONSUMER,
                group_id=group,
                session_timeout_ms=int(settings.session_timeout * 1000),
                heartbeat_interval_ms=int(settings.session_timeout * 250),
                partition_assignment_strategy=(RoundRobinPartitionAssignor,),
                bootstrap_timeout_ms=5_000,
                metadata_max_age_ms=_TOPICS_SEEN_MS if patterns else 60_000,
            ),
        )
        listener = _Listener(self)
        if patterns:
            self._consumer.subscribe(pattern=pattern_of(topics), listener=listener)
        else:
            self._consumer.subscribe(topics=list(topics), listener=listener)

    def poll(self, max_records: int, timeout: float) -> list[Record]:
        """Up to `max_records` in offset order per partition; empty when nothing came within `timeout` seconds."""
        with translated(self._settings, f"read for {self._group}"):
            polled = self._consumer.poll(timeout_ms=int(timeout * 1000), max_records=max_records)
        found: list[Record] = []
        for partition, records in polled.items():
            self._first.setdefault(partition, records[0].offset)
            self._next[partition] = records[-1].offset + 1
            found += [as_record(record) for record in records]
        return found

    def commit(self) -> None:
        """Everything polled so far is done; `TryLater` when a rebalance took the partitions meanwhile."""
        if self._lost:
            self.rewind()
            raise TryLater(f"partitions of {self._group} went to another member before the commit")
        if not self._next:
            return
        offsets = {partition: OffsetAndMetadata(offset, "", -1) for partition, offset in self._next.items()}
        with translated(self._settings, f"commit for {self._group}"):
            try:
                self._consumer.commit(offsets, timeout_ms=15_000)
            except (CommitFailedError, RebalanceInProgressError) as error:
                self.rewind()
                raise TryLater(f"the members of {self._group} changed before the commit: {error}") from error
        self._first.clear()
        self._next.clear()

    def rewind(self) -> None:
        """Forget what was polled since the last commit: it will be polled again."""
        held = self._consumer.assignment()
        for partition, offset in self._first.items():
            if partition in held:
                self._consumer.seek(partition, offset)
        self._first.clear()
        self._next.clear()
        self._lost = False

    def pause(self, topic: str) -> None:
        """Read no further from this topic."""
        self._paused.add(topic)
        self._hold(self._consumer.assignment())

    def close(self) -> None:
        """Leave the group in order."""
        if not self._closed:
            self._closed = True
            self._consumer.close(autocommit=False, timeout_ms=5_000)

    def _hold(self, partitions: Iterable[Any]) -> None:
        stopped = [p for p in partitions if any(selects(name, p.topic) for name in self._paused)]
        if stopped:
            self._consumer.pause(*stopped)

    def _revoked(self, partitions: Iterable[Any]) -> None:
        if any(partition in self._first for partition in list(partitions)):
            self._lost = True


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]
    def __init__(self, reader: KafkaReader) -> None:
        self._reader = reader

    def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        self._reader._revoked(revoked)

    def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        self._reader._hold(assigned)
