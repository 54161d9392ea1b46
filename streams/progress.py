"""Reads `progress.<unit>`, writes `notices.<unit>` and `dead-letters`: what units report, each held against its own case.

The topic is the sender (invariant 7): a report about another unit's assignment is refused and recorded. A message that
is no report becomes a dead letter; one that does not count is kept with the reason, and its number stays free.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import NAMESPACE_URL, UUID, uuid5

from casework.events import Actor, ProgressReported
from casework.outcomes import Refused
from casework.progress import Rejected, read_progress
from letters import topics
from letters.clock import Clock, to_ms
from letters.errors import InvalidRecord
from letters.messages import Progress
from storage.cases import Assigned, NewProgress, assignments_by_id, reports_known, write_progress
from storage.database import Database
from storage.dead import NewDead
from storage.outbox import Outbox
from streams.casework import CaseBook, Parts
from streams.dead import dead_row, digest
from streams.outbox_stage import OutboxStage
from streams.port import Prepared, Record


class TakeProgress(OutboxStage):
    """Units' reports → cases, progress rows and ledger entries."""

    name = "progress"
    inputs: tuple[str, ...] = (topics.progress("*"),)

    def __init__(self, database: Database, outbox: Outbox, clock: Clock, parts: Parts) -> None:
        super().__init__(database, outbox, clock)
        self._parts = parts

    def work(self, records: Sequence[Record]) -> Prepared:
        """One transaction: reports, cases, ledger, notices, dead letters and the outbox."""
        now = self._clock.now()
        reports: list[tuple[UUID, Record, Progress]] = []
        dead: list[NewDead] = []
        for record in records:
            found = _read(record.value)
            if isinstance(found, Rejected):
                dead.append(dead_row(record, InvalidRecord(found.reason, found.message), now))
            else:
                reports.append((report_id(record), record, found))
        with self._database.write() as connection:
            known = reports_known(connection, [id_ for id_, _, _ in reports])
            assigned = assignments_by_id(connection, [report.assignment_id for _, _, report in reports])
            book = CaseBook(self._parts, connection, now)
            book.load(each.letter_no for each in assigned.values())
            rows = [
                row
                for id_, record, report in reports
                if id_ not in known
                and (row := self._take(book, id_, record, report, assigned.get(report.assignment_id), now))
            ]
            write_progress(connection, rows, [])
            messages = book.write()
            refused, dead_messages = self.bury(connection, dead)
            return self.prepared(connection, messages + dead_messages, refused)

    def _take(
        self, book: CaseBook, id_: UUID, record: Record, report: Progress, assigned: Assigned | None, now: datetime
    ) -> NewProgress | None:
        """The report's row; None for a repeat of one that counted."""
        unit = topics.unit_of(record.topic) or ""
        refused: str | None = "unknown_assignment"
        if assigned is not None:
            event = ProgressReported(by=Actor(role="unit", unit=unit, name=report.by), progress=report)
            before = book.case(assigned.letter_no)
            answer = book.apply(assigned.letter_no, event)
            if not isinstance(answer, Refused):
                refused = None
                if answer.case is before:
                    return None
            elif answer.reason == "unknown_case":
                refused = "not_yours" if assigned.unit != unit else "assignment_over"
            else:
                refused = answer.reason
        return NewProgress(
            id_,
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


def _read(value: bytes) -> Progress | Rejected:
    try:
        return read_progress(value)
    except OverflowError:  # the last hours of the year 9999 have no time in Shanghai
        return Rejected("bad_time", "时间 at 超出可表示的范围，请核对后重新上报。")


def report_id(record: Record) -> UUID:
    """uuid5 of a message's place and content: read again it is the same report, sent again it is another."""
    place = f"{record.topic}:{record.partition}:{record.offset}:{digest(record.value).hex()}"
    return uuid5(NAMESPACE_URL, f"urn:jiesu:report:{place}")
