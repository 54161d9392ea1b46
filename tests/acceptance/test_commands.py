"""What people type, right and wrong: the way from a file to a decision, and one clear sentence for every mistake."""

from __future__ import annotations

import io
import json
import os
import signal
import sqlite3
import zipfile
from pathlib import Path
from typing import Any

import pytest

from letters.ids import letter_id
from tests.acceptance.conftest import ROOT, SAMPLES, Cli, Done, free_port, page, until

STATION = "360703510000"


def call(number: str, **more: Any) -> dict[str, Any]:
    return {
        "jjdbh": number, "bjsj": "20261101231500", "bjnr": "楼上半夜吵闹", "gxdwdm": STATION, "bjlbdm": "500100",
        "bjdh": "13987654321", "bjrxm": "慕容铁柱", **more,
    }  # fmt: skip


def file_of(folder: Path, *records: Any, name: str = "records.jsonl") -> Path:
    path = folder / name
    path.write_text("".join((r if isinstance(r, str) else json.dumps(r, ensure_ascii=False)) + "\n" for r in records))
    return path


def assert_refused(done: Done, *says: str) -> None:
    """One clear sentence on stderr, an exit code that a script sees, nothing on stdout, no traceback."""
    assert done.code != 0
    assert "Traceback" not in done.err
    assert done.out == ""
    told = " ".join(done.err.split())
    for word in says:
        assert word in told, done.err
    assert len([line for line in done.err.splitlines() if line.startswith("jiesu:")]) <= 1


def test_a_record_goes_from_a_file_to_its_units_topic_and_back_as_a_report(cli: Cli, tmp_path: Path) -> None:
    records = file_of(tmp_path, call("C1"), call("C2", gxdwdm=""))
    assert cli.process("feed", "110", records, "--json").json == {"topic": "intake.110", "fed": 2}
    assert cli.process("run", "--until-idle", "--json").json["handled"]["intake"] == 2
    [assignment] = cli("tail", f"assignments.{STATION}", "--from-start", "--json").lines
    assert assignment["contact"] == {"name": "慕容铁柱", "phone": "13987654321"}
    report = {
        "assignment_id": assignment["assignment_id"], "step": "signed", "at": assignment["assigned_at"], "by": "张警官",
        "progress_id": "p1", "text": "已联系 13987654321",
    }  # fmt: skip
    assert cli("feed", f"progress.{STATION}", file_of(tmp_path, report, report), "--json").json["fed"] == 2
    assert cli("run", "--until-idle").code == 0
    life = cli("trace", "C1", "--json").json
    assert [(step["step"], step["unit"], step["refused"]) for step in life["progress"]] == [("signed", STATION, None)]
    for shown in (cli("trace", "C1"), cli("trace", "C1", "--json"), cli("letters"), cli("letters", "--json")):
        assert shown.code == 0
        assert "13987654321" not in shown.out
        assert "慕容铁柱" not in shown.out


def test_the_same_files_again_give_the_same_letters_and_no_second_assignment(cli: Cli) -> None:
    def feed_and_run() -> tuple[str, dict[str, str], Any]:
        for channel, file in (("110", "110.jsonl"), ("12345", "12345.csv"), ("petition", "petition.xml")):
            assert cli("feed", channel, SAMPLES / file).code == 0
        assert cli("run", "--until-idle").code == 0
        units = {line["host"] for line in cli("letters", "--json").lines if line["host"]}
        topics = {unit: cli("tail", f"assignments.{unit}", "--from-start", "--json").out for unit in units}
        return cli("letters", "--json").out, topics, cli("reconcile", "--json").json

    letters, topics, sums = feed_and_run()
    again, same_topics, more = feed_and_run()
    assert again == letters
    assert same_topics == topics
    assert more["unaccounted"] == []
    assert (more["letters"], more["dispatched"], more["waiting"]) == (
        sums["letters"],
        sums["dispatched"],
        sums["waiting"],
    )
    assert more["repeats"] == 2 * sums["repeats"] + sums["letters"]
    assert more["dead"] == 2 * sums["dead"]


def test_standard_input_is_a_file_too(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    class Piped:
        buffer = io.BytesIO(json.dumps(call("C1")).encode() + b"\n\n" + json.dumps(call("C2")).encode() + b"\r\n")

    monkeypatch.setattr("sys.stdin", Piped)
    assert cli("feed", "110", "-", "--json").json == {"topic": "intake.110", "fed": 2}
    assert cli("run", "--until-idle").code == 0
    assert len(cli("letters", "--json").lines) == 2


def test_letters_are_listed_by_state_unit_and_channel(plain: Cli) -> None:
    every = plain("letters", "--json").lines
    for state in ("dispatched", "waiting", "escalated"):
        chosen = plain("letters", "--state", state, "--json").lines
        assert chosen == [line for line in every if line["state"] == state]
        assert chosen
    mine = plain("letters", "--unit", STATION, "--json").lines
    assert mine == [line for line in every if STATION in (line["host"], *line["co_units"])]
    assert plain("letters", "--channel", "110", "--json").lines == [line for line in every if line["channel"] == "110"]
    assert len(plain("letters", "--limit", "3", "--json").lines) == 3


MISTAKES: dict[str, tuple[list[str], list[str]]] = {
    "a command mistyped": (["lettres"], ["lettres"]),
    "no such option": (["letters", "--stat", "waiting"], ["--stat"]),
    "no such state": (["letters", "--state", "lost"], ["lost", "waiting"]),
    "an unknown channel": (["feed", "12306", str(SAMPLES / "110.jsonl")], ["12306", "mailbox"]),
    "a missing file": (["feed", "110", "nowhere.jsonl"], ["nowhere.jsonl", "no such file"]),
    "a folder": (["feed", "110", str(SAMPLES)], ["samples"]),
    "a wrong suffix": (["feed", "110", str(SAMPLES / "expected.yaml")], ["expected.yaml", ".jsonl"]),
    "xml for another channel": (["feed", "110", str(SAMPLES / "petition.xml")], ["petition.xml", "110"]),
    "a unit's report as csv": (["feed", f"progress.{STATION}", str(SAMPLES / "12345.csv")], [".jsonl"]),
    "an unknown unit": (["letters", "--unit", "999999999999"], ["999999999999", "units.csv"]),
    "an unknown topic": (["tail", "letter"], ["letter", "jiesu topics"]),
    "an unknown number": (["trace", "no-such-number"], ["no-such-number"]),
    "an unknown dead letter": (["dead", "show", "ffffffff"], ["ffffffff"]),
    "nothing to feed again": (["dead", "redrive"], ["--all"]),
    "an unknown stage": (["run", "--until-idle", "--stage", "lable"], ["lable", "label"]),
    "a worker without kafka": (["worker"], ["Kafka", "jiesu up"]),
    "rights without kafka": (["topics", "--acl", STATION], ["Kafka"]),
    "no such model": (["models", "promote", "nobody"], ["nobody"]),
    "nothing to roll back": (["models", "rollback"], ["before"]),
}


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Cli:
    made = Cli(tmp_path_factory.mktemp("ready"))
    assert made("topics").code == 0
    return made


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_told_in_one_sentence(ready: Cli, mistake: str) -> None:
    arguments, says = MISTAKES[mistake]
    assert_refused(ready(*arguments), *says)
    assert ready("reconcile", "--json").json["unread"] == 0, "nothing was fed"


def zip_bomb(path: Path) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        with archive.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as sheet:
            for _ in range(300):
                sheet.write(b" " * 2**20)
    return path


def broken_files(folder: Path) -> dict[str, tuple[str, Path]]:
    (folder / "empty.jsonl").write_bytes(b"")
    (folder / "blank.jsonl").write_bytes(b"\n \n\n")
    (folder / "columns.csv").write_text("姓名,电话\n张三,1\n")
    (folder / "header.csv").write_text("")
    (folder / "no.xlsx").write_bytes(b"PK\x03\x04 this is no workbook")
    return {
        "an empty file": ("110", folder / "empty.jsonl"),
        "blank lines alone": ("110", folder / "blank.jsonl"),
        "wrong columns": ("12345", folder / "columns.csv"),
        "no columns": ("12345", folder / "header.csv"),
        "no workbook": ("12345", folder / "no.xlsx"),
        "a zip bomb": ("12345", zip_bomb(folder / "bomb.xlsx")),
    }


def test_a_file_that_cannot_be_split_is_refused_whole(ready: Cli, tmp_path: Path) -> None:
    for channel, file in broken_files(tmp_path).values():
        assert_refused(ready("feed", channel, file), file.name)
    assert ready("reconcile", "--json").json["unread"] == 0


WRONG_SETTINGS: dict[str, tuple[dict[str, str], list[str]]] = {
    "no such bus": ({"BUS": "rabbitmq://localhost"}, ["JIESU_BUS", "kafka://"]),
    "kafka without an address": ({"BUS": "kafka://"}, ["kafka://", "host:port"]),
    "no such bureau": ({"BUREAU": "/nowhere/at/all"}, ["/nowhere/at/all"]),
    "a home that cannot be": ({"HOME": "/dev/null/home"}, ["JIESU_HOME", "/dev/null/home"]),
    "a home that is a file": ({"HOME": "/dev/null"}, ["JIESU_HOME"]),
    "no such database": ({"DATABASE_URL": "mysql://localhost/x"}, ["mysql", "postgresql"]),
    "a key that is none": ({"KEY": "secret"}, ["JIESU_KEY", "openssl"]),
    "a key too short": ({"KEY": "c2hvcnQ="}, ["32"]),
    "a batch of nothing": ({"BATCH": "0"}, ["JIESU_BATCH"]),
    "a log level": ({"LOG": "loud"}, ["JIESU_LOG"]),
}


@pytest.mark.parametrize("wrong", WRONG_SETTINGS)
def test_a_wrong_setting_is_named(tmp_path: Path, wrong: str) -> None:
    settings, says = WRONG_SETTINGS[wrong]
    cli = Cli(tmp_path / "home")
    cli.settings.update({f"JIESU_{name}": value for name, value in settings.items()})
    assert_refused(cli("run", "--until-idle"), *says)


def test_a_home_that_may_not_be_written_is_named(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o500)
    if os.access(home, os.W_OK):
        pytest.skip("this user may write everywhere")
    assert_refused(Cli(home)("letters"), "JIESU_HOME", str(home))


def test_a_damaged_database_is_named(cli: Cli) -> None:
    assert cli("letters").code == 0
    for leftover in cli.home.glob("jiesu.sqlite3-*"):
        leftover.unlink()
    (cli.home / "jiesu.sqlite3").write_bytes(b"no database " * 1000)
    assert_refused(cli("letters"), "jiesu.sqlite3", "damaged")


def test_a_damaged_bus_is_named(cli: Cli) -> None:
    assert cli("letters").code == 0
    for leftover in cli.home.glob("bus.sqlite3-*"):
        leftover.unlink()
    (cli.home / "bus.sqlite3").write_bytes(b"no bus at all " * 1000)
    assert_refused(cli("run", "--until-idle"), "bus.sqlite3", "damaged")


def test_the_real_program_refuses_in_the_same_way(cli: Cli) -> None:
    assert_refused(cli.process("feed", "12306", "x.jsonl"), "12306", "mailbox")
    mistyped = cli.process("lettres")
    assert mistyped.code == 2
    assert "Traceback" not in mistyped.err


def test_a_lost_record_makes_reconcile_fail_and_name_it(cli: Cli, tmp_path: Path) -> None:
    cli("feed", "110", file_of(tmp_path, call("C1"), call("C2")))
    cli("run", "--until-idle")
    assert cli("reconcile").code == 0
    with sqlite3.connect(cli.home / "jiesu.sqlite3") as database:
        database.execute('DELETE FROM intake_records WHERE "offset" = 1')
    done = cli("reconcile", "--json")
    assert done.code == 1
    assert any("intake.110/0/1" in line for line in done.json["unaccounted"])
    told = cli("reconcile")
    assert told.code == 1
    assert "intake.110/0/1" in told.out


def test_a_dead_letter_is_shown_mended_and_fed_again(cli: Cli, tmp_path: Path) -> None:
    cli("feed", "110", file_of(tmp_path, call("C1", bjsj="20261301000000"), "no json", call("C2")))
    cli("run", "--until-idle")
    bad_time, no_json = cli("dead", "list", "--json").lines
    assert (bad_time["reason"], bad_time["key"], no_json["reason"]) == ("bad_time", "C1", "not_json")
    shown = cli("dead", "show", bad_time["dead_id"][:8])
    assert "20261301000000" in shown.out
    assert "bad_time" in shown.out
    assert "jiesu dead show" in cli("trace", "C1").err
    mended = tmp_path / "mended.json"
    mended.write_text(json.dumps(call("C1")))
    assert cli("dead", "redrive", bad_time["dead_id"][:8], "--value", mended, "--json").json == {"fed": 1}
    assert cli("dead", "redrive", "--all", "--reason", "not_json", "--json").json == {"fed": 1}
    assert cli("dead", "redrive", "--all", "--json").json == {"fed": 0}, "what was fed again is not fed a third time"
    cli("run", "--until-idle")
    assert cli("letters", "--json").lines[-1]["source_id"] == "C1"
    assert [each["redriven_at"] is None for each in cli("dead", "list", "--json").lines] == [False, False, True]
    assert len(cli("dead", "list", "--waiting", "--json").lines) == 1
    sums = cli("reconcile", "--json").json
    assert (sums["read"], sums["letters"], sums["dead"], sums["unaccounted"]) == (5, 2, 3, [])


def test_a_dead_letter_can_be_named_by_a_prefix_only_while_that_is_clear(cli: Cli, tmp_path: Path) -> None:
    cli("feed", "110", file_of(tmp_path, *(f"junk {n}" for n in range(40))))
    cli("run", "--until-idle")
    first = cli("dead", "list", "--json").lines[0]["dead_id"][0]
    alike = [each for each in cli("dead", "list", "--json").lines if each["dead_id"].startswith(first)]
    done = cli("dead", "show", first)
    assert (done.code == 0) == (len(alike) == 1)
    assert_refused(cli("dead", "redrive", ""))


def test_up_serves_pages_takes_what_others_feed_and_stops_on_a_signal(cli: Cli, tmp_path: Path) -> None:
    port = free_port()
    with cli.started("up", "--port", port) as process:
        until(lambda: page(port, "/readyz")[0] == 200, "the desk did not become ready")
        assert cli("feed", "110", file_of(tmp_path, call("C1"), "junk")).code == 0
        until(lambda: cli("letters", "--state", "dispatched", "--json").out, "what another process fed was not handled")
        until(
            lambda: 'jiesu_records_total{stage="route",topic="labels"} 1.0' in page(port, "/metrics")[1], "no metrics"
        )
        metrics = page(port, "/metrics")[1]
        assert 'jiesu_dead_letters_total{reason="not_json",stage="intake",topic="intake.110"} 1.0' in metrics
        assert "jiesu_lag_records" in metrics
        status, body, headers = page(port, "/healthz")
        assert status == 200
        assert set(json.loads(body)["stages"]) >= {"intake", "label", "route", "progress"}
        status, body, headers = page(port, "/")
        assert status == 200
        assert "C1" in body
        assert "南康" in body
        for secret in ("13987654321", "慕容铁柱", "楼上半夜吵闹"):
            assert secret not in body
        assert headers["content-security-policy"].startswith("default-src 'self'")
        assert page(port, "/static/desk.css")[0] == 200
        assert page(port, "/nothing")[0] == 404
        assert_refused(Cli(tmp_path / "other").process("up", "--port", port), str(port), "--port")
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=20)
        assert process.returncode == 0
        assert "Traceback" not in err
    assert cli("reconcile").code == 0


def test_up_says_on_its_pages_why_a_stage_stopped(tmp_path: Path) -> None:
    cli = Cli(tmp_path / "home", DEAD_SHARE="0.5", DEAD_WINDOW="10", LOG="error")
    cli("feed", "110", file_of(tmp_path, *(f"junk {n}" for n in range(20))))
    port = free_port()
    with cli.started("up", "--port", port) as process:
        until(lambda: page(port, "/healthz")[0] == 503, "the stage did not stop")
        assert "jiesu dead list --topic intake.110" in page(port, "/healthz")[1]
        assert page(port, "/readyz")[0] == 503
        assert page(port, "/")[0] == 200
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)
        assert process.returncode == 0


def test_run_stops_with_the_reason_when_nearly_everything_is_refused(tmp_path: Path) -> None:
    cli = Cli(tmp_path / "home", DEAD_SHARE="0.5", DEAD_WINDOW="10", LOG="error")
    cli("feed", "110", file_of(tmp_path, *(f"junk {n}" for n in range(20))))
    assert_refused(cli("run", "--until-idle"), "intake.110", "JIESU_DEAD_SHARE")
    assert cli("reconcile").code == 0


def test_run_goes_on_until_it_is_stopped_and_ends_in_order(cli: Cli, tmp_path: Path) -> None:
    with cli.started("run") as process:
        cli("feed", "110", file_of(tmp_path, call("C1")))
        until(lambda: cli("letters", "--state", "dispatched", "--json").out, "nothing was handled")
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=20)
        assert process.returncode == 0


def test_tail_follows_a_topic_as_messages_come(cli: Cli, tmp_path: Path) -> None:
    cli("feed", "110", file_of(tmp_path, call("C0")))
    cli("run", "--until-idle")
    with cli.started("tail", "letters", "--from-start", "--follow", "--json") as process:
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["source_id"] == "C0"
        cli("feed", "110", file_of(tmp_path, call("C1"), call("C2")))
        cli("run", "--until-idle")
        assert [json.loads(process.stdout.readline())["source_id"] for _ in range(2)] == ["C1", "C2"]
        assert process.poll() is None
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=20)
        assert process.returncode == 130
        assert "Traceback" not in err


def test_tail_shows_only_what_comes_unless_asked(cli: Cli, tmp_path: Path) -> None:
    cli("feed", "110", file_of(tmp_path, "\x00 no json", call("C1")))
    raw = cli("tail", "intake.110", "--from-start", "--json").lines
    assert list(raw[0]) == ["partition", "offset", "not_json"]
    assert raw[1]["jjdbh"] == "C1"
    assert "C1" in cli("tail", "intake.110").out


def test_an_installation_is_examined_in_words(cli: Cli) -> None:
    fresh = cli("doctor", "--json")
    assert fresh.code == 1
    [database] = [each["says"] for each in fresh.json if each["part"] == "database"]
    assert database.endswith("run: jiesu db upgrade")
    assert cli("db", "upgrade", "--json").json["before"] is None
    assert cli("db", "check").code == 0
    made = cli("topics", "--json").json
    assert {f"assignments.{STATION}", "intake.mailbox", "dead-letters"} <= {topic["topic"] for topic in made}
    sound = cli("doctor")
    assert sound.code == 0, sound.out


COMMANDS = (
    "demo", "feed", "run", "up", "worker", "topics", "tail", "letters", "trace", "reconcile", "dead list", "dead show",
    "dead redrive", "train", "evaluate", "predict", "models list", "models promote", "models rollback", "db upgrade",
    "db check", "doctor",
)  # fmt: skip


def test_every_command_explains_itself_with_an_example() -> None:
    cli = Cli(ROOT / "var" / "nothing-is-made-here")
    for command in COMMANDS:
        done = cli(*command.split(), "--help")
        assert done.code == 0, command
        assert f"jiesu {command}" in " ".join(done.out.split()), command
    assert not cli.home.exists()


def test_the_demo_shows_its_six_parts_and_ends_well(shown: Done) -> None:
    assert shown.code == 0, shown.err
    for number in range(1, 7):
        assert f"\n{number}  " in shown.out
    for word in ("it adds up", "jiesu trace", "jiesu reconcile", "assignments."):
        assert word in shown.out


def test_the_commands_that_the_demo_names_work_next(demo: Cli, shown: Done) -> None:
    suggested = [line.strip() for line in shown.out.splitlines() if line.startswith("  jiesu ")]
    assert len(suggested) >= 4
    for line in suggested:
        assert demo(*line.split()[1:]).code == 0, line
    assert demo("trace", str(letter_id("110", "360703202610080112"))).code == 0
