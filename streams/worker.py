"""Stages and a Kafka address go in, a Faust app that runs them comes out, and `run_worker` runs it until it is stopped.

Each stage is a Faust agent on a batch channel of its own; beside it a service owns the stage's consumer. Offsets are
committed by that service alone, after database and Kafka have confirmed: nothing rests on Faust's own acknowledgements.
The control topic is an ordinary Faust topic, read by every worker.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import faust
import structlog
from mode.supervisors import CrashingSupervisor
from pydantic import ValidationError

from letters.errors import JiesuError, TryLater
from letters.messages import Control
from letters.topics import CONTROL
from streams.binding import waits
from streams.kafka import KafkaBus
from streams.kafka_url import KafkaSettings
from streams.port import SilentObserver, Stage, StageObserver, expand
from streams.worker_reader import StageReader
from streams.worker_sender import Sender
from streams.worker_stage import Work

log = structlog.get_logger()

_APP_STOP_SECONDS: Final = 3.0


@dataclass(frozen=True, slots=True)
class WorkerSettings:
    """How a worker runs. `instance` names it for good (static membership): after a crash it gets its partitions back at
    once when it restarts within the session timeout, but an orderly stop keeps them that long from others."""

    kafka: KafkaSettings
    batch: int = 500
    instance: str | None = None
    stop_seconds: float = 8.0
    folder: Path = Path("var/faust")


def build_app(
    stages: Sequence[Stage],
    settings: WorkerSettings,
    *,
    observer: StageObserver | None = None,
    on_control: Callable[[Control], None] | None = None,
) -> faust.App:
    """The app of these stages; its services are in `app.stage_readers`. Also for `faust -A`."""
    watcher = observer or SilentObserver()
    settings.folder.mkdir(parents=True, exist_ok=True)  # Faust wants one, though nothing of ours is kept there
    app = faust.App(
        # A group of its own each time: every worker hears every word, and none waits for its dead predecessor's session.
        f"jiesu-control.{socket.gethostname()}.{uuid.uuid4().hex[:12]}",
        broker=[f"kafka://{server}" for server in settings.kafka.servers],
        broker_credentials=_credentials(settings.kafka),
        broker_commit_interval=1,
        consumer_auto_offset_reset="latest",
        datadir=str(settings.folder),
        origin="streams",
        autodiscover=False,
        web_enabled=False,
        topic_allow_declare=False,
        topic_disable_leader=True,
        value_serializer="raw",
        key_serializer="raw",
        stream_wait_empty=False,
    )
    bus = KafkaBus(settings.kafka)
    app.stage_readers = [_add_stage(app, stage, settings, watcher, bus) for stage in stages]
    _add_control(app, on_control)
    return app


def run_worker(
    stages: Sequence[Stage],
    settings: WorkerSettings,
    *,
    observer: StageObserver | None = None,
    on_control: Callable[[Control], None] | None = None,
) -> None:
    """Run until SIGTERM or SIGINT, which finish the batch in hand. Raises what made a stage stop.

    A broker that does not answer at the start is waited for; a topic that does not exist is `UnknownTopic`. When a stage
    hangs and does not come back within `stop_seconds`, the process is ended here: its batch is nowhere committed.
    """
    hangs = asyncio.run(_run(stages, settings, observer or SilentObserver(), on_control))
    if hangs:
        log.error("a stage hangs; ending the process", action="worker_hangs", stages=hangs)
        os._exit(1)


async def _run(
    stages: Sequence[Stage],
    settings: WorkerSettings,
    observer: StageObserver,
    on_control: Callable[[Control], None] | None,
) -> list[str]:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    if not await _ready(stages, settings, observer, stop):
        return []
    app = build_app(stages, settings, observer=observer, on_control=on_control)
    stopping = asyncio.ensure_future(stop.wait())
    starting = asyncio.ensure_future(app.start())
    try:
        await asyncio.wait([starting, stopping], return_when=asyncio.FIRST_COMPLETED)
        if starting.done():
            starting.result()
            ends = [asyncio.ensure_future(reader.over.wait()) for reader in app.stage_readers]
            crashed = asyncio.ensure_future(app.wait_until_stopped())
            await asyncio.wait([stopping, crashed, *ends], return_when=asyncio.FIRST_COMPLETED)
    finally:
        log.info("stopping", action="worker_stopping")
        await asyncio.gather(*(reader.stop() for reader in app.stage_readers if reader.started), return_exceptions=True)
        try:
            await asyncio.wait_for(app.stop(), _APP_STOP_SECONDS)
        except TimeoutError:
            log.warning("Faust did not stop in time", action="faust_stop_timed_out")
        starting.cancel()
    for reader in app.stage_readers:
        if reader.failure is not None:
            raise reader.failure
    if app.crash_reason is not None:
        raise app.crash_reason
    return [reader.name for reader in app.stage_readers if reader.work.busy]


async def _ready(
    stages: Sequence[Stage], settings: WorkerSettings, observer: StageObserver, stop: asyncio.Event
) -> bool:
    """Wait until Kafka answers and every topic is there; False when told to stop meanwhile."""
    bus = KafkaBus(settings.kafka)
    names = [CONTROL, *(name for stage in stages for name in stage.inputs)]
    for wait in waits():
        try:
            expand(names, await asyncio.to_thread(bus.topics))
            await asyncio.to_thread(bus.close)
            return True
        except TryLater as error:
            for stage in stages:
                observer.retrying(stage.name, error, wait)
            try:
                await asyncio.wait_for(stop.wait(), wait)
                return False
            except TimeoutError:
                continue
    return False


def _add_stage(
    app: faust.App, stage: Stage, settings: WorkerSettings, observer: StageObserver, bus: KafkaBus
) -> StageReader:
    channel = app.channel(maxsize=1)
    work = Work(stage, Sender(settings.kafka), bus, observer)

    async def handle(stream: Any) -> None:
        async for batch in stream:
            if batch.taken.is_set():
                continue
            batch.taken.set()
            try:
                batch.done.set_result(await work.handle(batch.records))
            except Exception as error:
                batch.done.set_exception(error)

    # both names are wire contracts: Faust's own monitoring and logs go by them
    app.agent(channel, name=f"jiesu.stage.{stage.name}", supervisor_strategy=CrashingSupervisor)(handle)
    reader = StageReader(
        work,
        channel,
        settings.kafka,
        observer,
        batch=settings.batch,
        instance=settings.instance,
        stop_seconds=settings.stop_seconds,
    )
    app.service(reader)
    return reader


def _add_control(app: faust.App, on_control: Callable[[Control], None] | None) -> None:
    topic = app.topic(CONTROL, value_type=bytes, value_serializer="raw", key_serializer="raw")

    async def control(stream: Any) -> None:
        async for value in stream:
            try:
                word = Control.model_validate_json(value)
            except ValidationError as error:
                log.warning("a control message cannot be read", action="control_refused", why=str(error))
                continue
            log.info("control", action="control", command=word.command, model=word.model)
            if on_control is not None:
                try:
                    await asyncio.to_thread(on_control, word)
                except JiesuError as error:
                    log.error("a control message was not followed", action="control_failed", why=str(error))

    app.agent(topic, name="jiesu.control")(control)


def _credentials(settings: KafkaSettings) -> Any:
    if settings.user:
        return faust.SASLCredentials(
            username=settings.user,
            password=settings.password or "",
            mechanism=settings.mechanism,
            ssl_context=settings.ssl_context() if settings.security == "SASL_SSL" else None,
        )
    return faust.SSLCredentials(settings.ssl_context()) if settings.security == "SSL" else None
