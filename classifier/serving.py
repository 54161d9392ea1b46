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
from classifier.evidence import Scored, Span, spans, top_words
from classifier.model import Model
from classifier.ngrams import Batch
from classifier.text import LetterText

__all__ = ["Explanation", "HeadResult", "LabelResult", "LetterModel", "LetterText"]

_CHUNK = 512  # letters at a time: larger batches leave the processor's cache


class HeadResult(NamedTuple):
    """One head's answer. `confidence` is the probability that `label` is right, over all letters of the stream;
    `outside` the probability that the right label is none the model can name."""

    label: str
    confidence: float
    accepted: bool
    alternatives: list[tuple[str, float]]
    evidence: list[tuple[str, float]]
    outside: float


class Explanation(NamedTuple):
    """A label's utility taken apart: `intercept` and the spans' weights add up to `utility`."""

    label: str
    utility: float
    intercept: float
    spans: list[Span]


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
        features, trace = self._model.vocabulary.rows(batch, trace=evidence)
        scores = features.times(self._model.weights)
        scored = None if trace is None else Scored(batch, features, trace, self._model.weights)
        results: dict[str, Sequence[HeadResult | None]] = {}
        for number, head in enumerate(self._model.heads):
            results[head.name] = self._head(number, batch, scores, features.familiar, scored)
        nothing: list[HeadResult | None] = [None] * len(items)
        return [
            LabelResult(category, unit)
            for category, unit in zip(results.get("category", nothing), results.get("unit", nothing), strict=True)
        ]

    def _head(
        self,
        number: int,
        batch: Batch,
        scores: NDArray[np.float32],
        familiar: NDArray[np.float64],
        scored: Scored | None,
    ) -> list[HeadResult | None]:
        head = self._model.heads[number]
        named, outside = self._model.head_probabilities(number, batch, scores, familiar)
        shown = min(3, len(head.labels))
        rounded = np.rint(named * 1e4)  # whole ten-thousandths: what leaves is the same on every machine
        # The stable sort puts the alphabetically first of equals first.
        best = (-rounded).argsort(axis=1, kind="stable")[:, :shown]
        rounded /= 1e4
        top_values = rounded[np.arange(len(rounded))[:, None], best]
        accepted = (top_values[:, 0] >= head.threshold).tolist()
        top = top_values.tolist()
        rest = (np.rint(outside * 1e4) / 1e4).tolist()
        labels = head.labels
        why = None if scored is None else top_words(scored, head, self._model.places[number], best[:, 0])
        out: list[HeadResult | None] = []
        for row, (ranks, values) in enumerate(zip(best.tolist(), top, strict=True)):
            alternatives = [(labels[k], value) for k, value in zip(ranks, values, strict=True)]
            label, confidence = alternatives[0]
            out.append(HeadResult(label, confidence, accepted[row], alternatives, why[row] if why else [], rest[row]))
        return out

    def explain(self, item: LetterText, head_name: str, label: str | None = None) -> Explanation:
        """Every word's part in the utility of `label` (by default the one the letter gets). The spans' weights and
        the intercept add up to the utility."""
        number = [head.name for head in self._model.heads].index(head_name)
        head, places = self._model.heads[number], self._model.places[number]
        batch = Batch([item])
        features, trace = self._model.vocabulary.rows(batch, trace=True)
        if trace is None:  # pragma: no cover - asked for above
            raise RuntimeError("no trace")
        hits = None if places is None else places.hits(batch)
        utility = head.utilities(features.times(self._model.weights), places, hits)[0]
        chosen = int(np.argmax(utility[: head.candidates.named])) if label is None else head.labels.index(label)
        scored = Scored(batch, features, trace, self._model.weights)
        found = spans(scored, head, places, np.array([chosen]))[0]
        return Explanation(head.labels[chosen], float(utility[chosen]), float(head.bias[chosen]), found)
