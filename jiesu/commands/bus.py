"""Commands around the bus: feed, run, worker, topics, tail."""

from __future__ import annotations

import base64
import json
import signal
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer

from connectors.files import split_file
from connectors.registry import CHANNELS_READ
from jiesu.terminal import JsonFlag, err, house, out, print_json, progress_bar, table
from letters import topics
from letters.errors import JiesuError, SettingsError
from streams.binding import Stopped, run_for_ever, run_until_idle
from streams.port import Bus, Outgoing, Record
from streams.topology import TOPOLOGY

_PUBLISH = 500


class UnknownChannel(JiesuError):
    """There is no channel {channel!r}; the channels are {known}. A unit reports to progress.<unit>."""


def feed(
    channel: Annotated[str, typer.Argument(help="110, 12345, 12389, petition, mailbox; or progress.<unit>")],
    file: Annotated[
        Path, typer.Argument(help=".jsonl, .csv, .xlsx or (petition) .xml; - reads JSON lines from standard input")
    ],
    as_json: JsonFlag = False,
) -> None:
    """Put an upstream's file on its intake topic, each record as it stands.

    A record that cannot be read later ends as a dead letter; only a file that cannot be split into records is refused.

    Example: `jiesu feed mailbox bureaus/nankang/samples/mailbox.jsonl && jiesu run --until-idle`
    """
    topic = _topic(channel)
    size = file.stat().st_size if file.is_file() else None
    with house() as jiesu, progress_bar(f"feeding {topic}", size, shown=not as_json) as advance:
        done = 0

        def at(read: int) -> None:
            nonlocal done
            advance(read - done)
            done = read

        messages = _lines(topic) if str(file) == "-" else split_for(file, channel, at)
        first = next(messages, None)  # a file that cannot be split says so before anything is made or fed
        jiesu.ready()
        fed = publish_all(jiesu.bus, chain([first] if first else [], messages))
    if as_json:
        print_json({"topic": topic, "fed": fed})
    else:
        out.print(f"{fed} records on {topic}. Next: [bold]jiesu run --until-idle[/bold]")


def run(
    until_idle: Annotated[bool, typer.Option("--until-idle", help="Stop when nothing is left to do.")] = False,
    stage: Annotated[list[str] | None, typer.Option(help="Only this stage; may be given several times.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """Run every stage and the outbox relay in this process.

    Example: `jiesu run --until-idle --json`
    """
    with house() as jiesu:
        jiesu.ready()
        stop = stop_on_signals()
        bindings = jiesu.bindings(stop, names=stage or ())
        try:
            if not until_idle:
                run_for_ever(bindings, stop, hourly=jiesu.tidy)
                return
            waiting = sum(binding.lag() for binding in bindings)
            with progress_bar("records", waiting * 3 or None, shown=not as_json) as advance:
                handled = run_until_idle(bindings, on_batch=lambda _stage, count: advance(count))
        except Stopped:
            err.print("stopped; what was begun is done again next time")
            raise typer.Exit(130) from None
        finally:
            for binding in bindings:
                binding.close()
    if as_json:
        print_json({"handled": handled})
    else:
        told = ", ".join(f"{name} {count}" for name, count in handled.items())
        out.print(f"Nothing left to do. Records handled: {told}. Next: [bold]jiesu letters[/bold]")


def worker(
    stage: Annotated[list[str] | None, typer.Option(help="Only this stage; may be given several times.")] = None,
    metrics_port: Annotated[
        int | None, typer.Option(help="Serve /metrics and /healthz on this port of 127.0.0.1.")
    ] = None,
) -> None:
    """Kafka: run these stages as a Faust worker until it is stopped; start as many as there is work for.

    Example: `JIESU_BUS=kafka://kafka:9092 jiesu worker --stage label`
    """
    from jiesu.worker import run_worker

    with house() as jiesu:
        if jiesu.embedded:
            raise SettingsError(
                "jiesu worker needs Kafka: set JIESU_BUS=kafka://host:port. The embedded bus runs with jiesu up"
            )
        jiesu.ready()
        run_worker(jiesu, stage or (), metrics_port)


def topics_(
    acl: Annotated[str | None, typer.Option(help="Grant a unit (12-digit code) its own topics, on Kafka.")] = None,
    principal: Annotated[str | None, typer.Option(help="The unit's Kafka user; its code unless given.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """Make the bureau's topics that do not exist yet and list all.

    Example: `jiesu topics --acl 360703510000 --principal User:jinji`
    """
    with house() as jiesu:
        made = jiesu.prepare() if jiesu.embedded and jiesu.database.sqlite else jiesu.make_topics()
        if acl:
            from jiesu.worker import grant_unit

            granted = grant_unit(jiesu, acl, principal)
            if as_json:
                print_json({"unit": acl, "granted": granted})
            else:
                for line in granted:
                    out.print(line, highlight=False)
            return
        known = jiesu.bus.topics()
        ends = jiesu.bus.ends(list(known))
        counts: Counter[str] = Counter()
        for (topic, _), end in ends.items():
            counts[topic] += end
        groups = {name: flow.stage for flow in TOPOLOGY for name in flow.reads}
    if as_json:
        print_json([{"topic": t, "partitions": n, "messages": counts[t], "new": t in made} for t, n in known.items()])
        return
    shown = table("topic", "partitions", "messages", "read by")
    for topic, partitions in sorted(known.items()):
        shown.add_row(topic, str(partitions), str(counts[topic]), groups.get(topic, ""))
    out.print(shown)
    if made:
        out.print(f"{len(made)} new")


def tail(
    topic: Annotated[str, typer.Argument(help="e.g. letters, dead-letters, assignments.<unit>")],
    from_start: Annotated[bool, typer.Option("--from-start", help="From the first message kept.")] = False,
    follow: Annotated[bool, typer.Option("--follow", help="Go on until stopped.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """Read a topic; without an option, what is on it now. `--json` prints one message a line.

    Example: `jiesu tail dead-letters --from-start --json | head`
    """
    with house() as jiesu:
        if jiesu.embedded:
            jiesu.make_topics()
        records = jiesu.bus.scan(topic, from_start=from_start or not follow, follow=follow)
        for record in records:
            if as_json:
                sys.stdout.write(_one_line(record) + "\n")
                sys.stdout.flush()
            else:
                key = (record.key or b"").decode("utf-8", "backslashreplace")
                out.print(f"[bold]{topic}/{record.partition}/{record.offset}[/bold] {key}", highlight=False)
                out.print(_readable(record), markup=False, highlight=False)


def add_to(app: typer.Typer) -> None:
    """Hang the commands into the program."""
    app.command()(feed)
    app.command()(run)
    app.command()(worker)
    app.command(name="topics")(topics_)
    app.command()(tail)


def stop_on_signals() -> threading.Event:
    """An event that SIGTERM and the first Ctrl-C set, so that a batch in hand is finished."""
    stop = threading.Event()

    def halt(_number: int, _frame: FrameType | None) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    signal.signal(signal.SIGTERM, halt)
    signal.signal(signal.SIGINT, halt)
    return stop


def _topic(channel: str) -> str:
    if channel in CHANNELS_READ:
        return topics.intake(channel)
    if channel.startswith("progress.") and topics.unit_of(channel):
        return channel
    raise UnknownChannel(channel=channel, known=", ".join(CHANNELS_READ))


def split_for(file: Path, channel: str, at: Callable[[int], object] | None = None) -> Iterator[Outgoing]:
    """A file's records as messages for its channel's intake topic, or a unit's reports for its progress topic."""
    topic = _topic(channel)
    if topic != channel:
        for key, value, headers in split_file(file, channel, progress=at):
            yield Outgoing(topic, key, value, tuple(headers))
        return
    if file.suffix != ".jsonl":
        raise SettingsError(f"{file}: progress is fed as JSON lines (.jsonl)")
    try:
        with file.open("rb") as lines:
            yield from (Outgoing(topic, None, line.strip()) for line in lines if line.strip())
    except OSError as error:
        raise SettingsError(f"{file} cannot be read: {error.strerror}") from None


def publish_all(bus: Bus, messages: Iterable[Outgoing]) -> int:
    """Put messages on the bus in batches; how many."""
    fed = 0
    waiting = iter(messages)
    while batch := list(islice(waiting, _PUBLISH)):
        bus.publish(batch)
        fed += len(batch)
    return fed


def _lines(topic: str) -> Iterator[Outgoing]:
    for line in sys.stdin.buffer:
        if line.strip():
            yield Outgoing(topic, None, line.rstrip(b"\r\n"))


def _one_line(record: Record) -> str:
    try:
        return json.dumps(json.loads(record.value), ensure_ascii=False)
    except (ValueError, RecursionError):
        raw = base64.b64encode(record.value).decode()
        return json.dumps({"partition": record.partition, "offset": record.offset, "not_json": raw})


def _readable(record: Record) -> str:
    try:
        return json.dumps(json.loads(record.value), ensure_ascii=False, indent=2)
    except (ValueError, RecursionError):
        return record.value.decode("utf-8", "backslashreplace")
