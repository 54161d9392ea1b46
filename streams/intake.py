"""Reads `intake.<channel>`, writes `letters`, `dead-letters` and, for danger, `notices.<command centre>`.

Every record ends here as exactly one of: a letter, a revision or a repeat of one, or a dead letter (invariant 1).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection

from connectors import Parsed, read_record
from letters import ids, topics
from letters.clock import Clock, to_ms
from letters.decisions import Danger
from letters.errors import InvalidRecord
from letters.messages import Letter, Notice
from router import Router
from storage.cases import NewNotice, write_notices
from storage.database import Database
from storage.dead import NewDead
from storage.intake import (
    Known,
    NewLetter,
    NewRevision,
    Place,
    ReadRow,
    already_read,
    known_letters,
    next_numbers,
    write_intake,
)
from storage.outbox import Outbox
from storage.sealing import Sealer
from streams.dead import dead_row, digest
from streams.outbox_stage import OutboxStage
from streams.outgoing import notice_out
from streams.port import MESSAGE_ID, Outgoing, Prepared, Record


class Intake(OutboxStage):
    """Upstream records → letters."""

    name = "intake"

    def __init__(
        self, database: Database, outbox: Outbox, sealer: Sealer, router: Router, clock: Clock, inputs: tuple[str, ...]
    ) -> None:
        super().__init__(database, outbox, clock)
        self.inputs = inputs
        self._sealer = sealer
        self._router = router

    def work(self, records: Sequence[Record]) -> Prepared:
        """One transaction: raw records, letters, revisions, dead letters and the outbox."""
        now = self._clock.now()
        read = [(record, Place(*record[:3], digest(record.value)), _read(record, now)) for record in records]
        with self._database.write() as connection:
            done = already_read(connection, [place for _, place, _ in read])
            fresh = [entry for entry in read if entry[1] not in done]
            wanted = {found.letter.letter_id for _, _, found in fresh if isinstance(found, Parsed)}
            known = known_letters(connection, list(wanted))
            numbers = iter(next_numbers(connection, len(wanted - known.keys())))
            batch = _Batch(self, now, known)
            for record, place, found in fresh:
                batch.take(record, place, found, numbers)
            write_intake(connection, batch.reads, batch.letters, batch.revisions, self._sealer)
            dead, dead_messages = self.bury(connection, batch.dead)
            notices = {notice.notice_id for notice in write_notices(connection, batch.notices)}
            outgoing = (
                batch.alarms(notices)  # danger first: it does not queue behind a batch of letters
                + batch.outgoing
                + dead_messages
            )
            return self.prepared(connection, outgoing, dead, again=bool(done))

    def note_dead(self, connection: Connection, record: Record, row: NewDead) -> None:
        """The record's place is kept, so that it counts as read."""
        place = Place(*record[:3], digest(record.value))
        if place not in already_read(connection, [place]):
            read = ReadRow(place, "dead", None, None, record.timestamp, row.at, record.headers, None)
            write_intake(connection, [read], [], [], self._sealer)

    def sealed(self, found: Parsed, revision: int) -> Letter:
        """The letter as it travels: numbered, its writer sealed."""
        letter = found.letter
        token = self._sealer.seal(found.writer, str(letter.letter_id)) if found.writer else None
        return letter.model_copy(update={"revision": revision, "writer": token})

    def alarm(self, letter: Letter, letter_no: int, now: datetime) -> tuple[NewNotice, Outgoing] | None:
        """A notice to the command centre when the letter speaks of danger, unless it complains about that very unit."""
        danger = self._router.danger(letter)
        if danger is None:
            return None
        return danger_notice(self._router, letter, letter_no, danger, now)


class _Batch:
    """What a batch becomes, record by record in the order read."""

    def __init__(self, stage: Intake, now: datetime, known: dict[UUID, Known]) -> None:
        self._stage = stage
        self._now = now
        self._at = to_ms(now)
        self._known = known
        self.reads: list[ReadRow] = []
        self.letters: list[NewLetter] = []
        self.revisions: list[NewRevision] = []
        self.dead: list[NewDead] = []
        self.notices: list[NewNotice] = []
        self.outgoing: list[Outgoing] = []
        self._alarms: dict[UUID, Outgoing] = {}

    def take(self, record: Record, place: Place, found: Parsed | InvalidRecord, numbers: Iterator[int]) -> None:
        if isinstance(found, InvalidRecord):
            self.dead.append(dead_row(record, found, self._now))
            self._note(record, place, "dead", None, None)
            return
        letter = found.letter
        known = self._known.get(letter.letter_id)
        if known is None:
            number = next(numbers)
            document = self._send(found, number, 1)
            self.letters.append(
                NewLetter(
                    number, letter.letter_id, letter.channel, letter.source_id, 1, letter.kind,
                    to_ms(letter.arrived_at), self._at, found.content, document,
                )
            )  # fmt: skip
            self._known[letter.letter_id] = Known(number, 1, frozenset((found.content,)))
            self._note(record, place, "letter", number, 1)
        elif found.content in known.digests:
            self._note(record, place, "repeat", known.letter_no, None)
        else:
            revision = known.revision + 1
            document = self._send(found, known.letter_no, revision)
            self.revisions.append(NewRevision(known.letter_no, revision, self._at, found.content, document))
            self._known[letter.letter_id] = Known(known.letter_no, revision, known.digests | {found.content})
            self._note(record, place, "revision", known.letter_no, revision)

    def alarms(self, fresh: set[UUID]) -> list[Outgoing]:
        return [message for notice, message in self._alarms.items() if notice in fresh]

    def _send(self, found: Parsed, number: int, revision: int) -> bytes:
        letter = self._stage.sealed(found, revision)
        document = letter.model_dump_json().encode()
        name = f"{letter.letter_id}:{revision}".encode()
        self.outgoing.append(Outgoing(topics.LETTERS, str(letter.letter_id).encode(), document, ((MESSAGE_ID, name),)))
        alarm = self._stage.alarm(letter, number, self._now)
        if alarm:
            self.notices.append(alarm[0])
            self._alarms[alarm[0].notice_id] = alarm[1]
        return document

    def _note(self, record: Record, place: Place, outcome: str, number: int | None, revision: int | None) -> None:
        raw = None if outcome == "dead" else record.value
        self.reads.append(ReadRow(place, outcome, number, revision, record.timestamp, self._at, record.headers, raw))


def danger_notice(
    router: Router, letter: Letter, letter_no: int, danger: Danger, now: datetime
) -> tuple[NewNotice, Outgoing] | None:
    """The command centre's notice of a danger phrase, once for each phrase of a letter; None when it is recused."""
    centre = router.bureau.command_centre
    recusal = router.recusal(letter)
    if not router.may_reach(centre, recusal):
        return None
    notice = Notice(
        notice_id=ids.notice_id("danger", str(letter.letter_id), centre, f"{danger.kind}:{danger.phrase}"),
        kind="danger",
        letter_id=letter.letter_id,
        title=f"险情：{danger.kind}",
        text=f"{letter.channel} 来件 {letter.source_id} 出现“{danger.phrase}”，请立即处置。",
        at=now,
    )
    row = NewNotice(notice.notice_id, letter_no, centre, notice.kind, to_ms(now), notice.model_dump_json().encode())
    return row, notice_out(notice, centre, recusal, router)


def _read(record: Record, now: datetime) -> Parsed | InvalidRecord:
    try:
        return read_record(topics.channel_of(record.topic), record.value, record.headers, received_at=now)
    except InvalidRecord as error:
        return error
