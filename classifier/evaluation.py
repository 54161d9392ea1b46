"""A model and labelled letters come in; the figures that tell whether to trust it go out."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.metrics import f1_score

from classifier.serving import HeadResult, LetterModel
from classifier.training_files import read


def evaluate(model: LetterModel, files: Sequence[Path]) -> dict[str, Any]:
    """Figures per head, over the letters whose label the model knows, and over all."""
    letters = read([Path(f) for f in files]).letters
    results = model.label([s.text for s in letters], evidence=False)
    out: dict[str, Any] = {"model": {"name": model.name, "sha256": model.sha256}, "letters": len(letters)}
    for head in model.model.heads:
        pairs: list[tuple[str, HeadResult]] = [
            (getattr(s, head.name), getattr(r, head.name))
            for s, r in zip(letters, results, strict=True)
            if getattr(s, head.name)
        ]
        known = [(t, r) for t, r in pairs if t in set(head.labels)]
        if not pairs:
            continue
        right = np.array([t == r.label for t, r in known], dtype=float)
        taken = [t == r.label for t, r in known if r.accepted]
        taken_all = [t == r.label for t, r in pairs if r.accepted]
        conditional = np.array([r.confidence / max(1e-9, 1.0 - r.outside) for _, r in known])
        out[head.name] = {
            "n": len(known),
            "unknown": len(pairs) - len(known),
            "accuracy": float(right.mean()) if known else None,
            "macro_f1": float(
                f1_score(
                    [t for t, _ in known],
                    [r.label for _, r in known],
                    labels=sorted({t for t, _ in known}),
                    average="macro",
                )
            )
            if known
            else None,
            "top3": float(np.mean([t in [a for a, _ in r.alternatives] for t, r in known])) if known else None,
            "automatic_share": len(taken) / len(known) if known else None,
            "automatic_precision": float(np.mean(taken)) if taken else None,
            "ece": expected_calibration_error(conditional, right) if known else None,
            "all": {
                "n": len(pairs),
                "automatic_share": len(taken_all) / len(pairs),
                "automatic_precision": float(np.mean(taken_all)) if taken_all else None,
            },
        }
    return out


def expected_calibration_error(confidence: Any, right: Any, bins: int = 10) -> float:
    """Mean distance between confidence and accuracy over ten equal bins, weighted by letters."""
    which = np.minimum((confidence * bins).astype(int), bins - 1)
    total = 0.0
    for b in range(bins):
        inside = which == b
        if inside.any():
            total += abs(float(confidence[inside].mean()) - float(right[inside].mean())) * float(inside.mean())
    return total


def write_report(result: dict[str, Any], out_dir: Path) -> None:
    """Write evaluation.json (and, later, the HTML report) into `out_dir`."""
    out_dir.mkdir(parents=True, exist_ok=True)
    (out_dir / "evaluation.json").write_text(json.dumps(result, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
