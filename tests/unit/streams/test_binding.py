"""Rows, then messages, then offsets (invariant 3): a worker may die or wait at any point and nothing is lost or sent twice."""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Callable, Sequence
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest

from letters.errors import TryLater
from streams.binding import Binding, Stopped, run_for_ever, run_until_idle
from streams.port import Outgoing, Prepared, Record, SilentObserver
from tests.exactness import assert_exact
from tests.unit.streams.conftest import STATION, Town, call, mailbox

POINTS = ("prepared", "half published", "published", "settled", "committed")
STAGES = ("intake", "label", "route", "progress")


class Calls:
    """What every wrapper tells before or after the real thing is done; `at` may raise or die."""

    def __init__(self, at: Callable[[str, str], None]) -> None:
        self.at = at
        self.stage = ""


class WatchedBus:
    """The real bus; publishing is done in two halves with a word between them."""

    def __init__(self, bus: Any, calls: Calls) -> None:
        self._bus, self._calls = bus, calls

    def __getattr__(self, name: str) -> Any:
        return getattr(self._bus, name)

    def publish(self, messages: Sequence[Outgoing]) -> None:
        half = len(messages) // 2
        self._calls.at(self._calls.stage, "publishing")
        self._bus.publish(messages[:half])
        self._calls.at(self._calls.stage, "half published")
        self._bus.publish(messages[half:])
        self._calls.at(self._calls.stage, "published")

    def reader(self, group: str, topics: Sequence[str]) -> Any:
        return WatchedReader(self._bus.reader(group, topics), group, self._calls)


class WatchedReader:
    """The real reader."""

    def __init__(self, reader: Any, stage: str, calls: Calls) -> None:
        self._reader, self._stage, self._calls = reader, stage, calls

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reader, name)

    def poll(self, max_records: int, timeout: float) -> list[Record]:
        self._calls.at(self._stage, "polling")
        return list(self._reader.poll(max_records, timeout))

    def commit(self) -> None:
        self._calls.at(self._stage, "committing")
        self._reader.commit()
        self._calls.at(self._stage, "committed")


class WatchedStage:
    """The real stage."""

    def __init__(self, stage: Any, calls: Calls) -> None:
        self._stage, self._calls = stage, calls

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stage, name)

    def prepare(self, records: Sequence[Record]) -> Prepared:
        self._calls.stage = self._stage.name
        self._calls.at(self._stage.name, "preparing")
        prepared: Prepared = self._stage.prepare(records)
        self._calls.at(self._stage.name, "prepared")
        return prepared

    def settle(self, prepared: Prepared) -> None:
        self._stage.settle(prepared)
        self._calls.at(self._stage.name, "settled")


def watched(
    town: Town, at: Callable[[str, str], None], *, batch: int = 7, stop: threading.Event | None = None
) -> list[Binding]:
    calls = Calls(at)
    bus: Any = WatchedBus(town.house.bus, calls)
    return [
        Binding(bus, WatchedStage(stage, calls), SilentObserver(), stop or threading.Event(), batch=batch)  # type: ignore[arg-type]
        for stage in town.house.stages()
    ]


def work(town: Town, count: int, turn: int) -> None:
    """Letters of every fate, and reports good and bad."""
    town.feed("110", *(call(f"C{turn}-{n}") for n in range(count)), b"junk")
    town.feed("mailbox", *(mailbox(f"M{turn}-{n}") for n in range(count)), mailbox(f"M{turn}-0"), b"junk")
    town.feed("mailbox", mailbox(f"D{turn}", "我不想活了，今晚就跳楼"))
    town.put(f"progress.{STATION}", *([b"junk"] * count), {"progress_id": "x"})


def work_and_die(home: Path, stage: str, point: str) -> None:
    """A worker of its own that is killed by the kernel at this point of its second batch."""
    town = Town(home)
    left = [2]

    def at(here: str, what: str) -> None:
        if (here, what) == (stage, point):
            left[0] -= 1
            if not left[0]:
                os.kill(os.getpid(), signal.SIGKILL)

    run_until_idle(watched(town, at))


@pytest.mark.parametrize("stage", STAGES)
def test_a_worker_killed_at_any_point_loses_nothing_and_sends_nothing_twice(tmp_path: Path, stage: str) -> None:
    town = Town(tmp_path / "home")
    town.house.prepare()
    bureau_and_router_are_here = town.house.router
    assert bureau_and_router_are_here
    for turn, point in enumerate(POINTS):
        work(town, 12, turn)
        dying = get_context("fork").Process(target=work_and_die, args=(tmp_path / "home", stage, point))
        dying.start()
        dying.join(60)
        assert dying.exitcode == -signal.SIGKILL, f"it was to die when {point}"
    town.run()
    sums = assert_exact(town.house)
    assert sums.letters == len(POINTS) * 25
    town.house.close()


FAULTS = [("bus", "publishing"), ("bus", "half published"), ("bus", "published"), ("database", "preparing")]


@pytest.mark.parametrize(("what", "point"), FAULTS)
def test_a_bus_or_database_that_does_not_answer_is_waited_for_and_nothing_further_is_read(
    village: Town, what: str, point: str
) -> None:
    work(village, 12, 0)
    failing: dict[str, int] = {}
    seen: list[str] = []

    def at(stage: str, here: str) -> None:
        seen.append(here)
        if here == point and stage and failing.setdefault(stage, 2) > 0:
            failing[stage] -= 1
            seen.append("failed")
            raise TryLater(f"the {what} is down")

    bindings = watched(village, at)
    run_until_idle(bindings)
    for binding in bindings:
        binding.leave()
    assert failing == dict.fromkeys(STAGES, 0)
    polled = [i for i, word in enumerate(seen) if word == "polling"]
    for i in (i for i, word in enumerate(seen) if word == "failed"):
        after = next((j for j in polled if j > i), len(seen))
        done = seen.index("committed", i)
        assert done < after, "the batch in hand is finished before the next is read"
    assert_exact(village.house)


def test_a_commit_that_is_not_taken_is_tried_again_even_when_nothing_more_comes(village: Town) -> None:
    """Without it the last batch of a quiet evening would never be committed, and `jiesu run --until-idle` never end."""
    work(village, 3, 0)
    failing: dict[str, int] = {}

    def at(stage: str, here: str) -> None:
        if here == "committing" and failing.setdefault(stage, 2) > 0:
            failing[stage] -= 1
            raise TryLater("the disk is full")

    bindings = watched(village, at, batch=500)
    run_until_idle(bindings)
    assert failing == dict.fromkeys(STAGES, 0)
    assert [binding.lag() for binding in bindings] == [0] * len(STAGES)
    for binding in bindings:
        binding.leave()
    assert_exact(village.house)


def test_work_that_is_told_to_stop_while_it_waits_stops_and_is_done_later(village: Town) -> None:
    work(village, 3, 0)
    stop = threading.Event()

    def at(stage: str, here: str) -> None:
        if (stage, here) == ("intake", "published"):
            stop.set()
            raise TryLater("the broker is down")

    bindings = watched(village, at, stop=stop)
    with pytest.raises(Stopped):
        run_for_ever(bindings, stop)
    for binding in bindings:
        binding.leave()
    assert village.house.outbox.waiting() == 1, "what was not confirmed waits in the outbox"
    village.run()
    assert_exact(village.house)


def test_a_stop_lets_the_batch_in_hand_finish(village: Town) -> None:
    work(village, 10, 0)
    stop = threading.Event()

    def at(stage: str, here: str) -> None:
        if (stage, here) == ("intake", "prepared"):
            stop.set()

    bindings = watched(village, at, stop=stop)
    run_for_ever(bindings, stop)
    for binding in bindings:
        binding.leave()
    assert village.house.outbox.waiting() == 0
    assert village.proof().unread > 0
    village.run()
    assert_exact(village.house)


def test_a_bus_that_is_down_at_the_start_is_waited_for(village: Town) -> None:
    left = {"topics": 2, "reader": 2, "ends": 2}

    class Starting(WatchedBus):
        def __getattr__(self, name: str) -> Any:
            if left.get(name, 0) > 0:
                left[name] -= 1
                raise TryLater("no broker yet")
            return super().__getattr__(name)

        def reader(self, group: str, topics: Sequence[str]) -> Any:
            if left["reader"] > 0:
                left["reader"] -= 1
                raise TryLater("no broker yet")
            return super().reader(group, topics)

    village.feed("110", call("C1"))
    bus: Any = Starting(village.house.bus, Calls(lambda *_: None))
    bindings = [Binding(bus, stage, SilentObserver(), threading.Event()) for stage in village.house.stages()]
    run_until_idle(bindings)
    for binding in bindings:
        binding.leave()
    assert left == dict.fromkeys(left, 0)
    assert_exact(village.house)


def test_what_a_dead_worker_left_is_sent_even_when_nothing_is_to_be_read(village: Town) -> None:
    village.feed("110", call("C1"))
    [stage] = village.house.stages(["intake"])
    village.house.outbox.owner = f"{socket.gethostname()}:{2**22 + 1}:1"
    reader = village.house.bus.reader("intake", stage.inputs)
    stage.prepare(reader.poll(10, 0))
    reader.commit()  # a worker that did this in the wrong order would lose the letter without the outbox
    reader.close()
    del village.house.__dict__["outbox"]
    village.run()
    assert len(village.messages(f"assignments.{STATION}")) == 1
    assert_exact(village.house)


def test_a_wait_that_ended_with_nothing_to_do_is_over_for_health_too(village: Town) -> None:
    """Else a fault that is mended keeps `/readyz` red until the next letter comes, perhaps for a night."""
    left = [2]

    def at(stage: str, here: str) -> None:
        if here == "polling" and left[0] > 0:
            left[0] -= 1
            raise TryLater("the disk does not answer")

    watch = village.house.observer
    calls = Calls(at)
    bus: Any = WatchedBus(village.house.bus, calls)
    [stage] = village.house.stages(["label"])
    binding = Binding(bus, stage, watch, threading.Event())
    assert binding.step() == 0
    assert left == [0]
    assert watch.health() == {"label": "working"}
    binding.leave()


def test_the_lag_is_told_while_work_goes_on(village: Town) -> None:
    stop = threading.Event()
    told: dict[str, int] = {}

    class Telling(SilentObserver):
        def lag(self, stage: str, lag: Any) -> None:
            told[stage] = sum(lag.values())
            if len(told) == len(STAGES):
                stop.set()

    bindings = village.house.bindings(stop, observer=Telling())
    run_for_ever(bindings, stop)
    for binding in bindings:
        binding.leave()
    assert told == dict.fromkeys(STAGES, 0)
