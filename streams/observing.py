"""What bindings tell goes in; metrics, health, a log line and the brake on dead letters come out."""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from typing import Final, Literal, get_args

import structlog
from prometheus_client import CollectorRegistry, Gauge, Histogram
from prometheus_client import Counter as Total

from letters.errors import JiesuError
from letters.topics import DEAD_LETTERS
from streams.port import Position, Prepared, Record

log = structlog.get_logger()

Metric = Literal[
    "jiesu_records_total",  # records handled, by stage and topic
    "jiesu_messages_total",  # messages written and confirmed, by stage
    "jiesu_dead_letters_total",  # records refused, by stage, topic and reason
    "jiesu_retries_total",  # batches that had to wait for bus or database, by stage
    "jiesu_batch_seconds",  # seconds from reading a batch to its commit, by stage
    "jiesu_lag_records",  # records still to be read, by stage and topic
    "jiesu_oldest_unhandled_seconds",  # age of the oldest record of the batch in hand, by stage
    "jiesu_stage_up",  # 1 while the stage works, 0 while it waits for bus or database or has stopped
]
METRICS: Final[tuple[Metric, ...]] = get_args(Metric)


class TooManyDead(JiesuError):
    """A stage stopped because nearly all of a topic's records were refused: the upstream has probably changed."""


class Brake:
    """Stops a stage when of a topic's last `window` records more than `share` became dead letters.

    One broken upstream would otherwise fill the dead letters unnoticed; what was read until then is kept and can be fed
    again. A few bad records never stop anything: below `window` records there is no verdict.
    """

    def __init__(self, share: float, window: int) -> None:
        self._share = share
        self._window = window
        self._last: dict[str, deque[tuple[int, int]]] = {}
        self._reasons: dict[str, Counter[str]] = {}

    def check(self, stage: str, read: Mapping[str, int], dead: Mapping[str, Sequence[str]]) -> None:
        """Raises `TooManyDead`; `read` counts a batch's records by topic, `dead` has its refusals' reasons by topic."""
        for topic, count in read.items():
            last = self._last.setdefault(topic, deque())
            reasons = dead.get(topic, ())
            self._reasons.setdefault(topic, Counter()).update(reasons)
            last.append((count, len(reasons)))
            while sum(n for n, _ in last) - last[0][0] >= self._window:
                last.popleft()
            total, refused = sum(n for n, _ in last), sum(n for _, n in last)
            if total >= self._window and refused > self._share * total:
                reason, times = self._reasons[topic].most_common(1)[0]
                raise TooManyDead(
                    f"stage {stage} stopped: {refused} of the last {total} records of {topic} became dead letters, most"
                    f" often {reason} ({times} times). Look at them with: jiesu dead list --topic {topic}. Once the"
                    " upstream is mended, start again; if this is as it should be, raise JIESU_DEAD_SHARE"
                )


class Observer:
    """One process's view of its stages; see `streams.port.StageObserver`."""

    def __init__(self, brake: Brake, registry: CollectorRegistry | None = None) -> None:
        self.registry = registry or CollectorRegistry()
        self._brake = brake
        self._lock = threading.Lock()
        self._health: dict[str, str] = {}
        self._records = Total("jiesu_records", "Records handled", ["stage", "topic"], registry=self.registry)
        self._messages = Total("jiesu_messages", "Messages written and confirmed", ["stage"], registry=self.registry)
        self._dead = Total(
            "jiesu_dead_letters", "Records refused", ["stage", "topic", "reason"], registry=self.registry
        )
        self._retries = Total("jiesu_retries", "Waits for bus or database", ["stage"], registry=self.registry)
        self._seconds = Histogram(
            "jiesu_batch_seconds", "Seconds from reading a batch to its commit", ["stage"], registry=self.registry
        )
        self._lag = Gauge("jiesu_lag_records", "Records still to be read", ["stage", "topic"], registry=self.registry)
        self._oldest = Gauge(
            "jiesu_oldest_unhandled_seconds",
            "Age of the oldest record of the batch in hand when it was done",
            ["stage"],
            registry=self.registry,
        )
        self._up = Gauge("jiesu_stage_up", "1 while the stage works", ["stage"], registry=self.registry)

    def assigned(self, stage: str, partitions: Sequence[Position]) -> None:
        """See `streams.port.StageObserver`."""
        self._set(stage, "working", 1)
        log.info("reading", action="assigned", stage=stage, partitions=len(partitions))

    def batch_done(self, stage: str, records: Sequence[Record], prepared: Prepared, seconds: float) -> None:
        """Counts, and puts on the brake."""
        topics = Counter(record.topic for record in records)
        for topic, count in topics.items():
            self._records.labels(stage, topic).inc(count)
        for topic, reasons in prepared.dead.items():
            for reason, count in Counter(reasons).items():
                self._dead.labels(stage, topic, reason).inc(count)
        self._messages.labels(stage).inc(len(prepared.outgoing))
        self._seconds.labels(stage).observe(seconds)
        oldest = min(record.timestamp for record in records)
        self._oldest.labels(stage).set(max(0.0, time.time() - oldest / 1000))
        self._set(stage, "working", 1)
        log.debug(
            "batch done",
            action="batch_done",
            stage=stage,
            records=len(records),
            messages=len(prepared.outgoing),
            dead=sum(map(len, prepared.dead.values())),
            seconds=round(seconds, 4),
        )
        self._brake.check(stage, {t: n for t, n in topics.items() if t != DEAD_LETTERS}, prepared.dead)

    def lag(self, stage: str, lag: Mapping[Position, int]) -> None:
        """See `streams.port.StageObserver`."""
        by_topic: Counter[str] = Counter()
        for (topic, _), count in lag.items():
            by_topic[topic] += count
        for topic, count in by_topic.items():
            self._lag.labels(stage, topic).set(count)
        if not any(by_topic.values()):
            self._oldest.labels(stage).set(0)

    def retrying(self, stage: str, error: Exception, wait: float) -> None:
        """See `streams.port.StageObserver`."""
        self._retries.labels(stage).inc()
        self._set(stage, f"waiting: {error}", 0)
        log.warning("waiting", action="retrying", stage=stage, why=str(error), seconds=round(wait, 2))

    def stopped(self, stage: str, error: Exception | None) -> None:
        """See `streams.port.StageObserver`."""
        self._set(stage, f"stopped: {error}" if error else "stopped", 0)
        if error:
            log.error("stopped", action="stopped", stage=stage, why=str(error))
        else:
            log.info("stopped", action="stopped", stage=stage)

    def health(self) -> dict[str, str]:
        """What each stage does now: `working`, `waiting: why`, `stopped: why`."""
        with self._lock:
            return dict(self._health)

    def _set(self, stage: str, state: str, up: int) -> None:
        with self._lock:
            self._health[stage] = state
        self._up.labels(stage).set(up)
