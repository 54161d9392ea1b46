"""Rounds: a case and who shall work on it go in, the case with new tasks and their clocks comes out (派单, 改派, 重办).

A round is one host with its co-units. Whatever starts a new one first ends the old one, so that a letter is never
held twice and never by nobody without standing at the duty desk.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from casework.case import Case, End, Task
from casework.clocks import CLOCK_STEPS, ClockStep, due, step_deadlines
from casework.outcomes import AssignmentMade, AssignmentWithdrawn, Effect, notify
from casework.rules import Rules
from letters.bureau import Within
from letters.decisions import Decision
from letters.ids import assignment_id
from letters.messages import Deadline, Letter, UnitRef


def open_case(letter: Letter, decision: Decision, *, rules: Rules) -> tuple[Case, tuple[Effect, ...]]:
    """The case that a routing decision opens, with its first assignments; deterministic, so it may be made late.

    The first round's clocks run from the letter's arrival, whenever it was decided (invariant 10).
    """
    case = Case(
        letter_id=letter.letter_id,
        channel=letter.channel,
        source_id=letter.source_id,
        kind=letter.kind,
        urgency=letter.urgency,
        arrived_at=letter.arrived_at,
        upstream_due=letter.upstream_due,
        stage="waiting" if decision.outcome == "dispatched" else decision.outcome,
        round=decision.round,
        changed_at=decision.decided_at,
        recused=() if decision.recusal is None else decision.recusal.units,
        recused_persons=() if decision.recusal is None else decision.recusal.persons,
    )
    if decision.outcome != "dispatched" or decision.host is None or decision.host.code in case.recused:
        return case, ()
    return new_round(case, decision.host, decision.co_units, decision.reason, at=decision.decided_at, rules=rules)


def new_round(
    case: Case,
    host: UnitRef,
    co_units: Iterable[UnitRef],
    reason: str,
    *,
    at: datetime,
    rules: Rules,
    restart: tuple[ClockStep, ...] = (),
    bound: bool = False,
) -> tuple[Case, tuple[Effect, ...]]:
    """End what is open and assign anew; recused co-units are left out, a recused host is the caller's to refuse."""
    round_ = case.round + 1 if case.tasks else case.round
    case, ended = end_tasks(case, "superseded", at=at)
    case = case.but(
        round=round_,
        stage="dispatched",
        bound=case.bound or bound,
        starts={**case.starts, **dict.fromkeys(restart, at)},
        outcome=None,
        closed_at=None,
        merged_into=None,
        transferred_to=None,
    )
    clocks = case_deadlines(case, rules)
    dispute = Within("working", working_days=rules.case.dispute_working_days)
    disputed = case.channel in rules.case.dispute_channels and not case.bound
    return_until = due(at, dispute, rules.calendar)[0] if disputed else None
    tasks: list[Task] = []
    for unit in (host, *co_units):
        if unit.code in case.recused or any(unit.code == task.unit.code for task in tasks):
            continue
        tasks.append(
            Task(
                assignment_id=assignment_id(case.letter_id, round_, unit.code),
                unit=unit,
                role="assist" if tasks else "host",
                round=round_,
                assigned_at=at,
                deadlines=clocks,
                return_until=return_until,
                bound=case.bound,
            )
        )
    case = case.but(tasks=(*case.tasks, *tasks))
    made = tuple(AssignmentMade(task, reason) for task in tasks)
    return case, (*ended, *made, *supervision_notices(case, at=at))


def case_deadlines(case: Case, rules: Rules) -> tuple[Deadline, ...]:
    """The clocks of the case's current round, with a granted extension (延期) in place of the finish."""
    starts = {step: case.starts.get(step, case.arrived_at) for step in CLOCK_STEPS}
    found = step_deadlines(case, rules.policy, rules.calendar, starts)
    until = case.extended_until
    if until is None:
        return found
    return tuple(
        Deadline(step="finish", due_at=until, clock="natural", policy=f"{deadline.policy}（延期）")
        if deadline.step == "finish"
        else deadline
        for deadline in found
    )


def end_tasks(case: Case, how: End, *, at: datetime, returned: Task | None = None) -> tuple[Case, tuple[Effect, ...]]:
    """End every open task. `returned` is the host's that sent it back: it knows, the others are told.

    A recused unit is told nothing: the carrier takes back what has not left yet (`AssignmentWithdrawn`), no more.
    """
    effects: list[Effect] = []
    for task in case.open_tasks:
        mine = returned is not None and task.assignment_id == returned.assignment_id
        case = case.with_task(task.model_copy(update={"over_at": at, "over": "returned" if mine else how}))
        if not mine:
            seen = task.done_at("signed") is not None
            effects.append(AssignmentWithdrawn(task.assignment_id, task.unit.code, seen))
            cause = f"withdrawal:{task.assignment_id}"
            text = f"派单 {task.assignment_id} 已撤回，请停止办理。"
            effects += notify(case, task.unit.code, "withdrawal", cause, text, at=at)
    return case, tuple(effects)


def close_tasks(case: Case, *, at: datetime) -> Case:
    """End every open task in good order, with nothing to take back: the work was reviewed."""
    for task in case.open_tasks:
        case = case.with_task(task.model_copy(update={"over_at": at, "over": "closed"}))
    return case


def supervision_notices(case: Case, *, at: datetime) -> tuple[Effect, ...]:
    """Tell the units that hold a supervised case (挂账督办) so, once a round."""
    entry = case.supervision
    if entry is None:
        return ()
    effects: list[Effect] = []
    for task in case.open_tasks:
        cause = f"supervision:{entry.number}:{task.assignment_id}"
        text = f"此件已挂账督办（第 {entry.number} 次），请在督办时限前办结并报送结果。"
        effects += notify(case, task.unit.code, "supervision", cause, text, at=at, due_at=entry.due_at)
    return tuple(effects)
