"""Reminders and alerts: each once, in order, after any outage, and never to who must not know."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from casework.events import (
    SYSTEM,
    ExtensionDecided,
    ExtensionRequested,
    RecusalFound,
    Reviewed,
    Revisited,
    SupervisionOpened,
)
from casework.reminders import Alert, OpenClock, carry_over, ladder, open_clocks, stopped, tick

Player = Callable[..., Any]


def run(p: Any, *, until: timedelta, every: timedelta) -> list[Alert]:
    """A scheduler that looks every so often and keeps what it did, as a database would."""
    clocks = {(clock.assignment_id, clock.step): clock for clock in open_clocks(p.case, p.rules)}
    alerts, now = [], p.START
    while now < p.START + until:
        now += every
        for alert in tick(clocks.values(), now, p.rules):
            clocks[alert.clock.assignment_id, alert.clock.step] = alert.clock
            alerts.append(alert)
    return alerts


def told(alerts: list[Alert], p: Any) -> list[tuple[str, str, str]]:
    names = {p.HOST.code: "host", p.ASSIST.code: "assist", p.CHIEF: "leader", p.MAILBOX: "team"}
    return [(alert.clock.step, alert.rung, names[alert.unit]) for alert in alerts]


def test_the_ladder_of_a_host_that_does_nothing(play: Player) -> None:
    p = play()
    found = told(run(p, until=timedelta(days=30), every=timedelta(minutes=1)), p)
    assert [alert for alert in found if alert[2] != "assist"] == [
        ("sign", "overdue", "host"),
        ("contact", "overdue", "host"),
        ("sign", "leader", "leader"),
        ("contact", "leader", "leader"),
        ("feedback", "overdue", "host"),
        ("feedback", "leader", "leader"),
        ("feedback", "propose_supervision", "team"),
        ("finish", "reminder", "host"),
        ("finish", "overdue", "host"),
        ("finish", "leader", "leader"),
        ("finish", "propose_supervision", "team"),
    ]
    assert {rung for step, rung, whom in found if whom == "assist"} == {"reminder", "overdue"}


def test_a_reminder_comes_before_its_deadline_and_names_it(play: Player) -> None:
    p = play().work("signed", "contacted", "feedback")
    (clock,) = [clock for clock in open_clocks(p.case, p.rules) if clock.host]
    assert clock.next_at == clock.due_at - timedelta(days=2)
    assert tick([clock], clock.next_at - timedelta(seconds=1), p.rules) == []
    (alert,) = tick([clock], clock.next_at, p.rules)
    assert alert.notice is not None
    assert (alert.notice.kind, alert.notice.due_at, alert.notice.at) == ("reminder", clock.due_at, clock.next_at)
    assert "补发" not in alert.notice.title
    assert tick([alert.clock], clock.next_at, p.rules) == []


def test_an_outage_is_caught_up_in_order_and_says_so(play: Player) -> None:
    p = play()
    steady = run(p, until=timedelta(days=40), every=timedelta(minutes=1))
    after_outage = run(p, until=timedelta(days=40), every=timedelta(days=40))
    assert [(a.at, a.rung, a.unit) for a in after_outage] == [(a.at, a.rung, a.unit) for a in steady]
    assert [a.notice.notice_id for a in after_outage if a.notice] == [a.notice.notice_id for a in steady if a.notice]
    assert all("补发" in alert.notice.title for alert in after_outage if alert.notice)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pauses=st.lists(st.integers(1, 20_000), min_size=1, max_size=30))
def test_however_often_and_by_however_many_it_is_asked_each_rung_is_told_once(play: Player, pauses: list[int]) -> None:
    p = play()
    clocks = list(open_clocks(p.case, p.rules))
    kept = {(clock.assignment_id, clock.step): clock for clock in clocks}
    sent: list[Any] = []
    now = p.START
    for pause in pauses:
        now += timedelta(minutes=pause)
        first, second = tick(kept.values(), now, p.rules), tick(kept.values(), now, p.rules)
        assert first == second  # two workers at once compute the same notices
        assert [alert.at for alert in first] == sorted(alert.at for alert in first)
        for alert in first:
            kept[alert.clock.assignment_id, alert.clock.step] = alert.clock
            sent.append(alert.notice.notice_id)
    assert len(sent) == len(set(sent))
    due = sum(at <= now for clock in clocks for at, _ in ladder(clock, p.rules.alerts))
    assert len(sent) == due


def test_what_was_done_in_time_or_late_is_no_more_reminded_of(play: Player) -> None:
    p = play()
    before = open_clocks(p.case, p.rules)
    p.work("signed")
    after = open_clocks(p.case, p.rules)
    assert stopped(before, after) == ((p.case.host.assignment_id, "sign"),)
    p.work("contacted", "feedback", "finished")
    assert open_clocks(p.case, p.rules) == ()  # a host's finish stops the co-units' clocks too


def test_a_finish_that_was_sent_back_runs_again(play: Player) -> None:
    p = play().work("signed", "contacted", "finished")
    p.do(Reviewed(by=p.TEAM, passed=False, comment="请补正"))
    assert [clock.step for clock in open_clocks(p.case, p.rules) if clock.host] == ["finish"]


def test_a_moved_deadline_starts_a_fresh_ladder_and_others_go_on(play: Player) -> None:
    p = play(channel="petition")
    old = open_clocks(p.case, p.rules)
    late = [alert.clock for alert in tick(old, p.START + timedelta(days=16), p.rules)]
    until = p.case.host.deadline("finish").due_at + timedelta(days=10)
    p.do(ExtensionRequested(by=p.UNIT(p.HOST), until=until, reason="复杂"))
    p.do(ExtensionDecided(by=p.LEADER, granted=True, reason="同意"))
    new = carry_over([*old, *late], open_clocks(p.case, p.rules), p.rules)
    by_step = {clock.step: clock for clock in new if clock.host}
    assert "overdue" in by_step["sign"].fired
    assert by_step["finish"].fired == frozenset()
    assert by_step["finish"].due_at == until
    # So the missed new deadline is told again, as a notice of its own.
    before = next(clock for clock in old if clock.host and clock.step == "finish")
    assert _overdue_id(p, before) != _overdue_id(p, by_step["finish"])


def _overdue_id(p: Any, clock: OpenClock) -> Any:
    return next(alert.notice.notice_id for alert in tick([clock], clock.due_at, p.rules) if alert.rung == "overdue")


def test_a_supervised_entry_and_the_call_back_have_clocks_of_their_own(play: Player) -> None:
    p = play().work("signed", "contacted", "feedback")
    p.do(SupervisionOpened(by=p.LEADER, due_at=p.now + timedelta(days=5), reason="重点"))
    entry = next(clock for clock in open_clocks(p.case, p.rules) if clock.step == "supervision")
    assert (entry.unit, entry.next_at) == (p.HOST.code, p.case.supervision.due_at - timedelta(days=1))
    p.work("finished").do(Reviewed(by=p.TEAM, passed=True))
    steps = {clock.step: clock.unit for clock in open_clocks(p.case, p.rules)}
    assert steps == {"supervision": p.MAILBOX, "revisit": p.MAILBOX}
    p.do(Revisited(by=p.TEAM, reached=True, contacted=True, solved=True, satisfied=True))
    assert [clock.step for clock in open_clocks(p.case, p.rules)] == ["supervision"]


def test_no_rung_speaks_to_a_recused_unit(play: Player) -> None:
    p = play(recused=(play().CHIEF, play().MAILBOX, play().INSPECTION))
    alerts = run(p, until=timedelta(days=60), every=timedelta(days=1))
    assert {alert.unit for alert in alerts if alert.notice} == {p.HOST.code, p.ASSIST.code}
    assert {alert.rung for alert in alerts if not alert.notice} == {"leader", "propose_supervision"}
    q = play()
    clocks = open_clocks(q.case, q.rules)
    q.do(RecusalFound(by=SYSTEM, units=(q.HOST.code, q.ASSIST.code), reason="投诉"))
    assert open_clocks(q.case, q.rules) == ()
    # Even a clock that storage forgot to drop keeps silent once the recusal stands on it.
    forgotten = [clock._replace(recused=q.case.recused) for clock in clocks]
    assert {a.unit for a in tick(forgotten, q.START + timedelta(days=60), q.rules) if a.notice} == {q.CHIEF, q.MAILBOX}


def test_no_notice_holds_a_word_of_the_letter(play: Player) -> None:
    p = play()
    assert "机密正文" not in repr(run(p, until=timedelta(days=60), every=timedelta(days=1)))
