"""Letters about to be decided go in; for each, the earlier letter on the same matter (同一事项), if there is one, comes out.

Candidates are those that the source itself links and those of the same writer (by phone or ID number, looked up by a
keyed mark); whether they are one matter, and what follows from it, `router.earlier` and the router's rules say.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Final, NamedTuple
from uuid import UUID

from sqlalchemy import Connection

from casework.case import HANDLING, Case
from letters import ids
from letters.bureau import Policy
from letters.clock import to_ms
from letters.decisions import Decision, decision_id
from letters.errors import BureauError
from letters.messages import Letter, Part, Writer
from router import Earlier, same_matter
from storage.sealing import Sealer
from storage.writers import Candidate, candidates, letters_with_marks, write_marks

SAME_MATTER_DAYS: Final = 90
_NOT_DIGITS: Final = re.compile(r"[^0-9Xx]")
_FEWEST_DIGITS: Final = 7


class Found(Part):
    """What a decision saw of an earlier letter; kept in the ledger, so that the decision can be replayed."""

    earlier: Earlier
    writer_known: bool


class Waiting(NamedTuple):
    """A letter that is to be decided."""

    letter_no: int
    letter: Letter
    writer: Writer | None


def same_matter_days(policy: Policy) -> timedelta:
    """How far apart two letters of one writer may be one matter; `BureauError` when the setting is no number."""
    section = policy.settings.get("merging") or {}
    days = section.get("same_matter_days", SAME_MATTER_DAYS) if isinstance(section, dict) else None
    if not isinstance(days, int) or isinstance(days, bool) or days < 0:
        raise BureauError(
            [f"policy.yaml: settings.merging.same_matter_days cannot be “{days}”; write a whole number of days"]
        )
    return timedelta(days=days)


def marks_of(writer: Writer | None, sealer: Sealer) -> tuple[int, ...]:
    """Keyed marks of what names a writer: phone and ID number, their digits alone."""
    if writer is None:
        return ()
    found = []
    for sort, said in (("phone", writer.phone), ("id", writer.id_number)):
        digits = _NOT_DIGITS.sub("", said or "").upper()
        # A row of one digit is what clerks type where there is no number.
        if len(digits) >= _FEWEST_DIGITS and len(set(digits)) > 2:
            found.append(sealer.mark(f"{sort}:{digits}"))
    return tuple(found)


class SameMatter:
    """What is known of earlier letters, for one batch; two queries for all of it."""

    def __init__(self, connection: Connection, waiting: Sequence[Waiting], sealer: Sealer, within: timedelta) -> None:
        self._connection = connection
        self._within = int(within.total_seconds() * 1000)
        self._marks = {each.letter_no: marks_of(each.writer, sealer) for each in waiting}
        self._by_mark = letters_with_marks(connection, (m for marks in self._marks.values() for m in marks))
        linked = {ids.letter_id(link.channel, link.source_id) for each in waiting for link in each.letter.related}
        numbers = {number for found in self._by_mark.values() for number in found}
        rows = candidates(connection, numbers, linked) if numbers or linked else []
        self._known: dict[int, Candidate] = {row.letter_no: row for row in rows}
        self._numbers: dict[UUID, int] = {row.letter_id: row.letter_no for row in rows}
        self._letters: dict[int, Letter] = {}
        self._cases: dict[int, Case] = {}
        self._follow([row for row in rows if row.state == "merged"])
        self._decided: dict[int, tuple[Waiting, Decision]] = {}
        self._written: list[tuple[int, int]] = []

    def of(self, waiting: Waiting) -> Found | None:
        """The earlier letter that this one belongs to; None when there is none that somebody hosted."""
        letter = waiting.letter
        for link in letter.related:
            number = self._numbers.get(ids.letter_id(link.channel, link.source_id))
            if number is not None and number != waiting.letter_no and (found := self._earlier(number, "source")):
                return Found(earlier=found, writer_known=self._shares(waiting.letter_no, number))
        arrived = to_ms(letter.arrived_at)
        same: dict[UUID, int] = {}
        for mark in self._marks[waiting.letter_no]:
            for number in self._by_mark.get(mark, ()):
                known = self._candidate(number)
                if known and number != waiting.letter_no and abs(known.arrived_at - arrived) <= self._within:
                    same[self._letter(number).letter_id] = number
        best = same_matter(letter, [self._letter(number) for number in same.values()]) if same else None
        if best is None:
            return None
        earlier = self._earlier(same[best[0].letter_id], "text")
        return None if earlier is None else Found(earlier=earlier, writer_known=True)

    def decided(self, waiting: Waiting, decision: Decision) -> None:
        """A letter of this batch is decided: later ones may belong to it."""
        number = waiting.letter_no
        for mark in self._marks[number]:
            self._written.append((mark, number))
            self._by_mark.setdefault(mark, []).insert(0, number)
        self._numbers[waiting.letter.letter_id] = number
        self._letters[number] = waiting.letter
        self._decided[number] = (waiting, decision)

    def merged(self, number: int, into: UUID) -> None:
        """A letter of this batch was merged into another: what belongs to it belongs there."""
        if into in self._numbers and (target := self._candidate(self._numbers[into])):
            self._known[number] = target

    def numbers(self, letters: Iterable[UUID]) -> dict[UUID, int]:
        """Numbers of letters that `of` named."""
        return {letter: self._numbers[letter] for letter in letters}

    def write(self) -> None:
        """The marks of the letters that were decided."""
        write_marks(self._connection, sorted(set(self._written)))

    def _follow(self, rows: Iterable[Candidate]) -> None:
        """What was merged stands for the letter that it was merged into."""
        into = {row.letter_no: case.merged_into for row in rows if (case := self._case(row)) and case.merged_into}
        if not into:
            return
        for row in candidates(self._connection, (), set(into.values())):
            self._numbers.setdefault(row.letter_id, row.letter_no)
            self._known.setdefault(row.letter_no, row)
            for number, target in into.items():
                if target == row.letter_id:
                    self._letters[number] = self._letter(number)
                    self._known[number] = row

    def _candidate(self, number: int) -> Candidate | None:
        """As the database has it, or as this batch decided it: made only when another letter asks for it."""
        if number not in self._known and number in self._decided:
            waiting, decision = self._decided[number]
            self._known[number] = Candidate(
                number,
                waiting.letter.letter_id,
                to_ms(waiting.letter.arrived_at),
                b"",
                decision.outcome,
                decision.rule,
                decision.category,
                decision.host.code if decision.host else None,
                ",".join(unit.code for unit in decision.co_units),
                ",".join(decision.recusal.units) if decision.recusal else "",
                None,
            )
        return self._known.get(number)

    def _case(self, row: Candidate) -> Case | None:
        if row.case is None:
            return None
        if row.letter_no not in self._cases:
            self._cases[row.letter_no] = Case.model_validate_json(row.case)
        return self._cases[row.letter_no]

    def _letter(self, number: int) -> Letter:
        if number not in self._letters:
            self._letters[number] = Letter.model_validate_json(self._known[number].document)
        return self._letters[number]

    def _shares(self, one: int, other: int) -> bool:
        return any(other in self._by_mark.get(mark, ()) for mark in self._marks[one])

    def _earlier(self, number: int, by: str) -> Earlier | None:
        row = self._candidate(number)
        if row is None or row.host is None or row.state not in ("dispatched", "escalated"):
            return None
        case = self._case(row)
        return Earlier(
            letter_id=row.letter_id,
            decision_id=decision_id(row.letter_id, 1, 1),
            host=row.host,
            co_units=tuple(row.co_units.split(",")) if row.co_units else (),
            category=row.category,
            excluded=tuple(row.recused.split(",")) if row.recused else (),
            by="source" if by == "source" else "text",
            by_officer=row.rule == "officer",
            open=case is None or case.stage in HANDLING,
        )
