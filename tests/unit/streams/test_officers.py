"""Officers decide once, with who and why; what they decide reaches its units and nobody who must not know."""

from __future__ import annotations

import json
import threading
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from casework.events import (
    Actor,
    ActorRole,
    Closed,
    Commented,
    Dispatched,
    RecusalFound,
    Reopened,
    Reviewed,
    Revisited,
    Split,
    Transferred,
)
from letters.clock import SetClock, iso
from letters.errors import TryLater
from letters.ids import assignment_id, letter_id
from letters.messages import UnitRef
from streams.officers import CaseMoved, NotDecided, UnknownCategory, UnknownLetter
from tests.unit.streams.conftest import INSPECTION, NOW, OTHER, STATION, Town, call, mailbox

C1 = letter_id("110", "C1")
M1 = letter_id("mailbox", "M1")
MINE = assignment_id(C1, 1, STATION)
CANARY = "金丝雀七四一"
_HOMES = {"leader": "360703000000", "inspection": INSPECTION}


def officer(role: ActorRole = "duty_officer", name: str = "值班员甲", unit: str | None = None) -> Actor:
    return Actor(role=role, unit=unit or _HOMES.get(role, "360703040000"), name=name)


def ref(town: Town, code: str) -> UnitRef:
    return UnitRef(code=code, name=town.house.bureau.units[code].name)


def report(
    step: str, id_: str, *, of: UUID = MINE, minutes: int = 1, text: str = "已按规定办理完毕。"
) -> dict[str, Any]:
    at = iso(NOW + timedelta(minutes=minutes))
    return {"assignment_id": str(of), "step": step, "at": at, "by": "张警官", "progress_id": id_, "text": text}


def move(town: Town, **by: float) -> None:
    clock = town.house.clock
    assert isinstance(clock, SetClock)
    clock.move(timedelta(**by))


def case(town: Town, number: int = 1) -> tuple[Any, ...]:
    [row] = town.rows(f"SELECT state, host, closed_at IS NOT NULL FROM cases WHERE letter_no = {number}")
    return tuple(row)


@pytest.fixture
def dispatched(town: Town) -> Town:
    town.feed("110", call("C1"))
    town.run()
    return town


@pytest.fixture
def waiting(village: Town) -> Town:
    village.feed("mailbox", mailbox("M1", f"有件事不知该找谁 {CANARY}"))
    village.run()
    assert case(village)[0] == "waiting"
    return village


def assign(town: Town, letter: UUID, host: str, *co: str, **more: Any) -> Any:
    event = Dispatched(
        by=officer(), host=ref(town, host), co_units=tuple(ref(town, code) for code in co), reason="属其辖区"
    )
    return town.house.officers.decide(letter, event, **more)


def test_what_waited_goes_to_the_unit_an_officer_names(waiting: Town) -> None:
    settled = assign(waiting, M1, STATION, OTHER)
    assert (settled.stage, settled.state, settled.host, settled.sent) == ("dispatched", "dispatched", STATION, True)
    [host], [helper] = waiting.messages(f"assignments.{STATION}"), waiting.messages(f"assignments.{OTHER}")
    assert (host["role"], host["body"], host["reason"]) == ("host", f"有件事不知该找谁 {CANARY}", "属其辖区")
    assert (helper["role"], helper["contact"]) == ("assist", None)
    event = json.loads(bytes(waiting.one("SELECT document FROM ledger WHERE event = 'dispatched'")))
    assert (event["by"]["name"], event["reason"]) == ("值班员甲", "属其辖区")
    assert waiting.proof().adds_up


def test_a_case_is_followed_to_its_end(dispatched: Town) -> None:
    officers = dispatched.house.officers
    for number, step in enumerate(("signed", "contacted", "feedback", "finished")):
        move(dispatched, minutes=5)
        dispatched.put(f"progress.{STATION}", report(step, str(number), minutes=5 * number + 5))
        dispatched.run()
    team = officer("mailbox_team")
    assert officers.decide(C1, Reviewed(by=team, passed=True)).stage == "reviewed"
    call_back = Revisited(by=team, reached=True, contacted=True, solved=True, satisfied=True)
    assert officers.decide(C1, call_back).stage == "closed"
    assert case(dispatched) == ("dispatched", STATION, True)
    assert dispatched.proof().adds_up
    assert dispatched.one("SELECT next_at IS NULL FROM case_clocks WHERE letter_no = 1"), "nothing rings any more"
    assert officers.decide(C1, Reopened(by=team, reason="来信人又来")).stage == "dispatched"
    assert [each["round"] for each in dispatched.messages(f"assignments.{STATION}")] == [1, 2]


def test_two_officers_never_settle_one_letter_twice(waiting: Town) -> None:
    assign(waiting, M1, STATION, expected=0)
    with pytest.raises(CaseMoved, match="第 0 版"):
        assign(waiting, M1, OTHER, expected=0)
    assert waiting.messages(f"assignments.{OTHER}") == []


def test_a_recused_unit_cannot_be_assigned_and_the_attempt_stands_in_the_ledger(village: Town) -> None:
    village.feed("mailbox", mailbox("M1", "投诉唐江派出所民警态度恶劣、推诿不办", typeid="投诉"))
    village.run()
    accused = next(unit.code for unit in village.house.bureau.units.values() if unit.name == "唐江派出所")
    with pytest.raises(NotDecided, match="应当回避"):
        assign(village, M1, accused)
    refused = json.loads(bytes(village.one("SELECT document FROM ledger WHERE event = 'refused'")))
    assert refused["reason"] == "recused"
    assert village.messages(f"assignments.{accused}") == []


def test_to_a_recused_person_the_letter_does_not_exist(village: Town) -> None:
    village.feed("mailbox", mailbox("M1", "投诉唐江派出所民警态度恶劣、推诿不办", typeid="投诉"))
    village.run()
    accused = next(unit.code for unit in village.house.bureau.units.values() if unit.name == "唐江派出所")
    with pytest.raises(NotDecided, match="没有这件信件"):
        village.house.officers.decide(M1, Commented(by=officer(unit=accused), text="看看"))


def test_unknown_letters_and_categories_are_said_so(waiting: Town) -> None:
    with pytest.raises(UnknownLetter):
        assign(waiting, letter_id("mailbox", "nobody"), STATION)
    with pytest.raises(UnknownCategory, match="外星事务"):
        waiting.house.officers.label(M1, "外星事务", officer(), "错")


def test_a_category_put_right_takes_the_machines_place(waiting: Town) -> None:
    waiting.house.officers.label(M1, "养犬", officer(), "说的是狗")
    assert waiting.one("SELECT category FROM cases") == "养犬"
    said = json.loads(bytes(waiting.one("SELECT document FROM ledger WHERE event = 'labelled'")))
    assert (said["category"], said["reason"], said["by"]["name"]) == ("养犬", "说的是狗", "值班员甲")
    assign(waiting, M1, STATION)
    assert waiting.messages(f"assignments.{STATION}")[0]["category"] == "养犬"


def test_merging_keeps_the_others_clock_and_tells_its_unit_once(town: Town) -> None:
    town.feed("110", call("C1"), call("C2", "完全另一番话，说的却是同一件事"))
    town.run()
    officers, c2 = town.house.officers, letter_id("110", "C2")
    before = town.rows("SELECT next_at FROM case_clocks WHERE letter_no = 1")
    assert officers.merge(c2, C1, officer(), "同一事项").state == "merged"
    assert town.rows("SELECT next_at FROM case_clocks WHERE letter_no = 1") == before
    told = [each for each in town.messages(f"notices.{STATION}") if "并入" in each["title"]]
    assert [each["letter_id"] for each in told] == [str(C1)]
    assert [each["kind"] for each in town.messages(f"notices.{STATION}") if each["letter_id"] == str(c2)][
        -1
    ] == "withdrawal"
    with pytest.raises(NotDecided):
        officers.merge(c2, C1, officer(), "再并一次")
    assert officers.decide(c2, Split(by=officer(), reason="两件事")).state == "waiting"
    assert town.proof().adds_up


def test_no_merge_across_a_recusal(village: Town) -> None:
    village.feed("110", call("C1"))
    village.feed("mailbox", mailbox("M1", f"投诉蓉江派出所民警推诿不办 {CANARY}", typeid="投诉"))
    village.run()
    with pytest.raises(NotDecided, match="回避"):
        village.house.officers.merge(M1, C1, officer(), "同一事项")
    assert not [each for each in village.messages(f"notices.{STATION}") if str(M1) in json.dumps(each)]


def test_a_complaint_found_later_takes_the_letter_away_and_says_nothing(dispatched: Town) -> None:
    found = RecusalFound(by=officer(), units=(STATION,), reason="来信人补充反映该所")
    settled = dispatched.house.officers.decide(C1, found)
    assert (settled.state, settled.host) == ("waiting", None)
    last = dispatched.messages(f"notices.{STATION}")[-1]
    assert (last["kind"], last["text"]) == ("withdrawal", f"派单 {MINE} 已撤回，请停止办理。")
    assert dispatched.messages(f"notices.{INSPECTION}") == [], "nobody had opened it"
    with pytest.raises(NotDecided, match="应当回避"):
        assign(dispatched, C1, STATION)
    dispatched.put(f"progress.{STATION}", report("signed", "late"))
    dispatched.run()
    assert dispatched.one("SELECT refused FROM progress") == "assignment_over"


def test_what_was_opened_is_told_to_the_inspection_unit_alone(dispatched: Town) -> None:
    dispatched.put(f"progress.{STATION}", report("signed", "1", minutes=0))
    dispatched.run()
    before = len(dispatched.messages(f"notices.{STATION}"))
    dispatched.house.officers.decide(C1, RecusalFound(by=officer(), units=(STATION,), reason="来信人补充反映该所"))
    assert len(dispatched.messages(f"notices.{STATION}")) == before
    assert "已签收" in dispatched.messages(f"notices.{INSPECTION}")[-1]["text"]


def test_a_letter_that_never_had_a_host_can_be_closed_or_handed_on(village: Town) -> None:
    village.feed("mailbox", mailbox("M1", "有件事不知该找谁"), mailbox("M2", "另一件说不清楚的事情啊"))
    village.run()
    officers = village.house.officers
    officers.decide(M1, Closed(by=officer(), reason="宣传材料"))
    assert case(village) == ("dispatched", None, True)
    m2 = letter_id("mailbox", "M2")
    assert officers.decide(m2, Transferred(by=officer(), to="12345", reason="非警务")).state == "escalated"
    assert village.proof().adds_up


def test_a_bus_that_does_not_answer_loses_no_decision(waiting: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    def down(_: object) -> None:
        raise TryLater("down")

    with monkeypatch.context() as broken:
        broken.setattr(waiting.house.bus, "publish", down)
        assert not assign(waiting, M1, STATION).sent
    assert waiting.messages(f"assignments.{STATION}") == []
    waiting.run()
    assert len(waiting.messages(f"assignments.{STATION}")) == 1


def test_of_officers_who_settle_at_one_moment_one_does(town: Town) -> None:
    town.feed("mailbox", mailbox("M1", "有件事不知该找谁"))
    town.run()
    start = threading.Barrier(4)
    told: list[str] = []

    def settle(host: str) -> None:
        start.wait()
        try:
            told.append(assign(town, M1, host, expected=0).stage)
        except CaseMoved:
            told.append("moved")

    officers = [threading.Thread(target=settle, args=(host,)) for host in (STATION, OTHER, STATION, OTHER)]
    for each in officers:
        each.start()
    for each in officers:
        each.join()
    assert sorted(told) == ["dispatched", "moved", "moved", "moved"]
    assert len(town.messages(f"assignments.{STATION}")) + len(town.messages(f"assignments.{OTHER}")) == 1
    assert town.one("SELECT count(*) FROM ledger WHERE event = 'dispatched'") == 1
