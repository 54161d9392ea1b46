"""Answers and truths come in; the figures that people judge a model by go out."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from math import comb
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from classifier.serving import HeadResult


class Answer(NamedTuple):
    """One labelled letter with what the model said."""

    truth: str
    result: HeadResult
    known: bool  # the model can name the true label
    month: str  # 2025-04, or empty

    @property
    def right(self) -> bool:
        """Whether the first label is the true one."""
        return self.truth == self.result.label


def macro_f1(answers: Sequence[Answer]) -> float:
    """Mean F1 over the labels that occur among the truths."""
    found: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    for answer in answers:
        found[answer.truth][1] += 1
        found[answer.result.label][2] += 1
        found[answer.truth][0] += answer.right
    scores = [2 * hits / (true + said) for hits, true, said in found.values() if true]
    return float(np.mean(scores)) if scores else 0.0


def expected_calibration_error(confidence: NDArray[np.float64], right: NDArray[np.bool_], bins: int = 10) -> float:
    """Mean distance between confidence and accuracy over ten equal bins, weighted by letters."""
    total = sum(abs(b["confidence"] - b["accuracy"]) * b["letters"] for b in reliability(confidence, right, bins))
    return float(total / max(1, confidence.size))


def reliability(confidence: NDArray[np.float64], right: NDArray[np.bool_], bins: int = 10) -> list[dict[str, Any]]:
    """Per bin of confidence: letters, mean confidence, accuracy. Empty bins are left out."""
    which = np.minimum((confidence * bins).astype(int), bins - 1)
    return [
        {
            "letters": int((which == b).sum()),
            "confidence": float(confidence[which == b].mean()),
            "accuracy": float(right[which == b].mean()),
        }
        for b in range(bins)
        if (which == b).any()
    ]


def coverage_curve(
    confidence: NDArray[np.float64], right: NDArray[np.bool_], points: int = 100
) -> list[dict[str, float]]:
    """Precision among the most confident letters, by the share of letters taken."""
    if not confidence.size:
        return []
    order = np.argsort(-confidence, kind="stable")
    precision = np.cumsum(right[order]) / np.arange(1, order.size + 1)
    at = np.unique(np.linspace(1, order.size, min(points, order.size)).astype(int))
    return [
        {
            "share": float(k / order.size),
            "precision": float(precision[k - 1]),
            "confidence": float(confidence[order[k - 1]]),
        }
        for k in at
    ]


def conditional(results: Sequence[HeadResult]) -> NDArray[np.float64]:
    """Confidence given that the true label is one the model knows: what calibration means over such letters."""
    return np.array([min(1.0, r.confidence / max(1e-4, 1.0 - r.outside)) for r in results])


def figures(answers: Sequence[Answer]) -> dict[str, Any]:
    """The compact figures of one head: over letters whose label the model knows, and over all of them."""
    known = [a for a in answers if a.known]
    right = np.array([a.right for a in known], dtype=bool)
    taken = [a.right for a in known if a.result.accepted]
    taken_all = [a.right for a in answers if a.result.accepted]
    everything = np.array([a.right for a in answers], dtype=bool)
    confidence = np.array([a.result.confidence for a in answers])
    return {
        "n": len(known),
        "unknown": len(answers) - len(known),
        "accuracy": float(right.mean()) if known else None,
        "macro_f1": macro_f1(known) if known else None,
        "top3": float(np.mean([a.truth in [x for x, _ in a.result.alternatives] for a in known])) if known else None,
        "automatic_share": len(taken) / len(known) if known else None,
        "automatic_precision": float(np.mean(taken)) if taken else None,
        "ece": expected_calibration_error(conditional([a.result for a in known]), right) if known else None,
        "all": {
            "n": len(answers),
            "accuracy": float(everything.mean()),
            "automatic_share": len(taken_all) / len(answers),
            "automatic_precision": float(np.mean(taken_all)) if taken_all else None,
            "ece": expected_calibration_error(confidence, everything),
        },
    }


def by_label(answers: Sequence[Answer], support: dict[str, int]) -> list[dict[str, Any]]:
    """Precision, recall, F1 per label, with the letters it was trained on, most frequent first."""
    truths = Counter(a.truth for a in answers)
    said = Counter(a.result.label for a in answers)
    hits = Counter(a.truth for a in answers if a.right)
    rows = []
    for label in sorted(truths | said, key=lambda x: (-truths[x], x)):
        precision = hits[label] / said[label] if said[label] else None
        recall = hits[label] / truths[label] if truths[label] else None
        total = truths[label] + said[label]
        rows.append(
            {
                "label": label,
                "letters": truths[label],
                "trained_on": support.get(label, 0),
                "precision": precision,
                "recall": recall,
                "f1": 2 * hits[label] / total if total else None,
            }
        )
    return rows


def confusions(answers: Sequence[Answer], most: int = 12) -> dict[str, Any]:
    """The confusion matrix of the most frequent true labels; all others share a last row and column."""
    labels = [label for label, _ in sorted(Counter(a.truth for a in answers).items(), key=lambda x: (-x[1], x[0]))][
        :most
    ]
    number = {label: k for k, label in enumerate(labels)}
    table = np.zeros((len(labels) + 1, len(labels) + 1), dtype=int)
    for a in answers:
        table[number.get(a.truth, len(labels)), number.get(a.result.label, len(labels))] += 1
    return {"labels": [*labels, "其他"], "table": table.tolist()}


def by_month(answers: Sequence[Answer]) -> list[dict[str, Any]]:
    """Figures per month, for drift. Empty where letters have no dates."""
    months: dict[str, list[Answer]] = defaultdict(list)
    for a in answers:
        if a.month:
            months[a.month].append(a)
    rows = []
    for month in sorted(months):
        own = months[month]
        known = [a for a in own if a.known]
        taken = [a.right for a in own if a.result.accepted]
        rows.append(
            {
                "month": month,
                "letters": len(own),
                "unknown_share": 1 - len(known) / len(own),
                "accuracy": float(np.mean([a.right for a in known])) if known else None,
                "automatic_share": len(taken) / len(own),
                "automatic_precision": float(np.mean(taken)) if taken else None,
            }
        )
    return rows


def sign_test(only_first: int, only_second: int) -> float:
    """Two-sided exact test that two models err equally often, from the letters on which just one of them is right."""
    n = only_first + only_second
    if n == 0:
        return 1.0
    tail = sum(comb(n, k) for k in range(min(only_first, only_second) + 1))
    return float(min(1.0, 2 * tail / 2**n))
