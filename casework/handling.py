"""Events of the units at work: their reports, their requests for more time, and clocks that are reckoned again."""

# ruff: noqa: ARG001 - handlers share one signature

from __future__ import annotations

from datetime import datetime

from casework.case import HANDLING, Case, Extension, Stage, Task
from casework.events import CalendarGrew, ExtensionDecided, ExtensionRequested, ProgressReported
from casework.outcomes import Applied, DeadlinesChanged, Effect, Refused, notify
from casework.progress import Rejected, accept_progress
from casework.roles import UNKNOWN
from casework.rounds import case_deadlines, end_tasks
from casework.rules import Rules


def stage_of(task: Task) -> Stage:
    """How far the host has come, by the furthest step that counts."""
    for step in ("finished", "feedback", "contacted", "signed"):
        if task.done_at(step):
            return step
    return "dispatched"


def progress_reported(case: Case, event: ProgressReported, *, at: datetime, rules: Rules) -> Applied | Refused:
    """A unit's report, by the rules of `casework.progress`; the host's moves the case, a co-unit's only its own task."""
    task = case.task(event.progress.assignment_id)
    if task is None or event.by.unit is None:
        return UNKNOWN
    answer = accept_progress(task.as_state(), event.progress, unit=event.by.unit, at=at, rules=rules.progress)
    if isinstance(answer, Rejected):
        return UNKNOWN if answer.reason == "not_yours" else Refused(answer.reason, answer.message)
    if answer.repeat:
        return Applied(case)
    was_over = task.over_at is not None
    task = task.model_copy(update={"steps": (*task.steps, *answer.record)})
    case = case.with_task(task)
    if was_over:
        return Applied(case)
    if event.progress.step == "returned":
        return _returned(case, task, at=at, rules=rules)
    return Applied(case.but(stage=stage_of(task)) if task.role == "host" else case)


def _returned(case: Case, task: Task, *, at: datetime, rules: Rules) -> Applied:
    category = task.steps[-1].category
    if task.role == "assist":
        over = task.model_copy(update={"over_at": at, "over": "returned"})
        text = f"协办单位{task.unit.name}退回派单（{category}），请值守台处理。"
        desk = rules.offices.instead_of(rules.offices.mailbox_team, case.recused)
        told = notify(case, desk, "work_slip", f"returned:{task.assignment_id}", text, at=at)
        return Applied(case.with_task(over), told)
    returns = case.returns + 1
    case, ended = end_tasks(case, "superseded", at=at, returned=task)
    jointly = returns >= rules.case.returns_before_joint_decision
    case = case.but(returns=returns, stage="joint_decision" if jointly else "returned")
    what = "须会商确定承办单位" if jointly else "请改派"
    text = f"{task.unit.name}第 {returns} 次退单（{category}），{what}。"
    cause = f"returned:{task.assignment_id}"
    desk = rules.offices.instead_of(rules.offices.mailbox_team, case.recused)
    return Applied(case, (*ended, *notify(case, desk, "work_slip", cause, text, at=at)))


def extension_requested(case: Case, event: ExtensionRequested, *, at: datetime, rules: Rules) -> Applied | Refused:
    """The host asks for a later finish (延期): in time, once, and within what the policy allows (信访工作条例 §34)."""
    host = case.host
    finish = None if host is None else host.deadline("finish")
    if host is None or finish is None or case.stage not in HANDLING or host.unit.code != event.by.unit:
        return Refused("not_now", "此件没有可以延长的办结时限。")
    if case.extended_until is not None or _pending(case) is not None:
        return Refused("already", "此件已延期或已有待批的延期申请。")
    if at > finish.due_at:
        return Refused("past_due", "办结时限已过，不能再申请延期。")
    channels = rules.case.extension_channels
    if channels and case.channel not in channels:
        return Refused("not_now", "这类信件的办结时限不能延长。")
    latest = finish.due_at + rules.case.extension
    if not finish.due_at < event.until <= latest:
        return Refused("too_late", f"申请的期限不在允许范围内，最迟可延至 {latest:%Y-%m-%d %H:%M}。")
    asked = Extension(round=case.round, asked_at=at, until=event.until)
    text = f"{host.unit.name}申请办结时限延至 {event.until:%Y-%m-%d %H:%M}，请审批。"
    cause = f"extension:{case.round}:{len(case.extensions)}"
    leader = rules.offices.instead_of(rules.offices.leader, case.recused)
    told = notify(case, leader, "work_slip", cause, text, at=at, due_at=finish.due_at)
    return Applied(case.but(extensions=(*case.extensions, asked)), told)


def extension_decided(case: Case, event: ExtensionDecided, *, at: datetime, rules: Rules) -> Applied | Refused:
    """The leader grants or refuses; a granted one moves the finish, and the writer must be told why (§34)."""
    asked, host = _pending(case), case.host
    if asked is None or host is None:
        return Refused("not_now", "没有待批的延期申请。")
    decided = asked.model_copy(update={"granted": event.granted, "decided_at": at})
    case = case.but(extensions=(*case.extensions[:-1], decided))
    answer = f"已批准延期至 {asked.until:%Y-%m-%d %H:%M}" if event.granted else "延期申请未获批准，请按原时限办结"
    cause = f"extension-decided:{case.round}:{len(case.extensions)}"
    told: tuple[Effect, ...] = notify(case, host.unit.code, "work_slip", cause, f"{answer}。", at=at)
    if not event.granted:
        return Applied(case, told)
    changed, effects = reckon_again(case.but(extended_until=asked.until), rules)
    text = f"{answer}，请将延期理由告知来信人。"
    team = rules.offices.instead_of(rules.offices.mailbox_team, case.recused)
    told += notify(case, team, "work_slip", cause, text, at=at)
    return Applied(changed, (*effects, *told))


def _pending(case: Case) -> Extension | None:
    """The request that awaits a decision; one of an earlier round, or for work that is finished, lapsed."""
    if not case.extensions or case.stage not in HANDLING:
        return None
    last = case.extensions[-1]
    return last if last.granted is None and last.round == case.round else None


def calendar_grew(case: Case, event: CalendarGrew, *, at: datetime, rules: Rules) -> Applied | Refused:
    """Reckon the open tasks' clocks again: provisional deadlines become final.

    Those near the year's end that were final may move too, as a new year's notice can reach back into late December.
    """
    return Applied(*reckon_again(case, rules))


def reckon_again(case: Case, rules: Rules) -> tuple[Case, tuple[Effect, ...]]:
    """The case with the clocks of its open tasks as policy and calendar have them now."""
    clocks = case_deadlines(case, rules)
    effects: list[Effect] = []
    for task in case.open_tasks:
        if task.deadlines != clocks:
            case = case.with_task(task.model_copy(update={"deadlines": clocks}))
            effects.append(DeadlinesChanged(task.assignment_id, clocks))
    return case, tuple(effects)
