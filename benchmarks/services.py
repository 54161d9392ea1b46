"""A Kafka broker and a PostgreSQL database for one measurement, thrown away after it; `make services` must have run."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from jiesu.services_kafka import Broker, free_ports

_ENV = Path("var/services.env")


def services() -> dict[str, str]:
    """The addresses that `make services` left."""
    if not _ENV.exists():
        raise SystemExit("this benchmark needs real services: run make services first")
    lines = (line.split("=", 1) for line in _ENV.read_text().splitlines() if "=" in line)
    return {name: value.strip("'") for name, value in lines}


@contextmanager
def own_broker(folder: Path) -> Iterator[str]:
    """The address of a new broker with its data in `folder`."""
    broker = Broker(folder / "kafka", Path(services()["JIESU_KAFKA_LIBS"]), free_ports())
    broker.start()
    try:
        yield broker.url
    finally:
        broker.stop()


@contextmanager
def own_database() -> Iterator[str]:
    """The address of a new database."""
    url = services()["JIESU_DATABASE_URL"]
    server, _, _ = url.rpartition("/")
    name = f"bench_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(url.replace("postgresql+psycopg", "postgresql", 1), autocommit=True) as admin:
        admin.execute(f'CREATE DATABASE "{name}"')
        try:
            yield f"{server}/{name}"
        finally:
            admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
