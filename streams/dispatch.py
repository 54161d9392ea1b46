"""A decision and its letter go in; the assignments for host and co-units come out, each with what that unit may know."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from casework.calendar import WorkCalendar
from casework.clocks import deadlines
from letters import ids
from letters.clock import to_ms
from letters.decisions import Decision
from letters.messages import Assignment, Contact, Letter, Role, Source, UnitRef
from router import Router
from storage.cases import NewAssignment
from storage.sealing import Sealer
from streams.outgoing import assignment_out
from streams.port import Outgoing


class Dispatch(NamedTuple):
    """One assignment: its row (without the writer's contact) and its message."""

    row: NewAssignment
    message: Outgoing


def dispatches(
    letter: Letter,
    letter_no: int,
    decision: Decision,
    *,
    router: Router,
    calendar: WorkCalendar,
    sealer: Sealer,
    at: datetime,
) -> list[Dispatch]:
    """The host's assignment first; none while a person has to decide."""
    if decision.host is None or decision.outcome not in ("dispatched", "escalated"):
        return []
    due = deadlines(letter, router.bureau.policy, calendar)
    contact = _contact(letter, sealer)
    made: list[Dispatch] = []
    units: list[tuple[UnitRef, Role]] = [(decision.host, "host"), *((unit, "assist") for unit in decision.co_units)]
    for unit, role in units:
        assignment = Assignment(
            assignment_id=ids.assignment_id(letter.letter_id, decision.round, unit.code),
            letter_id=letter.letter_id,
            round=decision.round,
            unit=unit,
            role=role,
            host=decision.host,
            co_units=decision.co_units,
            source=Source(channel=letter.channel, source_id=letter.source_id),
            title=letter.title,
            body=letter.body,
            category=decision.category,
            place=letter.place,
            urgency=letter.urgency,
            arrived_at=letter.arrived_at,
            assigned_at=at,
            deadlines=due,
            reason=decision.reason,
            decision=decision.decision_id,
            attachments=letter.attachments,
        )
        document = assignment.model_dump_json().encode()
        row = NewAssignment(letter_no, decision.round, unit.code, assignment.assignment_id, role, to_ms(at), document)
        told = _with_contact(document, contact) if role == "host" and contact else document
        made.append(Dispatch(row, assignment_out(assignment, told, decision.recusal, router)))
    return made


def _with_contact(document: bytes, contact: Contact) -> bytes:
    """The same JSON with the contact filled in: inside a JSON string every quote is escaped, so this place is unique."""
    return document.replace(b'"contact":null', b'"contact":' + contact.model_dump_json().encode(), 1)


def _contact(letter: Letter, sealer: Sealer) -> Contact | None:
    """How the host reaches the writer; nothing where the writer asked for confidentiality (保密)."""
    if letter.confidential or letter.writer is None:
        return None
    writer = sealer.open(letter.writer, str(letter.letter_id))
    if not writer.name and not writer.phone:
        return None
    return Contact(name=writer.name, phone=writer.phone)
