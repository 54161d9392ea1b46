"""The archive and another model or bureau go in; what they would have decided otherwise comes out, by category and unit.

Nothing is written. Ranges of letters are shared out to processes, since labelling a million letters is work for all cores.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path

from casework.calendar import published_calendar
from classifier.text import LetterText
from jiesu.replay import CALENDAR
from jiesu.wiring import ease_collector
from letters.bureau_files import read_bureau
from letters.clock import shanghai
from letters.decisions import Decision
from letters.messages import Label, Letter
from router import Router
from storage.archive import Decided, decided_letters, letter_numbers
from storage.database import Database
from streams.label import label_documents
from streams.same_matter import Found

_RANGE = 5_000
_BATCH = 1_000
_EXAMPLES = 20


@dataclass(slots=True)
class Changes:
    """What would change. Units by code, “” where a person decides."""

    letters: int = 0
    category: Counter[tuple[str, str]] = field(default_factory=Counter)
    """(before, after) → letters."""
    accepted: tuple[int, int] = (0, 0)
    """Letters with a category that needs no person: before, after."""
    host: Counter[tuple[str, str]] = field(default_factory=Counter)
    load: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Letters hosted by each unit: before, after."""
    examples: list[str] = field(default_factory=list)

    def add(self, other: Changes) -> None:
        """Take in the changes of another range."""
        self.letters += other.letters
        self.category += other.category
        self.host += other.host
        self.accepted = (self.accepted[0] + other.accepted[0], self.accepted[1] + other.accepted[1])
        for unit, (before, after) in other.load.items():
            had = self.load.get(unit, (0, 0))
            self.load[unit] = (had[0] + before, had[1] + after)
        self.examples += other.examples[: max(0, _EXAMPLES - len(self.examples))]


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: another model, another bureau, or both; `since` is ms of arrival."""

    database_url: str
    present: Path
    """The bureau that decides now; its policy says how sure a label must be where no other bureau is asked about."""
    model: Path | None = None
    bureau: Path | None = None
    since: int | None = None


def what_if(
    question: Question, *, processes: int | None = None, done: Callable[[int], object] | None = None
) -> Changes:
    """The changes over the whole archive."""
    if question.bureau is not None:
        read_bureau(question.bureau)  # its faults are told here, in one piece, before any process starts
    database = Database(question.database_url)
    with database.read() as connection:
        first, last = letter_numbers(connection)
    database.close()
    ranges = [(start, min(start + _RANGE - 1, last)) for start in range(first, last + 1, _RANGE)]
    total = Changes()
    workers = processes or max(1, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1)
    if workers == 1 or len(ranges) <= 1:
        for span in ranges:
            found = _changes(question, span)
            total.add(found)
            if done:
                done(found.letters)
        return total
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        for future in as_completed([pool.submit(_changes, question, span) for span in ranges]):
            found = future.result()
            total.add(found)
            if done:
                done(found.letters)
    return total


class _Bench:
    """What one process needs, built once."""

    def __init__(self, question: Question) -> None:
        from classifier.serving import LetterModel

        ease_collector()
        self.database = Database(question.database_url)
        self.model = LetterModel.load(question.model) if question.model else None
        self.router = None
        bureau = read_bureau(question.bureau or question.present)
        self.policy = bureau.policy
        if question.bureau is not None:
            self.router = Router(bureau, versions={**bureau.versions, CALENDAR: published_calendar().version})


_bench: dict[Question, _Bench] = {}


def _changes(question: Question, span: tuple[int, int]) -> Changes:
    if question not in _bench:
        _bench[question] = _Bench(question)
    bench = _bench[question]
    changes = Changes()
    with bench.database.read() as connection:
        batch: list[Decided] = []
        for decided in decided_letters(connection, first=span[0], last=span[1], since=question.since):
            batch.append(decided)
            if len(batch) == _BATCH:
                _batch(bench, batch, changes)
                batch = []
        _batch(bench, batch, changes)
    return changes


def _batch(bench: _Bench, batch: list[Decided], changes: Changes) -> None:
    changes.letters += len(batch)
    if bench.router is None:
        _labels_alone(bench, batch, changes)
    else:
        _decisions(bench, bench.router, batch, changes)


def _labels_alone(bench: _Bench, batch: list[Decided], changes: Changes) -> None:
    """Another model, the same rules: only what a label needs is read of each letter, for a million of them."""
    assert bench.model is not None  # noqa: S101
    texts = []
    for each in batch:
        letter = json.loads(each.document)
        texts.append(
            LetterText(letter["title"], letter["body"], letter["place"]["text"], letter["channel"], letter["kind"])
        )
    for each, result in zip(batch, bench.model.label(texts, evidence=False), strict=True):
        head = result.category
        sure = head is not None and head.accepted and head.confidence >= bench.policy.category_confidence
        _count(changes, _category(json.loads(each.decision)["label"]), (head.label if head else "", sure))


def _count(changes: Changes, old: tuple[str, bool], new: tuple[str, bool]) -> None:
    changes.accepted = (changes.accepted[0] + old[1], changes.accepted[1] + new[1])
    if old[0] != new[0]:
        changes.category[old[0], new[0]] += 1


def _decisions(bench: _Bench, router: Router, batch: list[Decided], changes: Changes) -> None:
    """Another bureau, perhaps with another model: every letter is decided again."""
    letters = [Letter.model_validate_json(each.document) for each in batch]
    decisions = [json.loads(each.decision) for each in batch]
    fresh = None
    if bench.model:
        fresh = [json.loads(label) for label in label_documents(bench.model, letters, bench.policy)]
    for at, (letter, before) in enumerate(zip(letters, decisions, strict=True)):
        label = fresh[at] if fresh else before["label"]
        _count(changes, _category(before["label"]), _category(label))
        parsed = Decision.model_validate(before)
        seen = Found.model_validate_json(matter) if (matter := batch[at].matter) else None
        after = router.decide(
            letter,
            Label.model_validate(label) if label else None,
            at=shanghai(parsed.decided_at),
            round_=parsed.round,
            earlier=seen.earlier if seen else None,
            writer_known=seen is not None and seen.writer_known,
        )
        was = parsed.host.code if parsed.host else ""
        now = after.host.code if after.host else ""
        for unit, place in ((was, 0), (now, 1)):
            had = changes.load.get(unit, (0, 0))
            changes.load[unit] = (had[0] + (place == 0), had[1] + (place == 1))
        if was != now:
            changes.host[was, now] += 1
            if len(changes.examples) < _EXAMPLES:
                changes.examples.append(f"{letter.channel} {letter.source_id}: {after.reason}")


def _category(label: dict[str, object] | None) -> tuple[str, bool]:
    head = label.get("category") if label else None
    if not isinstance(head, dict):
        return "", False
    return str(head["label"]), bool(head["accepted"])
