"""Who may do what: every event tried in every capacity."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from casework.events import EVENT, EVENT_TYPES
from casework.machine import HANDLERS
from casework.outcomes import Refused
from casework.roles import MAY, UNKNOWN, capacity

CAPACITIES = ("host", "assist", "outsider", "duty_officer", "mailbox_team", "leader", "inspection", "system")
EVENTS = tuple(kind.model_fields["event"].default for kind in EVENT_TYPES)


def actor(play: Any, acting: str) -> dict[str, Any]:
    units = {"host": play.HOST, "assist": play.ASSIST, "outsider": play.THIRD}
    if acting in units:
        return {"role": "unit", "unit": units[acting].code, "name": "张警官"}
    return {"role": acting, "name": "某某"}


def facts(play: Any, acting: str) -> dict[str, Any]:
    """Enough for any event: each takes what it needs."""
    by = play.ASSIST if acting == "assist" else play.HOST
    progress = play.report("signed", by).progress
    return {
        "host": play.THIRD, "participants": (play.HOST.code, play.THIRD.code), "reason": "理由", "progress": progress,
        "until": play.now + timedelta(days=20), "granted": True, "passed": True, "reached": False, "upheld": True,
        "due_at": play.now + timedelta(days=3), "result": "已办", "into": UUID(int=3), "to": "12345",
        "units": (play.THIRD.code,), "lead_id": "1", "stage": "接处警", "text": "备注",
    }  # fmt: skip


@pytest.mark.parametrize("name", EVENTS)
@pytest.mark.parametrize("acting", CAPACITIES)
def test_an_event_is_for_those_whom_the_table_names(play: Callable[..., Any], name: str, acting: str) -> None:
    p = play()
    event = EVENT.validate_python({"event": name, "by": actor(p, acting)} | facts(p, acting))
    assert capacity(p.case, event.by) == acting
    answer = p.attempt(event)
    shut_out = isinstance(answer, Refused) and answer.reason in ("not_allowed", "unknown_case")
    assert shut_out == (acting not in MAY[name])
    if acting == "outsider":
        assert answer == UNKNOWN


def test_every_event_has_its_handler_and_its_roles() -> None:
    assert set(EVENTS) == set(HANDLERS) == set(MAY)


def test_a_unit_without_a_code_is_an_outsider(play: Callable[..., Any]) -> None:
    p = play()
    told = p.report("signed").model_copy(update={"by": p.UNIT(p.HOST).model_copy(update={"unit": None})})
    assert p.attempt(told) == UNKNOWN
