"""The command line as people use it: as a process of its own, or in this process where a test makes many calls."""

from __future__ import annotations

import io
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

import pytest
from ruamel.yaml import YAML

from jiesu.cli import main
from letters.bureau import Bureau
from letters.bureau_files import read_bureau

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = ROOT / "bureaus" / "nankang" / "samples"
PROGRAM = [sys.executable, "-m", "jiesu.cli"]
LONG = 120.0


@cache
def _read_once(folder: Path) -> Bureau:
    return read_bureau(folder)


@dataclass(frozen=True)
class Done:
    """What a command did."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Its output as one JSON value."""
        return json.loads(self.out)

    @property
    def lines(self) -> list[Any]:
        """Its output as one JSON value a line."""
        return [json.loads(line) for line in self.out.splitlines()]


class Cli:
    """`jiesu` on one home."""

    def __init__(self, home: Path, **settings: str) -> None:
        self.home = home
        self.settings = {"JIESU_HOME": str(home), **{f"JIESU_{name}": value for name, value in settings.items()}}

    def environment(self) -> dict[str, str]:
        """This process's, with no other settings of jiesu than ours."""
        plain = {name: value for name, value in os.environ.items() if not name.startswith("JIESU_")}
        return {**plain, **self.settings}

    def __call__(self, *arguments: object) -> Done:
        """In this process."""
        out, err = io.StringIO(), io.StringIO()
        kept = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
        code: object = 0
        try:
            with (
                patch.dict(os.environ, self.environment(), clear=True),
                patch("jiesu.wiring.read_bureau", _read_once),
                patch.object(sys, "argv", ["jiesu", *map(str, arguments)]),
                redirect_stdout(out),
                redirect_stderr(err),
                suppress(SystemExit),
            ):
                try:
                    main()
                except SystemExit as end:
                    code = end.code
                    raise
        finally:
            for number, handler in kept.items():
                signal.signal(number, handler)
        return Done(code if isinstance(code, int) else 0, out.getvalue(), err.getvalue())

    def process(self, *arguments: object, timeout: float = LONG) -> Done:
        """As a process of its own."""
        done = subprocess.run(
            [*PROGRAM, *map(str, arguments)],
            cwd=ROOT,
            env=self.environment(),
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        return Done(done.returncode, done.stdout, done.stderr)

    @contextmanager
    def started(self, *arguments: object) -> Iterator[subprocess.Popen[str]]:
        """As a process that goes on beside the test; killed at the end if it still runs."""
        process = subprocess.Popen(
            [*PROGRAM, *map(str, arguments)],
            cwd=ROOT,
            env=self.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()
            process.communicate()


def until(what: Callable[[], object], why: str, seconds: float = 60.0) -> None:
    """Asks again and again until it is so."""
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, why
        time.sleep(0.05)


def page(port: int, path: str) -> tuple[int, str, dict[str, str]]:
    """Status, body and headers of a page of the desk; status 0 when nobody answers."""
    try:
        with urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
            return answer.status, answer.read().decode(), dict(answer.headers)
    except HTTPError as error:
        return error.code, error.read().decode(), dict(error.headers)
    except (URLError, OSError):
        return 0, "", {}


def free_port() -> int:
    """A port that nobody uses now."""
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        return int(asked.getsockname()[1])


def expected() -> list[dict[str, Any]]:
    """What each sample record is to become."""
    listed: list[dict[str, Any]] = YAML(typ="safe").load((SAMPLES / "expected.yaml").read_text(encoding="utf-8"))[
        "records"
    ]
    return listed


def channel_of(file: str) -> str:
    """A sample file's channel."""
    return file.split(".")[0].split("_")[0]


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    """On an empty home."""
    return Cli(tmp_path / "home")


@pytest.fixture(scope="session")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Cli:
    """A home with every sample fed and run, without a model. Tests only look."""
    made = Cli(tmp_path_factory.mktemp("plain"), DEAD_SHARE="1")
    for file in dict.fromkeys(record["file"] for record in expected()):
        fed = made("feed", channel_of(file), SAMPLES / file, "--json")
        assert fed.code == 0, fed.err
        assert fed.json["fed"] == sum(record["file"] == file for record in expected())
    run = made.process("run", "--until-idle", "--json")
    assert run.code == 0, run.err
    return made


@pytest.fixture(scope="session")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Done:
    """What `jiesu demo --once` showed."""
    home = tmp_path_factory.mktemp("demo")
    made = Cli(home)
    done = made.process("demo", "--once")
    return Done(done.code, done.out + "\n" + str(home), done.err)


@pytest.fixture(scope="session")
def demo(shown: Done) -> Cli:
    """The home that the demo left: with a model, and units at work."""
    assert shown.code == 0, shown.err
    return Cli(Path(shown.out.splitlines()[-1]) / "demo")
