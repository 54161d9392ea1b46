"""A letter is decided once; each unit learns what it needs and no word more (invariants 2, 5, 7, 8, 9, 11)."""

from __future__ import annotations

import json
from uuid import uuid4

import pytest

from letters.ids import assignment_id, letter_id
from tests.unit.streams.conftest import INSPECTION, STATION, Town, call, mailbox

WRITER = {"bjrxm": "慕容铁柱", "bjdh": "13987654321"}


def units_told(town: Town, letter: str) -> set[str]:
    """Every unit on whose topics a word about the letter stands."""
    return {
        topic.partition(".")[2]
        for topic in town.house.bus.topics()
        if topic.startswith(("assignments.", "notices."))
        for record in town.records(topic)
        if letter.encode() in record.value or letter.encode() == record.key
    }


def under(town: Town, name: str) -> set[str]:
    [unit] = [unit for unit in town.house.bureau.units.values() if unit.name == name]
    return set(town.house.bureau.under(unit.code))


def test_a_letter_is_dispatched_once_to_the_unit_that_upstream_names(town: Town) -> None:
    town.feed("110", call("C1"))
    town.run()
    [assignment] = town.messages(f"assignments.{STATION}")
    letter = letter_id("110", "C1")
    assert assignment["assignment_id"] == str(assignment_id(letter, 1, STATION))
    assert (assignment["unit"]["code"], assignment["role"], assignment["round"]) == (STATION, "host", 1)
    assert assignment["source"] == {"channel": "110", "source_id": "C1"}
    assert {due["step"] for due in assignment["deadlines"]} >= {"sign", "contact"}
    assert assignment["reason"]
    assert town.rows("SELECT state, host FROM cases") == [("dispatched", STATION)]


def test_labels_read_again_and_revisions_dispatch_nothing_anew(town: Town) -> None:
    town.feed("110", call("C1"), call("C2"))
    town.run()
    labels = town.records("labels")
    [stage] = town.house.stages(["route"])
    again = stage.prepare([*labels, *labels])
    assert (again.outgoing, again.dead, again.again) == ([], {}, True)
    town.feed("110", call("C1", "更正：是楼下吵闹"))
    town.run()
    assert len(town.messages(f"assignments.{STATION}")) == 2
    assert town.one("SELECT count(*) FROM ledger") == 2


def test_two_labels_of_one_letter_in_a_batch_decide_it_once(town: Town) -> None:
    town.feed("110", call("C1"), call("C1", "更正"))
    town.run("intake", "label")
    assert len(town.messages("labels")) == 2
    town.run("route")
    assert len(town.messages(f"assignments.{STATION}")) == 1


def test_the_ledger_holds_the_decision_with_all_it_saw(town: Town) -> None:
    town.feed("110", call("C1"))
    town.run()
    decision = json.loads(bytes(town.one("SELECT document FROM ledger WHERE event = 'decided'")))
    assert (decision["outcome"], decision["host"]["code"]) == ("dispatched", STATION)
    assert decision["trail"][0]["rule"] == "danger"
    assert all(step["reason"] for step in decision["trail"])
    assert {"router", "calendar", "units.csv", "danger.yaml"} <= set(decision["versions"])
    assert decision["label"]["letter_id"] == str(letter_id("110", "C1"))


def test_the_host_alone_learns_how_to_reach_the_writer(town: Town) -> None:
    town.feed("110", call("C1", "夜里飙车炸街，轰鸣不断", gxdwdm="", afdz="东山街道文峰路", **WRITER))
    town.feed("110", call("C2", **WRITER))
    town.run()
    [case] = town.rows("SELECT state, host, co_units FROM cases WHERE letter_no = 2")
    assert case[1] == STATION
    [assignment] = town.messages(f"assignments.{STATION}")
    assert assignment["contact"] == {"name": "慕容铁柱", "phone": "13987654321"}
    for topic in town.house.bus.topics():
        if topic.startswith("assignments."):
            for message in town.messages(topic):
                assert (message["contact"] is not None) == (message["role"] == "host")
    for (document,) in town.rows("SELECT document FROM assignments"):
        assert b"13987654321" not in bytes(document), "a row keeps no contact"


def test_helpers_get_their_own_assignment_without_the_contact(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    from letters.messages import UnitRef
    from router import Router

    decide = Router.decide

    def with_help(self: Router, *given: object, **more: object) -> object:
        decision = decide(self, *given, **more)  # type: ignore[arg-type]
        return decision.model_copy(update={"co_units": (UnitRef(code="360703090000", name="协办"),)})

    monkeypatch.setattr(Router, "decide", with_help)
    town.feed("110", call("C1", **WRITER))
    town.run()
    [host] = town.messages(f"assignments.{STATION}")
    [helper] = town.messages("assignments.360703090000")
    assert helper["assignment_id"] != host["assignment_id"]
    assert (helper["role"], helper["host"]["code"], helper["contact"]) == ("assist", STATION, None)
    assert "13987654321" not in json.dumps(helper)
    assert town.proof().adds_up


def test_a_confidential_writer_is_told_to_nobody(town: Town) -> None:
    record = {
        "orderNum": "G1", "callTime": "2026-11-01 09:00:00", "majorContent": "楼上半夜吵闹", "callerName": "慕容铁柱",
        "callerPhone": "13987654321", "organizationName": "蓉江派出所", "callerType": "求助", "isSecret": "1",
    }  # fmt: skip
    town.feed("12345", record, {**record, "orderNum": "G2", "isSecret": "0", "majorContent": "请问居住证怎么办理"})
    town.run()
    contacts = {
        message["source"]["source_id"]: message["contact"] for message in town.messages(f"assignments.{STATION}")
    }
    assert contacts == {"G1": None, "G2": {"name": "慕容铁柱", "phone": "13987654321"}}


ACCUSED = {
    "a station": ({"unit": "金鸡派出所"}, "金鸡派出所"),
    "a squad with all under it": ({"unit": "交管大队"}, "交管大队"),
    "in the text alone": ({}, "唐江派出所"),
}


@pytest.mark.parametrize("case", ACCUSED)
def test_who_is_complained_about_appears_nowhere(village: Town, case: str) -> None:
    named, unit = ACCUSED[case]
    text = "金鸡派出所民警收了钱不办事" if unit != "唐江派出所" else "投诉唐江派出所民警态度恶劣、推诿不办"
    village.feed("mailbox", mailbox("M1", text, typeid="投诉", **named))
    village.run()
    told = units_told(village, str(letter_id("mailbox", "M1")))
    recused = under(village, unit)
    assert told, "a complaint does not end with nobody"
    assert not told & recused
    decision = json.loads(bytes(village.one("SELECT document FROM ledger")))
    assert recused <= set(decision["recusal"]["units"])
    assert not recused & {each["label"] for each in decision["candidates"]}
    for assignment in village.messages(f"assignments.{INSPECTION}"):
        assert not recused & {assignment["host"]["code"], *(unit["code"] for unit in assignment["co_units"])}


def test_a_unit_is_told_of_it_nowhere_even_when_the_rules_err(village: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second gate: a mistake in a rule is stopped where the message would leave, and a person sees it."""
    from letters.decisions import Recusal
    from router import Router

    decide = Router.decide

    def errs(self: Router, *given: object, **more: object) -> object:
        decision = decide(self, *given, **more)  # type: ignore[arg-type]
        return decision.model_copy(update={"recusal": Recusal(units=(STATION,), reason="被反映单位")})

    monkeypatch.setattr(Router, "decide", errs)
    village.feed("110", call("C1"))
    village.feed("mailbox", mailbox("M1"))
    village.run()
    assert village.messages(f"assignments.{STATION}") == []
    assert village.one("SELECT count(*) FROM assignments") == 0
    [dead] = village.messages("dead-letters")
    assert (dead["topic"], dead["reason"]) == ("labels", "broke_the_stage")
    assert "RecusalBreached" in dead["message"]
    sums = village.proof()
    assert sums.unaccounted == ["letter 110 C1 was never decided"], "the proof names what a mistake left undecided"
    assert sums.waiting == 1


def test_a_letter_that_was_stopped_goes_its_way_once_the_mistake_is_mended(village: Town) -> None:
    from jiesu.redrive import redrive_dead
    from router import Router
    from storage.dead import dead_letters

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Router, "decide", lambda *_, **__: 1 / 0)
        village.feed("110", call("C1"))
        village.run()
    assert not village.proof().adds_up
    with village.house.database.read() as connection:
        dead = dead_letters(connection, village.house.sealer)
    assert redrive_dead(village.house, dead) == 1
    village.run()
    assert len(village.messages(f"assignments.{STATION}")) == 1
    assert village.proof().adds_up


def test_messages_that_are_no_labels_or_of_no_letter_become_dead_letters(town: Town) -> None:
    town.put("labels", b"junk", {"letter_id": "no uuid"}, {"letter_id": str(uuid4()), "revision": 1})
    town.feed("110", call("C1"))
    town.run()
    dead = town.messages("dead-letters")
    assert {each["topic"] for each in dead} == {"labels"}
    assert sorted(each["reason"] for each in dead) == ["not_a_label", "not_a_label", "unknown_letter"]
    assert len(town.messages(f"assignments.{STATION}")) == 1
