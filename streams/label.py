"""Reads `letters`, writes `labels`: category and unit with confidence and evidence. Keeps nothing, so it needs no outbox:
a batch that was cut short is labelled again, and whoever reads `labels` knows a label by letter and revision."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from pydantic import ValidationError

from letters import topics
from letters.clock import Clock
from letters.errors import InvalidRecord
from letters.messages import Alternative, Evidence, HeadLabel, Label, Letter, ModelRef
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


class LabelStage(OutboxStage):
    """Letters → labels."""

    name = "label"
    inputs: tuple[str, ...] = (topics.LETTERS,)

    def __init__(self, database: Database, outbox: Outbox, models: ModelSource, clock: Clock) -> None:
        super().__init__(database, outbox, clock)
        self._models = models

    def work(self, records: Sequence[Record]) -> Prepared:
        """No transaction unless a message on `letters` is no letter."""
        letters: list[Letter] = []
        dead: list[NewDead] = []
        for record in records:
            try:
                letters.append(Letter.model_validate_json(record.value))
            except ValidationError as error:
                dead.append(dead_row(record, not_ours("letter", record, error), self._clock.now()))
        labels = label_letters(self._models.current(), letters)
        outgoing = [
            Outgoing(
                topics.LABELS,
                str(label.letter_id).encode(),
                label.model_dump_json().encode(),
                ((MESSAGE_ID, f"{label.letter_id}:{label.revision}".encode()),),
            )
            for label in labels
        ]
        if not dead:
            return Prepared(outgoing)
        with self._database.write() as connection:
            refused, messages = self.bury(connection, dead)
            kept = self.prepared(connection, messages, refused)
        return Prepared(kept.outgoing + outgoing, kept.ticket, kept.dead)


def not_ours(kind: str, record: Record, error: ValidationError) -> InvalidRecord:
    """Why a message on one of our own topics cannot be read; says nothing of its content."""
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    where = ".".join(str(part) for part in first["loc"]) or "the message"
    return InvalidRecord(
        f"not_a_{kind}",
        f"{record.topic} carries a message that is no {kind}: {where}: {first['msg']}; see docs/schemas/{kind}.json",
    )


def label_letters(model: LetterModel | None, letters: Sequence[Letter]) -> list[Label]:
    """Labels of a batch, in order; without a model both heads are None and a person decides."""
    if model is None:
        return [Label(letter_id=letter.letter_id, revision=letter.revision) for letter in letters]
    from classifier.text import LetterText  # here: whoever labels nothing need not load numpy

    ref = ModelRef(name=model.name, sha256=model.sha256)
    texts = [
        LetterText(letter.title, letter.body, letter.place.text, letter.channel, letter.kind) for letter in letters
    ]
    return [
        Label(
            letter_id=letter.letter_id,
            revision=letter.revision,
            category=_head(result.category),
            unit=_head(result.unit),
            model=ref,
        )
        for letter, result in zip(letters, model.label(texts), strict=True)
    ]


def _head(result: HeadResult | None) -> HeadLabel | None:
    if result is None:
        return None
    # model_construct: the values come from our own arrays, and checking them again costs more than labelling.
    return HeadLabel.model_construct(
        label=result.label,
        confidence=result.confidence,
        accepted=result.accepted,
        alternatives=tuple(Alternative.model_construct(label=label, confidence=p) for label, p in result.alternatives),
        evidence=tuple(Evidence.model_construct(text=text, weight=weight) for text, weight in result.evidence),
    )
