"""The bus port: what a backend (embedded, Kafka) offers and what a stage is; values only, no backend code."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from letters.errors import JiesuError

Headers = tuple[tuple[str, bytes], ...]
Position = tuple[str, int]
"""A topic and a partition."""

MESSAGE_ID = "message-id"
"""Header that names a message for good (e.g. its assignment_id): how a relay sees what already arrived."""


class UnknownTopic(JiesuError):
    """Topic {topic} does not exist on this bus: `jiesu topics` makes the bureau's topics, or check the name."""


class Record(NamedTuple):
    """A message as read. `timestamp` is in milliseconds since 1970."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes
    headers: Headers
    timestamp: int


class Outgoing(NamedTuple):
    """A message to be written."""

    topic: str
    key: bytes | None
    value: bytes
    headers: Headers = ()


@dataclass(frozen=True, slots=True)
class TopicSpec:
    """How a topic is made. `retention_hours` None keeps everything."""

    name: str
    partitions: int = 1
    replication: int = 1
    retention_hours: int | None = None


def selects(name: str, topic: str) -> bool:
    """Whether a subscription to `name` takes in `topic`: the same name, or a name ending in `.*` and that beginning."""
    return topic.startswith(name[:-1]) if name.endswith(".*") else topic == name


def expand(names: Iterable[str], topics: Mapping[str, int]) -> list[str]:
    """The existing topics that `names` (some perhaps ending in `.*`) stand for, sorted; `UnknownTopic` for a plain name
    that is not among them."""
    found: set[str] = set()
    for name in names:
        if name.endswith(".*"):
            found.update(topic for topic in topics if selects(name, topic))
        elif name in topics:
            found.add(name)
        else:
            raise UnknownTopic(topic=name)
    return sorted(found)


class Reader(Protocol):
    """One member of a consumer group. Not shared between threads."""

    def poll(self, max_records: int, timeout: float) -> list[Record]:
        """Up to `max_records` in offset order per partition; empty when nothing came within `timeout` seconds."""
        ...

    def commit(self) -> None:
        """Everything polled so far is done. Raises `TryLater` when partitions have gone to another member meanwhile:
        nothing was committed then, and the next poll begins again at what is committed."""
        ...

    def rewind(self) -> None:
        """Forget what was polled since the last commit: it will be polled again."""
        ...

    def pause(self, topic: str) -> None:
        """Read no further from this topic."""
        ...

    def close(self) -> None:
        """Leave the group in order."""
        ...


class Bus(Protocol):
    """Topics that keep every message until retention. Every method raises `TryLater` when the broker does not answer,
    and `UnknownTopic` for a topic that was never made. Where topics are asked for, `progress.*` means all such topics.

    A bus may be used from several threads at once, a reader only from one at a time.
    """

    name: str

    def create(self, topics: Iterable[TopicSpec]) -> list[str]:
        """Make the topics that do not exist; the names made."""
        ...

    def topics(self) -> Mapping[str, int]:
        """Every topic and its number of partitions, without a broker's internal ones."""
        ...

    def publish(self, messages: Sequence[Outgoing]) -> None:
        """Write all, in order per key; returns when every one is confirmed. On an error some may have arrived."""
        ...

    def missing(self, messages: Sequence[Outgoing], since: int) -> list[Outgoing]:
        """Those whose `message-id` header does not stand on their topic at or after `since` (ms since 1970)."""
        ...

    def reader(self, group: str, topics: Sequence[str]) -> Reader:
        """A member of the group on these topics; a name that ends in `.*` stands for every topic with that beginning,
        also ones made later."""
        ...

    def starts(self, topics: Sequence[str]) -> dict[Position, int]:
        """First offset still kept, for each partition."""
        ...

    def ends(self, topics: Sequence[str]) -> dict[Position, int]:
        """The offset that the next message will get, for each partition."""
        ...

    def committed(self, group: str, topics: Sequence[str]) -> dict[Position, int]:
        """What the group has committed; partitions without a commit are absent."""
        ...

    def scan(self, topic: str, *, from_start: bool = True, follow: bool = False) -> Iterator[Record]:
        """Read a topic outside any group: what is there (or only what comes), and with `follow` on for ever."""
        ...

    def close(self) -> None:
        """Let go of connections and files."""
        ...


@dataclass(slots=True)
class Prepared:
    """A batch whose rows are in the database: `outgoing` must be confirmed by the bus before `Stage.settle`."""

    outgoing: list[Outgoing]
    ticket: object | None = None
    dead: dict[str, list[str]] = field(default_factory=dict)
    """Reason codes of the records refused in this batch, by topic."""
    again: bool = False
    """True when part of the batch had been prepared before: its messages may stand in a dead worker's outbox, so the
    binding recovers before it commits."""


class Stage(Protocol):
    """One step of a letter's way. The binding reads, publishes, confirms, commits, retries and measures; a stage does not.

    `prepare` is synchronous and may block on the database, so an async binding calls it in a thread.
    """

    name: str
    """Also its consumer group."""
    inputs: tuple[str, ...]

    def prepare(self, records: Sequence[Record]) -> Prepared:
        """One database transaction for the batch; bad input becomes a dead letter in here, never an exception.
        Raises `TryLater` when the database does not answer: nothing was written."""
        ...

    def settle(self, prepared: Prepared) -> None:
        """Every outgoing message is confirmed: the outbox forgets them."""
        ...

    def recover(self) -> list[tuple[int, list[Outgoing], object]]:
        """Outbox batches that a dead worker of this stage left behind: (time in ms, messages, ticket)."""
        ...


class StageObserver(Protocol):
    """What a binding tells while it works: for metrics, health and the brake on dead letters. Called from any thread;
    it must be quick. Only `batch_done` may raise: that stops the stage with this error, after the batch is committed."""

    def assigned(self, stage: str, partitions: Sequence[Position]) -> None:
        """The partitions that this worker now reads for the stage."""
        ...

    def batch_done(self, stage: str, records: Sequence[Record], prepared: Prepared, seconds: float) -> None:
        """A batch is in the database, confirmed by the bus and committed; `seconds` from reading it to that point."""
        ...

    def lag(self, stage: str, lag: Mapping[Position, int]) -> None:
        """How many messages of each assigned partition are still to be read; told every few seconds."""
        ...

    def retrying(self, stage: str, error: Exception, wait: float) -> None:
        """The batch could not be done now and is tried again in `wait` seconds; nothing further is read meanwhile."""
        ...

    def stopped(self, stage: str, error: Exception | None) -> None:
        """The stage reads no more: in order when `error` is None."""
        ...


class SilentObserver:
    """An observer that does nothing, for tests and benchmarks."""

    def assigned(self, stage: str, partitions: Sequence[Position]) -> None:
        pass

    def batch_done(self, stage: str, records: Sequence[Record], prepared: Prepared, seconds: float) -> None:
        pass

    def lag(self, stage: str, lag: Mapping[Position, int]) -> None:
        pass

    def retrying(self, stage: str, error: Exception, wait: float) -> None:
        pass

    def stopped(self, stage: str, error: Exception | None) -> None:
        pass
