"""Cases in the stream: what is reckoned cheaply at dispatch is what casework says, and what a letter turns into later
takes from the accused what it gave them."""

from __future__ import annotations

import json
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

from casework.events import Actor, Dispatched
from casework.figures import figures
from letters.clock import SHANGHAI, SetClock, iso, to_ms
from letters.ids import assignment_id, letter_id
from letters.messages import UnitRef
from storage.casework import load_cases
from storage.figures import EVERYONE, Counts, day_of, settle_moves, sums_of
from streams.case_clocks import clocks_of, fired_from_text, ring_ms
from streams.case_opening import case_of, moves
from tests.unit.streams.conftest import INSPECTION, NOW, STATION, Town, call, mailbox

MINE = assignment_id(letter_id("110", "C1"), 1, STATION)
DUTY = Actor(role="duty_officer", unit="360703040000", name="甲")


def varied(town: Town) -> None:
    """Letters that end in every way: dispatched, waiting, escalated, recused, merged."""
    town.feed("110", call("C1"), call("C2", "有人持刀砍人，快来救命", bjlbdm="100100"), call("C3", gljjdbh="C1"))
    town.feed(
        "mailbox",
        mailbox("M1", "有件事不知该找谁"),
        mailbox("M2", "投诉唐江派出所民警态度恶劣、推诿不办", typeid="投诉"),
        mailbox("M3", "两条路上天天乱停车", unit="金鸡派出所", typeid="投诉"),
        mailbox("M4", "夜里飙车炸街，轰鸣不断，严重扰民"),
    )
    town.feed("petition", {"petitionCaseNo": "P1", "registerDate": "2026-11-19", "overview": "户口被误注销，求解决"})
    town.run()


def cases(town: Town) -> dict[int, Any]:
    with town.house.database.read() as connection:
        stored = load_cases(connection, range(1, 100), hold=False)
    return {number: (each, case_of(each, town.house.rules)) for number, each in stored.items()}


def counted(town: Town, viewer: str | None = None) -> dict[str, dict[str, int]]:
    """What the counters say of all time."""
    with town.house.database.write() as connection:
        settle_moves(connection)
        return sums_of(connection, 0, 40_000, viewer=viewer)


def reckoned(town: Town, viewer: str | None = None) -> dict[str, dict[str, int]]:
    """What casework says of the same cases."""
    everything = [case for _, case in cases(town).values()]
    start, end = datetime(2000, 1, 1, tzinfo=SHANGHAI), datetime(2070, 1, 1, tzinfo=SHANGHAI)
    return {unit: dict(each.counts) for unit, each in figures(everything, start, end, viewer=viewer).items()}


def test_what_is_written_at_dispatch_is_what_the_case_says(village: Town) -> None:
    varied(village)
    for number, (stored, case) in cases(village).items():
        rings = [c.next_at for c in clocks_of(case, fired_from_text(stored.fired), village.house.rules) if c.next_at]
        [kept] = village.rows(f"SELECT max(next_at) FROM case_clocks WHERE letter_no = {number}")
        assert kept[0] == (ring_ms(min(rings)) if rings else None), stored.letter_id
    assert {row[0] for row in village.rows("SELECT state FROM cases")} == {
        "dispatched",
        "waiting",
        "escalated",
        "merged",
    }


def test_counters_are_what_casework_reckons_at_every_step_and_for_every_viewer(village: Town) -> None:
    varied(village)
    officers = village.house.officers
    assert counted(village) == reckoned(village)
    for step in ("signed", "finished"):
        at = iso(NOW + timedelta(minutes=1))
        message = {"assignment_id": str(MINE), "step": step, "at": at, "by": "张", "progress_id": step, "text": "报告"}
        clock = village.house.clock
        assert isinstance(clock, SetClock)
        clock.move(timedelta(minutes=1))
        village.put(f"progress.{STATION}", message)
        village.run()
        assert counted(village) == reckoned(village)
    host = UnitRef(code=STATION, name="蓉江派出所")
    officers.decide(letter_id("mailbox", "M1"), Dispatched(by=DUTY, host=host, reason="属其辖区"))
    assert counted(village) == reckoned(village)
    accused = next(unit.code for unit in village.house.bureau.units.values() if unit.name == "唐江派出所")
    for viewer in (accused, STATION, INSPECTION):
        assert counted(village, viewer) == reckoned(village, viewer)
    assert counted(village, accused)[""]["received"] < counted(village)[""]["received"]


def test_moves_of_a_recusal_hide_the_whole_case_from_those_it_names(village: Town) -> None:
    varied(village)
    _, case = cases(village)[1]
    hidden = case.but(recused=(STATION,))
    by_viewer: dict[str, Counts] = {}
    for move in moves(case, hidden):
        for viewer in move.viewers:
            by_viewer.setdefault(viewer, Counter()).update(move.counts)
    assert not any(by_viewer.get(EVERYONE, Counter()).values())
    assert by_viewer[STATION]["", "received", day_of(to_ms(case.arrived_at))] == 1


def test_a_revision_that_accuses_takes_the_letter_from_who_is_accused(town: Town) -> None:
    town.feed("110", call("C1"))
    town.run()
    town.feed("110", call("C1", "我投诉蓉江派出所民警推诿不出警，态度恶劣"))
    town.run()
    assert town.rows("SELECT state, host FROM cases") == [("waiting", None)]
    assert STATION in town.one("SELECT recused FROM cases")
    last = town.messages(f"notices.{STATION}")[-1]
    assert (last["kind"], last["text"]) == ("withdrawal", f"派单 {MINE} 已撤回，请停止办理。")
    assert not any("推诿" in json.dumps(each, ensure_ascii=False) for each in town.messages(f"assignments.{STATION}"))
    assert town.proof().adds_up
    [stage] = town.house.stages(["route"])
    assert stage.prepare(town.records("labels")).outgoing == [], "read again, it says nothing twice"


def test_a_revision_that_accuses_nobody_changes_nothing(village: Town) -> None:
    village.feed("110", call("C1"))
    village.run()
    village.feed("110", call("C1", "更正：是楼下吵闹"))
    village.run()
    assert village.rows("SELECT state, host FROM cases") == [("dispatched", STATION)]


def test_a_letter_on_the_same_matter_joins_the_open_case_and_its_unit_is_told_once(town: Town) -> None:
    who = {"bjrxm": "慕容铁柱", "bjdh": "13987654321"}
    town.feed("110", call("C1", "楼上半夜吵闹，天天如此，没法睡觉", **who))
    town.run()
    town.feed("110", call("C2", "楼上半夜吵闹，天天如此，没法睡觉！", **who))
    town.run()
    assert [row[0] for row in town.rows("SELECT state FROM cases ORDER BY letter_no")] == ["dispatched", "merged"]
    assert len(town.messages(f"assignments.{STATION}")) == 1
    told = [each for each in town.messages(f"notices.{STATION}") if "并入" in each["title"]]
    assert len(told) == 1
    assert "13987654321" not in json.dumps(town.rows("SELECT mark FROM writer_marks")[0][0])
    assert town.proof().adds_up


def test_another_writers_like_words_join_nothing(village: Town) -> None:
    village.feed("110", call("C1", bjdh="13987654321"), call("C2", bjdh="13712345678"))
    village.run()
    assert [row[0] for row in village.rows("SELECT state FROM cases")] == ["dispatched", "dispatched"]


def test_a_complaint_on_the_same_matter_stays_apart_from_the_accused_units_case(village: Town) -> None:
    who = {"bjdh": "13987654321"}
    village.feed("110", call("C1", "楼上半夜吵闹", **who))
    village.run()
    before = len(village.messages(f"notices.{STATION}"))
    village.feed(
        "110", call("C2", "楼上半夜吵闹，蓉江派出所民警推诿不管，我要投诉他们", gljjdbh="C1", bjlbdm="950100", **who)
    )
    village.run()
    assert village.one("SELECT state FROM cases WHERE letter_no = 2") != "merged"
    assert len(village.messages(f"notices.{STATION}")) == before


def test_a_report_that_was_refused_may_be_mended_under_its_number(town: Town) -> None:
    town.feed("110", call("C1"))
    town.run()
    base = {"assignment_id": str(MINE), "at": iso(NOW), "by": "张", "progress_id": "7"}
    town.put(f"progress.{STATION}", {**base, "step": "finished"})
    town.run()
    town.put(f"progress.{STATION}", {**base, "step": "finished", "text": "已调解，双方和解。"})
    town.run()
    assert [tuple(row) for row in town.rows("SELECT refused FROM progress ORDER BY received_at, refused IS NULL")] == [
        ("no_report",), (None,)
    ]  # fmt: skip
    assert town.one("SELECT stage FROM case_documents") == "finished"


def test_reports_numbered_by_assignment_do_not_collide(town: Town) -> None:
    town.feed("110", call("C1"), call("C2", "另一件完全不同的事情"))
    town.run()
    for number in ("C1", "C2"):
        of = assignment_id(letter_id("110", number), 1, STATION)
        message = {"assignment_id": str(of), "step": "signed", "at": iso(NOW), "by": "张", "progress_id": "1"}
        town.put(f"progress.{STATION}", message)
    town.run()
    assert town.one("SELECT count(*) FROM progress WHERE refused IS NULL") == 2


def test_progress_read_again_after_a_kill_leaves_no_second_trace(town: Town) -> None:
    town.feed("110", call("C1"))
    town.run()
    good = {"assignment_id": str(MINE), "step": "signed", "at": iso(NOW), "by": "张", "progress_id": "1"}
    town.put(f"progress.{STATION}", good, {**good, "progress_id": "2", "step": "returned"})
    town.run()
    before = town.one("SELECT count(*) FROM ledger"), town.one("SELECT count(*) FROM progress")
    [stage] = town.house.stages(["progress"])
    assert stage.prepare(town.records(f"progress.{STATION}")).outgoing == []
    assert (town.one("SELECT count(*) FROM ledger"), town.one("SELECT count(*) FROM progress")) == before


def test_a_second_return_waits_for_a_joint_decision(village: Town) -> None:
    village.feed("110", call("C1"))
    village.run()
    gone = {
        "assignment_id": str(MINE),
        "step": "returned",
        "at": iso(NOW),
        "by": "张",
        "progress_id": "1",
        "text": "非本辖区",
    }
    village.put(f"progress.{STATION}", gone)
    village.run()
    assert village.rows("SELECT state, host FROM cases") == [("waiting", None)]
    assert "退单" in village.messages("notices.360703040000")[-1]["text"]
    other = UnitRef(code="360703520000", name=village.house.bureau.units["360703520000"].name)
    c1 = letter_id("110", "C1")
    village.house.officers.decide(c1, Dispatched(by=DUTY, host=other, reason="改派"))
    second = assignment_id(c1, 2, other.code)
    village.put(f"progress.{other.code}", {**gone, "assignment_id": str(second)})
    village.run()
    assert village.one("SELECT stage FROM case_documents") == "joint_decision"
    assert village.proof().adds_up


def test_danger_is_followed_like_anything_else_and_stays_known_as_escalated(village: Town) -> None:
    village.feed("110", call("C2", "有人持刀砍人，快来救命", bjlbdm="100100"))
    village.run()
    centre = village.house.bureau.command_centre
    mine = assignment_id(letter_id("110", "C2"), 1, centre)
    message = {"assignment_id": str(mine), "step": "signed", "at": iso(NOW), "by": "李", "progress_id": "1"}
    village.put(f"progress.{centre}", message)
    village.run()
    assert village.one("SELECT stage FROM case_documents") == "signed"
    assert village.rows("SELECT state, host FROM cases") == [("escalated", centre)]
