"""A complaint with a word that stands nowhere else flows through everything; those it accuses find it nowhere.

Looked at: every topic of theirs, what the database shows as theirs, figures as they see them, and all that is logged.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from casework.events import Actor, Commented, Dispatched, Reviewed, Revisited, SupervisionOpened
from jiesu.settings import Settings
from jiesu.wiring import House
from letters import topics
from letters.clock import SHANGHAI, SetClock, iso
from letters.ids import assignment_id, letter_id
from letters.messages import UnitRef
from storage.figures import settle_moves, sums_of
from storage.lookup import letter_lines
from streams.binding import run_until_idle
from streams.officers import NotDecided
from streams.port import Outgoing

NOW = datetime(2026, 11, 20, 12, tzinfo=SHANGHAI)
CANARY = "金丝雀七四一"
TEAM = Actor(role="mailbox_team", unit="360703040000", name="信箱专班甲")
DUTY = Actor(role="duty_officer", unit="360703040000", name="值班员乙")
INSPECTION = "360703020000"


class World:
    """An installation that is fed, moved on and looked through."""

    def __init__(self, home: Path) -> None:
        self.clock = SetClock(NOW)
        self.house = House(Settings(home=home), self.clock)
        self.house.prepare()

    def feed(self, channel: str, *records: dict[str, Any]) -> None:
        topic = topics.intake(channel)
        self.house.bus.publish([Outgoing(topic, None, json.dumps(record).encode()) for record in records])
        self.run()

    def report(self, unit: str, assignment: UUID, step: str, said: str = "已核查，情况如下。") -> None:
        message = {
            "assignment_id": str(assignment), "step": step, "at": iso(self.clock.now()), "by": "张", "text": said,
            "progress_id": f"{step}-{self.clock.now():%d%H%M}",
        }  # fmt: skip
        self.house.bus.publish([Outgoing(topics.progress(unit), None, json.dumps(message).encode())])
        self.run()

    def run(self) -> None:
        bindings = self.house.bindings()
        try:
            run_until_idle(bindings)
        finally:
            for binding in bindings:
                binding.close()

    def later(self, **by: float) -> None:
        self.clock.move(timedelta(**by))
        self.run()

    def under(self, name: str) -> list[str]:
        [code] = [unit.code for unit in self.house.bureau.units.values() if unit.name == name]
        return list(self.house.bureau.under(code))

    def messages(self, unit: str) -> list[Any]:
        known = self.house.bus.topics()
        wanted = [topics.assignments(unit), topics.notices(unit)]
        return [record for topic in wanted if topic in known for record in self.house.bus.scan(topic)]

    def figures(self, viewer: str | None) -> dict[str, dict[str, int]]:
        with self.house.database.write() as connection:
            settle_moves(connection)
            return sums_of(connection, 0, 40_000, viewer=viewer)

    def shown_to(self, unit: str) -> str:
        """What pages may read for a unit: its letters, assignments, notices."""
        with self.house.database.read() as connection:
            lines = list(letter_lines(connection, unit=unit))
            rows = [
                bytes(row[0]).decode()
                for table in ("assignments", "notices")
                for row in connection.execute(text(f"SELECT document FROM {table} WHERE unit = :unit"), {"unit": unit})
            ]
        return repr(lines) + "".join(rows)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path / "home")
    yield made
    made.house.close()


def nothing_for(world: World, accused: list[str], letters: list[UUID]) -> None:
    marks = [CANARY, *map(str, letters)]
    for unit in accused:
        found = [record for record in world.messages(unit) for mark in marks if mark.encode() in record.value]
        assert found == [], f"{unit} was told"
        keys = {record.key for record in world.messages(unit)}
        assert not keys & {str(letter).encode() for letter in letters}
        assert not [mark for mark in marks if mark in world.shown_to(unit)], f"a page of {unit} shows it"
        with world.house.database.read() as connection:
            hosts = connection.execute(
                text("SELECT count(*) FROM cases WHERE host = :unit OR co_units LIKE :like"),
                {"unit": unit, "like": f"%{unit}%"},
            ).scalar_one()
        assert hosts == 0
        assert unit not in world.figures(None), "no counter of its own moved"


def complaint(number: str, **more: Any) -> dict[str, Any]:
    said = f"我要投诉唐江派出所民警态度恶劣、推诿不办案，{CANARY}，请局领导过问"
    return {
        "id": number, "submitted_at": "2026-11-20T11:59:00+08:00", "introduce": said, "zhuti": f"投诉 {CANARY}",
        "typeid": "投诉", "name": f"{CANARY}先生", "shouji": "13987654321", **more,
    }  # fmt: skip


def test_a_complaint_worked_on_to_its_end_reaches_nobody_it_accuses(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    accused = world.under("唐江派出所")
    empty = world.figures(accused[0])
    world.feed("mailbox", complaint("L1"))
    letter = letter_id("mailbox", "L1")
    with world.house.database.read() as connection:
        [[state, host]] = connection.execute(text("SELECT state, host FROM cases"))
    officers = world.house.officers
    if state == "waiting":
        inspection = UnitRef(code=INSPECTION, name="督察大队")
        officers.decide(letter, Dispatched(by=DUTY, host=inspection, reason=f"核查 {CANARY}"))
        host = INSPECTION
    mine = assignment_id(letter, 1, host)
    world.later(days=3)  # reminders, alerts, the leader
    for step in ("signed", "contacted", "feedback"):
        world.report(host, mine, step, f"{CANARY} {step}")
        world.later(hours=1)
    officers.decide(letter, SupervisionOpened(by=TEAM, reason=CANARY))
    officers.decide(letter, Commented(by=TEAM, text=CANARY))
    for unit in accused:
        tried = Dispatched(by=DUTY, host=UnitRef(code=unit, name=world.house.bureau.units[unit].name), reason="试派")
        with pytest.raises(NotDecided) as refused:
            officers.decide(letter, tried)
        assert CANARY not in str(refused.value)
        world.report(unit, mine, "signed")  # it guesses the number
    world.report(host, mine, "finished", f"{CANARY} 已查清")
    officers.decide(letter, Reviewed(by=TEAM, passed=False, comment=f"{CANARY} 再补"))
    world.later(hours=1)
    world.report(host, mine, "finished", f"{CANARY} 已补正")
    officers.decide(letter, Reviewed(by=TEAM, passed=True))
    officers.decide(letter, Revisited(by=TEAM, reached=True, contacted=True, solved=False, satisfied=False))
    world.later(days=20)
    nothing_for(world, accused, [letter])
    for unit in accused:
        assert world.figures(unit) == empty, "to the accused the figures look as though there were no case"
    assert CANARY not in caplog.text
    assert any(CANARY.encode() in record.value for record in world.messages(host)), "the canary did fly"


def test_the_same_writers_complaint_does_not_reach_the_unit_through_his_other_letter(world: World) -> None:
    said = "镇上唐江派出所附近夜里有人飙车炸街，请求处理"
    world.feed("110", {
        "jjdbh": "C1", "bjsj": "20261120115900", "bjnr": said, "bjdh": "13987654321", "gxdwdm": world.under("唐江派出所")[0],
    })  # fmt: skip
    accused = world.under("唐江派出所")
    before = {unit: len(world.messages(unit)) for unit in accused}
    figures = world.figures(accused[0])
    world.feed("mailbox", complaint("L1", introduce=f"{said}，唐江派出所民警推诿不管，我要投诉他们，{CANARY}"))
    world.feed("12345", {
        "orderNum": "G1", "callTime": "2026-11-20 11:59:30", "majorContent": f"投诉唐江派出所民警推诿，{CANARY}",
        "callerPhone": "13987654321", "reflectName": "唐江派出所",
    })  # fmt: skip
    assert {unit: len(world.messages(unit)) for unit in accused} == before
    assert world.figures(accused[0]) == figures
    assert not any(CANARY in world.shown_to(unit) for unit in accused)


def test_a_letter_that_becomes_a_complaint_leaves_its_unit_with_no_word_of_it(world: World) -> None:
    accused = world.under("唐江派出所")
    record = {"jjdbh": "C1", "bjsj": "20261120115900", "bjnr": "路口有人吵架", "gxdwdm": accused[0]}
    world.feed("110", record)
    assert world.messages(accused[0])
    world.feed("110", {**record, "bjnr": f"唐江派出所民警推诿不出警，我要投诉，{CANARY}"})
    world.later(days=20)
    for unit in accused:
        assert not any(CANARY.encode() in each.value for each in world.messages(unit))
        assert CANARY not in world.shown_to(unit)
        with world.house.database.read() as connection:
            assert list(letter_lines(connection, unit=unit)) == [], "it is not even listed any more"
    last = json.loads(world.messages(accused[0])[-1].value)
    assert last["kind"] == "withdrawal"
    assert not any(word in last["title"] + last["text"] for word in ("投诉", "回避", "推诿", "督察"))
    world.house.officers.decide(
        letter_id("110", "C1"),
        Dispatched(by=DUTY, host=UnitRef(code=INSPECTION, name="督察大队"), reason=f"核查 {CANARY}"),
    )
    world.later(days=20)
    assert not any(CANARY.encode() in each.value for each in world.messages(accused[0]))
    assert accused[0] not in world.figures(accused[0])
