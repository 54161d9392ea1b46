"""docs/howto/unit-system.md does what it says: its blocks are taken from the page and run as they stand."""

from __future__ import annotations

import json
import os
import random
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID

import pytest

from letters import ids, topics
from letters.messages import Assignment, Progress, Source, UnitRef
from streams.buses import open_bus
from streams.port import Bus, Outgoing, TopicSpec

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/howto/unit-system.md").read_text(encoding="utf-8")
PYTHON = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
SHELL = re.findall(r"^```sh\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
AT = "2025-04-22T09:12:30+08:00"


def assignment(unit: str, number: str) -> Assignment:
    letter = ids.letter_id("110", number)
    here = UnitRef(code=unit, name="测试派出所")
    return Assignment.model_validate(
        {
            "assignment_id": ids.assignment_id(letter, 1, unit), "letter_id": letter, "unit": here, "role": "host",
            "host": here, "source": Source(channel="110", source_id=number), "title": "", "body": "有人打架",
            "arrived_at": AT, "assigned_at": AT, "reason": "地点在辖区", "decision": letter,
        }
    )  # fmt: skip


def outgoing(one: Assignment) -> Outgoing:
    return Outgoing(topics.assignments(one.unit.code), str(one.letter_id).encode(), one.model_dump_json().encode())


def until(what: Callable[[], bool], seconds: float = 40) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.1)


@pytest.fixture
def unit() -> str:
    """A unit that nobody else on the shared broker has."""
    return f"99{random.SystemRandom().randrange(10**10):010d}"


@pytest.fixture
def start(tmp_path: Path, unit: str) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Runs the page's consumer with these settings; killed at the end."""
    script = tmp_path / "unit.py"
    script.write_text(PYTHON[0], encoding="utf-8")
    running: list[subprocess.Popen[bytes]] = []

    def run(servers: str, **settings: str) -> subprocess.Popen[bytes]:
        environment = {**os.environ, "UNIT": unit, "KAFKA": servers, **settings}
        with (tmp_path / "unit.log").open("ab") as log:
            running.append(subprocess.Popen([sys.executable, str(script)], env=environment, stdout=log, stderr=log))
        return running[-1]

    yield run
    for process in running:
        process.kill()
        process.wait()


def made_topics(bus: Bus, unit: str) -> None:
    bus.create([TopicSpec(name) for name in (topics.assignments(unit), topics.progress(unit), topics.notices(unit))])


def reports(bus: Bus, unit: str) -> list[Progress]:
    return [Progress.model_validate_json(record.value) for record in bus.scan(topics.progress(unit))]


@pytest.mark.kafka
def test_the_consumer_signs_each_assignment_and_loses_none_when_killed(
    kafka_url: str, unit: str, start: Callable[..., subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    bus = open_bus(kafka_url, tmp_path)
    made_topics(bus, unit)
    servers = urlsplit(kafka_url).netloc
    first = [assignment(unit, f"A{number}") for number in range(5)]
    bus.publish([outgoing(one) for one in first])
    process = start(servers)
    until(lambda: len(reports(bus, unit)) >= 5)
    process.kill()
    process.wait()
    later = [assignment(unit, f"B{number}") for number in range(5)]
    bus.publish([outgoing(one) for one in later])
    start(servers)
    wanted: set[UUID] = {one.assignment_id for one in [*first, *later]}
    until(lambda: {each.assignment_id for each in reports(bus, unit)} == wanted)
    found = reports(bus, unit)
    assert {each.step for each in found} == {"signed"}
    assert len({each.progress_id for each in found}) == 10
    bus.close()


@pytest.mark.kafka
def test_the_rights_that_the_operator_grants_are_enough_and_reach_no_other_unit(
    kafka_sasl_url: str, unit: str, start: Callable[..., subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    from streams.kafka import KafkaBus

    bus = open_bus(kafka_sasl_url, tmp_path)
    assert isinstance(bus, KafkaBus)
    made_topics(bus, unit)
    other = f"98{unit[2:]}"
    made_topics(bus, other)
    bus.set_user(f"unit-{unit}", "a word nobody knows")
    bus.acl(unit, f"User:unit-{unit}")
    bus.publish([outgoing(assignment(unit, "A1"))])
    servers = urlsplit(kafka_sasl_url).netloc.rpartition("@")[2]
    login = {"KAFKA_USER": f"unit-{unit}", "KAFKA_PASSWORD": "a word nobody knows", "KAFKA_SECURITY": "SASL_PLAINTEXT"}
    start(servers, **login)
    until(lambda: len(reports(bus, unit)) == 1)
    bus.publish([outgoing(assignment(other, "A2"))])
    start(servers, **login, UNIT=other)
    time.sleep(5)
    assert reports(bus, other) == []
    assert len(reports(bus, unit)) == 1
    bus.close()


def test_the_same_over_the_command_line_on_the_embedded_bus(tmp_path: Path) -> None:
    (tmp_path / "bureaus").symlink_to(ROOT / "bureaus")
    (tmp_path / "sign.py").write_text(PYTHON[1], encoding="utf-8")
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}

    def run(script: str) -> str:
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    run(SHELL[1])
    read = [Assignment.model_validate_json(line) for line in (tmp_path / "assignments.jsonl").read_text().splitlines()]
    assert {one.unit.code for one in read} == {"360703510000"}
    told = run(SHELL[2] + "jiesu feed progress.360703510000 report.jsonl\njiesu run --until-idle")
    sent = [Progress.model_validate_json(line) for line in (tmp_path / "report.jsonl").read_text().splitlines()]
    assert {one.assignment_id for one in sent} == {one.assignment_id for one in read}
    assert "signed" in told
    life = json.loads(run("jiesu trace 360703202610122204 --json"))
    (report,) = life["progress"]  # fed twice: a repeat is harmless
    assert (report["step"], report["unit"], report["refused"]) == ("signed", "360703510000", None)
