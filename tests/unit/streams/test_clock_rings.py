"""Reminders and alerts go out when they are due, each once, in order after an outage, and never to who must not know."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from letters.clock import SHANGHAI, SetClock, iso
from letters.ids import assignment_id, letter_id
from streams.clock import CaseClock
from tests.unit.streams.conftest import INSPECTION, NOW, STATION, Town, call, mailbox

MINE = assignment_id(letter_id("110", "C1"), 1, STATION)
BUREAU_CODE = "360703000000"


def move(town: Town, **by: float) -> None:
    clock = town.house.clock
    assert isinstance(clock, SetClock)
    clock.move(timedelta(**by))


def fresh(number: str, **more: Any) -> dict[str, Any]:
    """A call that came in just now, so that its clocks are still to ring."""
    return call(number, **{"bjsj": NOW.astimezone(SHANGHAI).strftime("%Y%m%d%H%M%S"), **more})


def rung(town: Town, unit: str = STATION) -> list[tuple[str, str]]:
    """Kind and step of the notices on a unit's topic, in their order."""
    return [
        (each["kind"], each["title"].split()[-1].removesuffix("（补发）"))
        for each in town.messages(f"notices.{unit}")
        if each["kind"] in ("reminder", "overdue")
    ]


def test_a_unit_is_reminded_before_and_told_at_the_deadline_each_once(town: Town) -> None:
    town.feed("110", fresh("C1"))
    town.run()
    assert rung(town) == []
    move(town, minutes=7)
    town.run()
    assert rung(town) == [("reminder", "签收")]
    move(town, minutes=3)
    town.run()
    town.run()
    assert rung(town) == [("reminder", "签收"), ("overdue", "签收")]


def test_a_step_that_was_done_rings_no_more(town: Town) -> None:
    town.feed("110", fresh("C1"))
    town.run()
    move(town, minutes=1)
    report = {"assignment_id": str(MINE), "step": "signed", "at": iso(NOW), "by": "张", "progress_id": "1"}
    town.put(f"progress.{STATION}", report)
    town.run()
    move(town, minutes=21)
    town.run()
    assert rung(town) == [("reminder", "联系来信人")]


def test_what_an_outage_missed_goes_out_in_order_and_marked(town: Town) -> None:
    town.feed("110", fresh("C1"))
    town.run()
    move(town, days=2)
    town.run()
    assert rung(town) == [
        ("reminder", "签收"), ("overdue", "签收"), ("reminder", "联系来信人"), ("overdue", "联系来信人")
    ]  # fmt: skip
    assert all("补发" in each["title"] for each in town.messages(f"notices.{STATION}"))
    assert rung(town, BUREAU_CODE) == [("overdue", "签收"), ("overdue", "联系来信人")]


def test_two_workers_take_each_rung_once(town: Town) -> None:
    town.feed("110", *(fresh(f"C{n}", bjnr=f"第{n}件事，与别的都不一样") for n in range(5)))
    town.run()
    move(town, minutes=7)
    house = town.house
    ticks = [CaseClock(house.database, house.outbox, house.clock, house.parts).ring() for _ in range(2)]
    assert [len(prepared.outgoing) if prepared else 0 for _, prepared in ticks] == [5, 0]


def test_a_tick_that_was_cut_short_before_the_bus_is_made_good(town: Town) -> None:
    town.feed("110", fresh("C1"))
    town.run()
    move(town, minutes=7)
    house = town.house
    _, prepared = CaseClock(house.database, house.outbox, house.clock, house.parts).ring()
    assert prepared is not None
    assert len(prepared.outgoing) == 1
    assert rung(town) == []
    town.run()
    assert rung(town) == [("reminder", "签收")]


def test_an_accused_unit_hears_of_no_clock(village: Town) -> None:
    village.feed("mailbox", mailbox("M1", "投诉金鸡派出所民警推诿不办", typeid="投诉", unit="金鸡派出所"))
    village.run()
    move(village, days=40)
    village.run()
    told = {topic for topic in village.house.bus.topics() if topic.startswith("notices.") and village.records(topic)}
    assert f"notices.{INSPECTION}" in told
    accused = next(unit.code for unit in village.house.bureau.units.values() if unit.name == "金鸡派出所")
    assert not told & {f"notices.{code}" for code in village.house.bureau.under(accused)}


def test_nothing_is_written_while_nothing_is_due(village: Town) -> None:
    village.feed("110", fresh("C1"))
    village.run()
    house = village.house
    assert CaseClock(house.database, house.outbox, house.clock, house.parts).ring() == (0, None)


def test_a_case_that_no_rule_foresaw_holds_up_no_other(village: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    village.feed("110", fresh("C1"), fresh("C2", bjnr="另一件完全不同的事情"))
    village.run()
    with village.house.database.write() as connection:
        connection.exec_driver_sql("UPDATE ledger SET document = x'00' WHERE letter_no = 1 AND event = 'decided'")
    move(village, minutes=7)
    village.run()
    assert [each["letter_id"] for each in village.messages(f"notices.{STATION}")] == [str(letter_id("110", "C2"))]
