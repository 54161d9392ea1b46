"""A case and the rungs that were taken go in, its running clocks come out; and what a new decision's clocks begin with.

The database keeps one small row a letter: when its next rung is due and which were taken. Everything else about its
clocks follows from the case, so the two can never disagree.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import cast

from casework.case import Case
from casework.clocks import matching_row
from casework.reminders import OpenClock, Rung, carry_over, open_clocks
from casework.rules import Rules
from letters.bureau import Policy, Within
from letters.clock import to_ms
from letters.messages import Deadline, Letter


@dataclass(slots=True)
class Fired:
    """Rungs taken, by clock; a moved deadline is another clock."""

    rungs: dict[str, set[Rung]] = field(default_factory=dict)

    def add(self, clock: OpenClock, rung: Rung) -> None:
        """The rung was taken."""
        self.rungs.setdefault(_name(clock), set()).add(rung)

    def of(self, clock: OpenClock) -> frozenset[Rung]:
        """Those of one clock."""
        return frozenset(self.rungs.get(_name(clock), ()))

    def keep(self, case: Case) -> None:
        """Forget the clocks of assignments that are over; a finish that review sends back finds its rungs again."""
        last = case.last_host
        current = {task.assignment_id.hex for task in case.open_tasks} | ({last.assignment_id.hex} if last else set())
        self.rungs = {name: rungs for name, rungs in self.rungs.items() if name.partition(":")[0] in current}


def _name(clock: OpenClock) -> str:
    return f"{clock.assignment_id.hex}:{clock.step}:{to_ms(clock.due_at)}"


def fired_from_text(kept: str) -> Fired:
    """What `fired_text` kept."""
    return Fired({name: cast("set[Rung]", set(rungs)) for name, rungs in json.loads(kept).items()} if kept else {})


def fired_text(fired: Fired) -> str:
    """As the database keeps it; empty while nothing was taken."""
    return json.dumps({name: sorted(rungs) for name, rungs in fired.rungs.items()}) if fired.rungs else ""


def clocks_of(case: Case, fired: Fired, rules: Rules) -> tuple[OpenClock, ...]:
    """The case's running clocks, each with the rungs it has taken."""
    running = open_clocks(case, rules)
    return carry_over([clock._replace(fired=fired.of(clock)) for clock in running], running, rules)


def first_ring(letter: Letter, due: Iterable[Deadline], policy: Policy) -> int | None:
    """When (ms) the first rung of a new assignment's clocks is due: what `clocks_of` its case would say, at a tenth of
    the cost, for every letter that is dispatched."""
    row = matching_row(letter, policy)
    rings: list[datetime] = []
    for deadline in due:
        within: Within | None = None if row is None else getattr(row, deadline.step)
        before = None if within is None else within.remind_before
        rings.append(deadline.due_at - before if before else deadline.due_at)
    return ring_ms(min(rings)) if rings else None


def ring_ms(at: datetime) -> int:
    """The first whole millisecond at which it is due: a row that rang too early would ring again and again."""
    return to_ms(at) + (at.microsecond % 1000 > 0)
