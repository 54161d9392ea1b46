"""Decided letters go in; for each, whether labelling and deciding again give the same bytes (invariant 8).

Each decision is replayed with what it names: the model by name and hash, the bureau's files by their hashes, the time.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from casework.calendar import published_calendar
from jiesu.models import load_registered
from letters.bureau_files import parse_bureau
from letters.clock import shanghai
from letters.decisions import Decision
from letters.errors import JiesuError
from letters.messages import Label, Letter
from router import Router
from storage.archive import Decided, snapshot
from storage.database import Database
from storage.models import UnknownModel
from streams.label import label_documents
from streams.same_matter import Found

if TYPE_CHECKING:
    from classifier.serving import LetterModel

_BATCH = 500
CALENDAR = "calendar"
Entry = tuple[Letter, Decision, bytes, Found | None]
"""A letter, its decision, that decision's bytes, and what it saw of an earlier letter."""


@dataclass(slots=True)
class Replayed:
    """What came of a replay. `differing` names each decision that did not come out the same, with the first difference."""

    letters: int = 0
    equal: int = 0
    differing: list[str] = field(default_factory=list)
    impossible: Counter[str] = field(default_factory=Counter)
    """Why decisions could not be replayed at all, with how many."""


class Replayer:
    """Keeps the models and routers that decisions name, so that each is loaded once."""

    def __init__(self, database: Database, cache: Path) -> None:
        self._database = database
        self._cache = cache
        self._models: dict[tuple[str, str], LetterModel] = {}
        self._routers: dict[str, Router] = {}

    def replay(self, decided: Iterable[Decided], *, done: Callable[[int], object] | None = None) -> Replayed:
        """Labels and decides again, in batches that share a model."""
        result = Replayed()
        batch: list[Entry] = []
        for each in decided:
            batch.append(
                (
                    Letter.model_validate_json(each.document),
                    Decision.model_validate_json(each.decision),
                    each.decision,
                    Found.model_validate_json(each.matter) if each.matter else None,
                )
            )
            if len(batch) == _BATCH:
                self._batch(batch, result)
                if done:
                    done(len(batch))
                batch = []
        self._batch(batch, result)
        if done:
            done(len(batch))
        return result

    def _batch(self, batch: list[Entry], result: Replayed) -> None:
        alike: dict[tuple[tuple[str, str] | None, str], list[Entry]] = {}
        for entry in batch:
            ref = entry[1].label.model if entry[1].label else None
            versions = json.dumps(entry[1].versions, sort_keys=True)
            alike.setdefault(((ref.name, ref.sha256) if ref else None, versions), []).append(entry)
        for (key, _), entries in alike.items():
            result.letters += len(entries)
            try:
                model = self._model(key) if key else None
                router = self._router(entries[0][1])
            except JiesuError as error:
                result.impossible[str(error)] += len(entries)
                continue
            labels = label_documents(model, [entry[0] for entry in entries], router.bureau.policy)
            for entry, document in zip(entries, labels, strict=True):
                self._one(router, entry, document, result)

    def _one(self, router: Router, entry: Entry, document: bytes, result: Replayed) -> None:
        letter, decision, kept, seen = entry
        again = router.decide(
            letter,
            Label.model_validate_json(document),
            at=shanghai(decision.decided_at),
            round_=decision.round,
            earlier=seen.earlier if seen else None,
            writer_known=seen is not None and seen.writer_known,
        )
        made = again.model_dump_json().encode()
        if made == kept:
            result.equal += 1
        else:
            result.differing.append(f"{letter.channel} {letter.source_id}: {_difference(kept, made)}")

    def _model(self, key: tuple[str, str]) -> LetterModel:
        if key not in self._models:
            with self._database.read() as connection:
                model = load_registered(connection, key[0], self._cache)
            if model.sha256 != key[1]:
                raise UnknownModel(f"the registry's {key[0]} is not the model of that decision ({key[1][:12]})")
            self._models[key] = model
        return self._models[key]

    def _router(self, decision: Decision) -> Router:
        versions = {name: value for name, value in decision.versions.items() if "." in name}
        key = json.dumps(decision.versions, sort_keys=True)
        if key not in self._routers:
            calendar = published_calendar().version
            if decision.versions.get(CALENDAR) != calendar:
                raise JiesuError(
                    f"decided with the calendar {decision.versions.get(CALENDAR)}, this installation has {calendar}"
                )
            with self._database.read() as connection:
                bureau = parse_bureau(snapshot(connection, versions))
            self._routers[key] = Router(bureau, versions={**bureau.versions, CALENDAR: calendar})
        return self._routers[key]


def _difference(kept: bytes, made: bytes) -> str:
    """The first field in which two decisions differ."""
    before: dict[str, Any] = json.loads(kept)
    after: dict[str, Any] = json.loads(made)
    for name in {**before, **after}:
        if before.get(name) != after.get(name):
            return f"{name}: {_short(before.get(name))} → {_short(after.get(name))}"
    return "the same values in another order"


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 120 else text[:117] + "…"
