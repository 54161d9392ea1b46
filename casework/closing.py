"""Events after the work: review, call-back, appeal, closing and reopening (审核, 回访, 申诉, 归档, 重办)."""

# ruff: noqa: ARG001 - handlers share one signature

from __future__ import annotations

from datetime import datetime

from casework.case import HANDLING, Appeal, Callback, Case, Outcome
from casework.events import AppealDecided, Closed, DemandAppealed, Reopened, Reviewed, Revisited
from casework.handling import stage_of
from casework.outcomes import Applied, Effect, Refused, notify
from casework.roles import capacity
from casework.rounds import close_tasks, end_tasks, new_round
from casework.rules import Rules


def reviewed(case: Case, event: Reviewed, *, at: datetime, rules: Rules) -> Applied | Refused:
    """The mailbox team read the work report. Sent back, the finish no longer counts and its clock runs on."""
    host = case.host
    if case.stage != "finished" or host is None:
        return Refused("not_now", "此件尚未办结或已审核。")
    if event.passed:
        case = close_tasks(case, at=at)
        if case.kind in rules.case.without_revisit:
            return Applied(settle(case, "handled", at=at))
        return Applied(case.but(stage="reviewed"))
    if not event.comment.strip():
        return Refused("incomplete", "审核不通过须写明意见。")
    steps = tuple(done.model_copy(update={"void": True}) if done.step == "finished" else done for done in host.steps)
    host = host.model_copy(update={"steps": steps})
    attempts = sum(done.void for done in steps)
    finish = host.deadline("finish")
    text = f"工作报告未通过审核，请补正后重新办结。审核意见：{event.comment.strip()}"
    due_at = None if finish is None else finish.due_at
    cause = f"sent-back:{host.assignment_id}:{attempts}"
    told = notify(case, host.unit.code, "work_slip", cause, text, at=at, due_at=due_at)
    return Applied(case.with_task(host).but(stage=stage_of(host)), told)


def revisited(case: Case, event: Revisited, *, at: datetime, rules: Rules) -> Applied | Refused:
    """The writer's own verdict: satisfied closes, unsatisfied reopens, unless the demand was found unreasonable."""
    host = case.last_host
    if case.stage != "reviewed" or host is None:
        return Refused("not_now", "此件未到回访环节。")
    answers = (event.contacted, event.solved, event.satisfied)
    if any((answer is None) == event.reached for answer in answers):
        return Refused("incomplete", "接通回访须填写参与、解决、满意三项；未接通则都不填。")
    call = Callback(
        round=case.round,
        unit=host.unit.code,
        at=at,
        reached=event.reached,
        contacted=event.contacted,
        solved=event.solved,
        satisfied=event.satisfied,
    )
    case = case.but(callbacks=(*case.callbacks, call))
    if not event.reached:
        tried = sum(call.round == case.round and not call.reached for call in case.callbacks)
        done = tried >= rules.case.callback_attempts
        return Applied(settle(case, "unreached", at=at) if done else case)
    if event.satisfied:
        return Applied(settle(case, "satisfied", at=at))
    if case.unreasonable:
        return Applied(settle(case, "unreasonable", at=at))
    return Applied(*_reopen(case, "来信人回访不满意，重新办理。", at=at, rules=rules))


def demand_appealed(case: Case, event: DemandAppealed, *, at: datetime, rules: Rules) -> Applied | Refused:
    """The host says that the demand is unreasonable (不合理诉求申诉); once a round, soon after a reopening."""
    host = case.last_host
    if host is None or host.unit.code != event.by.unit or case.stage not in (*HANDLING, "finished", "reviewed"):
        return Refused("not_now", "此件现在不能申诉。")
    if case.unreasonable or any(appeal.round == case.round for appeal in case.appeals):
        return Refused("already", "本轮已申诉或诉求已认定为不合理。")
    if case.reopened and at > host.assigned_at + rules.case.appeal:
        return Refused("past_due", "重新办理后的申诉期限已过。")
    appeal = Appeal(round=case.round, unit=host.unit.code, at=at)
    text = f"{host.unit.name}申诉诉求不合理，请认定。"
    team = rules.offices.instead_of(rules.offices.mailbox_team, case.recused)
    told = notify(case, team, "work_slip", f"appeal:{case.round}", text, at=at)
    return Applied(case.but(appeals=(*case.appeals, appeal)), told)


def appeal_decided(case: Case, event: AppealDecided, *, at: datetime, rules: Rules) -> Applied | Refused:
    """Upheld: the call-backs leave the satisfaction figures, and a case reopened for it closes. Dismissed: go on."""
    if case.stage == "merged" or not case.appeals or case.appeals[-1].upheld is not None:
        return Refused("not_now", "没有待认定的申诉。")
    decided = case.appeals[-1].model_copy(update={"upheld": event.upheld, "decided_at": at})
    case = case.but(appeals=(*case.appeals[:-1], decided))
    text = "不合理诉求申诉已认定。" if event.upheld else "不合理诉求申诉未予认定，请继续办理。"
    told: tuple[Effect, ...] = notify(case, decided.unit, "work_slip", f"appeal-decided:{decided.round}", text, at=at)
    if event.upheld and case.reopened and case.stage in HANDLING:
        case, ended = end_tasks(case, "withdrawn", at=at)
        return Applied(settle(case, "unreasonable", at=at), (*told, *ended))
    return Applied(case, told)


def closed(case: Case, event: Closed, *, at: datetime, rules: Rules) -> Applied | Refused:
    """An officer closes: the duty desk what waits, the mailbox team what is finished, a leader anything open."""
    acting = capacity(case, event.by)
    desk = ("waiting", "returned", "escalated")
    allowed = {
        "duty_officer": desk,
        "mailbox_team": (*desk, "finished", "reviewed", "revisited"),
        "leader": (*desk, *HANDLING, "joint_decision", "finished", "reviewed", "revisited"),
    }
    if case.stage not in allowed.get(acting, ()):
        return Refused("not_now", "此件所处环节不能由你归档。")
    if case.supervision is not None:
        return Refused("not_now", "此件挂账督办未销账，不能归档。")
    if case.stage in HANDLING:
        case, ended = end_tasks(case, "withdrawn", at=at)
        return Applied(settle(case, "by_officer", at=at), ended)
    return Applied(settle(close_tasks(case, at=at), "by_officer", at=at))


def reopened(case: Case, event: Reopened, *, at: datetime, rules: Rules) -> Applied | Refused:
    """A closed case is taken up again by the same units in a new round."""
    if case.stage not in ("closed", "revisited"):
        return Refused("not_now", "此件没有归档，无须重新打开。")
    return Applied(*_reopen(case, event.reason, at=at, rules=rules))


def settle(case: Case, outcome: Outcome, *, at: datetime) -> Case:
    """Close the case, or hold it as revisited while its supervision (挂账督办) is open."""
    if case.supervision is not None:
        return case.but(stage="revisited", outcome=outcome)
    return case.but(stage="closed", outcome=outcome, closed_at=at)


def _reopen(case: Case, reason: str, *, at: datetime, rules: Rules) -> tuple[Case, tuple[Effect, ...]]:
    case = case.but(reopened=case.reopened + 1, extended_until=None, outcome=None, closed_at=None)
    host = case.last_host
    if host is None or host.unit.code in case.recused:
        return case.but(stage="waiting"), ()
    co_units = tuple(task.unit for task in case.tasks if task.round == host.round and task.role == "assist")
    restart = rules.case.restart_reopened
    return new_round(case, host.unit, co_units, reason, at=at, rules=rules, restart=restart)
