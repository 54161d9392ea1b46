"""A stage and a bus go in, handled batches come out: reading, confirming, committing and retrying for one process.

The order is invariant 3: the stage's transaction, then the bus confirms, then the outbox forgets, then the offset.
The Faust worker (`streams.worker`) keeps the same order on Kafka; this one drives any bus, for `jiesu run` and `jiesu up`.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Final, Protocol, TypeVar

import structlog

from letters.errors import TryLater
from streams.port import Bus, Outgoing, Prepared, Stage, StageObserver, selects

log = structlog.get_logger()
T = TypeVar("T")

BATCH: Final = 500
_FIRST_WAIT: Final = 0.1
_LONGEST_WAIT: Final = 10.0
_SLACK_MS: Final = 60_000
"""How far the clocks of database and broker may be apart when a relay looks for a message that may have arrived."""
_SWEEP_SECONDS: Final = 5.0
"""How often an idle stage looks for what a dead worker left behind."""
_HOUR: Final = 3600.0
_LAG_SECONDS: Final = 5.0
"""How often the observer is told how much is still to be read."""


class Stopped(Exception):
    """The work was told to stop while it waited; whatever was begun is done again later."""


def waits() -> Iterator[float]:
    """Seconds to wait before each try: doubling up to a cap, with a random part so that many workers spread."""
    wait = _FIRST_WAIT
    while True:
        yield wait * random.uniform(0.5, 1.0)
        wait = min(wait * 2, _LONGEST_WAIT)


class Relay:
    """What a stage has in its outbox, out to the bus and confirmed; also for what is no stage on a topic (the clock,
    officers' commands)."""

    def __init__(self, bus: Bus, stage: Stage, observer: StageObserver, stop: threading.Event) -> None:
        self.stage = stage
        self._bus = bus
        self._observer = observer
        self._stop = stop
        self._swept = 0.0
        self._waited = True

    def send(self, prepared: Prepared) -> None:
        """Publish what a stage prepared, then let its outbox forget it."""
        self._publish(prepared.outgoing)
        self._until_answered(lambda: self.stage.settle(prepared))

    def sweep(self) -> int:
        """Send what dead workers of this stage left in the outbox, and nothing that already stands on its topic."""
        self._swept = time.monotonic()
        sent = 0
        for created_at, messages, ticket in self._until_answered(self.stage.recover):
            missing = self._until_answered(partial(self._bus.missing, messages, created_at - _SLACK_MS))
            self._publish(missing)
            self._until_answered(partial(self.stage.settle, Prepared([], ticket)))
            sent += len(missing)
            log.info(
                "sent what a dead worker left",
                action="outbox_recovered",
                stage=self.stage.name,
                messages=len(messages),
                missing=len(missing),
            )
        return sent

    def _publish(self, messages: list[Outgoing]) -> None:
        if not messages:
            return
        since = int(time.time() * 1000) - _SLACK_MS
        left = messages
        for wait in waits():
            try:
                self._bus.publish(left)
            except TryLater as error:
                self._pause(error, wait)
                # Some may have arrived before the error: ask, so that none stands there twice.
                left = self._until_answered(lambda: self._bus.missing(messages, since))
                if not left:
                    return
            else:
                return

    def _until_answered(self, call: Callable[[], T]) -> T:
        for wait in waits():
            try:
                return call()
            except TryLater as error:
                self._pause(error, wait)
        raise AssertionError("waits() never ends")

    def _tell_working(self) -> None:
        """After a wait that ended with nothing to do: no batch will tell that it is over."""
        if self._waited:
            topics = self._until_answered(self._topics)
            self._observer.assigned(self.stage.name, [(topic, 0) for topic in topics])
            self._waited = False

    def _topics(self) -> list[str]:
        return [t for t in self._bus.topics() if any(selects(name, t) for name in self.stage.inputs)]

    def _pause(self, error: TryLater, wait: float) -> None:
        self._waited = True
        self._observer.retrying(self.stage.name, error, wait)
        if self._stop.wait(wait):
            raise Stopped from error


class Binding(Relay):
    """One stage on one bus. Used by one thread."""

    def __init__(
        self, bus: Bus, stage: Stage, observer: StageObserver, stop: threading.Event, *, batch: int = BATCH
    ) -> None:
        super().__init__(bus, stage, observer, stop)
        self._batch = batch
        self._reader = self._until_answered(lambda: bus.reader(stage.name, stage.inputs))
        self._tell_working()

    def step(self, timeout: float = 0.0) -> int:
        """Handle one batch; how many records it had. Raises what the observer raises, and `Stopped`."""
        started = time.monotonic()
        if started - self._swept > _SWEEP_SECONDS:
            self.sweep()
        records = self._until_answered(lambda: self._reader.poll(self._batch, timeout))
        if not records:
            self._tell_working()
            return 0
        began = time.perf_counter()
        prepared = self._until_answered(lambda: self.stage.prepare(records))
        self.send(prepared)
        if prepared.again:
            self.sweep()  # what the first reading of this batch left unsent goes out before the offset moves
        try:
            self._reader.commit()
        except TryLater as error:
            # The rows are written and the messages sent: whoever reads the batch again, this worker or the partitions'
            # new owner, finds both. Without rewinding, records that nothing follows would stay uncommitted.
            log.warning("a commit was not taken", action="commit_lost", stage=self.stage.name, why=str(error))
            self._reader.rewind()
            self._pause(error, _FIRST_WAIT)
            return len(records)
        self._observer.batch_done(self.stage.name, records, prepared, time.perf_counter() - began)
        return len(records)

    def lag(self) -> int:
        """How many records this group has still to read."""
        return self._until_answered(self._lag)

    def _lag(self) -> int:
        topics = self._topics()
        ends, starts = self._bus.ends(topics), self._bus.starts(topics)
        done = self._bus.committed(self.stage.name, topics)
        lag = {at: end - max(done.get(at, 0), starts.get(at, 0)) for at, end in ends.items()}
        self._observer.lag(self.stage.name, lag)
        return sum(lag.values())

    def leave(self) -> None:
        """Leave the group."""
        self._reader.close()

    def close(self) -> None:
        """Leave the group and say so."""
        self.leave()
        self._observer.stopped(self.stage.name, None)


class Runs(Protocol):
    """What the loops below run in turn: a stage on its topics, or the clock."""

    stage: Stage

    def step(self, timeout: float = 0.0) -> int: ...
    def sweep(self) -> int: ...
    def lag(self) -> int: ...
    def leave(self) -> None: ...
    def close(self) -> None: ...


def run_until_idle(bindings: Sequence[Runs], *, on_batch: Callable[[str, int], None] | None = None) -> dict[str, int]:
    """Every stage in turn until a whole round finds nothing and no group lags; records handled, by stage."""
    handled = {binding.stage.name: 0 for binding in bindings}
    for binding in bindings:
        binding.sweep()
    while True:
        moved = 0
        for binding in bindings:
            count = binding.step()
            handled[binding.stage.name] += count
            moved += count
            if count and on_batch:
                on_batch(binding.stage.name, count)
        if moved or any(binding.lag() for binding in bindings):
            continue
        # A worker beside this one may have been killed meanwhile: what it left is also to be done.
        if not sum(binding.sweep() for binding in bindings):
            return handled


def run_for_ever(
    bindings: Sequence[Runs],
    stop: threading.Event,
    *,
    idle_seconds: float = 0.02,
    hourly: Callable[[], object] | None = None,
) -> None:
    """Every stage in turn until `stop` is set; an idle round waits for the bus instead of asking without end.
    `hourly` is called at first and then once an hour."""
    told = tidied = float("-inf")
    while not stop.is_set():
        moved = sum(binding.step() for binding in bindings)
        if time.monotonic() - told > _LAG_SECONDS:
            for binding in bindings:
                binding.lag()
            told = time.monotonic()
        if hourly and time.monotonic() - tidied > _HOUR:
            hourly()
            tidied = time.monotonic()
        if not moved:
            stop.wait(idle_seconds)
