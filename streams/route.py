"""Reads `labels`, writes `assignments.<unit>`, `notices.<unit>` and `dead-letters`: who hosts a letter, or why a person decides.

A letter is decided once, whatever is fed or restarted: its case is the proof (invariant 2). A later revision keeps the
decision until an officer asks for another; but should it turn into a complaint, those complained about lose the letter
at once (信访工作条例 §28, §30).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from pydantic import ValidationError
from sqlalchemy import Connection

from casework.events import SYSTEM, RecusalFound
from casework.rules import Rules
from letters import topics
from letters.clock import Clock, to_ms
from letters.decisions import Decision
from letters.errors import InvalidRecord
from letters.messages import Deadline, Label, Letter
from router import Router
from storage.archive import SAME_MATTER, keep_snapshot
from storage.cases import (
    NewAssignment,
    NewCase,
    NewEntry,
    NewNotice,
    Undecided,
    letters_to_decide,
    write_cases,
    write_notices,
)
from storage.casework import NewClock, open_clocks_rows, revision_documents
from storage.database import Database
from storage.dead import NewDead
from storage.figures import add_moves
from storage.outbox import Outbox
from storage.sealing import Sealer
from streams.case_clocks import first_ring
from streams.case_opening import OpeningMoves
from streams.casework import CaseBook, Parts
from streams.dead import dead_row
from streams.dispatch import dispatches, open_writer
from streams.intake import danger_notice
from streams.label import not_ours
from streams.outbox_stage import OutboxStage
from streams.port import Outgoing, Prepared, Record
from streams.same_matter import Found, SameMatter, Waiting, same_matter_days


class Route(OutboxStage):
    """Labels → decisions and assignments."""

    name = "route"
    inputs: tuple[str, ...] = (topics.LABELS,)

    def __init__(
        self,
        database: Database,
        outbox: Outbox,
        sealer: Sealer,
        router: Router,
        rules: Rules,
        clock: Clock,
        files: Mapping[str, bytes],
    ) -> None:
        """`files` are the bureau's, kept with the first decision so that any decision can be replayed."""
        super().__init__(database, outbox, clock)
        self._files: Mapping[str, bytes] | None = files
        self.parts = Parts(router, rules, sealer)
        self._within = same_matter_days(router.bureau.policy)

    def work(self, records: Sequence[Record]) -> Prepared:
        """One transaction: cases, ledger, assignments, notices and the outbox."""
        now = self._clock.now()
        labels: list[tuple[Record, Label]] = []
        dead: list[NewDead] = []
        for record in records:
            try:
                labels.append((record, Label.model_validate_json(record.value)))
            except ValidationError as error:
                dead.append(dead_row(record, not_ours("label", record, error), now))
        with self._database.write() as connection:
            if self._files is not None:
                keep_snapshot(connection, self._files, to_ms(now))
            letters = letters_to_decide(connection, [label.letter_id for _, label in labels])
            fresh = {label.letter_id: found for _, label in labels if (found := letters.get(label.letter_id))}
            waiting = {id_: self._waiting(found) for id_, found in fresh.items() if not found.decided}
            matters = SameMatter(connection, list(waiting.values()), self.parts.sealer, self._within)
            batch = _Batch(self, now, matters)
            again = False
            revised: set[tuple[int, int]] = set()
            for record, label in labels:
                found = letters.get(label.letter_id)
                if found is None:
                    dead.append(dead_row(record, _unknown(record, label), now))
                    continue
                if label.revision > 1:
                    revised.add((found.letter_no, label.revision))
                if found.decided:
                    again = True
                else:
                    batch.decide(waiting[label.letter_id], label)
                    letters[label.letter_id] = found._replace(decided=True)
            batch.write(connection)
            book = CaseBook(self.parts, connection, now)
            self._attach(book, batch)
            self._look_again(connection, book, revised)
            told = book.write()
            fresh_notices = {
                notice.notice_id for notice in write_notices(connection, [row for row, _ in batch.notices])
            }
            refused, dead_messages = self.bury(connection, dead)
            outgoing = [message for row, message in batch.notices if row.notice_id in fresh_notices]
            outgoing += batch.outgoing + told + dead_messages
            prepared = self.prepared(connection, outgoing, refused, again=again)
        self._files = None
        return prepared

    def decide(self, waiting: Waiting, label: Label, found: Found | None, now: datetime) -> Decision:
        """What the rules say of the letter."""
        if found is None:
            return self.parts.router.decide(waiting.letter, label, at=now)
        return self.parts.router.decide(
            waiting.letter, label, at=now, earlier=found.earlier, writer_known=found.writer_known
        )

    def _waiting(self, found: Undecided) -> Waiting:
        letter = Letter.model_validate_json(found.document)
        return Waiting(found.letter_no, letter, open_writer(letter, self.parts.sealer))

    def _attach(self, book: CaseBook, batch: _Batch) -> None:
        """Merged letters know where their matter goes on, and who works on it is told once."""
        numbers = batch.matters.numbers(found.earlier.letter_id for _, found in batch.merged)
        book.load({waiting.letter_no for waiting, _ in batch.merged} | set(numbers.values()))
        for waiting, found in batch.merged:
            into = found.earlier.letter_id
            book.put(waiting.letter_no, book.case(waiting.letter_no).but(merged_into=into))
            book.attach(waiting.letter_no, numbers[into])

    def _look_again(self, connection: Connection, book: CaseBook, revised: set[tuple[int, int]]) -> None:
        """A revision that complains about somebody shuts them out, whatever was decided before."""
        found: dict[int, RecusalFound] = {}
        for (number, _), document in sorted(revision_documents(connection, revised).items()):
            recusal = self.parts.router.recusal(Letter.model_validate_json(document))
            if recusal is not None:
                found[number] = RecusalFound(
                    by=SYSTEM, units=recusal.units, persons=recusal.persons, reason=f"来信修订后：{recusal.reason}"
                )
        book.load(found)
        for number, event in found.items():
            case = book.case(number)
            if not set(event.units) <= set(case.recused) or not set(event.persons) <= set(case.recused_persons):
                book.recuse(number, event)


class _Batch:
    """What a batch of labels becomes."""

    def __init__(self, stage: Route, now: datetime, matters: SameMatter) -> None:
        self._stage = stage
        self.now = now
        self.matters = matters
        self.cases: list[NewCase] = []
        self.entries: list[NewEntry] = []
        self.assignments: list[NewAssignment] = []
        self.notices: list[tuple[NewNotice, Outgoing]] = []
        self.outgoing: list[Outgoing] = []
        self.merged: list[tuple[Waiting, Found]] = []
        self._clocks: list[NewClock] = []
        self._moves = OpeningMoves()

    def decide(self, waiting: Waiting, label: Label) -> None:
        stage, now, number, letter = self._stage, self.now, waiting.letter_no, waiting.letter
        found = self.matters.of(waiting)
        decision = stage.decide(waiting, label, found, now)
        at = to_ms(now)
        recusal = decision.recusal
        self.cases.append(
            NewCase(
                number,
                decision.outcome,
                decision.round,
                decision.rule,
                decision.category,
                decision.host.code if decision.host else None,
                ",".join(unit.code for unit in decision.co_units),
                ",".join(recusal.units) if recusal else "",
                at,
            )
        )
        if found is not None:
            self.entries.append(NewEntry(number, at, SAME_MATTER, "router", found.model_dump_json().encode()))
        self.entries.append(NewEntry(number, at, "decided", "router", decision.model_dump_json().encode()))
        due = self._dispatch(waiting, decision)
        self._moves.add(letter, decision, due)
        self.matters.decided(waiting, decision)
        if decision.outcome == "merged" and found is not None:
            self.merged.append((waiting, found))
            self.matters.merged(number, found.earlier.letter_id)
        if decision.danger:
            alarm = danger_notice(stage.parts.router, letter, number, decision.danger, now)
            if alarm:
                self.notices.append(alarm)

    def write(self, connection: Connection) -> None:
        """Cases, ledger, assignments, clocks, counters and marks."""
        write_cases(connection, self.cases, self.entries, self.assignments)
        open_clocks_rows(connection, self._clocks)
        add_moves(connection, self._moves.moves())
        self.matters.write()

    def _dispatch(self, waiting: Waiting, decision: Decision) -> tuple[Deadline, ...]:
        parts = self._stage.parts
        made, due = dispatches(
            waiting.letter,
            waiting.letter_no,
            decision,
            waiting.writer,
            router=parts.router,
            calendar=parts.rules.calendar,
            at=self.now,
        )
        for dispatch in made:
            self.assignments.append(dispatch.row)
            self.outgoing.append(dispatch.message)
        ring = first_ring(waiting.letter, due, parts.rules.policy)
        if ring is not None:
            self._clocks.append(NewClock(waiting.letter_no, ring, ""))
        return due


def _unknown(record: Record, label: Label) -> InvalidRecord:
    return InvalidRecord(
        "unknown_letter",
        f"{record.topic} carries a label for letter {label.letter_id}, which the database does not hold; if the database"
        " is new, feed the intake topics again first, then this record",
    )
