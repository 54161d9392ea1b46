"""`make services`: starts what is asked for, once; stops what it started, and nothing else."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import psycopg
import pytest

from jiesu import services
from jiesu.services_kafka import Broker, free_ports, settled_ports
from jiesu.services_postgres import Postgres


@pytest.mark.postgres
def test_postgres_starts_once_keeps_its_rows_and_stops(tmp_path: Path) -> None:
    home, said = tmp_path / "var", []
    outside: Path | None = None
    try:
        for _ in range(2):
            services.start(home, ("postgres",), said.append)
        assert sum("starting PostgreSQL" in line for line in said) == 1
        server = Postgres(home / "pg")
        outside = server.folder if server.folder != home / "pg" else None
        url = server.url.replace("postgresql+psycopg", "postgresql")
        assert f"JIESU_DATABASE_URL='{server.url}'" in (home / "services.env").read_text()
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("CREATE TABLE kept (name text)")
            assert connection.execute("SHOW synchronous_commit").fetchone() == ("on",)
            assert connection.execute("SHOW shared_buffers").fetchone() == ("256MB",)
        services.stop(home, ("postgres",), said.append)
        assert services.status(home, ("postgres",), said.append) is False
        services.start(home, ("postgres",), said.append)
        with psycopg.connect(url) as connection:
            assert connection.execute("SELECT count(*) FROM kept").fetchone() == (0,)
    finally:
        services.stop(home, ("postgres",), said.append)
        if outside is not None:
            shutil.rmtree(outside.parent)


@pytest.mark.kafka
def test_kafka_starts_once_and_only_its_own_process_is_stopped(tmp_path: Path, kafka_libs: str) -> None:
    broker, said = Broker(tmp_path / "kafka", Path(kafka_libs), free_ports()), []
    broker.start(said.append)
    try:
        first = broker.pid()
        broker.start(said.append)
        assert broker.pid() == first
        assert "runs already" in said[-1]
        assert settled_ports(tmp_path / "kafka") == broker.ports
        assert (tmp_path / "kafka" / "admin.password").stat().st_mode & 0o777 == 0o600
    finally:
        broker.kill()
    assert broker.pid() is None


def test_a_reused_process_id_is_left_alone(tmp_path: Path) -> None:
    folder = tmp_path / "kafka"
    folder.mkdir()
    (folder / "broker.pid").write_text(json.dumps({"pid": os.getpid(), "born": 1}))
    said: list[str] = []
    Broker(folder, folder / "libs", (1, 2, 3)).stop(said.append)
    assert said == ["Kafka does not run"]


def test_an_unknown_service_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        services.main(["start", "redis"])
    assert ended.value.code == 2
    assert "no service redis" in capsys.readouterr().err
