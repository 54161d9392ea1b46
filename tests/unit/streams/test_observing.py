"""The brake stops a stage whose upstream has broken, and only then; metrics and health say what is going on."""

from __future__ import annotations

from pathlib import Path

import pytest
from prometheus_client import generate_latest

from letters.errors import TryLater
from streams.observing import METRICS, Brake, Observer, TooManyDead
from streams.port import Prepared, Record
from tests.exactness import assert_exact
from tests.unit.streams.conftest import NOW, Town, mailbox

TOPIC = "intake.110"


def test_below_the_window_there_is_no_verdict() -> None:
    brake = Brake(0.5, 100)
    for _ in range(9):
        brake.check("intake", {TOPIC: 11}, {TOPIC: ["bad_time"] * 11})
    with pytest.raises(TooManyDead):
        brake.check("intake", {TOPIC: 1}, {TOPIC: ["bad_time"]})


def test_the_sentence_names_stage_topic_reason_and_what_to_do() -> None:
    with pytest.raises(TooManyDead) as told:
        Brake(0.9, 10).check("intake", {TOPIC: 10}, {TOPIC: ["bad_time"] * 7 + ["not_json"] * 3})
    for part in (
        "intake",
        TOPIC,
        "10 of the last 10",
        "bad_time (7 times)",
        f"jiesu dead list --topic {TOPIC}",
        "JIESU_DEAD_SHARE",
    ):
        assert part in str(told.value)


def test_exactly_the_share_is_still_borne() -> None:
    brake = Brake(0.5, 10)
    brake.check("intake", {TOPIC: 10}, {TOPIC: ["x"] * 5})
    with pytest.raises(TooManyDead):
        brake.check("intake", {TOPIC: 10}, {TOPIC: ["x"] * 6})


def test_a_share_of_one_never_stops() -> None:
    brake = Brake(1.0, 1)
    for _ in range(50):
        brake.check("intake", {TOPIC: 10}, {TOPIC: ["x"] * 10})


def test_one_broken_upstream_is_seen_beside_a_sound_one() -> None:
    brake = Brake(0.9, 100)
    brake.check("intake", {"intake.12345": 5000, TOPIC: 99}, {TOPIC: ["x"] * 99})
    with pytest.raises(TooManyDead, match=TOPIC):
        brake.check("intake", {"intake.12345": 5000, TOPIC: 1}, {TOPIC: ["x"]})


def test_long_sound_times_do_not_hide_that_everything_fails_now() -> None:
    brake = Brake(0.9, 100)
    for _ in range(100):
        brake.check("intake", {TOPIC: 50}, {})
    brake.check("intake", {TOPIC: 50}, {TOPIC: ["x"] * 50})
    with pytest.raises(TooManyDead):
        brake.check("intake", {TOPIC: 50}, {TOPIC: ["x"] * 50})


def test_the_stage_stops_after_the_batch_is_safe_and_reads_on_where_it_stopped(
    tmp_path: Path,
) -> None:
    town = Town(tmp_path / "home", dead_share=0.5, dead_window=20, batch=20)
    town.house.prepare()
    town.feed("mailbox", *([b"junk"] * 30), *(mailbox(f"M{n}") for n in range(10)))
    with pytest.raises(TooManyDead):
        town.run()
    sums = town.proof()
    assert (sums.read, sums.dead, sums.unread, sums.adds_up) == (20, 20, 20, True)
    assert len(town.messages("dead-letters")) == 20
    town.house.close()
    again = Town(tmp_path / "home", dead_share=1.0)
    again.run()
    sums = again.proof()
    assert (sums.read, sums.dead, sums.letters, sums.adds_up) == (40, 30, 10, True)
    assert_exact(again.house)
    again.house.close()


def observer() -> Observer:
    return Observer(Brake(1, 1))


def test_metrics_count_what_was_done() -> None:
    watch = observer()
    record = Record(TOPIC, 0, 0, None, b"", (), int(NOW.timestamp() * 1000))
    watch.assigned("intake", [(TOPIC, 0)])
    watch.batch_done("intake", [record, record], Prepared([], dead={TOPIC: ["bad_time", "bad_time"]}), 0.1)
    watch.lag("intake", {(TOPIC, 0): 3, (TOPIC, 1): 4})
    watch.retrying("intake", TryLater("the disk is full"), 1.0)
    told = generate_latest(watch.registry).decode()
    for line in (
        f'jiesu_records_total{{stage="intake",topic="{TOPIC}"}} 2.0',
        f'jiesu_dead_letters_total{{reason="bad_time",stage="intake",topic="{TOPIC}"}} 2.0',
        f'jiesu_lag_records{{stage="intake",topic="{TOPIC}"}} 7.0',
        'jiesu_retries_total{stage="intake"} 1.0',
        'jiesu_batch_seconds_count{stage="intake"} 1.0',
        'jiesu_stage_up{stage="intake"} 0.0',
    ):
        assert line in told
    for name in METRICS:
        assert f"# TYPE {name.removesuffix('_total')}" in told or f"# TYPE {name}" in told


def test_health_says_what_each_stage_does_now() -> None:
    watch = observer()
    watch.assigned("intake", [])
    watch.assigned("route", [])
    watch.retrying("intake", TryLater("the disk is full"), 1.0)
    assert watch.health() == {"intake": "waiting: the disk is full", "route": "working"}
    watch.batch_done("intake", [Record(TOPIC, 0, 0, None, b"", (), 0)], Prepared([]), 0.1)
    watch.stopped("route", TooManyDead("nearly all refused"))
    assert watch.health() == {"intake": "working", "route": "stopped: nearly all refused"}
