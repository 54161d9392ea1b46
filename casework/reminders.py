"""Reminders and alerts: open clocks and the time go in, the notices that are due by now come out, in order.

Each clock climbs a ladder: a reminder (提醒) before its deadline where the policy row sets one, an overdue notice
(超期) to the unit at the deadline, one to the leader later, and for a missed feedback or finish a proposal to the
mailbox team to open a supervised entry (挂账督办). Every rung is taken once: `fired` says which were, and a notice's
id is computed from clock, rung and deadline, so that of two workers who both take a rung only one notice remains.

After an outage every rung that was missed is taken in the order of its own time, marked 补发 where it comes late.
A clock that was stopped meanwhile takes none. No rung ever speaks to a recused unit (invariant 5).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Final, Literal, NamedTuple
from uuid import UUID

from casework.case import HANDLING, Case, Task
from casework.clocks import ClockStep, remind_before
from casework.rules import AlertRules, Rules
from letters.clock import shanghai
from letters.ids import notice_id
from letters.messages import Notice, NoticeKind, Step

WatchedStep = Literal["sign", "contact", "feedback", "finish", "supervision", "revisit"]
"""A step with a clock: the policy's four, a supervised entry's own (挂账督办), and the call-back (回访)."""

Rung = Literal["reminder", "overdue", "leader", "propose_supervision"]

STEP_NAMES: Final[dict[WatchedStep, str]] = {
    "sign": "签收",
    "contact": "联系来信人",
    "feedback": "首次反馈",
    "finish": "办结",
    "supervision": "挂账督办",
    "revisit": "回访",
}
DONE_BY: Final[dict[ClockStep, Step]] = {
    "sign": "signed",
    "contact": "contacted",
    "feedback": "feedback",
    "finish": "finished",
}
_LATE: Final = timedelta(minutes=5)


class OpenClock(NamedTuple):
    """A clock that runs: storage keeps one row each and finds those with `next_at` ≤ now by an index."""

    letter_id: UUID
    assignment_id: UUID
    number: str
    """The letter's channel and source number, the only thing a notice says of it."""
    unit: str
    unit_name: str
    host: bool
    step: WatchedStep
    due_at: datetime
    remind_before: timedelta | None
    recused: tuple[str, ...]
    fired: frozenset[Rung]
    next_at: datetime | None
    """When the next rung is to be taken; None when all were."""


class Alert(NamedTuple):
    """A rung taken. `clock` is as it is afterwards; `notice` is None where nobody may be told."""

    at: datetime
    rung: Rung
    clock: OpenClock
    unit: str
    notice: Notice | None


def open_clocks(case: Case, rules: Rules) -> tuple[OpenClock, ...]:
    """The clocks that run in a case, with no rung taken; see `carry_over` for those that were running before."""
    return tuple(_settled(clock, rules.alerts) for clock in _running(case, rules))


def _running(case: Case, rules: Rules) -> Iterator[OpenClock]:
    for task in case.open_tasks:
        # A host's finish ends every clock of the case's units: what was not done by then was missed, not pending.
        if case.stage in HANDLING and task.done_at("finished") is None:
            for deadline in task.deadlines:
                if task.done_at(DONE_BY[deadline.step]) is None:
                    before = remind_before(case, rules.policy, deadline.step)
                    yield _clock(case, task, deadline.step, deadline.due_at, before)
    entry, host = case.supervision, case.last_host
    if entry is not None and host is not None and case.stage not in ("closed", "merged", "escalated"):
        if case.host is not None:
            yield _clock(case, host, "supervision", entry.due_at, rules.alerts.supervision_reminder)
        else:
            team = _clock(case, host, "supervision", entry.due_at, rules.alerts.supervision_reminder)
            yield team._replace(
                unit=rules.offices.instead_of(rules.offices.mailbox_team, case.recused), unit_name="信箱专班"
            )
    finished = None if host is None else host.done_at("finished")
    if case.stage == "reviewed" and host is not None and finished is not None:
        call = _clock(case, host, "revisit", finished + rules.case.revisit, None)
        yield call._replace(
            unit=rules.offices.instead_of(rules.offices.mailbox_team, case.recused), unit_name="信箱专班"
        )


def _clock(case: Case, task: Task, step: WatchedStep, due_at: datetime, before: timedelta | None) -> OpenClock:
    return OpenClock(
        letter_id=case.letter_id,
        assignment_id=task.assignment_id,
        number=f"{case.channel} {case.source_id}",
        unit=task.unit.code,
        unit_name=task.unit.name,
        host=task.role == "host",
        step=step,
        due_at=due_at,
        remind_before=before,
        recused=case.recused,
        fired=frozenset(),
        next_at=None,
    )


def carry_over(old: Iterable[OpenClock], new: Iterable[OpenClock], rules: Rules) -> tuple[OpenClock, ...]:
    """The new clocks of a case with the rungs that its old ones had taken; a moved deadline starts a fresh ladder."""
    fired = {(clock.assignment_id, clock.step, clock.due_at): clock.fired for clock in old}
    return tuple(
        _settled(
            clock._replace(fired=fired.get((clock.assignment_id, clock.step, clock.due_at), clock.fired)), rules.alerts
        )
        for clock in new
    )


def ladder(clock: OpenClock, alerts: AlertRules) -> tuple[tuple[datetime, Rung], ...]:
    """When each rung of a clock is to be taken, earliest first."""
    rungs: list[tuple[datetime, Rung]] = []
    if clock.remind_before:
        rungs.append((clock.due_at - clock.remind_before, "reminder"))
    rungs.append((clock.due_at, "overdue"))
    if clock.host:
        rungs.append((clock.due_at + alerts.to_leader, "leader"))
        if clock.step in ("feedback", "finish"):
            rungs.append((clock.due_at + alerts.propose_supervision, "propose_supervision"))
    return tuple(sorted(rungs, key=lambda rung: rung[0]))


def tick(clocks: Iterable[OpenClock], now: datetime, rules: Rules) -> list[Alert]:
    """Every rung due by `now` that was not taken, in order of its time; the caller stores `clock` and the notice."""
    now = shanghai(now)
    due = [clock for clock in clocks if clock.next_at is not None and clock.next_at <= now]
    alerts = [alert for clock in due for alert in _climb(clock, now, rules)]
    alerts.sort(key=lambda alert: (alert.at, alert.clock.due_at, alert.clock.assignment_id))
    return alerts


def _climb(clock: OpenClock, now: datetime, rules: Rules) -> Iterator[Alert]:
    for at, rung in ladder(clock, rules.alerts):
        if at <= now and rung not in clock.fired:
            clock = _settled(clock._replace(fired=clock.fired | {rung}), rules.alerts)
            unit = _whom(rung, clock, rules)
            yield Alert(at, rung, clock, unit, None if unit in clock.recused else _notice(clock, rung, unit, at, now))


def _settled(clock: OpenClock, alerts: AlertRules) -> OpenClock:
    left = (at for at, rung in ladder(clock, alerts) if rung not in clock.fired)
    return clock._replace(next_at=next(left, None))


def _whom(rung: Rung, clock: OpenClock, rules: Rules) -> str:
    offices = rules.offices
    if rung == "leader":
        return offices.instead_of(offices.leader, clock.recused)
    if rung == "propose_supervision":
        return offices.instead_of(offices.mailbox_team, clock.recused)
    return clock.unit


def _notice(clock: OpenClock, rung: Rung, unit: str, at: datetime, now: datetime) -> Notice:
    kinds: dict[Rung, NoticeKind] = {
        "reminder": "reminder",
        "overdue": "overdue",
        "leader": "overdue",
        "propose_supervision": "work_slip",
    }
    step, due = STEP_NAMES[clock.step], f"{clock.due_at:%Y-%m-%d %H:%M}"
    texts: dict[Rung, str] = {
        "reminder": f"{step}时限为 {due}，请按时完成。",
        "overdue": f"{step}时限 {due} 已过，请立即处理。",
        "leader": f"{clock.unit_name}{step}时限 {due} 已过，仍未完成，请关注。",
        "propose_supervision": f"{clock.unit_name}{step}时限 {due} 已过多日，请研究是否挂账督办。",
    }
    late = "（补发）" if now - at > _LATE else ""
    kind = kinds[rung]
    cause = f"{clock.assignment_id}:{clock.step}:{rung}:{clock.due_at.isoformat()}"
    return Notice(
        notice_id=notice_id(kind, str(clock.letter_id), unit, cause),
        kind=kind,
        letter_id=clock.letter_id,
        title=f"{'提醒' if rung == 'reminder' else '超期'}：{clock.number} {step}{late}",
        text=texts[rung],
        due_at=clock.due_at,
        at=now,
    )


def stopped(before: Iterable[OpenClock], after: Iterable[OpenClock]) -> tuple[tuple[UUID, WatchedStep], ...]:
    """The clocks that an event stopped: their rows go, and no rung of theirs is taken any more."""
    running = {(clock.assignment_id, clock.step) for clock in after}
    return tuple(
        (clock.assignment_id, clock.step) for clock in before if (clock.assignment_id, clock.step) not in running
    )
