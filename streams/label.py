"""Reads `letters`, writes `labels`: category and unit with confidence and evidence. Keeps nothing, so it needs no outbox:
a batch that was cut short is labelled again, and whoever reads `labels` knows a label by letter and revision."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from pydantic import ValidationError

from letters import topics
from letters.bureau import Policy
from letters.clock import Clock, to_ms
from letters.errors import InvalidRecord
from letters.messages import SCHEMA_VERSION, Label, Letter
from storage.archive import Disagreement, write_disagreements
from storage.database import Database
from storage.dead import NewDead
from storage.outbox import Outbox
from streams.dead import dead_row
from streams.outbox_stage import OutboxStage
from streams.port import MESSAGE_ID, Outgoing, Prepared, Record

if TYPE_CHECKING:
    from classifier.serving import HeadResult, LetterModel


class ModelSource(Protocol):
    """Where the promoted model comes from; asked at every batch, so a promotion takes hold between two batches."""

    def current(self) -> LetterModel | None:
        """The promoted model, loaded; None while the bureau has none."""
        ...

    def shadow(self) -> LetterModel | None:
        """A second model whose labels have no effect; only its disagreements are kept."""
        ...


class LabelStage(OutboxStage):
    """Letters → labels."""

    name = "label"
    inputs: tuple[str, ...] = (topics.LETTERS,)

    def __init__(self, database: Database, outbox: Outbox, models: ModelSource, policy: Policy, clock: Clock) -> None:
        super().__init__(database, outbox, clock)
        self._models = models
        self._policy = policy

    def work(self, records: Sequence[Record]) -> Prepared:
        """No transaction unless a message on `letters` is no letter."""
        letters: list[Letter] = []
        dead: list[NewDead] = []
        for record in records:
            try:
                letters.append(Letter.model_validate_json(record.value))
            except ValidationError as error:
                dead.append(dead_row(record, not_ours("letter", record, error), self._clock.now()))
        documents = label_documents(self._models.current(), letters, self._policy)
        outgoing = [
            Outgoing(
                topics.LABELS,
                str(letter.letter_id).encode(),
                document,
                ((MESSAGE_ID, f"{letter.letter_id}:{letter.revision}".encode()),),
            )
            for letter, document in zip(letters, documents, strict=True)
        ]
        differing = self._differing(letters, documents)
        if not dead and not differing:
            return Prepared(outgoing)
        with self._database.write() as connection:
            write_disagreements(connection, differing)
            refused, messages = self.bury(connection, dead)
            kept = self.prepared(connection, messages, refused)
        return Prepared(kept.outgoing + outgoing, kept.ticket, kept.dead)

    def _differing(self, letters: Sequence[Letter], documents: Sequence[bytes]) -> list[Disagreement]:
        shadow = self._models.shadow()
        if shadow is None:
            return []
        at = to_ms(self._clock.now())
        found = []
        for letter, document, other in zip(
            letters, documents, label_documents(shadow, letters, self._policy), strict=True
        ):
            ours, theirs = json.loads(document), json.loads(other)
            for head in ("category", "unit"):
                mine, its = ours[head], theirs[head]
                if mine and its and mine["label"] != its["label"]:
                    found.append(
                        Disagreement(
                            letter.letter_id,
                            letter.revision,
                            shadow.name,
                            head,
                            mine["label"],
                            its["label"],
                            its["confidence"],
                            at,
                        )
                    )
        return found


def not_ours(kind: str, record: Record, error: ValidationError) -> InvalidRecord:
    """Why a message on one of our own topics cannot be read; says nothing of its content."""
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    where = ".".join(str(part) for part in first["loc"]) or "the message"
    return InvalidRecord(
        f"not_a_{kind}",
        f"{record.topic} carries a message that is no {kind}: {where}: {first['msg']}; see docs/schemas/{kind}.json",
    )


def label_documents(model: LetterModel | None, letters: Sequence[Letter], policy: Policy) -> list[bytes]:
    """Labels of a batch as wire JSON, in order; without a model both heads are null and a person decides.

    A label is accepted where the model keeps its promised precision and is at least as sure as the bureau's policy
    wants (invariant 9): letters unlike all that it learned from may pass the first, but not the second.

    Written straight from the model's values: a `Label` for each letter would cost as much as labelling it.
    """
    if model is None:
        return [
            Label(letter_id=letter.letter_id, revision=letter.revision).model_dump_json().encode() for letter in letters
        ]
    from classifier.text import LetterText  # here: whoever labels nothing need not load numpy

    ref = {"name": model.name, "sha256": model.sha256}
    texts = [
        LetterText(letter.title, letter.body, letter.place.text, letter.channel, letter.kind) for letter in letters
    ]
    return [
        _encode(
            {
                "schema_version": SCHEMA_VERSION,
                "letter_id": str(letter.letter_id),
                "revision": letter.revision,
                "category": _head(result.category, policy.category_confidence),
                "unit": _head(result.unit, policy.unit_confidence),
                "model": ref,
            }
        ).encode()
        for letter, result in zip(letters, model.label(texts), strict=True)
    ]


_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def _head(result: HeadResult | None, least: float) -> dict[str, object] | None:
    if result is None:
        return None
    return {
        "label": result.label,
        "confidence": result.confidence,
        "accepted": result.accepted and result.confidence >= least,
        "alternatives": [{"label": label, "confidence": confidence} for label, confidence in result.alternatives],
        "evidence": [{"text": text, "weight": weight} for text, weight in result.evidence],
    }
