"""Who may do what: an actor and a case go in, the capacity they act in, or why they may not, comes out."""

from __future__ import annotations

from typing import Final, Literal

from casework.case import Case
from casework.events import Actor, Event
from casework.outcomes import Refused

Capacity = Literal["host", "assist", "outsider", "duty_officer", "mailbox_team", "leader", "inspection", "system"]
"""主办单位, 协办单位, 其他单位, 值守员, 信箱专班, 领导, 督察, 系统."""

MAY: Final[dict[str, frozenset[Capacity]]] = {
    "dispatched": frozenset({"duty_officer", "leader", "system"}),
    "jointly_decided": frozenset({"leader", "mailbox_team"}),
    "progress_reported": frozenset({"host", "assist"}),
    "extension_requested": frozenset({"host"}),
    # 信访工作条例 §34: the head of the unit approves, nobody in their stead.
    "extension_decided": frozenset({"leader"}),
    "reviewed": frozenset({"mailbox_team"}),
    "revisited": frozenset({"mailbox_team"}),
    "demand_appealed": frozenset({"host"}),
    "appeal_decided": frozenset({"mailbox_team", "leader"}),
    "reopened": frozenset({"mailbox_team", "leader", "inspection"}),
    "closed": frozenset({"duty_officer", "mailbox_team", "leader"}),
    "supervision_opened": frozenset({"mailbox_team", "leader", "inspection"}),
    "supervision_closed": frozenset({"mailbox_team", "leader", "inspection"}),
    "merged": frozenset({"duty_officer", "mailbox_team", "system"}),
    "split": frozenset({"duty_officer", "mailbox_team", "system"}),
    "transferred": frozenset({"duty_officer", "leader"}),
    "recusal_found": frozenset({"duty_officer", "mailbox_team", "leader", "inspection", "system"}),
    # A unit does not count its own thanks.
    "thanks_recorded": frozenset({"duty_officer", "mailbox_team"}),
    "lead_followed": frozenset({"host", "assist", "mailbox_team", "inspection"}),
    "complaint_stage_recorded": frozenset({"duty_officer", "mailbox_team", "inspection"}),
    "commented": frozenset({"host", "assist", "duty_officer", "mailbox_team", "leader", "inspection", "system"}),
    "calendar_grew": frozenset({"system"}),
}
"""The capacities in which each event may be brought about."""

UNKNOWN: Final = Refused("unknown_case", "没有这件信件，或不由你单位办理。")


def capacity(case: Case, actor: Actor) -> Capacity:
    """In which capacity somebody acts on this case; a unit that never had it is an outsider.

    A unit whose task is over keeps its capacity, so that late news of its own work still comes in.
    """
    if actor.role != "unit":
        return actor.role
    roles = {task.role for task in case.tasks if task.unit.code == actor.unit}
    return "host" if "host" in roles else "assist" if "assist" in roles else "outsider"


def refuse(case: Case, event: Event) -> Refused | None:
    """Why the actor may not bring the event about; None when they may.

    To a recused unit or person, whatever their role, the case does not exist: the same words as for a stranger.
    """
    actor = event.by
    if actor.unit in case.recused or (actor.name and actor.name in case.recused_persons):
        return UNKNOWN
    acting = capacity(case, actor)
    if acting == "outsider":
        return UNKNOWN
    if acting not in MAY[event.event]:
        return Refused("not_allowed", "你的角色不能进行这项操作。")
    return None
