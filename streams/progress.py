"""Reads `progress.<unit>`, writes `dead-letters`: what units report, each held against the assignment it speaks of.

The topic is the sender (invariant 7): a report about another unit's assignment is refused and recorded.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from pydantic import ValidationError

from letters import topics
from letters.clock import from_ms, to_ms
from letters.messages import Progress
from storage.cases import Assigned, NewEntry, NewProgress, assignments_by_id, progress_known, write_progress
from storage.dead import NewDead
from streams.dead import dead_row
from streams.label import not_ours
from streams.outbox_stage import OutboxStage
from streams.port import Prepared, Record

_CLOCKS_DIFFER = timedelta(minutes=5)
"""How far a unit's clock may run ahead of ours before its report counts as from the future."""


class TakeProgress(OutboxStage):
    """Units' reports → progress rows and ledger entries."""

    name = "progress"
    inputs: tuple[str, ...] = (topics.progress("*"),)

    def work(self, records: Sequence[Record]) -> Prepared:
        """One transaction: reports, ledger, dead letters and the outbox."""
        now = self._clock.now()
        reports: list[tuple[Record, Progress]] = []
        dead: list[NewDead] = []
        for record in records:
            try:
                reports.append((record, Progress.model_validate_json(record.value)))
            except ValidationError as error:
                dead.append(dead_row(record, not_ours("progress", record, error), now))
        with self._database.write() as connection:
            assigned = assignments_by_id(connection, [report.assignment_id for _, report in reports])
            known: dict[str, set[str]] = {}
            for topic in {record.topic for record, _ in reports}:
                mine = [report.progress_id for record, report in reports if record.topic == topic]
                known[topic] = progress_known(connection, topic, mine)
            rows: list[NewProgress] = []
            entries: list[NewEntry] = []
            for record, report in reports:
                if report.progress_id in known[record.topic]:
                    continue
                known[record.topic].add(report.progress_id)
                row = _row(record, report, assigned.get(report.assignment_id), now)
                rows.append(row)
                if row.letter_no is not None:
                    event = "progress_refused" if row.refused else "progress"
                    entries.append(NewEntry(row.letter_no, row.received_at, event, f"unit:{row.unit}", row.document))
            write_progress(connection, rows, entries)
            refused, messages = self.bury(connection, dead)
            return self.prepared(connection, messages, refused)


def _row(record: Record, report: Progress, assigned: Assigned | None, now: datetime) -> NewProgress:
    unit = topics.unit_of(record.topic) or ""
    if assigned is None:
        refused: str | None = "unknown_assignment"
    elif assigned.unit != unit:
        refused = "not_your_assignment"
    elif report.at > now + _CLOCKS_DIFFER:
        refused = "in_the_future"
    elif report.at < from_ms(assigned.assigned_at) - _CLOCKS_DIFFER:
        refused = "before_assignment"
    else:
        refused = None
    return NewProgress(
        record.topic,
        report.progress_id,
        report.assignment_id,
        assigned.letter_no if assigned else None,
        unit,
        report.step,
        to_ms(report.at),
        to_ms(now),
        refused,
        report.model_dump_json().encode(),
    )
