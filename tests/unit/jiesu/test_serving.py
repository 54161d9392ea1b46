"""Whatever ends the stages of `jiesu up`, its health says so, and says why without a letter's text."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
import structlog

from jiesu.serving import _run_stages
from jiesu.settings import Settings
from jiesu.wiring import House
from letters.errors import JiesuError
from streams.binding import Binding
from streams.port import Outgoing, TopicSpec
from streams.topology import TOPOLOGY

STAGES = {flow.stage for flow in TOPOLOGY}


@pytest.fixture
def house(tmp_path: Path) -> House:
    made = House(Settings(home=tmp_path / "home"))
    made.prepare()
    return made


def broken(error: Exception) -> object:
    def step(*_: object) -> int:
        raise error

    return step


@pytest.mark.parametrize("error", [ZeroDivisionError("来信人电话 13987654321"), JiesuError("nearly all refused")])
def test_a_stage_that_breaks_is_told_as_stopped(
    house: House, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    monkeypatch.setattr(Binding, "step", broken(error))
    with structlog.testing.capture_logs() as logs:
        _run_stages(house, threading.Event())
    health = house.observer.health()
    assert set(health) >= STAGES
    assert all(state.startswith("stopped: ") for state in health.values())
    reason = "nearly all refused" if isinstance(error, JiesuError) else "ZeroDivisionError"
    assert reason in health["intake"]
    assert "13987654321" not in str(health) + str(logs)
    house.close()


def test_stages_that_cannot_even_start_are_told_as_stopped(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(House, "stages", broken(JiesuError("the bureau's files are not sound")))
    _run_stages(house, threading.Event())
    assert "not sound" in house.observer.health()["route"]
    house.close()


def test_the_embedded_bus_lets_go_of_what_is_past_its_retention_while_up_runs(house: House) -> None:
    house.bus.create([TopicSpec("short", retention_hours=0)])
    house.bus.publish([Outgoing("short", None, b"old")] * 3)
    reader = house.bus.reader("someone", ["short"])
    assert len(reader.poll(10, 0)) == 3
    reader.commit()
    reader.close()
    stop = threading.Event()
    running = threading.Thread(target=_run_stages, args=(house, stop))
    running.start()
    try:
        until = threading.Event()
        for _ in range(600):
            if house.bus.starts(["short"]) == {("short", 0): 3}:
                break
            until.wait(0.05)
        assert house.bus.starts(["short"]) == {("short", 0): 3}
    finally:
        stop.set()
        running.join(30)
        house.close()
