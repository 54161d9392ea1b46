"""Events of the duty desk: who shall work on a letter, or that it is another's, or nobody's to see."""

# ruff: noqa: ARG001 - handlers share one signature

from __future__ import annotations

from datetime import datetime

from casework.case import HANDLING, Case
from casework.events import Dispatched, JointlyDecided, Merged, RecusalFound, Split, Transferred
from casework.outcomes import Applied, AssignmentWithdrawn, Effect, Refused, notify
from casework.rounds import end_tasks, new_round
from casework.rules import Rules
from letters.messages import UnitRef

_RECUSED = Refused("recused", "所选单位应当回避，请另选单位。")


def _is_recused(case: Case, host: UnitRef, co_units: tuple[UnitRef, ...]) -> bool:
    return any(unit.code in case.recused for unit in (host, *co_units))


def dispatched(case: Case, event: Dispatched, *, at: datetime, rules: Rules) -> Applied | Refused:
    """Assign (派单) what waits, was returned or escalated, or reassign (改派) what a unit has not finished."""
    if case.stage not in ("waiting", "returned", "escalated", "joint_decision", *HANDLING):
        return Refused("not_now", "此件已办结、归档或合并，不能派单；如需重办请先重新打开。")
    if case.stage == "joint_decision" or case.bound:
        return Refused("needs_joint_decision", "此件已两次退单或经会商确定，承办单位须由会商决定。")
    if _is_recused(case, event.host, event.co_units):
        return _RECUSED
    restart = rules.case.restart_returned if case.tasks else rules.case.restart_at_desk
    return Applied(*new_round(case, event.host, event.co_units, event.reason, at=at, rules=rules, restart=restart))


def jointly_decided(case: Case, event: JointlyDecided, *, at: datetime, rules: Rules) -> Applied | Refused:
    """The joint decision (会商) names the host for good; after it nobody may return the letter."""
    if case.stage not in ("waiting", "returned", "escalated", "joint_decision", *HANDLING):
        return Refused("not_now", "此件已办结、归档或合并，无须会商。")
    if _is_recused(case, event.host, event.co_units) or any(unit in case.recused for unit in event.participants):
        return _RECUSED
    if len(set(event.participants)) < 2:
        return Refused("incomplete", "会商须有两个以上单位参加。")
    restart = rules.case.restart_returned if case.tasks else rules.case.restart_at_desk
    return Applied(
        *new_round(case, event.host, event.co_units, event.reason, at=at, rules=rules, restart=restart, bound=True)
    )


def merged(case: Case, event: Merged, *, at: datetime, rules: Rules) -> Applied | Refused:
    """The matter goes on in another letter (合并); never across a recusal boundary (invariant 5)."""
    if case.stage in ("merged", "closed"):
        return Refused("not_now", "此件已合并或归档。")
    if event.into == case.letter_id:
        return Refused("boundary", "不能把信件合并到它自己。")
    holders = {task.unit.code for task in case.open_tasks}
    if set(event.into_units) & set(case.recused) or holders & set(event.into_recused):
        return Refused("boundary", "两件的回避范围不同，不能合并。")
    if not set(case.recused) <= set(event.into_recused):
        # The surviving case would later be dispatched without knowing whom this letter accuses.
        return Refused("boundary", "此件应当回避的单位不在目标信件的回避范围内，不能合并。")
    case, ended = end_tasks(case, "withdrawn", at=at)
    return Applied(case.but(stage="merged", merged_into=event.into), ended)


def split(case: Case, event: Split, *, at: datetime, rules: Rules) -> Applied | Refused:
    """A merged letter stands for itself again (拆分) and waits at the duty desk."""
    if case.stage != "merged":
        return Refused("not_now", "此件没有合并，无须拆分。")
    return Applied(case.but(stage="waiting", merged_into=None))


def transferred(case: Case, event: Transferred, *, at: datetime, rules: Rules) -> Applied | Refused:
    """Out of the bureau (转出), once an officer has confirmed it; open assignments are withdrawn."""
    if case.stage not in ("waiting", "returned", "joint_decision", "escalated", *HANDLING):
        return Refused("not_now", "此件已办结、归档或合并，不能转出。")
    case, ended = end_tasks(case, "withdrawn", at=at)
    return Applied(case.but(stage="escalated", transferred_to=event.to), ended)


def recusal_found(case: Case, event: RecusalFound, *, at: datetime, rules: Rules) -> Applied | Refused:
    """Shut out the accused, take back what they hold, and tell the inspection unit what they have already seen.

    `event.units` must hold every unit under the accused as well (`Bureau.under`). Without its host the letter waits.
    """
    recused = tuple(dict.fromkeys((*case.recused, *event.units)))
    persons = tuple(dict.fromkeys((*case.recused_persons, *event.persons)))
    case = case.but(recused=recused, recused_persons=persons)
    effects: list[Effect] = []
    seen: list[str] = []
    for task in case.open_tasks:
        if task.unit.code not in recused:
            continue
        opened = task.done_at("signed") is not None
        case = case.with_task(task.model_copy(update={"over_at": at, "over": "withdrawn"}))
        effects.append(AssignmentWithdrawn(task.assignment_id, task.unit.code, opened))
        if opened:
            seen.append(task.unit.name)
    if seen:
        text = f"此件认定回避前，{'、'.join(seen)}已签收派单，现已撤回，请督察关注。"
        office = rules.offices.instead_of(rules.offices.inspection, recused)
        effects += notify(case, office, "work_slip", f"recusal:{case.round}:{'、'.join(seen)}", text, at=at)
    host = case.last_host
    hosted_by_accused = host is not None and host.unit.code in recused
    # What the accused unit itself handled must be handled again by another, unless the case is closed already.
    if case.stage == "merged" or (hosted_by_accused and case.stage not in ("closed", "escalated", "waiting")):
        case, ended = end_tasks(case, "superseded", at=at)
        case = case.but(stage="waiting", merged_into=None, outcome=None)
        effects += ended
    return Applied(case, tuple(effects))
