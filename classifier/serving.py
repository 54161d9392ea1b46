"""A batch of letters comes in; for each letter its category and unit with confidence, alternatives and evidence go out.

The same letter gets the same bytes, alone or among a thousand: every number that leaves is rounded, and no
arithmetic mixes rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from classifier import model_folder, words
from classifier.evidence import top_words
from classifier.model import Model
from classifier.ngrams import Batch
from classifier.text import LetterText

__all__ = ["HeadResult", "LabelResult", "LetterModel", "LetterText"]

_CHUNK = 256  # letters at a time: larger batches leave the processor's cache


class HeadResult(NamedTuple):
    """One head's answer. `confidence` is the probability that `label` is right, over all letters of the stream;
    `outside` the probability that the right label is none the model can name."""

    label: str
    confidence: float
    accepted: bool
    alternatives: list[tuple[str, float]]
    evidence: list[tuple[str, float]]
    outside: float


class LabelResult(NamedTuple):
    """A letter's labels; None where the model has no such head."""

    category: HeadResult | None
    unit: HeadResult | None


class LetterModel:
    """A loaded model: give it letters, get labels."""

    def __init__(self, model: Model, name: str, sha256: str, card: dict[str, Any]) -> None:
        self.name = name
        self.sha256 = sha256
        self.card = card
        self._model = model
        words.add_words(model.dictionary)

    @classmethod
    def load(cls, path: Path) -> LetterModel:
        """Raises ModelMissingError, ModelDamagedError or ModelTooNewError."""
        card, arrays = model_folder.load(Path(path))
        return cls(Model.restore(card, arrays), Path(path).resolve().name, card["sha256"], card)

    @property
    def model(self) -> Model:
        """The arrays behind the labels."""
        return self._model

    def thresholds(self) -> dict[str, float]:
        """The confidence from which each head labels on its own."""
        return {head.name: head.threshold for head in self._model.heads}

    def label(self, items: Sequence[LetterText], *, evidence: bool = True) -> list[LabelResult]:
        """Label a batch, in order."""
        out: list[LabelResult] = []
        for start in range(0, len(items), _CHUNK):
            out.extend(self._label(items[start : start + _CHUNK], evidence))
        return out

    def _label(self, items: Sequence[LetterText], evidence: bool) -> list[LabelResult]:
        batch = Batch(items)
        features, trace = self._model.vocabulary.of_batch(batch, trace=evidence)
        scores = features @ self._model.weights
        results: dict[str, Sequence[HeadResult | None]] = {}
        for number, head in enumerate(self._model.heads):
            results[head.name] = self._head(number, batch, scores, evidence)
        nothing: list[HeadResult | None] = [None] * len(items)
        return [
            LabelResult(category, unit)
            for category, unit in zip(results.get("category", nothing), results.get("unit", nothing), strict=True)
        ]

    def _head(self, number: int, batch: Batch, scores: NDArray[np.float32], evidence: bool) -> list[HeadResult | None]:
        head = self._model.heads[number]
        named, outside = self._model.head_probabilities(number, batch, scores)
        shown = min(3, len(head.labels))
        rounded = np.round(named, 4)
        best = np.argsort(-rounded, axis=1, kind="stable")[:, :shown]
        top = np.take_along_axis(rounded, best, axis=1).tolist()
        accepted = (rounded.max(axis=1) >= head.threshold).tolist()
        rest = np.round(outside, 4).tolist()
        labels = head.labels
        why = top_words(self._model, head, batch.items, best[:, 0]) if evidence else None
        out: list[HeadResult | None] = []
        for row, (ranks, values) in enumerate(zip(best.tolist(), top, strict=True)):
            alternatives = [(labels[k], value) for k, value in zip(ranks, values, strict=True)]
            label, confidence = alternatives[0]
            out.append(HeadResult(label, confidence, accepted[row], alternatives, why[row] if why else [], rest[row]))
        return out
