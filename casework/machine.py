"""The state machine of casework: a case and an event go in, the case as it is then, or a refusal, comes out.

Pure: the same case, event, time and rules give the same answer on every machine and every replay. The carrier writes
the event to the ledger, the case to its projection and the effects to the outbox, all in one transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Final

from casework import closing, dispatching, handling, noting
from casework.case import Case
from casework.events import Event
from casework.outcomes import Applied, Refused
from casework.roles import refuse
from casework.rules import Rules
from letters.clock import shanghai

_Handler = Callable[..., Applied | Refused]

HANDLERS: Final[dict[str, _Handler]] = {
    "dispatched": dispatching.dispatched,
    "jointly_decided": dispatching.jointly_decided,
    "merged": dispatching.merged,
    "split": dispatching.split,
    "transferred": dispatching.transferred,
    "recusal_found": dispatching.recusal_found,
    "progress_reported": handling.progress_reported,
    "extension_requested": handling.extension_requested,
    "extension_decided": handling.extension_decided,
    "calendar_grew": handling.calendar_grew,
    "reviewed": closing.reviewed,
    "revisited": closing.revisited,
    "demand_appealed": closing.demand_appealed,
    "appeal_decided": closing.appeal_decided,
    "closed": closing.closed,
    "reopened": closing.reopened,
    "supervision_opened": noting.supervision_opened,
    "supervision_closed": noting.supervision_closed,
    "thanks_recorded": noting.thanks_recorded,
    "lead_followed": noting.lead_followed,
    "complaint_stage_recorded": noting.complaint_stage_recorded,
    "commented": noting.commented,
}
"""One handler for each event, by its `event` field."""


def apply(case: Case, event: Event, *, at: datetime, rules: Rules) -> Applied | Refused:
    """What an event makes of a case at `at`, the aware time it was received.

    A refusal leaves the case as it was and never raises: bad input is an answer. Workers' clocks may differ a little,
    so a time before the case's last change counts as that change's: a case never runs backwards.
    """
    refused = refuse(case, event)
    if refused is not None:
        return refused
    now = max(shanghai(at), case.changed_at)
    answer = HANDLERS[event.event](case, event, at=now, rules=rules)
    if isinstance(answer, Refused) or answer.case is case:
        return answer
    return Applied(answer.case.but(changed_at=now), answer.effects)


def fold(case: Case, history: Iterable[tuple[datetime, Event]], *, rules: Rules) -> Case:
    """The case after its ledger's events in order; what was refused then is refused again and changes nothing."""
    for at, event in history:
        answer = apply(case, event, at=at, rules=rules)
        if isinstance(answer, Applied):
            case = answer.case
    return case
