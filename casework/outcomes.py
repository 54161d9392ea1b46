"""What applying an event gives: a new case with effects to carry out, or a refusal that says why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from casework.case import Case, Task
from casework.progress import Reason as ProgressReason
from letters.ids import notice_id
from letters.messages import Deadline, Notice, NoticeKind

RefusalReason = Literal[
    "unknown_case",
    "not_allowed",
    "not_now",
    "recused",
    "needs_joint_decision",
    "past_due",
    "too_late",
    "already",
    "incomplete",
    "boundary",
    "bad_time",
]


@dataclass(frozen=True, slots=True)
class Refused:
    """The event does not count and the case stays as it was. It is recorded; `message` may be shown to who sent it."""

    reason: RefusalReason | ProgressReason
    message: str


@dataclass(frozen=True, slots=True)
class AssignmentMade:
    """A unit gets an assignment: the carrier builds the wire `Assignment` from the letter and this."""

    task: Task
    reason: str


@dataclass(frozen=True, slots=True)
class AssignmentWithdrawn:
    """A unit no longer has it. `seen` when the unit had signed or more; only then does anybody need to be told."""

    assignment_id: UUID
    unit: str
    seen: bool


@dataclass(frozen=True, slots=True)
class DeadlinesChanged:
    """An open assignment's clocks are now these."""

    assignment_id: UUID
    deadlines: tuple[Deadline, ...]


@dataclass(frozen=True, slots=True)
class NoticeSent:
    """A notice for `notices.<unit>`; its id is computed, so that a replay sends it no second time."""

    unit: str
    notice: Notice


Effect = AssignmentMade | AssignmentWithdrawn | DeadlinesChanged | NoticeSent


@dataclass(frozen=True, slots=True)
class Applied:
    """The event counts: the case as it is now, and what the carrier does about it in the same transaction."""

    case: Case
    effects: tuple[Effect, ...] = ()


def notify(
    case: Case, unit: str, kind: NoticeKind, cause: str, text: str, *, at: datetime, due_at: datetime | None = None
) -> tuple[NoticeSent, ...]:
    """One notice, or none when the unit is recused: the one door through which casework speaks (invariant 5).

    The text names the letter by its source number only, never by a word of it. `cause` is unique within the case.
    """
    if unit in case.recused:
        return ()
    titles: dict[NoticeKind, str] = {
        "reminder": "办理时限提醒",
        "overdue": "办理超期通知",
        "supervision": "挂账督办",
        "work_slip": "工作提示单",
        "withdrawal": "派单撤回",
        "danger": "险情通知",
    }
    notice = Notice(
        notice_id=notice_id(kind, str(case.letter_id), unit, cause),
        kind=kind,
        letter_id=case.letter_id,
        title=f"{titles[kind]}：{case.channel} {case.source_id}",
        text=text,
        due_at=due_at,
        at=at,
    )
    return (NoticeSent(unit, notice),)
