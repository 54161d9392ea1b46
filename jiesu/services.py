"""`python -m jiesu.services start|stop|status`: a real Kafka and PostgreSQL on loopback without Docker, for tests and trials.

Reads Debian's PostgreSQL, Java 17 and Kafka's Maven jars; leaves data, logs and process ids in var/ and the addresses in
var/services.env. What docker-compose.yml sets for the two services comes from the tables here, and a test compares.
"""

from __future__ import annotations

import argparse
import fcntl
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from rich.console import Console

from jiesu.services_kafka import Broker, fetch_jars, settled_ports
from jiesu.services_postgres import Postgres
from letters.errors import JiesuError

NAMES: Final = ("kafka", "postgres")


def start(home: Path, names: tuple[str, ...], say: Callable[[str], None]) -> None:
    """Start what does not run yet, wait until it answers, and write services.env."""
    home.mkdir(parents=True, exist_ok=True)
    with _alone(home):
        lines: list[str] = []
        if "kafka" in names:
            broker = _broker(home, say)
            broker.start(say)
            lines += [
                f"JIESU_BUS='{broker.url}'",
                f"JIESU_KAFKA_SASL='{broker.sasl_url}'",
                f"JIESU_KAFKA_LIBS='{broker.libs}'",
            ]
        if "postgres" in names:
            postgres = Postgres(home / "pg")
            postgres.start(say)
            lines.append(f"JIESU_DATABASE_URL='{postgres.url}'")
        file = home / "services.env"
        kept = [
            line
            for line in (file.read_text().splitlines() if file.exists() else [])
            if line.split("=")[0] not in {new.split("=")[0] for new in lines}
        ]
        file.touch(mode=0o600)
        file.write_text("\n".join([*kept, *lines]) + "\n")
        say(f"addresses are in {file}: `set -a; . {file}` makes jiesu use them")


def stop(home: Path, names: tuple[str, ...], say: Callable[[str], None]) -> None:
    """Stop what `start` started, and nothing else."""
    with _alone(home):
        if "kafka" in names:
            Broker(home / "kafka", home / "kafka" / "libs", (0, 0, 0)).stop(say)
        if "postgres" in names:
            Postgres(home / "pg").stop(say)
        if set(names) == set(NAMES):
            (home / "services.env").unlink(missing_ok=True)


def status(home: Path, names: tuple[str, ...], say: Callable[[str], None]) -> bool:
    """Say what runs; whether all of it does."""
    running = True
    if "kafka" in names:
        broker = Broker(home / "kafka", home / "kafka" / "libs", settled_ports(home / "kafka"))
        running &= (pid := broker.pid()) is not None
        say(f"Kafka runs on {broker.servers} (process {pid})" if pid else "Kafka does not run")
    if "postgres" in names:
        postgres = Postgres(home / "pg")
        running &= postgres.running()
        say(f"PostgreSQL runs on port {postgres.port}" if postgres.running() else "PostgreSQL does not run")
    return running


def _broker(home: Path, say: Callable[[str], None]) -> Broker:
    libs = fetch_jars(home / "kafka", say)
    return Broker(home / "kafka", libs, settled_ports(home / "kafka"))


@contextmanager
def _alone(home: Path) -> Iterator[None]:
    """Two `make services` at once: the second waits for the first."""
    home.mkdir(parents=True, exist_ok=True)
    with (home / "services.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def main(arguments: list[str] | None = None) -> int:
    """The command line; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m jiesu.services", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("verb", choices=("start", "stop", "status"))
    parser.add_argument("names", nargs="*", metavar="kafka|postgres", help="only these (default: both)")
    parser.add_argument("--home", type=Path, default=Path("var"), help="where data and logs go (default: var)")
    given = parser.parse_args(arguments)
    if unknown := [name for name in given.names if name not in NAMES]:
        parser.error(f"no service {unknown[0]}: kafka or postgres")
    names = tuple(given.names) or NAMES
    console = Console(highlight=False, soft_wrap=True)
    home = given.home.resolve()
    try:
        if given.verb == "start":
            start(home, names, console.print)
        elif given.verb == "stop":
            stop(home, names, console.print)
        else:
            return 0 if status(home, names, console.print) else 1
    except JiesuError as error:
        Console(stderr=True, highlight=False, soft_wrap=True).print(f"[red]{error}[/red]")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
