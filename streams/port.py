"""The bus port: what a backend (embedded, Kafka) offers and what a stage is; values only, no backend code."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

Headers = tuple[tuple[str, bytes], ...]
Position = tuple[str, int]
"""A topic and a partition."""

MESSAGE_ID = "message-id"
"""Header that names a message for good (e.g. its assignment_id): how a relay sees what already arrived."""


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


class Reader(Protocol):
    """One member of a consumer group. Not shared between threads."""

    def poll(self, max_records: int, timeout: float) -> list[Record]:
        """Up to `max_records` in offset order per partition; empty when nothing came within `timeout` seconds."""
        ...

    def commit(self) -> None:
        """Everything polled so far is done. Raises `TryLater` when the partitions have gone to another member."""
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
    """Topics that keep every message until retention. Every method raises `TryLater` when the broker does not answer."""

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
