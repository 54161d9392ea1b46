"""A case: one letter's whole life at the bureau as a frozen value; it holds no word of the letter itself.

Stages move as design.md draws them. Everything ever asked of a unit stays in `tasks`, everything a unit did in their
`steps`; texts (work reports, comments) stay in the ledger, so that a case may be logged and counted freely.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final, Literal
from uuid import UUID

from pydantic import Field

from casework.clocks import ClockStep
from casework.progress import AssignmentState, StepDone, done_at
from letters.messages import Deadline, Kind, Moment, Part, Role, State, UnitCode, UnitRef, Urgency

Stage = Literal[
    "waiting",
    "dispatched",
    "signed",
    "contacted",
    "feedback",
    "finished",
    "reviewed",
    "revisited",
    "returned",
    "joint_decision",
    "closed",
    "merged",
    "escalated",
]
"""待值守决定, 已派单, 已签收, 已联系, 已反馈, 已办结, 已审核, 已回访, 已退单, 待会商, 已归档, 已合并, 报上级或转出."""

HANDLING: Final[tuple[Stage, ...]] = ("dispatched", "signed", "contacted", "feedback")
"""A unit holds the letter and has not finished."""

LETTER_STATE: Final[dict[Stage, State]] = {
    **dict.fromkeys((*HANDLING, "finished", "reviewed", "revisited", "closed"), "dispatched"),
    "waiting": "waiting",
    "returned": "waiting",
    "joint_decision": "waiting",
    "merged": "merged",
    "escalated": "escalated",
}
"""What `jiesu letters` says of a case in this stage; every stage has exactly one, so no letter is lost (invariant 1)."""

End = Literal["returned", "withdrawn", "superseded", "closed"]
"""How a task ended without or after its own finish: 退单, 撤回, 改派, 归档."""

Outcome = Literal["satisfied", "unreached", "unreasonable", "handled", "by_officer"]
"""Why a case closed: 回访满意, 多次未接通, 不合理诉求, 无需回访, 由人员归档."""

ComplaintStage = Literal["接处警", "执法办案", "释法说理", "窗口服务", "其他"]
"""At which stage of police work a complaint arose (投诉环节)."""


class Task(Part):
    """An assignment (派单) in a case: what one unit was asked in one round, and what it did."""

    assignment_id: UUID
    unit: UnitRef
    role: Role
    round: int
    assigned_at: Moment
    deadlines: tuple[Deadline, ...] = ()
    return_until: Moment | None = None
    bound: bool = False
    steps: tuple[StepDone, ...] = ()
    over_at: Moment | None = None
    over: End | None = None

    def done_at(self, step: Literal["signed", "contacted", "feedback", "finished", "returned"]) -> datetime | None:
        """When the step was first done; None while it is open."""
        return done_at(self.steps, step)

    def deadline(self, step: ClockStep) -> Deadline | None:
        """The deadline of a step; None where the policy sets none."""
        return next((deadline for deadline in self.deadlines if deadline.step == step), None)

    def as_state(self) -> AssignmentState:
        """The task as `accept_progress` wants it."""
        return AssignmentState(
            assignment_id=self.assignment_id,
            unit=self.unit.code,
            assigned_at=self.assigned_at,
            steps=self.steps,
            role=self.role,
            over_at=self.over_at,
            bound=self.bound,
            return_until=self.return_until,
        )


class Extension(Part):
    """A request to finish later (延期申请); `granted` is None until the leader has decided."""

    round: int
    asked_at: Moment
    until: Moment
    granted: bool | None = None
    decided_at: Moment | None = None


class Supervision(Part):
    """A supervised entry (挂账督办) with its own deadline, opener and closer; one is open at a time."""

    number: int
    due_at: Moment
    opened_at: Moment
    opened_by: str
    opener_role: str
    closed_at: Moment | None = None
    closed_by: str | None = None


class Callback(Part):
    """A call to the writer after the review (回访). `unit` hosted the round that is asked about."""

    round: int
    unit: UnitCode
    at: Moment
    reached: bool
    """接通: the writer answered; the three answers are None otherwise."""
    contacted: bool | None = None
    """参与: the writer says that the unit took it up with them."""
    solved: bool | None = None
    """解决."""
    satisfied: bool | None = None
    """满意."""


class Appeal(Part):
    """A host's appeal that a demand is unreasonable (不合理诉求申诉); an upheld one leaves the satisfaction figures."""

    round: int
    unit: UnitCode
    at: Moment
    upheld: bool | None = None
    decided_at: Moment | None = None


class Lead(Part):
    """A lead (线索举报) followed to its case: 立案编号 and money recovered (挽损) in fen."""

    lead_id: str
    at: Moment
    case_number: str | None = None
    recovered_fen: int = 0
    outcome: str | None = None


class Case(Part):
    """One letter's casework. Only `casework.machine` makes a new one out of an old one."""

    letter_id: UUID
    channel: str
    source_id: str
    kind: Kind
    urgency: Urgency
    arrived_at: Moment
    upstream_due: Moment | None = None
    stage: Stage
    round: int
    changed_at: Moment
    """When the last event was applied; never moves back."""
    starts: dict[ClockStep, Moment] = Field(default_factory=dict)
    """Steps whose clock started anew, and when; every other clock runs from the letter's arrival."""
    extended_until: Moment | None = None
    """The finish that the leader granted; a reopening ends it."""
    tasks: tuple[Task, ...] = ()
    recused: tuple[UnitCode, ...] = ()
    """Units that must learn nothing of this (回避), with all units under them."""
    recused_persons: tuple[str, ...] = ()
    returns: int = 0
    bound: bool = False
    """True after a joint decision (会商): nobody may return it any more (no_return)."""
    reopened: int = 0
    extensions: tuple[Extension, ...] = ()
    supervisions: tuple[Supervision, ...] = ()
    callbacks: tuple[Callback, ...] = ()
    appeals: tuple[Appeal, ...] = ()
    leads: tuple[Lead, ...] = ()
    thanks: tuple[Moment, ...] = ()
    complaint_stages: tuple[ComplaintStage, ...] = ()
    merged_into: UUID | None = None
    transferred_to: str | None = None
    outcome: Outcome | None = None
    closed_at: Moment | None = None

    @property
    def state(self) -> State:
        """Where the letter stands for the conservation proof."""
        return LETTER_STATE[self.stage]

    @property
    def open_tasks(self) -> tuple[Task, ...]:
        """What units hold now, the host first."""
        return tuple(
            sorted((task for task in self.tasks if task.over_at is None), key=lambda task: task.role != "host")
        )

    @property
    def host(self) -> Task | None:
        """The host's open task (主办)."""
        return next((task for task in self.open_tasks if task.role == "host"), None)

    @property
    def last_host(self) -> Task | None:
        """The host's task of the latest round, open or not."""
        return next((task for task in reversed(self.tasks) if task.role == "host"), None)

    @property
    def supervision(self) -> Supervision | None:
        """The open 挂账督办."""
        return next((entry for entry in self.supervisions if entry.closed_at is None), None)

    @property
    def unreasonable(self) -> bool:
        """Whether an appeal was upheld: the demand counts as unreasonable (不合理诉求)."""
        return any(appeal.upheld for appeal in self.appeals)

    def task(self, assignment: UUID) -> Task | None:
        """The task of this assignment id."""
        return next((task for task in self.tasks if task.assignment_id == assignment), None)

    def but(self, **changes: object) -> Case:
        """This case with some fields changed."""
        return self.model_copy(update=changes)

    def with_task(self, task: Task) -> Case:
        """This case with one of its tasks replaced by a newer state of it."""
        return self.but(tasks=tuple(task if old.assignment_id == task.assignment_id else old for old in self.tasks))
