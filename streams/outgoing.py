"""Messages for units: the last gate before a unit's topic (invariant 5). Recusal is asked once more here, so that a
mistake in a rule cannot carry a complaint to the one it complains about."""

from __future__ import annotations

from uuid import UUID

from letters import topics
from letters.decisions import Recusal
from letters.errors import JiesuError
from letters.messages import Assignment, Notice
from router import Router
from streams.port import MESSAGE_ID, Outgoing


class RecusalBreached(JiesuError):
    """A message about a letter was about to leave for a unit that must not learn of it; nothing was sent."""


def assignment_out(assignment: Assignment, document: bytes, recusal: Recusal | None, router: Router) -> Outgoing:
    """An assignment on its unit's topic; `document` is its JSON as the unit shall see it."""
    _gate(assignment.unit.code, assignment.letter_id, recusal, router)
    for other in (assignment.host, *assignment.co_units):
        _gate(other.code, assignment.letter_id, recusal, router)
    return Outgoing(
        topics.assignments(assignment.unit.code),
        str(assignment.letter_id).encode(),
        document,
        ((MESSAGE_ID, str(assignment.assignment_id).encode()),),
    )


def notice_out(notice: Notice, unit: str, recusal: Recusal | None, router: Router) -> Outgoing:
    """A notice on a unit's topic."""
    subject = notice.letter_id or notice.incident_id
    _gate(unit, notice.letter_id, recusal, router)
    return Outgoing(
        topics.notices(unit),
        str(subject).encode(),
        notice.model_dump_json().encode(),
        ((MESSAGE_ID, str(notice.notice_id).encode()),),
    )


def _gate(unit: str, letter: UUID | None, recusal: Recusal | None, router: Router) -> None:
    if not router.may_reach(unit, recusal):
        raise RecusalBreached(f"letter {letter} must not reach unit {unit}: {recusal.reason if recusal else ''}")


def withdrawal_out(notice: Notice, unit: str) -> Outgoing:
    """The one word that may reach a unit which was recused after it got an assignment: that this assignment, which it
    has, is withdrawn. Its text is that of every withdrawal, so it tells nothing of a complaint."""
    return Outgoing(
        topics.notices(unit),
        str(notice.letter_id).encode(),
        notice.model_dump_json().encode(),
        ((MESSAGE_ID, str(notice.notice_id).encode()),),
    )
