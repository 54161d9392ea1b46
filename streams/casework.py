"""Cases and what happens to them go in; their rows, messages and counters come out: the one way in which a case changes.

A `CaseBook` lives as long as a transaction. Stages, the clock and officers' commands all write through it, so that ledger,
projection, clocks, counters and outbox can never tell different stories of a letter.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Connection

from casework.case import Case
from casework.events import Actor, Event, RecusalFound
from casework.machine import apply
from casework.outcomes import Applied, AssignmentMade, AssignmentWithdrawn, DeadlinesChanged, NoticeSent, Refused
from casework.reminders import Rung, tick
from casework.rules import Rules
from letters.clock import to_ms
from letters.decisions import decision_id
from letters.ids import notice_id
from letters.messages import Letter, Notice
from router import Router
from storage.cases import NewAssignment, NewEntry, NewNotice, write_entries, write_notices
from storage.casework import load_cases, newest_letter, numbers_of, set_clocks, write_changed
from storage.figures import add_moves
from storage.sealing import Sealer
from streams.case_clocks import clocks_of, fired_from_text
from streams.case_opening import case_of, moves, recusal_of
from streams.case_rows import Held, clock_row, ends, projection
from streams.dispatch import Round, make, open_writer
from streams.outgoing import notice_out, withdrawal_out
from streams.port import Outgoing

_SILENT = ("progress_reported", "calendar_grew")
"""Events that leave no trace where they change nothing: repeats, and deadlines that no new holiday moves."""
OFFICER = "officer"
"""What stands in `cases.rule` once a person decided who hosts."""


class Parts(NamedTuple):
    """What casework needs beside the database."""

    router: Router
    rules: Rules
    sealer: Sealer


class CaseBook:
    """The cases of one transaction."""

    def __init__(self, parts: Parts, connection: Connection, now: datetime) -> None:
        self._parts = parts
        self._connection = connection
        self._now = now
        self._held: dict[int, Held] = {}
        self._entries: list[NewEntry] = []
        self._assignments: list[NewAssignment] = []
        self._messages: list[Outgoing] = []
        self._notices: list[tuple[NewNotice, Outgoing]] = []

    def load(self, numbers: Iterable[int], *, hold: bool = True) -> None:
        """Take these letters in, all in one call, so that workers hold them in one order."""
        found = load_cases(self._connection, set(numbers) - self._held.keys(), hold=hold)
        for number, stored in found.items():
            case = case_of(stored, self._parts.rules)
            fired = fired_from_text(stored.fired)
            self._held[number] = Held(stored, case, case, stored.version, fired, stored.category)

    def __contains__(self, number: int) -> bool:
        return number in self._held

    def case(self, number: int) -> Case:
        """The case as it is now."""
        return self._held[number].case

    def number(self, letter: UUID) -> int:
        """The number of a letter that is loaded."""
        return next(number for number, held in self._held.items() if held.stored.letter_id == letter)

    def version(self, number: int) -> int:
        """How many events changed it."""
        return self._held[number].version

    def category(self, number: int) -> str | None:
        """The letter's category as it is now."""
        return self._held[number].category

    def apply(self, number: int, event: Event) -> Applied | Refused:
        """Let an event happen, or record that it was refused. A repeat leaves no trace."""
        held = self._held[number]
        answer = apply(held.case, event, at=self._now, rules=self._parts.rules)
        if isinstance(answer, Refused):
            refused = {"reason": answer.reason, "message": answer.message, "event": json.loads(event.model_dump_json())}
            self.note(number, "refused", event.by, json.dumps(refused, ensure_ascii=False).encode())
            return answer
        unchanged = answer.case is held.case and not answer.effects
        if unchanged and event.event in _SILENT:
            return answer
        self.note(number, event.event, event.by, event.model_dump_json().encode())
        if unchanged:
            return answer
        held.case, held.version, held.dirty = answer.case, held.version + 1, True
        if event.event in ("dispatched", "jointly_decided"):
            held.rule = OFFICER if event.by.role != "system" else None
        for effect in answer.effects:
            if isinstance(effect, AssignmentMade):
                self._assign(held, effect)
            elif isinstance(effect, AssignmentWithdrawn):
                self._withdraw(held, effect)
            elif isinstance(effect, NoticeSent):
                self._notify(held, effect.unit, effect.notice)
            else:
                assert isinstance(effect, DeadlinesChanged)  # noqa: S101 - the case itself holds them
        return answer

    def recuse(self, number: int, event: RecusalFound) -> Applied | Refused:
        """As `apply`; where the letter had been merged, the inspection unit also hears which of the accused had been
        told that it exists."""
        before = self.case(number)
        answer = self.apply(number, event)
        target = self._number_of(before.merged_into) if before.stage == "merged" and before.merged_into else None
        if isinstance(answer, Refused) or target is None:
            return answer
        told = [task.unit for task in self.case(target).open_tasks if task.unit.code in answer.case.recused]
        if told:
            offices = self._parts.rules.offices
            office = offices.instead_of(offices.inspection, answer.case.recused)
            names = "、".join(unit.name for unit in told)
            notice = Notice(
                notice_id=notice_id("work_slip", str(before.letter_id), office, f"recusal-after-merge:{names}"),
                kind="work_slip",
                letter_id=before.letter_id,
                title=f"工作提示单：{before.channel} {before.source_id}",
                text=f"此件认定回避前，{names}已获知有此来信（编号），未获知内容，请督察关注。",
                at=self._now,
            )
            self.tell(number, office, notice)
        return answer

    def attach(self, number: int, into: int) -> None:
        """Who works on `into` is told, once, that another letter on the same matter joined it; its clocks run on."""
        joined, case = self.case(number), self.case(into)
        for task in case.open_tasks:
            notice = Notice(
                notice_id=notice_id("work_slip", str(case.letter_id), task.unit.code, f"attached:{joined.letter_id}"),
                kind="work_slip",
                letter_id=case.letter_id,
                title=f"同一事项来信并入：{case.channel} {case.source_id}",
                text=f"就同一事项又有来信（{joined.channel} {joined.source_id}），已并入此件一并办理，时限不变。",
                at=self._now,
            )
            if task.unit.code not in joined.recused:
                self.tell(into, task.unit.code, notice)

    def put(self, number: int, case: Case) -> None:
        """Keep a case that differs from what letter and decision say without an event of its own."""
        held = self._held[number]
        held.case, held.version, held.dirty = case, held.version + 1, True

    def relabel(self, number: int, category: str) -> None:
        """An officer's category takes the place of the machine's."""
        held = self._held[number]
        held.category, held.version, held.dirty = category, held.version + 1, True

    def note(self, number: int, event: str, by: Actor, document: bytes) -> None:
        """A line of the ledger."""
        who = by.unit if by.role == "unit" else by.name
        actor = f"{by.role}:{who or ''}"[:64]
        self._entries.append(NewEntry(number, to_ms(self._now), event, actor, document))

    def tell(self, number: int, unit: str, notice: Notice) -> None:
        """A notice about this letter; none where the unit is recused."""
        held = self._held[number]
        if self._parts.router.may_reach(unit, recusal_of(held.case)):
            self._notify(held, unit, notice)

    def ring(self, number: int) -> int:
        """Take every rung of the letter's clocks that is due; how many."""
        held = self._held[number]
        clocks = clocks_of(held.case, held.fired, self._parts.rules)
        alerts = tick(clocks, self._now, self._parts.rules)
        held.rang = True
        for alert in alerts:
            held.fired.add(alert.clock, alert.rung)
            if alert.notice is not None:
                self.tell(number, alert.unit, alert.notice)
        return len(alerts)

    def taken(self, number: int) -> dict[str, set[Rung]]:
        """Which rungs of the letter's clocks were taken, for `jiesu trace`."""
        return dict(self._held[number].fired.rungs)

    def write(self) -> list[Outgoing]:
        """All rows; the messages to send."""
        rules = self._parts.rules
        dirty = [held for held in self._held.values() if held.dirty]
        write_entries(self._connection, self._entries, self._assignments)
        write_changed(
            self._connection,
            [projection(held) for held in dirty],
            [end for held in dirty for end in ends(held).items()],
        )
        fresh = {row.notice_id for row in write_notices(self._connection, [row for row, _ in self._notices])}
        set_clocks(
            self._connection, [clock_row(held, rules) for held in self._held.values() if held.dirty or held.rang]
        )
        add_moves(self._connection, [move for held in dirty for move in moves(held.before, held.case)])
        told: set[UUID] = set()
        for row, message in self._notices:
            if row.notice_id in fresh and row.notice_id not in told:
                told.add(row.notice_id)
                self._messages.append(message)
        return self._messages

    def _number_of(self, letter: UUID) -> int | None:
        number = numbers_of(self._connection, [letter]).get(letter)
        if number is not None:
            self.load([number])
        return number

    def letter(self, number: int) -> Letter:
        """The newest revision."""
        return Letter.model_validate_json(newest_letter(self._connection, self._held[number].stored))

    def _assign(self, held: Held, made: AssignmentMade) -> None:
        task, case = made.task, held.case
        letter = self.letter(held.stored.letter_no)
        tasks = [each for each in case.tasks if each.round == task.round]
        host = next(each.unit for each in tasks if each.role == "host")
        round_ = Round(
            held.stored.letter_no,
            task.round,
            host,
            tuple(each.unit for each in tasks if each.role == "assist"),
            held.category,
            decision_id(letter.letter_id, letter.revision, task.round),
            made.reason,
            task.assigned_at,
        )
        writer = open_writer(letter, self._parts.sealer) if task.role == "host" else None
        dispatch = make(
            letter, round_, task.unit, task.role, task.deadlines, writer, recusal_of(case), self._parts.router
        )
        self._assignments.append(dispatch.row)
        self._messages.append(dispatch.message)

    def _withdraw(self, held: Held, effect: AssignmentWithdrawn) -> None:
        """An accused unit that has not opened it is told what any unit is told whose assignment goes to another, word
        for word: that it is withdrawn, and nothing of why (信访工作条例 §30)."""
        if effect.seen or effect.unit not in held.case.recused:
            return
        notice = Notice(
            notice_id=notice_id(
                "withdrawal", str(held.case.letter_id), effect.unit, f"withdrawal:{effect.assignment_id}"
            ),
            kind="withdrawal",
            letter_id=held.case.letter_id,
            title=f"派单撤回：{held.case.channel} {held.case.source_id}",
            text=f"派单 {effect.assignment_id} 已撤回，请停止办理。",
            at=self._now,
        )
        self._notices.append((self._row(held, effect.unit, notice), withdrawal_out(notice, effect.unit)))

    def _notify(self, held: Held, unit: str, notice: Notice) -> None:
        message = notice_out(notice, unit, recusal_of(held.case), self._parts.router)
        self._notices.append((self._row(held, unit, notice), message))

    def _row(self, held: Held, unit: str, notice: Notice) -> NewNotice:
        document = notice.model_dump_json().encode()
        return NewNotice(notice.notice_id, held.stored.letter_no, unit, notice.kind, to_ms(notice.at), document)
