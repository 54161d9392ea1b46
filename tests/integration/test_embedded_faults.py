"""The embedded bus under load: workers killed with -9, a full disk, a locked database; nothing is lost or doubled."""

from __future__ import annotations

import contextlib
import json
import os
import random
import resource
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from multiprocessing.synchronize import Event
from pathlib import Path

import pytest

from jiesu.cli import main
from jiesu.conservation import prove
from jiesu.settings import Settings
from jiesu.wiring import House
from streams.port import Outgoing
from tests.acceptance.conftest import Cli, free_port, page, until
from tests.exactness import assert_exact

KILLS = 32
FED = 5_000
FORK = get_context("fork")
STATIONS = [f"3607035{n}0000" for n in range(1, 10)]


def record(n: int) -> Outgoing:
    """The n-th record: mostly calls for a station, some that wait, some danger, some repeats, some junk."""
    headers = (("content-type", b"application/json; charset=utf-8"),)
    kind = n % 10
    if kind == 9:
        return Outgoing("intake.110", None, b'{"jjdbh": "broken %d' % n, headers)
    if kind == 8:
        n -= 8  # once more, as it was
    call = {
        "jjdbh": f"C{n}", "bjsj": "20261101231500", "bjlbdm": "500100", "gxdwdm": STATIONS[n % 9] if kind != 7 else "",
        "bjnr": f"第{n}次反映：楼上半夜吵闹" if kind != 6 else f"我不想活了，今晚就跳楼（{n}）", "bjdh": f"139{n:08d}",
    }  # fmt: skip
    return Outgoing("intake.110", f"C{n}".encode(), json.dumps(call, ensure_ascii=False).encode(), headers)


def feed(home: Path, enough: Event) -> None:
    """An upstream that goes on while workers die: at least FED records, and on until told that it is enough."""
    house = House(Settings(home=home))
    fed = 0
    while fed < FED or not enough.is_set():
        house.bus.publish([record(n) for n in range(fed, fed + 20)])
        fed += 20
        enough.wait(0.1 if fed < FED else 0.5)
    house.close()


def jiesu_run(home: Path) -> None:
    """`jiesu run` in a process that has loaded it already: thirty starts cost no minute."""
    os.environ["JIESU_HOME"] = str(home)
    os.environ["JIESU_LOG"] = "error"
    sys.argv = ["jiesu", "run"]
    devnull = os.open(os.devnull, os.O_WRONLY)
    os.dup2(devnull, 1)
    os.dup2(devnull, 2)
    main()


class Workers:
    """Two workers at a time; each that is killed is replaced."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._cli = Cli(home, LOG="error")
        self._running: list[BaseProcess | subprocess.Popen[str]] = []
        self._stack = contextlib.ExitStack()

    def start(self, program: str = "") -> None:
        """A forked `jiesu run`, or the program itself: "run" or "up"."""
        if program:
            more = ["--port", free_port()] if program == "up" else []
            self._running.append(self._stack.enter_context(self._cli.started(program, *more)))
        else:
            process = FORK.Process(target=jiesu_run, args=(self._home,))
            process.start()
            self._running.append(process)

    def kill_the_oldest(self) -> None:
        """With -9, at whatever it does."""
        process = self._running.pop(0)
        assert process.pid
        os.kill(process.pid, signal.SIGKILL)
        ended = process.wait() if isinstance(process, subprocess.Popen) else (process.join(), process.exitcode)[1]
        assert ended == -signal.SIGKILL, "it had ended by itself"

    def close(self) -> None:
        """Kill those left."""
        while self._running:
            self.kill_the_oldest()
        self._stack.close()


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(Settings(home=tmp_path / "home"))
    made.prepare()
    yield made
    made.close()


def handled(house: House) -> int:
    """How many records were read so far."""
    return sum(house.bus.committed("intake", ["intake.110"]).values())


@pytest.mark.timeout(240)
def test_thirty_workers_killed_under_load_lose_nothing_and_double_nothing(house: House) -> None:
    home = house.settings.home
    enough = FORK.Event()
    feeder = FORK.Process(target=feed, args=(home, enough))
    feeder.start()
    workers = Workers(home)
    moments = random.Random(32)
    try:
        workers.start()
        for kill in range(KILLS):
            workers.start("" if kill % 8 else ("up" if kill % 16 else "run"))
            before, until_then = handled(house), time.monotonic() + moments.uniform(0.05, 0.9)
            while time.monotonic() < until_then or handled(house) == before:
                sums = prove(house)
                assert sums.unaccounted == [], "what is on its way was taken for lost"
                assert time.monotonic() < until_then + 30, "nobody works any more"
            workers.kill_the_oldest()
        assert feeder.is_alive(), "the load must last until the last kill"
    finally:
        enough.set()
        workers.close()
        feeder.join(120)
        feeder.kill()
    done = Cli(home)("run", "--until-idle", "--json")
    assert done.code == 0, done.err
    sums = assert_exact(house)
    fed = sum(house.bus.ends(["intake.110"]).values())
    assert fed >= FED
    assert (sums.read, sums.letters, sums.repeats, sums.dead) == (fed, fed * 8 // 10, fed // 10, fed // 10)
    assert sums.escalated == fed // 10
    assert Cli(home)("reconcile").code == 0


def stand_still(port: int) -> bool:
    return "waiting" in page(port, "/readyz")[1]


@pytest.mark.timeout(120)
def test_a_full_disk_and_a_locked_database_are_waited_for(house: House) -> None:
    home, port = house.settings.home, free_port()
    whole = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
    with Cli(home, LOG="error").started("up", "--port", port) as process:
        until(lambda: page(port, "/readyz")[0] == 200, "jiesu up did not start")
        house.bus.publish([record(n) for n in range(100)])
        until(lambda: handled(house) == 100, "it does not work at all")

        # No byte fits on the disk any more, as far as this process can see.
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))
        house.bus.publish([record(n) for n in range(100, 2000)])
        until(lambda: stand_still(port), "a full disk was not noticed")
        why = page(port, "/readyz")
        assert why[0] == 503
        assert page(port, "/healthz")[0] == 200, "waiting is no reason to be restarted"
        assert process.poll() is None
        assert prove(house).unaccounted == []
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, whole)
        until(lambda: handled(house) == 2000, "it did not go on when there was space again")
        until(lambda: page(port, "/readyz")[0] == 200, "it goes on, but says that it waits")

        # Another program holds the database.
        other = sqlite3.connect(home / "jiesu.sqlite3", isolation_level=None, timeout=30)
        other.execute("BEGIN IMMEDIATE")
        house.bus.publish([record(n) for n in range(2000, 2500)])
        held = time.monotonic() + 3
        while time.monotonic() < held:
            assert handled(house) == 2000, "no offset moves before its rows are written"
            time.sleep(0.1)
        other.execute("ROLLBACK")
        other.close()
        until(lambda: handled(house) == 2500, "it did not go on when the database was free again")
        process.send_signal(signal.SIGTERM)
        process.wait(20)
        assert process.returncode == 0
    assert Cli(home)("run", "--until-idle").code == 0
    sums = assert_exact(house)
    assert sums.read == 2500
