"""Reads `labels`, writes `assignments.<unit>`, `notices.<unit>` and `dead-letters`: who hosts a letter, or why a person decides.

A letter is decided once, whatever is fed or restarted: its case is the proof (invariant 2). A later revision keeps the
decision until an officer asks for another.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from pydantic import ValidationError

from casework.calendar import WorkCalendar
from letters import topics
from letters.clock import Clock, to_ms
from letters.decisions import Decision
from letters.errors import InvalidRecord
from letters.messages import Label, Letter
from router import Router
from storage.archive import keep_snapshot
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
from storage.database import Database
from storage.dead import NewDead
from storage.outbox import Outbox
from storage.sealing import Sealer
from streams.dead import dead_row
from streams.dispatch import dispatches
from streams.intake import danger_notice
from streams.label import not_ours
from streams.outbox_stage import OutboxStage
from streams.port import Outgoing, Prepared, Record


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
        calendar: WorkCalendar,
        clock: Clock,
        files: Mapping[str, bytes],
    ) -> None:
        """`files` are the bureau's, kept with the first decision so that any decision can be replayed."""
        super().__init__(database, outbox, clock)
        self._files: Mapping[str, bytes] | None = files
        self._sealer = sealer
        self._router = router
        self._calendar = calendar

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
            batch = _Batch(self, now)
            again = False
            for record, label in labels:
                found = letters.get(label.letter_id)
                if found is None:
                    dead.append(dead_row(record, _unknown(record, label), now))
                elif found.decided:
                    again = True
                else:
                    batch.decide(found, label)
                    letters[label.letter_id] = found._replace(decided=True)
            write_cases(connection, batch.cases, batch.entries, batch.assignments)
            fresh = {notice.notice_id for notice in write_notices(connection, [row for row, _ in batch.notices])}
            refused, dead_messages = self.bury(connection, dead)
            outgoing = [message for row, message in batch.notices if row.notice_id in fresh]
            outgoing += batch.outgoing + dead_messages
            prepared = self.prepared(connection, outgoing, refused, again=again)
        self._files = None
        return prepared

    def decide(self, found: Undecided, label: Label, now: datetime) -> tuple[Letter, Decision]:
        """The letter and what the rules say of it."""
        letter = Letter.model_validate_json(found.document)
        return letter, self._router.decide(letter, label, at=now)


class _Batch:
    """What a batch of labels becomes."""

    def __init__(self, stage: Route, now: datetime) -> None:
        self._stage = stage
        self._now = now
        self.cases: list[NewCase] = []
        self.entries: list[NewEntry] = []
        self.assignments: list[NewAssignment] = []
        self.notices: list[tuple[NewNotice, Outgoing]] = []
        self.outgoing: list[Outgoing] = []

    def decide(self, found: Undecided, label: Label) -> None:
        stage, now = self._stage, self._now
        letter, decision = stage.decide(found, label, now)
        at = to_ms(now)
        recusal = decision.recusal
        self.cases.append(
            NewCase(
                found.letter_no,
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
        self.entries.append(NewEntry(found.letter_no, at, "decided", "router", decision.model_dump_json().encode()))
        for dispatch in dispatches(
            letter,
            found.letter_no,
            decision,
            router=stage._router,
            calendar=stage._calendar,
            sealer=stage._sealer,
            at=now,
        ):
            self.assignments.append(dispatch.row)
            self.outgoing.append(dispatch.message)
        if decision.danger:
            alarm = danger_notice(stage._router, letter, found.letter_no, decision.danger, now)
            if alarm:
                self.notices.append(alarm)


def _unknown(record: Record, label: Label) -> InvalidRecord:
    return InvalidRecord(
        "unknown_letter",
        f"{record.topic} carries a label for letter {label.letter_id}, which the database does not hold; if the database"
        " is new, feed the intake topics again first, then this record",
    )
