"""Shared by all tests: which real services are there, and no network and no stray settings for tests that need none.

`make services` writes var/services.env; the variables in the environment count more. A test marked kafka, postgres or
chromium is skipped with the reason when that is missing, and fails instead when JIESU_REQUIRE names it.
"""

from __future__ import annotations

import os
import socket
import uuid
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import settings as hypothesis_settings

ROOT = Path(__file__).resolve().parent.parent
SERVICES = ROOT / "var" / "services.env"
CHROMIUM = "/usr/bin/chromium"
MARKS = ("kafka", "postgres", "chromium")
REQUIRED = {name.strip() for name in os.environ.get("JIESU_REQUIRE", "").split(",") if name.strip()}

# CI asks whether this commit is sound, always with the same examples; a person's own runs go on looking for new ones.
hypothesis_settings.register_profile("ci", derandomize=True)
if os.environ.get("CI"):
    hypothesis_settings.load_profile("ci")


def _services() -> dict[str, str]:
    lines = SERVICES.read_text().splitlines() if SERVICES.exists() else []
    found = dict(line.split("=", 1) for line in lines if "=" in line)
    found = {name: value.strip("'") for name, value in found.items()}
    return found | {name: value for name, value in os.environ.items() if name.startswith("JIESU_")}


SETTINGS = _services()


def _answers(address: str) -> bool:
    host, _, port = address.rpartition(":")
    try:
        with socket.create_connection((host or "127.0.0.1", int(port)), timeout=2):
            return True
    except (OSError, ValueError):
        return False


@cache
def _lacking(mark: str) -> str | None:
    """Why tests of this mark cannot run; None when they can."""
    if mark == "kafka":
        url = SETTINGS.get("JIESU_BUS", "")
        if not url.startswith("kafka://"):
            return "no Kafka: run make services, or set JIESU_BUS=kafka://host:port"
        address = urlsplit(url).netloc.rpartition("@")[2].split(",")[0]
        return None if _answers(address) else f"no Kafka answers on {address}: run make services"
    if mark == "postgres":
        url = SETTINGS.get("JIESU_DATABASE_URL", "")
        if not url.startswith("postgresql"):
            return "no PostgreSQL: run make services, or set JIESU_DATABASE_URL=postgresql+psycopg://…"
        parts = urlsplit(url)
        address = f"{parts.hostname}:{parts.port or 5432}"
        return None if _answers(address) else f"no PostgreSQL answers on {address}: run make services"
    return None if Path(CHROMIUM).exists() else f"no Chromium at {CHROMIUM}: apt-get install chromium fonts-noto-cjk"


def pytest_configure(config: pytest.Config) -> None:
    if unknown := REQUIRED - set(MARKS):
        raise pytest.UsageError(f"JIESU_REQUIRE names {', '.join(sorted(unknown))}; it may name {', '.join(MARKS)}")


def pytest_runtest_setup(item: pytest.Item) -> None:
    for mark in MARKS:
        if item.get_closest_marker(mark) and (why := _lacking(mark)):
            if mark in REQUIRED:
                pytest.fail(f"JIESU_REQUIRE={mark}, but {why}", pytrace=False)
            pytest.skip(why)


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees the settings of the person who runs it."""
    for name in list(os.environ):
        if name.startswith("JIESU_"):
            monkeypatch.delenv(name)


@pytest.fixture(autouse=True)
def _no_network(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Unit tests reach nobody: a connection is an error at once, not a slow or lucky test."""
    inside = ROOT / "tests" / "unit" in request.path.parents
    if not inside or any(request.node.get_closest_marker(mark) for mark in MARKS):
        return
    connect: Callable[[socket.socket, Any], None] = socket.socket.connect

    def refuse(self: socket.socket, address: Any) -> None:
        if self.family == getattr(socket, "AF_UNIX", None):
            return connect(self, address)
        raise AssertionError(f"a unit test tried to reach {address}: use a fake, or mark the test")

    monkeypatch.setattr(socket.socket, "connect", refuse)


@pytest.fixture(scope="session")
def kafka_url() -> str:
    """The shared broker as JIESU_BUS, open to everyone."""
    return SETTINGS["JIESU_BUS"]


@pytest.fixture(scope="session")
def kafka_sasl_url() -> str:
    """The same broker's SCRAM listener as its administrator, where access rights hold."""
    if "JIESU_KAFKA_SASL" not in SETTINGS:
        pytest.skip("no SASL listener: run make services, or set JIESU_KAFKA_SASL=kafka://admin:…@host:port?…")
    return SETTINGS["JIESU_KAFKA_SASL"]


@pytest.fixture(scope="session")
def kafka_libs() -> str:
    """The folder of Kafka's jars, for a test that needs a broker of its own."""
    if "JIESU_KAFKA_LIBS" not in SETTINGS:
        pytest.skip("no Kafka jars here: run make services")
    return SETTINGS["JIESU_KAFKA_LIBS"]


@pytest.fixture
def postgres_url() -> Iterator[str]:
    """A new, empty PostgreSQL database of the test's own, as JIESU_DATABASE_URL."""
    import psycopg

    server, _, _ = SETTINGS["JIESU_DATABASE_URL"].rpartition("/")
    plain = SETTINGS["JIESU_DATABASE_URL"].replace("postgresql+psycopg", "postgresql", 1)
    name = f"test_{uuid.uuid4().hex[:16]}"
    with psycopg.connect(plain, autocommit=True) as admin:
        admin.execute(f'CREATE DATABASE "{name}"')
        try:
            yield f"{server}/{name}"
        finally:
            admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
