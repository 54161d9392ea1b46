"""Two models and the same labelled letters come in; which is better, and whether that is more than chance, goes out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from classifier.measures import sign_test
from classifier.serving import LetterModel
from classifier.training_files import read


def compare(first: LetterModel, second: LetterModel, files: Sequence[Path]) -> dict[str, Any]:
    """Per head: how often each is right, the letters on which just one is, and the exact paired test's p.

    A letter counts where both models have the head; a label that neither can name is an error of both.
    """
    letters = read([Path(f) for f in files]).letters
    texts = [sample.text for sample in letters]
    answers = [model.label(texts, evidence=False) for model in (first, second)]
    out: dict[str, Any] = {
        "first": {"name": first.name, "sha256": first.sha256},
        "second": {"name": second.name, "sha256": second.sha256},
        "letters": len(letters),
    }
    for head in ("category", "unit"):
        rows = [
            (getattr(sample, head), getattr(a, head), getattr(b, head))
            for sample, a, b in zip(letters, *answers, strict=True)
            if getattr(sample, head) and getattr(a, head) and getattr(b, head)
        ]
        if not rows:
            continue
        a_right = sum(truth == a.label for truth, a, _ in rows)
        b_right = sum(truth == b.label for truth, _, b in rows)
        both = sum(truth == a.label == b.label for truth, a, b in rows)
        changed = Counter((a.label, b.label) for _, a, b in rows if a.label != b.label)
        out[head] = {
            "n": len(rows),
            "first_accuracy": a_right / len(rows),
            "second_accuracy": b_right / len(rows),
            "both_right": both,
            "only_first_right": a_right - both,
            "only_second_right": b_right - both,
            "p": sign_test(a_right - both, b_right - both),
            "verdict": _verdict(a_right - both, b_right - both),
            "automatic": {
                "first": sum(a.accepted for _, a, _ in rows),
                "second": sum(b.accepted for _, _, b in rows),
            },
            "disagreements": sum(changed.values()),
            "changed": [
                {"first": was, "second": now, "letters": count}
                for (was, now), count in sorted(changed.items(), key=lambda x: (-x[1], x[0]))[:20]
            ],
        }
    return out


def _verdict(only_first: int, only_second: int) -> str:
    if sign_test(only_first, only_second) >= 0.05:
        return "no difference that these letters can show"
    return "the first is better" if only_first > only_second else "the second is better"
