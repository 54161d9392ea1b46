"""A batch of records goes in; its rows are in the database and its messages confirmed when it comes out: one stage's work.

The order is invariant 3, as in `streams.binding`: the stage's transaction, then Kafka confirms, then the outbox forgets,
and only after that may the reader commit. Waiting is asynchronous, so heartbeats go on meanwhile.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import Final, TypeVar

import structlog

from letters.errors import TryLater
from streams.binding import waits
from streams.port import Bus, Outgoing, Prepared, Record, Stage, StageObserver
from streams.worker_sender import Sender

log = structlog.get_logger()
T = TypeVar("T")

_SLACK_MS: Final = 60_000
"""How far the clocks of database and workers may be apart when we look for a message that may have arrived."""


class GivenUp(Exception):
    """The batch was dropped uncommitted, because its partitions are going to another worker and nothing of it was
    written, or because this worker ends: whoever reads it next begins anew and finds what is in the outbox."""


class Work:
    """One stage's batches, one after the other."""

    def __init__(self, stage: Stage, sender: Sender, bus: Bus, observer: StageObserver) -> None:
        self.stage = stage
        self._sender = sender
        self._bus = bus
        self._observer = observer
        self._leaving = asyncio.Event()
        self._ending = asyncio.Event()
        self.waited = False
        """Whether something had to wait since the reader last looked."""
        self.busy = False
        """Whether a call into the stage or the bus is under way; true after the end when it hangs."""
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=f"stage-{stage.name}")

    def give_up_waiting(self) -> None:
        """From now on a batch that has to wait and of which nothing is written is dropped instead."""
        self._leaving.set()

    def end(self) -> None:
        """The process ends: wait for nothing any more. What stands in the outbox is for other workers to find."""
        self._leaving.set()
        self._ending.set()

    def go_on(self) -> None:
        """Wait again as long as it takes."""
        self._leaving.clear()

    async def handle(self, records: Sequence[Record]) -> Prepared:
        """Prepare, publish, settle. Raises `GivenUp`, and what the stage raises beside `TryLater`."""
        prepared = await self._until_answered(partial(self.stage.prepare, records), may_give_up=True)
        await self._publish(prepared.outgoing)
        await self._until_answered(partial(self.stage.settle, prepared))
        if prepared.again:
            await self.sweep()  # what the first reading of this batch left unsent goes out before the offset moves
        return prepared

    async def sweep(self) -> None:
        """Send what dead workers of this stage left in the outbox, and nothing that already stands on its topic."""
        for created_at, messages, ticket in await self._until_answered(self.stage.recover, may_give_up=True):
            missing = await self._missing(messages, created_at - _SLACK_MS)
            await self._publish(missing)
            await self._until_answered(partial(self.stage.settle, Prepared([], ticket)))
            log.info(
                "sent what a dead worker left",
                action="outbox_recovered",
                stage=self.stage.name,
                messages=len(messages),
                missing=len(missing),
            )

    async def stop(self) -> None:
        """Let go of connection and thread; a call that hangs in the thread is left to the end of the process."""
        await self._sender.stop()
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def _publish(self, messages: list[Outgoing]) -> None:
        since = int(time.time() * 1000) - _SLACK_MS
        left = messages
        for wait in waits():
            try:
                return await self._sender.send(left)
            except TryLater as error:
                await self._pause(error, wait, self._ending)
                # Some may have arrived before the error: ask, so that none stands there twice.
                left = await self._missing(messages, since)
        raise AssertionError("waits() never ends")

    async def _missing(self, messages: list[Outgoing], since: int) -> list[Outgoing]:
        return await self._until_answered(partial(self._bus.missing, messages, since))

    async def _until_answered(self, call: Callable[[], T], *, may_give_up: bool = False) -> T:
        loop = asyncio.get_running_loop()
        stop = self._leaving if may_give_up else self._ending
        for wait in waits():
            try:
                return await loop.run_in_executor(self._thread, self._called, call)
            except TryLater as error:
                await self._pause(error, wait, stop)
        raise AssertionError("waits() never ends")

    def _called(self, call: Callable[[], T]) -> T:
        self.busy = True
        try:
            return call()
        finally:
            self.busy = False

    async def _pause(self, error: TryLater, wait: float, stop: asyncio.Event) -> None:
        if not stop.is_set():
            self.waited = True
            self._observer.retrying(self.stage.name, error, wait)
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), wait)
        if stop.is_set():
            raise GivenUp from error
