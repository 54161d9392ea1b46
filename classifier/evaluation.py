"""A model and labelled letters come in; figures (JSON) and a report for people (HTML that opens offline) go out."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from classifier import measures
from classifier.measures import Answer
from classifier.serving import LabelResult, LetterModel
from classifier.training_files import Sample, read

_MISTAKES = 25
_DIGITS = re.compile(r"\d{5,}[\dXx]?")  # telephone, identity and card numbers have no business in a report


class Evaluation(dict[str, Any]):
    """The figures as a dictionary; `details` (curves, tables, mistakes) stand beside it, for the report."""

    def __init__(self, values: dict[str, Any]) -> None:
        super().__init__(values)
        self.details: dict[str, Any] = {}


def evaluate(model: LetterModel, files: Sequence[Path]) -> Evaluation:
    """Figures per head over the letters whose label the model knows (`n`, `unknown` counts the others), and under
    `all` over every letter. Raises TrainingFileError."""
    letters = read([Path(f) for f in files]).letters
    results = model.label([s.text for s in letters], evidence=False)
    return summarise(model, letters, results)


def summarise(model: LetterModel, letters: Sequence[Sample], results: Sequence[LabelResult]) -> Evaluation:
    """The same for letters that were labelled already."""
    out = Evaluation({"model": {"name": model.name, "sha256": model.sha256}, "letters": len(letters)})
    for head in model.model.heads:
        labels = set(head.labels)
        answers, samples = [], []
        for sample, result in zip(letters, results, strict=True):
            truth, own = getattr(sample, head.name), getattr(result, head.name)
            if truth:
                answers.append(Answer(truth, own, truth in labels, sample.date[:7]))
                samples.append(sample)
        if not answers:
            continue
        out[head.name] = measures.figures(answers)
        out.details[head.name] = _details(model, head.name, answers, samples)
    return out


def _details(model: LetterModel, head: str, answers: Sequence[Answer], samples: Sequence[Sample]) -> dict[str, Any]:
    known = [a for a in answers if a.known]
    confidence = np.array([a.result.confidence for a in answers])
    right = np.array([a.right for a in answers], dtype=bool)
    support = model.card.get("training", {}).get(head, {})
    wrong = sorted(
        (k for k, a in enumerate(answers) if not a.right), key=lambda k: (-answers[k].result.confidence, samples[k].id)
    )[:_MISTAKES]
    why = model.label([samples[k].text for k in wrong])
    return {
        "threshold": model.thresholds()[head],
        "promised": model.card.get("precision"),
        "curve": measures.coverage_curve(confidence, right),
        "reliability": measures.reliability(
            measures.conditional([a.result for a in known]), np.array([a.right for a in known], dtype=bool)
        ),
        "labels": measures.by_label(answers, support.get("support", {}) | support.get("not_named", {})),
        "confusion": measures.confusions(known),
        "months": measures.by_month(answers),
        "not_named": support.get("not_named", {}),
        "floor": support.get("floor"),
        "mistakes": [
            {
                "id": samples[k].id,
                "truth": answers[k].truth,
                "label": answers[k].result.label,
                "confidence": answers[k].result.confidence,
                "accepted": answers[k].result.accepted,
                "title": _masked(samples[k].text.title),
                "excerpt": _masked(samples[k].text.body[:120]),
                "evidence": getattr(result, head).evidence,
            }
            for k, result in zip(wrong, why, strict=True)
        ],
    }


def _masked(text: str) -> str:
    return _DIGITS.sub("…", text)


def write_report(result: Evaluation, out_dir: Path) -> Path:
    """Write `evaluation.json` and `index.html` into `out_dir`; returns the path of the page."""
    from classifier.report import page

    out_dir = Path(out_dir)
    out_dir.mkdir(parents=True, exist_ok=True)
    text = json.dumps({**result, "details": result.details}, ensure_ascii=False, indent=1)
    (out_dir / "evaluation.json").write_text(text + "\n", encoding="utf-8")
    target = out_dir / "index.html"
    target.write_text(page(result), encoding="utf-8")
    return target
