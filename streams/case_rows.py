"""A case that is being changed goes in; the rows that stand for it come out."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from casework.case import Case
from casework.rules import Rules
from letters.clock import to_ms
from storage.casework import ChangedCase, NewClock, Stored
from streams.case_clocks import Fired, clocks_of, fired_text, ring_ms


@dataclass(slots=True)
class Held:
    """A case in the hands of one transaction."""

    stored: Stored
    before: Case
    case: Case
    version: int
    fired: Fired
    category: str | None
    rule: str | None = None
    dirty: bool = False
    rang: bool = False


def projection(held: Held) -> ChangedCase:
    """How the case stands for lists, counts and the conservation proof. A recused unit is never its host, not even of
    what it closed itself: such a letter has none (a database constraint holds this as well)."""
    case, stored = held.case, held.stored
    state, host, co_units = case.state, None, []
    last = case.last_host
    if state == "dispatched" and last is not None and last.unit.code not in case.recused:
        host = last.unit.code
        co_units = [
            task.unit.code
            for task in case.tasks
            if task.round == last.round and task.role == "assist" and task.unit.code not in case.recused
        ]
        if stored.state == "escalated" and case.round == stored.round and host == stored.host:
            state = "escalated"
    elif state == "merged" and stored.host not in case.recused:
        host = stored.host
    return ChangedCase(
        stored.letter_no,
        held.version,
        case.stage,
        case.model_dump_json().encode(),
        state,
        case.round,
        held.rule,
        held.category,
        host,
        ",".join(co_units),
        ",".join(case.recused),
        None if case.stage != "closed" else to_ms(case.closed_at or case.changed_at),
    )


def ends(held: Held) -> dict[UUID, str]:
    """The assignments that ended since the case was loaded, and how."""
    over = {task.assignment_id: task.over for task in held.before.tasks}
    return {
        task.assignment_id: task.over
        for task in held.case.tasks
        if task.over is not None and over.get(task.assignment_id) != task.over
    }


def clock_row(held: Held, rules: Rules) -> NewClock:
    """When the case's clocks ring next."""
    held.fired.keep(held.case)
    ringing = [clock.next_at for clock in clocks_of(held.case, held.fired, rules) if clock.next_at is not None]
    return NewClock(held.stored.letter_no, ring_ms(min(ringing)) if ringing else None, fired_text(held.fired))
