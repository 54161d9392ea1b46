"""The sample records end as their list says, with a model and without, and say why."""

from __future__ import annotations

import csv
import json
import sqlite3
from collections import Counter
from contextlib import closing
from typing import Any

import pytest

from letters.ids import letter_id
from streams.embedded import EmbeddedBus
from tests.acceptance.conftest import ROOT, Cli, channel_of, expected

FIELDS = ["letter_id", "channel", "source_id", "arrived_at", "kind", "category", "host", "co_units", "state"]
SUMS = [
    "read", "letters", "dead", "revisions", "repeats", "dispatched", "waiting", "merged", "escalated", "unread",
    "pending", "unaccounted",
]  # fmt: skip


def units() -> dict[str, str]:
    """Codes of the bureau's units by name."""
    with (ROOT / "bureaus" / "nankang" / "units.csv").open(encoding="utf-8-sig") as file:
        rows = csv.DictReader(line for line in file if not line.startswith("#"))
        return {row["名称"]: row["代码"] for row in rows}


@pytest.fixture(scope="module", params=["plain", "demo"])
def home(request: pytest.FixtureRequest) -> Cli:
    made: Cli = request.getfixturevalue(request.param)
    return made


@pytest.fixture(scope="module")
def listed(home: Cli) -> dict[tuple[str, str], dict[str, Any]]:
    return {(line["channel"], line["source_id"]): line for line in home("letters", "--json").lines}


def records(end: str) -> list[dict[str, Any]]:
    return [{**record, "channel": channel_of(record["file"])} for record in expected() if record["end"] == end]


def test_every_letter_is_listed_once_with_exactly_its_fields(home: Cli, listed: dict[tuple[str, str], Any]) -> None:
    lines = home("letters", "--json").lines
    assert all(list(line) == FIELDS for line in lines)
    wanted = {(record["channel"], record["number"]) for record in records("letter")}
    assert set(listed) == wanted
    assert len(lines) == len(wanted)
    for (channel, number), line in listed.items():
        assert line["letter_id"] == str(letter_id(channel, number))
        assert line["arrived_at"].endswith("+08:00")


def test_each_stands_where_the_rules_put_it(listed: dict[tuple[str, str], Any]) -> None:
    wrong = []
    for record in records("letter"):
        state = listed[record["channel"], record["number"]]["state"]
        if record.get("outcome", state) != state or (record.get("danger") is False and state == "escalated"):
            wrong.append((record["number"], record["about"], state))
    assert not wrong


def test_whoever_gets_a_letter_is_who_an_experienced_officer_would_send_it_to(
    home: Cli, listed: dict[tuple[str, str], Any]
) -> None:
    """Without a model only rules dispatch, and they do not err; a model may, but rarely."""
    codes = units()
    sent = [
        (record["number"], record["host"], line["host"])
        for record in records("letter")
        if record.get("host") and (line := listed[record["channel"], record["number"]])["host"]
    ]
    wrong = [each for each in sent if codes[each[1]] != each[2]]
    assert len(sent) >= 15
    assert len(wrong) <= (len(sent) // 20 if home.home.name == "demo" else 0), wrong


def test_nobody_learns_of_a_complaint_about_himself(home: Cli, listed: dict[tuple[str, str], Any]) -> None:
    codes = units()
    checked = 0
    with closing(EmbeddedBus(home.home / "bus.sqlite3")) as bus:
        told = {
            code: b"".join(record.value for kind in ("assignments", "notices") for record in bus.scan(f"{kind}.{code}"))
            for code in {codes[name] for record in records("letter") for name in record.get("not", ())}
        }
    for record in records("letter"):
        line = listed[record["channel"], record["number"]]
        for code in (codes[name] for name in record.get("not", ())):
            assert line["letter_id"].encode() not in told[code], record
            assert record["number"].encode() not in told[code], record
            assert code not in (line["host"], *line["co_units"]), record
            checked += 1
    assert checked >= 10


def test_what_upstream_sent_twice_is_a_repeat_or_a_revision(home: Cli) -> None:
    for end in ("repeat", "revision"):
        for record in records(end):
            life = home("trace", record["number"], "--json").json
            assert end in [each["outcome"] for each in life["records"]], record
            assert life["revisions"] == 1 + (end == "revision")


def test_what_cannot_be_read_is_refused_for_the_reason_given(home: Cli) -> None:
    dead = home("dead", "list", "--json").lines
    assert Counter((each["topic"], each["reason"]) for each in dead) == Counter(
        (f"intake.{record['channel']}", record["reason"]) for record in records("dead")
    )
    numbered = {(each["key"], each["reason"]) for each in dead}
    for record in records("dead"):
        if record["number"] and record["reason"] not in ("bad_encoding",):
            assert (record["number"], record["reason"]) in numbered
    assert all(each["message"] for each in dead)


def test_flags_and_links_are_kept(home: Cli) -> None:
    for record in records("letter"):
        if record.get("flag"):
            [decision] = home("trace", record["number"], "--json").json["decisions"]
            assert record["flag"] in decision["flags"]
        if record.get("related"):
            letter = home("trace", record["number"], "--json").json["letter"]
            assert record["related"] in [link["source_id"] for link in letter["related"]]


def test_the_sums_add_up(home: Cli) -> None:
    done = home("reconcile", "--json")
    assert done.code == 0
    assert list(done.json) == SUMS
    ends = Counter(record["end"] for record in expected())
    told = done.json
    assert (told["read"], told["letters"], told["dead"]) == (len(expected()), ends["letter"], ends["dead"])
    assert (told["repeats"], told["revisions"]) == (ends["repeat"], ends["revision"])
    assert told["letters"] == told["dispatched"] + told["waiting"] + told["escalated"] + told["merged"]
    assert (told["unread"], told["pending"], told["unaccounted"]) == (0, 0, [])
    assert "adds up" in home("reconcile").out


def test_every_assignment_stands_once_on_its_units_topic(home: Cli, listed: dict[tuple[str, str], Any]) -> None:
    seen: Counter[str] = Counter()
    letters: set[str] = set()
    with closing(EmbeddedBus(home.home / "bus.sqlite3")) as bus:
        for topic in bus.topics():
            if topic.startswith("assignments."):
                for record in bus.scan(topic):
                    message = json.loads(record.value)
                    seen[message["assignment_id"]] += 1
                    letters.add(message["letter_id"])
                    assert message["unit"]["code"] == topic.removeprefix("assignments.")
                    assert message["reason"]
    assert set(seen.values()) == {1}
    with closing(sqlite3.connect(home.home / "jiesu.sqlite3")) as database:
        kept = {row[0] for row in database.execute("SELECT assignment_id FROM assignments")}
    assert {id_.replace("-", "") for id_ in seen} == kept
    hosts = {line["letter_id"] for line in listed.values() if line["state"] == "dispatched"}
    assert hosts <= letters, "a letter is said to be dispatched, but nobody was told"


def test_a_life_tells_everything_and_no_personal_data(home: Cli, listed: dict[tuple[str, str], Any]) -> None:
    for channel, number in list(listed)[::20]:
        life = home("trace", number, "--json").json
        assert life["letter"]["source_id"] == number
        assert life["letter"].get("writer", "sealed") == "sealed"
        [record] = [each for each in life["records"] if each["outcome"] == "letter"]
        assert record["topic"] == f"intake.{channel}"
        [decision] = life["decisions"]
        assert decision["trail"]
        assert {"router", "units.csv", "calendar"} <= set(decision["versions"])
        assert all(assignment["contact"] is None for assignment in life["assignments"])
        assert number in home("trace", number).out
        assert home("trace", life["letter_id"], "--json").json["letter"]["source_id"] == number


def test_units_reports_of_the_demo_were_taken(demo: Cli) -> None:
    lives = [
        demo("trace", line["source_id"], "--json").json
        for line in demo("letters", "--json", "--state", "dispatched").lines[:5]
    ]
    steps = [step for life in lives for step in life["progress"]]
    assert {step["step"] for step in steps} >= {"signed", "contacted"}
    assert not [step["refused"] for step in steps if step["refused"]]
