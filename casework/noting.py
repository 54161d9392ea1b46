"""Events that note something about a case beside its way: supervision, thanks, leads, complaint stages, remarks."""

# ruff: noqa: ARG001 - handlers share one signature

from __future__ import annotations

from datetime import datetime

from casework.case import Case, Lead, Supervision
from casework.events import (
    Commented,
    ComplaintStageRecorded,
    LeadFollowed,
    SupervisionClosed,
    SupervisionOpened,
    ThanksRecorded,
)
from casework.outcomes import Applied, Effect, Refused, notify
from casework.rounds import supervision_notices
from casework.rules import Rules


def supervision_opened(case: Case, event: SupervisionOpened, *, at: datetime, rules: Rules) -> Applied | Refused:
    """On the supervised list (挂账督办), with a deadline beside the case's own clocks."""
    if case.stage in ("closed", "merged", "escalated"):
        return Refused("not_now", "此件已归档、合并或转出，不能挂账督办。")
    if case.supervision is not None:
        return Refused("already", "此件已在挂账督办。")
    due_at = at + rules.alerts.supervision if event.due_at is None else event.due_at
    if due_at <= at:
        return Refused("bad_time", "督办时限须晚于现在。")
    entry = Supervision(
        number=len(case.supervisions) + 1,
        due_at=due_at,
        opened_at=at,
        opened_by=event.by.name,
        opener_role=event.by.role,
    )
    case = case.but(supervisions=(*case.supervisions, entry))
    return Applied(case, supervision_notices(case, at=at))


def supervision_closed(case: Case, event: SupervisionClosed, *, at: datetime, rules: Rules) -> Applied | Refused:
    """Off the list (销账), by who opened it or a leader; a settled case that only waited for this closes."""
    entry = case.supervision
    if entry is None:
        return Refused("not_now", "此件没有挂账督办。")
    if event.by.role not in ("leader", entry.opener_role):
        return Refused("not_allowed", "挂账督办须由开具方或领导销账。")
    done = entry.model_copy(update={"closed_at": at, "closed_by": event.by.name})
    case = case.but(supervisions=(*case.supervisions[:-1], done))
    effects: list[Effect] = []
    for task in case.open_tasks:
        cause = f"supervision-closed:{entry.number}:{task.assignment_id}"
        effects += notify(case, task.unit.code, "supervision", cause, "此件挂账督办已销账。", at=at)
    if case.stage == "revisited" and case.outcome is not None:
        case = case.but(stage="closed", closed_at=at)
    return Applied(case, tuple(effects))


def thanks_recorded(case: Case, event: ThanksRecorded, *, at: datetime, rules: Rules) -> Applied | Refused:
    """The writer thanked (感谢); counted, open or closed."""
    return Applied(case.but(thanks=(*case.thanks, at)))


def lead_followed(case: Case, event: LeadFollowed, *, at: datetime, rules: Rules) -> Applied | Refused:
    """A lead (线索举报) and what became of it; what is not given stays as it was. Leads outlive the case."""
    old = next((lead for lead in case.leads if lead.lead_id == event.lead_id), Lead(lead_id=event.lead_id, at=at))
    given = {
        "case_number": event.case_number,
        "recovered_fen": event.recovered_fen,
        "outcome": event.outcome,
    }
    new = old.model_copy(update={"at": at} | {name: value for name, value in given.items() if value is not None})
    others = tuple(lead for lead in case.leads if lead.lead_id != event.lead_id)
    return Applied(case.but(leads=(*others, new)))


def complaint_stage_recorded(
    case: Case, event: ComplaintStageRecorded, *, at: datetime, rules: Rules
) -> Applied | Refused:
    """At which stage of police work the complaint arose (投诉环节); a case may have several, each once."""
    return Applied(case.but(complaint_stages=tuple(dict.fromkeys((*case.complaint_stages, event.stage)))))


def commented(case: Case, event: Commented, *, at: datetime, rules: Rules) -> Applied | Refused:
    """A remark: the ledger keeps its text, the case stays as it is."""
    return Applied(case)
