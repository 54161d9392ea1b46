"""Officers' decisions go in, each with who and why; the letter's case, ledger and messages follow, or a refusal is told.

Used by `jiesu decide` and by the desk. Every act is one transaction: the rules of `casework` say whether it counts, the
ledger keeps it either way, and what units must hear goes through the outbox like any stage's messages. Who saw an older
state of the letter than is true by now settles nothing: two officers never settle one letter twice.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import NamedTuple
from uuid import UUID

import structlog
from sqlalchemy import Connection

from casework.case import Stage
from casework.events import Actor, Event, Merged, RecusalFound
from casework.outcomes import Applied, Refused
from casework.roles import UNKNOWN
from letters.clock import Clock
from letters.errors import JiesuError, TryLater
from letters.messages import State
from storage.casework import numbers_of
from storage.database import Conflict, Database
from storage.outbox import Outbox
from streams.binding import Relay, Stopped
from streams.casework import CaseBook, Parts
from streams.outbox_stage import OutboxStage
from streams.port import Bus, Outgoing, Prepared, SilentObserver

log = structlog.get_logger()

LABELLED = "labelled"
"""The ledger's word for a category that an officer put right; `jiesu export-training` reads it."""
_MAY_LABEL = ("duty_officer", "mailbox_team", "leader")
_RACES = 4


class NotDecided(JiesuError):
    """The decision does not count: {why}"""


class UnknownLetter(JiesuError):
    """没有这件信件，或尚未经过分派；letter {letter} is not in the database or was not decided yet."""


class CaseMoved(JiesuError):
    """此件已有新的处理：你看到的是第 {seen} 版，现在是第 {now} 版（{stage}）。请重新查看后再决定。"""


class UnknownCategory(JiesuError):
    """本局分类中没有“{category}”；taxonomy.yaml lists the categories."""


class Settled(NamedTuple):
    """How a letter stands after a decision. `sent` is False when the bus did not answer: the messages are kept and the
    running clock sends them."""

    letter_id: UUID
    version: int
    stage: Stage
    state: State
    host: str | None
    sent: bool


class Officers(OutboxStage):
    """What people decide. No stage on a topic, but its messages go the same way."""

    name = "officers"
    inputs: tuple[str, ...] = ()

    def __init__(self, database: Database, outbox: Outbox, clock: Clock, parts: Parts, bus: Bus) -> None:
        super().__init__(database, outbox, clock)
        self._parts = parts
        self._bus = bus
        self._deciding = threading.RLock()

    def recover(self) -> list[tuple[int, list[Outgoing], object]]:
        """As any stage. A decision that another thread of this process is just sending is not left behind."""
        with self._deciding:
            return super().recover()

    def decide(self, letter: UUID, event: Event, *, expected: int | None = None) -> Settled:
        """Let an event happen to a letter. `expected` is the version that its officer saw.

        Raises `NotDecided` with casework's own sentence (the refusal is in the ledger), `CaseMoved`, `UnknownLetter`,
        and `TryLater` when the database does not answer.
        """

        def act(book: CaseBook, number: int) -> Applied | Refused:
            if isinstance(event, RecusalFound):
                under = [unit for code in event.units for unit in self._parts.router.bureau.under(code)]
                whole = event.model_copy(update={"units": tuple(dict.fromkeys(under))})
                return book.recuse(number, whole)
            return book.apply(number, event)

        return self._settle(letter, act, expected)

    def merge(self, letter: UUID, into: UUID, by: Actor, reason: str, *, expected: int | None = None) -> Settled:
        """合并: the matter goes on in another letter, whose clock and number stay; its units are told once. Never across
        a recusal boundary (信访工作条例 §30)."""

        def act(book: CaseBook, number: int) -> Applied | Refused:
            target = book.number(into)
            case = book.case(target)
            if case.stage in ("merged", "closed", "escalated"):
                return Refused("not_now", "目标信件已合并、归档或转出，不能并入。")
            units = tuple(task.unit.code for task in case.open_tasks)
            event = Merged(by=by, into=into, into_units=units, into_recused=case.recused, reason=reason)
            answer = book.apply(number, event)
            if isinstance(answer, Applied):
                book.attach(number, target)
            return answer

        return self._settle(letter, act, expected, also=into)

    def label(self, letter: UUID, category: str, by: Actor, reason: str, *, expected: int | None = None) -> Settled:
        """更正分类: the officer's category takes the machine's place and becomes a training label."""
        if category not in self._parts.router.bureau.category:
            raise UnknownCategory(category=category)

        def act(book: CaseBook, number: int) -> Applied | Refused:
            case = book.case(number)
            if by.unit in case.recused or (by.name and by.name in case.recused_persons):
                return UNKNOWN
            if by.role not in _MAY_LABEL:
                return Refused("not_allowed", "你的角色不能进行这项操作。")
            said = {
                "by": by.model_dump(),
                "category": category,
                "before": book.category(number),
                "reason": reason,
            }
            book.note(number, LABELLED, by, json.dumps(said, ensure_ascii=False).encode())
            book.relabel(number, category)
            return Applied(book.case(number))

        return self._settle(letter, act, expected)

    def _settle(
        self,
        letter: UUID,
        act: Callable[[CaseBook, int], Applied | Refused],
        expected: int | None,
        also: UUID | None = None,
    ) -> Settled:
        with self._deciding:
            for race in range(_RACES):
                try:
                    answer, settled, prepared = self._act(letter, act, expected, also)
                    break
                except Conflict:
                    if race == _RACES - 1:
                        raise
            sent = self._send(prepared)
        if isinstance(answer, Refused):
            raise NotDecided(answer.message)
        return settled._replace(sent=sent)

    def _act(
        self,
        letter: UUID,
        act: Callable[[CaseBook, int], Applied | Refused],
        expected: int | None,
        also: UUID | None,
    ) -> tuple[Applied | Refused, Settled, Prepared]:
        with self._database.write() as connection:
            number, book = self._open(connection, [letter, *([also] if also else [])])
            if expected is not None and expected != book.version(number):
                raise CaseMoved(seen=expected, now=book.version(number), stage=book.case(number).stage)
            answer = act(book, number)
            prepared = self.prepared(connection, book.write())
            case = book.case(number)
            host = case.host.unit.code if case.host else None
            return answer, Settled(letter, book.version(number), case.stage, case.state, host, True), prepared

    def _open(self, connection: Connection, letters: list[UUID]) -> tuple[int, CaseBook]:
        numbers = numbers_of(connection, letters)
        for letter in letters:
            if letter not in numbers:
                raise UnknownLetter(letter=letter)
        book = CaseBook(self._parts, connection, self._clock.now())
        book.load(numbers.values())
        return numbers[letters[0]], book

    def _send(self, prepared: Prepared) -> bool:
        """To the bus at once; what cannot go now stays in the outbox for whoever ticks next."""
        if not prepared.outgoing:
            return True
        stop = threading.Event()
        stop.set()  # one try: an officer does not wait for a broker
        try:
            Relay(self._bus, self, SilentObserver(), stop).send(prepared)
        except (Stopped, TryLater) as error:
            log.warning("an officer's decision waits for the bus", action="decision_waits", why=str(error))
            return False
        return True
