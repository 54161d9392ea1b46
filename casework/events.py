"""What happens to a case, as frozen values: an event says who did what; `casework.machine` says whether it counts.

Events are what the ledger keeps: folding a letter's events in order gives its case again. Every event is told apart by
its `event` field, so that `EVENT.validate_json` reads any of them back.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal, get_args
from uuid import UUID

from pydantic import Field, TypeAdapter

from casework.case import ComplaintStage
from letters.messages import Moment, Part, Progress, UnitCode, UnitRef

ActorRole = Literal["unit", "duty_officer", "mailbox_team", "leader", "inspection", "system"]
"""承办单位, 值守员, 信箱专班, 领导, 督察, 系统. Whether a unit is host or assists, the case knows."""

Reason = Annotated[str, Field(min_length=1, pattern=r"\S")]


class Actor(Part):
    """Who acts: a role, the unit they belong to, and their name."""

    role: ActorRole
    unit: UnitCode | None = None
    name: str = ""


SYSTEM: Final = Actor(role="system", name="jiesu")


class _Event(Part):
    by: Actor


class Dispatched(_Event):
    """Assigned to a host and co-units (派单, 改派); a new round unless it is the first."""

    event: Literal["dispatched"] = "dispatched"
    host: UnitRef
    co_units: tuple[UnitRef, ...] = ()
    reason: Reason


class JointlyDecided(_Event):
    """A joint decision (会商) by two or more units on who hosts; it binds: nobody may return the letter after it."""

    event: Literal["jointly_decided"] = "jointly_decided"
    host: UnitRef
    co_units: tuple[UnitRef, ...] = ()
    participants: Annotated[tuple[UnitCode, ...], Field(min_length=2)]
    reason: Reason


class ProgressReported(_Event):
    """A unit's report from `progress.<unit>`; `by.unit` is read off the topic."""

    event: Literal["progress_reported"] = "progress_reported"
    progress: Progress


class ExtensionRequested(_Event):
    """The host asks to finish later (延期申请)."""

    event: Literal["extension_requested"] = "extension_requested"
    until: Moment
    reason: Reason


class ExtensionDecided(_Event):
    """The leader grants or refuses it (信访工作条例 §34: 经本机关、单位负责人批准)."""

    event: Literal["extension_decided"] = "extension_decided"
    granted: bool
    reason: Reason


class Reviewed(_Event):
    """The mailbox team has read the work report (审核); `passed` False sends it back to the host."""

    event: Literal["reviewed"] = "reviewed"
    passed: bool
    comment: str = ""


class Revisited(_Event):
    """The mailbox team called the writer back (回访): 参与, 解决, 满意; all three when reached, none otherwise."""

    event: Literal["revisited"] = "revisited"
    reached: bool
    contacted: bool | None = None
    solved: bool | None = None
    satisfied: bool | None = None
    comment: str = ""


class DemandAppealed(_Event):
    """The host appeals that the demand is unreasonable (不合理诉求申诉)."""

    event: Literal["demand_appealed"] = "demand_appealed"
    reason: Reason


class AppealDecided(_Event):
    """The appeal was upheld (认定) or dismissed."""

    event: Literal["appeal_decided"] = "appeal_decided"
    upheld: bool
    reason: Reason


class Reopened(_Event):
    """A closed case is taken up again: a new round for the same units."""

    event: Literal["reopened"] = "reopened"
    reason: Reason


class Closed(_Event):
    """An officer closes it without a satisfied writer, and says why."""

    event: Literal["closed"] = "closed"
    reason: Reason


class SupervisionOpened(_Event):
    """Put on the supervised list (挂账督办) with its own deadline; the policy's default where none is named."""

    event: Literal["supervision_opened"] = "supervision_opened"
    due_at: Moment | None = None
    reason: Reason


class SupervisionClosed(_Event):
    """Taken off the supervised list (销账)."""

    event: Literal["supervision_closed"] = "supervision_closed"
    result: Reason


class Merged(_Event):
    """The same matter is handled in another letter (合并). `into_units` hold that letter, `into_recused` must not see it."""

    event: Literal["merged"] = "merged"
    into: UUID
    into_units: tuple[UnitCode, ...] = ()
    into_recused: tuple[UnitCode, ...] = ()
    reason: Reason


class Split(_Event):
    """A merged letter stands for itself again (拆分) and waits for a decision."""

    event: Literal["split"] = "split"
    reason: Reason


class Transferred(_Event):
    """Handed to a body outside the bureau (转出): beyond its remit, or for a higher authority to decide."""

    event: Literal["transferred"] = "transferred"
    to: Reason
    reason: Reason


class RecusalFound(_Event):
    """These units, each with the units under it, and persons must learn nothing of it (回避; 信访工作条例 §28, §30)."""

    event: Literal["recusal_found"] = "recusal_found"
    units: tuple[UnitCode, ...]
    persons: tuple[str, ...] = ()
    reason: Reason


class ThanksRecorded(_Event):
    """The writer thanked (感谢)."""

    event: Literal["thanks_recorded"] = "thanks_recorded"


class LeadFollowed(_Event):
    """A lead (线索) led somewhere: what is given replaces what was known of this `lead_id`."""

    event: Literal["lead_followed"] = "lead_followed"
    lead_id: Reason
    case_number: str | None = None
    recovered_fen: Annotated[int, Field(ge=0)] | None = None
    outcome: str | None = None


class ComplaintStageRecorded(_Event):
    """At which stage of police work the complaint arose (接处警, 执法办案, 释法说理 …)."""

    event: Literal["complaint_stage_recorded"] = "complaint_stage_recorded"
    stage: ComplaintStage


class Commented(_Event):
    """A remark for those who work on it (备注)."""

    event: Literal["commented"] = "commented"
    text: Reason


class CalendarGrew(_Event):
    """New holidays were published: deadlines in working days are reckoned again."""

    event: Literal["calendar_grew"] = "calendar_grew"


Event = (
    Dispatched
    | JointlyDecided
    | ProgressReported
    | ExtensionRequested
    | ExtensionDecided
    | Reviewed
    | Revisited
    | DemandAppealed
    | AppealDecided
    | Reopened
    | Closed
    | SupervisionOpened
    | SupervisionClosed
    | Merged
    | Split
    | Transferred
    | RecusalFound
    | ThanksRecorded
    | LeadFollowed
    | ComplaintStageRecorded
    | Commented
    | CalendarGrew
)

EVENT_TYPES: Final[tuple[type[_Event], ...]] = get_args(Event)
EVENT: Final[TypeAdapter[Event]] = TypeAdapter(Annotated[Event, Field(discriminator="event")])
"""Reads any event back from the ledger: `EVENT.validate_json(document)`."""
