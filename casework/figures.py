"""Figures (考核通报): cases go in, counts and shares by unit and period come out; every definition stands here, once.

A case is turned into *tallies*: small rows that say “this unit, this metric, at this time, so many”. They depend on the
case alone, not on when one looks, so figures are plain sums: over the tallies of a month, or over daily counters that a
carrier keeps by adding `tallies(after)` and taking away `tallies(before)` at each change. Reopening, merging, a finish
sent back or a late report change a case's tallies, and with them every sum, exactly.

Which period something belongs to is part of its definition (`METRICS`): a clock to that of its deadline, whether or not
it was kept; a verdict to that of the latest call. A letter has one verdict, its latest.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

from casework.case import Case, Task
from casework.clocks import CLOCK_STEPS, ClockStep, met
from casework.reminders import DONE_BY

BUREAU: Final = ""
"""Stands for the whole bureau (全局) where a figure belongs to no unit."""

METRICS: Final[Mapping[str, str]] = {
    "received": "收件：到达的信件，按来信时间；合并的也计，同一信件重派、重办只计一次。属全局。",
    "merged": "合并件：并入他件的信件，按来信时间。属全局。",
    "escalated": "上报或转出的信件，按来信时间。属全局。",
    "complaint": "投诉环节（complaint.接处警 等）：每件每个环节一次，按来信时间。属全局。",
    "letters": "主办件：单位主办过的信件，按首次派给该单位的时间；多轮重办只计一次，已合并的不计。",
    "hosted": "主办派单：每轮一次，按派单时间。",
    "assisted": "协办派单：每轮一次，按派单时间。",
    "sign_due": "应签收，按签收时限。",
    "sign_on_time": "按时签收，按签收时限。",
    "contact_due": "应联系来信人，按联系时限。",
    "contact_on_time": "按时联系，按联系时限。",
    "feedback_due": "应首次反馈，按反馈时限。",
    "feedback_on_time": "按时反馈，按反馈时限。",
    "finish_due": "应办结，按（延期后的）办结时限。",
    "finish_on_time": "按时办结，按办结时限；审核退回的办结不算。",
    "finished": "办结：主办单位未被审核退回的办结，每轮一次，按办结时间。",
    "sent_back": "审核退回的办结，按上报时间。",
    "returned": "退单：主办单位退回的派单，按退单时间；returned.非本辖区 等为各理由。",
    "reached": "回访接通：有最终评价的信件，按最近一次接通的回访时间，属该轮主办单位。",
    "contacted": "参与：最近一次接通的回访中，来信人表示单位与其联系、处理的信件。",
    "rated": "纳入解决率、满意率的信件：回访接通而诉求未认定为不合理的信件。",
    "solved": "解决：纳入的信件中，来信人表示已解决的。",
    "satisfied": "满意：纳入的信件中，来信人表示满意的。",
    "unsatisfied_calls": "不满意回访：每次接通且不满意的回访，按回访时间；其后重办满意也仍计。",
    "unreasonable": "认定不合理诉求的申诉，按认定时间，属申诉单位。",
    "extended": "批准的延期，按批准时间，属该轮主办单位。",
    "supervised": "挂账督办，按挂账时间，属最近的主办单位。",
    "supervision_due": "应销账，按督办时限。",
    "supervision_on_time": "按时销账，按督办时限。",
    "thanks": "感谢，按登记时间，属最近的主办单位。",
    "cases_filed": "线索立案：有案件编号的线索，按最近登记时间，属最近的主办单位。",
    "recovered_fen": "挽回损失（分），按最近登记时间，属最近的主办单位。",
}
"""Every metric: what it counts, and by which time it falls into a period. A dot after the name divides it further."""


class Tally(NamedTuple):
    """So many of a metric, for a unit (or `BUREAU`), at a time."""

    unit: str
    metric: str
    at: datetime
    amount: int = 1


@dataclass(frozen=True, slots=True)
class Figures:
    """A unit's counts in a period, and the shares that are told of them; a share of nothing is None, not 0 or 1."""

    counts: Mapping[str, int]

    def __getitem__(self, metric: str) -> int:
        return self.counts.get(metric, 0)

    def on_time(self, step: ClockStep) -> float | None:
        """按时率: clocks kept ÷ clocks that fell due."""
        return self._share(f"{step}_on_time", f"{step}_due")

    @property
    def return_rate(self) -> float | None:
        """退单率: returns ÷ assignments hosted."""
        return self._share("returned", "hosted")

    @property
    def participation(self) -> float | None:
        """参与率: writers who say that the unit took it up with them ÷ writers reached."""
        return self._share("contacted", "reached")

    @property
    def solution(self) -> float | None:
        """解决率: solved ÷ reached, without demands found unreasonable (不合理诉求)."""
        return self._share("solved", "rated")

    @property
    def satisfaction(self) -> float | None:
        """满意率: satisfied ÷ reached, without demands found unreasonable."""
        return self._share("satisfied", "rated")

    def _share(self, part: str, whole: str) -> float | None:
        return self[part] / self[whole] if self[whole] else None


def figures(cases: Iterable[Case], start: datetime, end: datetime, *, viewer: str | None = None) -> dict[str, Figures]:
    """Figures by unit (`BUREAU` for the whole) of what falls into `start` ≤ time < `end`.

    A `viewer` that is recused from a case sees figures as though the case did not exist, in its own row and in every
    other (invariant 5): no count may reveal a complaint.
    """
    seen = (case for case in cases if viewer is None or viewer not in case.recused)
    return sum_up((tally for case in seen for tally in tallies(case)), start, end)


def sum_up(rows: Iterable[Tally], start: datetime, end: datetime) -> dict[str, Figures]:
    """Add tallies up by unit; those of a period (`start` ≤ at < `end`) only."""
    units: dict[str, Counter[str]] = {}
    for unit, metric, at, amount in rows:
        if start <= at < end:
            units.setdefault(unit, Counter())[metric] += amount
    return {unit: Figures(dict(counts)) for unit, counts in units.items()}


def tallies(case: Case) -> Iterator[Tally]:
    """All that a case adds to any figure, of any period."""
    yield Tally(BUREAU, "received", case.arrived_at)
    if case.state in ("merged", "escalated"):
        yield Tally(BUREAU, case.state, case.arrived_at)
    for stage in case.complaint_stages:
        yield Tally(BUREAU, f"complaint.{stage}", case.arrived_at)
    hosts: set[str] = set()
    for task in case.tasks:
        if task.role == "host" and task.unit.code not in hosts and case.stage != "merged":
            hosts.add(task.unit.code)
            yield Tally(task.unit.code, "letters", task.assigned_at)
        yield from _of_task(task)
    yield from _of_calls(case)
    yield from _of_the_rest(case)


def _of_task(task: Task) -> Iterator[Tally]:
    unit, host = task.unit.code, task.role == "host"
    yield Tally(unit, "hosted" if host else "assisted", task.assigned_at)
    for step in CLOCK_STEPS:
        deadline, done = task.deadline(step), task.done_at(DONE_BY[step])
        if deadline is None or (done is None and _excused(task, deadline.due_at)):
            continue
        yield Tally(unit, f"{step}_due", deadline.due_at)
        if done is not None and met(done, deadline.due_at):
            yield Tally(unit, f"{step}_on_time", deadline.due_at)
    if not host:
        return
    finished, returned = task.done_at("finished"), task.done_at("returned")
    if finished is not None:
        yield Tally(unit, "finished", finished)
    for done_step in task.steps:
        if done_step.void:
            yield Tally(unit, "sent_back", done_step.received_at)
        elif done_step.step == "returned":
            yield Tally(unit, f"returned.{done_step.category}", done_step.at)
    if returned is not None:
        yield Tally(unit, "returned", returned)


def _excused(task: Task, due_at: datetime) -> bool:
    """Whether a step not done is none of the unit's: the task was taken from it before the deadline.

    A host whose work was reviewed is not excused, the step (a call to the writer) was its to do before it finished.
    """
    if task.over_at is None or task.over_at > due_at:
        return False
    return task.over != "closed" or task.role == "assist"


def _of_calls(case: Case) -> Iterator[Tally]:
    reached = [call for call in case.callbacks if call.reached]
    for call in reached:
        if not call.satisfied:
            yield Tally(call.unit, "unsatisfied_calls", call.at)
    if not reached:
        return
    last = reached[-1]
    yield Tally(last.unit, "reached", last.at)
    answers = {"contacted": last.contacted}
    if not case.unreasonable:
        yield Tally(last.unit, "rated", last.at)
        answers |= {"solved": last.solved, "satisfied": last.satisfied}
    for metric, yes in answers.items():
        if yes:
            yield Tally(last.unit, metric, last.at)


def _of_the_rest(case: Case) -> Iterator[Tally]:
    for appeal in case.appeals:
        if appeal.upheld and appeal.decided_at is not None:
            yield Tally(appeal.unit, "unreasonable", appeal.decided_at)
    for extension in case.extensions:
        asker = next((task for task in case.tasks if task.round == extension.round and task.role == "host"), None)
        if extension.granted and extension.decided_at is not None and asker is not None:
            yield Tally(asker.unit.code, "extended", extension.decided_at)
    unit = BUREAU if case.last_host is None else case.last_host.unit.code
    for entry in case.supervisions:
        yield Tally(unit, "supervised", entry.opened_at)
        yield Tally(unit, "supervision_due", entry.due_at)
        if entry.closed_at is not None and met(entry.closed_at, entry.due_at):
            yield Tally(unit, "supervision_on_time", entry.due_at)
    for moment in case.thanks:
        yield Tally(unit, "thanks", moment)
    for lead in case.leads:
        if lead.case_number:
            yield Tally(unit, "cases_filed", lead.at)
        if lead.recovered_fen:
            yield Tally(unit, "recovered_fen", lead.at, lead.recovered_fen)


def changed(before: Case | None, after: Case) -> Counter[Tally]:
    """What a change adds to daily counters (positive) and takes away (negative); unchanged tallies are left out.

    A daily counter (unit, metric, day) moves by `tally.amount * number` for each.
    """
    delta: Counter[Tally] = Counter(tallies(after))
    delta.subtract(() if before is None else tallies(before))
    return Counter({tally: number for tally, number in delta.items() if number})
