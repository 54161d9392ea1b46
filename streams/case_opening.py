"""A decision and its letter go in; the case that it opens comes out, and by how much counters move when a case changes.

A new case costs a letter almost nothing: it is not written, for it follows from letter, decision and assignments when
its first event comes. What must be there from the start, its first ring and its counts, is reckoned without it.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from uuid import UUID

from casework.case import Case
from casework.clocks import CLOCK_STEPS
from casework.figures import BUREAU, Tally, changed
from casework.rounds import open_case
from casework.rules import Rules
from letters.clock import to_ms
from letters.decisions import Decision, Recusal
from letters.messages import Deadline, Letter
from storage.casework import Stored
from storage.figures import EVERYONE, Counts, Moves, day_at, day_of


def case_of(stored: Stored, rules: Rules) -> Case:
    """The case as stored, or the one that its decision opened, with the deadlines that its units were told."""
    if stored.case is not None:
        return Case.model_validate_json(stored.case)
    letter = Letter.model_validate_json(stored.letter)
    decision = Decision.model_validate_json(stored.decision)
    told = {
        assignment: tuple(Deadline.model_validate(each) for each in json.loads(document)["deadlines"])
        for assignment, document in stored.assignments
    }
    return opened(letter, decision, told, rules)


def opened(letter: Letter, decision: Decision, told: dict[UUID, tuple[Deadline, ...]], rules: Rules) -> Case:
    """The case that a decision opens. Danger that the command centre took over is worked on like anything else: its
    letter stands as escalated, its case as dispatched."""
    if decision.outcome == "escalated" and decision.host is not None:
        decision = decision.model_copy(update={"outcome": "dispatched"})
    case, _ = open_case(letter, decision, rules=rules)
    tasks = tuple(
        task.model_copy(update={"deadlines": told.get(task.assignment_id, task.deadlines)}) for task in case.tasks
    )
    return case.but(tasks=tasks)


def recusal_of(case: Case) -> Recusal | None:
    """Whom the last gate keeps out."""
    if not case.recused:
        return None
    return Recusal(units=case.recused, persons=case.recused_persons, reason="应当回避")


def moves(before: Case | None, after: Case) -> list[Moves]:
    """How the daily counters move, for everyone and for each unit that must not see the case (invariant 5)."""
    all_ = _daily(changed(before, after))
    hidden_before = set(before.recused) if before else set()
    hidden_now = set(after.recused)
    found = [Moves((EVERYONE, *sorted(hidden_before & hidden_now)), all_)]
    if newly := sorted(hidden_now - hidden_before):
        found.append(Moves(tuple(newly), _daily(changed(None, after))))
    if before and (again := sorted(hidden_before - hidden_now)):
        gone = _daily(changed(None, before))
        found.append(Moves(tuple(again), Counter({key: -n for key, n in gone.items()})))
    return found


def _daily(delta: Counter[Tally]) -> Counts:
    counts: Counts = Counter()
    for tally, number in delta.items():
        counts[tally.unit, tally.metric, day_of(to_ms(tally.at))] += tally.amount * number
    return counts


_DUE = {step: f"{step}_due" for step in CLOCK_STEPS}


class OpeningMoves:
    """The counts of a batch's new cases, added up by who must not see them."""

    def __init__(self) -> None:
        self._counts: dict[tuple[str, ...], Counts] = {}

    def add(self, letter: Letter, decision: Decision, due: Iterable[Deadline]) -> None:
        """What `moves(None, case)` says of the case that this decision opens, at a fraction of the cost."""
        viewers = (EVERYONE, *decision.recusal.units) if decision.recusal else (EVERYONE,)
        counts = self._counts.setdefault(viewers, Counter())
        arrived = day_at(letter.arrived_at)
        counts[BUREAU, "received", arrived] += 1
        worked_on = decision.host is not None and decision.outcome in ("dispatched", "escalated")
        if decision.outcome == "merged" or (decision.outcome == "escalated" and not worked_on):
            counts[BUREAU, decision.outcome, arrived] += 1
        if not worked_on or decision.host is None:
            return
        today = day_at(decision.decided_at)
        host = decision.host.code
        counts[host, "letters", today] += 1
        counts[host, "hosted", today] += 1
        codes = [host]
        for unit in decision.co_units:
            codes.append(unit.code)
            counts[unit.code, "assisted", today] += 1
        for deadline in due:
            day, metric = day_at(deadline.due_at), _DUE[deadline.step]
            for code in codes:
                counts[code, metric, day] += 1

    def moves(self) -> list[Moves]:
        """For `storage.figures.add_moves`."""
        return [Moves(viewers, counts) for viewers, counts in self._counts.items()]
