"""Labelled letters come in; how good a model gets with a tenth, a quarter, half and all of them goes out.

The last fifth (by date, else by groups of near-duplicates) is kept for evaluation and never trained on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from classifier.errors import NothingToLearnError
from classifier.evaluation import summarise
from classifier.near_duplicates import groups
from classifier.serving import LetterModel
from classifier.splitting import in_time_order, is_timed
from classifier.training import learn
from classifier.training_files import Sample, Samples, read

SHARES = (0.1, 0.25, 0.5, 1.0)
_KEPT = 0.2


def split(letters: Sequence[Sample], *, kept: float = _KEPT, seed: int = 0) -> tuple[list[Sample], list[Sample]]:
    """(to train on, to evaluate on): the later ones are kept where dates exist, else whole groups by lot."""
    dates = [sample.date for sample in letters]
    if is_timed(dates):
        order = in_time_order(dates)
    else:
        group = groups([sample.text for sample in letters])
        lot = np.random.default_rng(seed).permutation(int(group.max()) + 1)[group]
        order = np.argsort(lot, kind="stable")
    cut = int(len(letters) * (1 - kept))
    return [letters[i] for i in order[:cut]], [letters[i] for i in order[cut:]]


def learning_curve(
    files: Sequence[Path],
    *,
    seed: int = 0,
    precision: float = 0.95,
    shares: Sequence[float] = SHARES,
    progress: Callable[[str, float], None] = lambda _step, _share: None,
) -> list[dict[str, Any]]:
    """One entry per share: letters trained on, and the figures of each head (None where nothing could be learned).
    Dated letters grow backwards from the latest, as an archive would."""
    samples = read([Path(f) for f in files])
    training, kept = split(samples.letters, seed=seed)
    out: list[dict[str, Any]] = []
    for turn, share in enumerate(shares):
        progress(f"training on {share:.0%}", turn / len(shares))
        part = training[len(training) - max(1, int(len(training) * share)) :]
        entry: dict[str, Any] = {"share": share, "letters": len(part)}
        try:
            model, facts = learn(Samples(part, samples.sha256), seed=seed, precision=precision)
        except NothingToLearnError as error:
            entry["problem"] = str(error)
        else:
            loaded = LetterModel(model, f"{share:.0%}", "", facts)
            results = loaded.label([s.text for s in kept], evidence=False)
            entry |= {k: v for k, v in summarise(loaded, kept, results).items() if k in {"category", "unit"}}
        out.append(entry)
    return out
