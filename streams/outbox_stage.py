"""What every stage does alike: keep its messages with the rows, forget them once the bus has them, hand on what a dead
worker left, and find the one record that breaks a batch."""

from __future__ import annotations

import traceback
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

import structlog
from sqlalchemy import Connection

from letters.clock import Clock
from letters.errors import InvalidRecord, JiesuError, SettingsError, TryLater
from storage.database import Conflict, Database
from storage.dead import NewDead, write_dead
from storage.outbox import Message, Outbox
from streams.dead import dead_message, dead_row
from streams.port import Outgoing, Prepared, Record

log = structlog.get_logger()

_RACES: Final = 4
"""How many lost races in a row are believed."""


class Refused(JiesuError):
    """The database refuses these rows whenever they are written."""


class OutboxStage:
    """A stage with a database; a subclass has `name`, `inputs` and `work`."""

    name: str
    inputs: tuple[str, ...]

    def __init__(self, database: Database, outbox: Outbox, clock: Clock) -> None:
        self._database = database
        self._outbox = outbox
        self._clock = clock

    def work(self, records: Sequence[Record]) -> Prepared:
        """One transaction for the batch; returns what `prepared` made."""
        raise NotImplementedError

    def prepare(self, records: Sequence[Record]) -> Prepared:
        """See `streams.port.Stage`. A record that no rule foresaw and that breaks the batch ends as a dead letter of its
        own (invariant 4): the batch is halved until it is found, the others go their way."""
        try:
            return self._worked(records)
        except (TryLater, SettingsError):
            raise
        except Exception as error:
            if len(records) > 1:
                middle = len(records) // 2
                return _joined(self.prepare(records[:middle]), self.prepare(records[middle:]))
            # Where it broke, not what the error says: an error's text often quotes the letter (invariant 11).
            log.error(
                "a record broke its stage",
                action="record_broke_stage",
                stage=self.name,
                topic=records[0].topic,
                partition=records[0].partition,
                offset=records[0].offset,
                error=type(error).__name__,
                where=[f"{at.filename}:{at.lineno} {at.name}" for at in traceback.extract_tb(error.__traceback__)[-6:]],
            )
            return self._bury(records[0], error)

    def _worked(self, records: Sequence[Record]) -> Prepared:
        """The batch's work, also when another worker wrote the same rows first: the next look finds them. Rows that are
        refused again and again are no lost race, and waiting would stop the stream for ever."""
        for _ in range(_RACES):
            with suppress(Conflict):
                return self.work(records)
        try:
            return self.work(records)
        except Conflict as error:
            raise Refused(str(error)) from error

    def prepared(
        self, connection: Connection, outgoing: list[Outgoing], dead: Sequence[NewDead] = (), *, again: bool = False
    ) -> Prepared:
        """Puts the messages into the outbox, in the transaction that writes the batch's rows."""
        refused: dict[str, list[str]] = {}
        for row in dead:
            refused.setdefault(row.topic, []).append(row.reason)
        ticket = [self._outbox.add(connection, self.name, [Message(*out) for out in outgoing])] if outgoing else []
        return Prepared(outgoing, ticket, refused, again)

    def settle(self, prepared: Prepared) -> None:
        """See `streams.port.Stage`."""
        if isinstance(prepared.ticket, list):
            self._outbox.settle(prepared.ticket)

    def recover(self) -> list[tuple[int, list[Outgoing], object]]:
        """See `streams.port.Stage`."""
        return [
            (orphan.created_at, [Outgoing(*message) for message in orphan.messages], [orphan.id])
            for orphan in self._outbox.orphans(self.name)
        ]

    def bury(self, connection: Connection, rows: Sequence[NewDead]) -> tuple[list[NewDead], list[Outgoing]]:
        """Writes dead letters; those that are new, with their messages."""
        fresh = write_dead(connection, rows, self._outbox.sealer)
        return fresh, [dead_message(row) for row in fresh]

    def note_dead(self, connection: Connection, record: Record, row: NewDead) -> None:
        """What else a stage keeps of a record that broke it."""

    def _bury(self, record: Record, error: Exception) -> Prepared:
        reason = InvalidRecord(
            "broke_the_stage",
            f"{type(error).__name__} in stage {self.name}: no rule foresaw this record; please report it with jiesu's log",
        )
        row = dead_row(record, reason, self._clock.now())
        with self._database.write() as connection:
            self.note_dead(connection, record, row)
            fresh, messages = self.bury(connection, [row])
            return self.prepared(connection, messages, fresh)


def _joined(one: Prepared, other: Prepared) -> Prepared:
    dead = {topic: list(reasons) for topic, reasons in one.dead.items()}
    for topic, reasons in other.dead.items():
        dead.setdefault(topic, []).extend(reasons)
    tickets = [*(one.ticket or ()), *(other.ticket or ())]  # type: ignore[misc]
    return Prepared(one.outgoing + other.outgoing, tickets, dead, one.again or other.again)
