"""A decision and its letter go in; the assignments for host and co-units come out, each with what that unit may know."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from casework.calendar import WorkCalendar
from casework.clocks import deadlines
from letters import ids
from letters.clock import to_ms
from letters.decisions import Decision, Recusal
from letters.messages import Assignment, Contact, Deadline, Letter, Role, Source, UnitRef, Writer
from router import Router
from storage.cases import NewAssignment
from storage.sealing import Sealer
from streams.outgoing import assignment_out
from streams.port import Outgoing


class Dispatch(NamedTuple):
    """One assignment: its row (without the writer's contact) and its message."""

    row: NewAssignment
    message: Outgoing


class Round(NamedTuple):
    """What the assignments of one round share. `category` and `decision` are the decision's that made it."""

    letter_no: int
    number: int
    host: UnitRef
    co_units: tuple[UnitRef, ...]
    category: str | None
    decision: UUID
    reason: str
    at: datetime


def dispatches(
    letter: Letter,
    letter_no: int,
    decision: Decision,
    writer: Writer | None,
    *,
    router: Router,
    calendar: WorkCalendar,
    at: datetime,
) -> tuple[list[Dispatch], tuple[Deadline, ...]]:
    """The host's assignment first, with the deadlines of all; nothing while a person has to decide."""
    if decision.host is None or decision.outcome not in ("dispatched", "escalated"):
        return [], ()
    due = deadlines(letter, router.bureau.policy, calendar)
    round_ = Round(
        letter_no,
        decision.round,
        decision.host,
        decision.co_units,
        decision.category,
        decision.decision_id,
        decision.reason,
        at,
    )
    units: list[tuple[UnitRef, Role]] = [(decision.host, "host"), *((unit, "assist") for unit in decision.co_units)]
    return [make(letter, round_, unit, role, due, writer, decision.recusal, router) for unit, role in units], due


def make(
    letter: Letter,
    round_: Round,
    unit: UnitRef,
    role: Role,
    due: Sequence[Deadline],
    writer: Writer | None,
    recusal: Recusal | None,
    router: Router,
) -> Dispatch:
    """One unit's assignment; raises `RecusalBreached` rather than reach or name a recused unit."""
    assignment = Assignment.model_construct(  # the values come out of checked messages
        assignment_id=ids.assignment_id(letter.letter_id, round_.number, unit.code),
        letter_id=letter.letter_id,
        round=round_.number,
        unit=unit,
        role=role,
        host=round_.host,
        co_units=round_.co_units,
        source=Source(channel=letter.channel, source_id=letter.source_id),
        title=letter.title,
        body=letter.body,
        category=round_.category,
        place=letter.place,
        urgency=letter.urgency,
        arrived_at=letter.arrived_at,
        assigned_at=round_.at,
        deadlines=tuple(due),
        reason=round_.reason,
        decision=round_.decision,
        attachments=letter.attachments,
    )
    document = assignment.model_dump_json().encode()
    at = to_ms(round_.at)
    row = NewAssignment(round_.letter_no, round_.number, unit.code, assignment.assignment_id, role, at, document)
    contact = _contact(letter, writer) if role == "host" else None
    told = _with_contact(document, contact) if contact else document
    return Dispatch(row, assignment_out(assignment, told, recusal, router))


def open_writer(letter: Letter, sealer: Sealer) -> Writer | None:
    """Who wrote, for the steps that need it: the host's contact and finding the same writer's letters."""
    return None if letter.writer is None else sealer.open(letter.writer, str(letter.letter_id))


def _with_contact(document: bytes, contact: Contact) -> bytes:
    """The same JSON with the contact filled in: inside a JSON string every quote is escaped, so this place is unique."""
    return document.replace(b'"contact":null', b'"contact":' + contact.model_dump_json().encode(), 1)


def _contact(letter: Letter, writer: Writer | None) -> Contact | None:
    """How the host reaches the writer; nothing where the writer asked for confidentiality (保密)."""
    if letter.confidential or writer is None or not (writer.name or writer.phone):
        return None
    return Contact(name=writer.name, phone=writer.phone)
