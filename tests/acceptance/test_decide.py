"""Officers at the command line: what waits is decided, followed to its end, counted, and learned from."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from letters.clock import SHANGHAI, iso
from letters.ids import assignment_id, letter_id
from tests.acceptance.conftest import Cli

STATION = "360703510000"
PHONE, WRITER = "13987654321", "慕容铁柱"
LETTER = letter_id("mailbox", "M1")
NOW = datetime.now(SHANGHAI)


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    made = Cli(tmp_path / "home")
    record = {
        "id": "M1", "submitted_at": iso(NOW - timedelta(minutes=30)), "introduce": f"有件事不知找谁，我叫{WRITER}，电话{PHONE}",
        "name": WRITER, "shouji": PHONE,
    }  # fmt: skip
    feed(made, tmp_path, "mailbox", record)
    return made


def feed(cli: Cli, folder: Path, channel: str, *records: dict[str, Any]) -> None:
    file = folder / "records.jsonl"
    file.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    assert cli("feed", channel, str(file)).code == 0
    assert cli("run", "--until-idle").code == 0


def decide(cli: Cli, *words: str) -> Any:
    done = cli("decide", *words, "--json")
    assert done.code == 0, done.err
    return done.json


def test_a_letter_from_the_duty_desk_to_its_end(cli: Cli, tmp_path: Path) -> None:
    assert [line["state"] for line in cli("letters", "--json").lines] == ["waiting"]
    decide(cli, "label", "M1", "--category", "噪音扰民", "--by", "甲", "--reason", "说的是噪声")
    settled = decide(cli, "assign", "M1", "--host", "蓉江派出所", "--by", "甲", "--reason", "属其辖区", "--expect", "1")
    assert (settled["stage"], settled["host"]) == ("dispatched", STATION)
    [mine] = cli("tail", f"assignments.{STATION}", "--from-start", "--json").lines
    assert (mine["category"], mine["contact"]["phone"]) == ("噪音扰民", PHONE)
    report = {
        "assignment_id": str(assignment_id(LETTER, 1, STATION)), "at": iso(datetime.now(SHANGHAI)), "by": "张",
        "text": "工作报告：已办理。",
    }  # fmt: skip
    feed(cli, tmp_path, f"progress.{STATION}", *(
        {**report, "step": step, "progress_id": step} for step in ("signed", "contacted", "finished")
    ))  # fmt: skip
    assert decide(cli, "review", "M1", "--pass", "--by", "乙")["stage"] == "reviewed"
    answers = ("--reached", "--contacted", "--solved", "--satisfied")
    assert decide(cli, "callback", "M1", *answers, "--by", "乙")["stage"] == "closed"
    life = cli("trace", "M1", "--json").json
    happened = [each["event"] for each in life["case"]["history"]]
    assert happened[:2] == ["labelled", "dispatched"]
    assert happened[-2:] == ["reviewed", "revisited"]
    assert "甲" in life["case"]["history"][1]["by"]
    assert cli("trace", "M1").code == 0
    units = {each["unit"]: each for each in cli("figures", "--json").json["units"]}
    assert units[STATION]["counts"]["hosted"] == 1
    assert units[STATION]["satisfaction"] == 1.0
    assert "蓉江派出所" in cli("figures").out
    assert cli("reconcile").code == 0


def test_confirmed_letters_can_be_learned_from_and_name_nobody(cli: Cli) -> None:
    assert cli("export-training").out == "", "nothing is confirmed yet"
    decide(cli, "label", "M1", "--category", "噪音扰民", "--by", "甲", "--reason", "说的是噪声")
    decide(cli, "assign", "M1", "--host", "蓉江派出所", "--by", "甲", "--reason", "属其辖区")
    done = cli("export-training")
    [row] = done.lines
    assert (row["category"], row["unit"], row["channel"]) == ("噪音扰民", "蓉江派出所", "mailbox")
    assert PHONE not in done.out
    assert WRITER not in done.out
    assert set(row) == {"id", "title", "body", "category", "unit", "place", "channel", "date"}


REFUSED = {
    "a role that may not": (("review", "M1", "--pass", "--by", "甲", "--role", "duty_officer"), "不能"),
    "too early": (("review", "M1", "--pass", "--by", "甲"), "尚未办结"),
    "a unit that is none": (("assign", "M1", "--host", "外星派出所", "--by", "甲", "--reason", "x"), "外星派出所"),
    "a letter that is none": (("close", "M9", "--by", "甲", "--reason", "x"), "M9"),
    "a category that is none": (("label", "M1", "--category", "外星", "--by", "甲", "--reason", "x"), "外星"),
    "an older version": (("close", "M1", "--by", "甲", "--reason", "x", "--expect", "7"), "第 7 版"),
    "nobody": (("close", "M1", "--by", " ", "--reason", "x"), "--by"),
    "no reason": (("close", "M1", "--by", "甲", "--reason", " "), "reason"),
    "nobody accused": (("recuse", "M1", "--by", "甲", "--reason", "x"), "--accused"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_decided_is_one_sentence_and_changes_nothing(cli: Cli, case: str) -> None:
    words, told = REFUSED[case]
    done = cli("decide", *words)
    assert done.code == 1
    assert told in done.err
    assert "Traceback" not in done.err
    assert [line["state"] for line in cli("letters", "--json").lines] == ["waiting"]
