"""docker-compose.yml and Dockerfile say what `make services` does: same versions, same settings; nothing runs as root."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from jiesu.services_kafka import HEAP, KAFKA_SETTINGS, KAFKA_VERSION
from jiesu.services_postgres import POSTGRES_SETTINGS

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = YAML(typ="safe").load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    return loaded


def test_kafka_is_set_as_in_make_services(compose: dict[str, Any]) -> None:
    kafka = compose["services"]["kafka"]
    environment = kafka["environment"]
    wanted = {"KAFKA_" + name.replace(".", "_").upper(): value for name, value in KAFKA_SETTINGS.items()}
    assert {name: environment.get(name) for name in wanted} == wanted
    about_one_node = re.compile(
        "NODE_ID|PROCESS_ROLES|CONTROLLER_|LISTENERS|ADVERTISED_|LISTENER_SECURITY|INTER_BROKER|LOG_DIRS|HEAP_OPTS"
    )
    assert {name for name in environment.keys() - wanted.keys() if not about_one_node.search(name)} == set()
    assert kafka["image"] == f"apache/kafka:{KAFKA_VERSION}"
    assert environment["KAFKA_HEAP_OPTS"] == f"-Xmx{HEAP}"


def test_postgres_is_set_as_in_make_services(compose: dict[str, Any]) -> None:
    command = compose["services"]["postgres"]["command"]
    assert command[0] == "postgres"
    assert set(command[1::2]) == {"-c"}
    assert dict(setting.split("=", 1) for setting in command[2::2]) == POSTGRES_SETTINGS
    assert POSTGRES_SETTINGS["synchronous_commit"] == "on"


def test_services_that_stay_have_health_checks_and_come_back(compose: dict[str, Any]) -> None:
    for name in ("kafka", "postgres", "worker"):
        service = compose["services"][name]
        assert service["healthcheck"]["test"][0] == "CMD"
        assert service["restart"] == "unless-stopped"
    assert compose["services"]["setup"]["restart"].startswith("on-failure")


def test_order_of_start(compose: dict[str, Any]) -> None:
    services = compose["services"]
    assert {name: on["condition"] for name, on in services["setup"]["depends_on"].items()} == {
        "kafka": "service_healthy",
        "postgres": "service_healthy",
    }
    assert services["worker"]["depends_on"]["setup"]["condition"] == "service_completed_successfully"
    assert services["setup"]["command"][-1] == "jiesu db upgrade && jiesu topics"


def test_every_volume_is_named_and_no_port_is_open_to_the_world(compose: dict[str, Any]) -> None:
    used = {volume.split(":")[0] for service in compose["services"].values() for volume in service.get("volumes", ())}
    assert used == set(compose["volumes"])
    for service in compose["services"].values():
        assert all(str(port).startswith("127.0.0.1:") for port in service.get("ports", ()))


def test_no_password_is_written_down(compose: dict[str, Any]) -> None:
    for service in compose["services"].values():
        for name, value in service.get("environment", {}).items():
            if "PASSWORD" in name or "KEY" in name:
                assert str(value).startswith("${"), name


def test_the_image_installs_by_hash_and_runs_as_nobody_in_particular() -> None:
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    installs = [line for line in re.sub(r"\\\n", " ", text).splitlines() if "pip install" in line]
    assert installs
    assert all("--require-hashes" in line or "--no-deps" in line for line in installs)
    assert re.findall(r"^FROM (\S+)", text, re.MULTILINE) == ["python:3.11-slim", "python:3.11-slim"]
    assert "\nUSER jiesu\n" in text
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert {".git", ".venv", "var", ".env"} <= set(ignored)
