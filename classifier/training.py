"""Files of labelled letters come in; a model folder goes out, whole or not at all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from scipy import sparse

from classifier import model_folder, ridge, words
from classifier.errors import NothingToLearnError
from classifier.features import Vocabulary
from classifier.heads import Head, calibrate, fitted_threshold
from classifier.model import Model
from classifier.near_duplicates import groups
from classifier.training_files import HEADS, Samples, read

Progress = Callable[[str, float], None]


class TrainingSummary(NamedTuple):
    """What came of a training: where the model is, its hash, its card."""

    path: Path
    sha256: str
    card: dict[str, Any]


def train(
    files: Sequence[Path],
    out: Path,
    *,
    seed: int = 0,
    precision: float = 0.95,
    dictionary: Sequence[str] = (),
    progress: Progress | None = None,
) -> TrainingSummary:
    """Train on `files`, write the model folder `out`.

    Raises TrainingFileError (each bad line named, before any work) and NothingToLearnError.
    """
    say: Progress = progress or (lambda _step, _share: None)
    say("read", 0.0)
    samples = read([Path(f) for f in files])
    model, facts = learn(samples, seed=seed, precision=precision, dictionary=dictionary, progress=say)
    card, arrays = model.stored()
    say("write", 0.95)
    digest = model_folder.save(Path(out), {**card, **facts}, arrays)
    say("done", 1.0)
    return TrainingSummary(Path(out), digest, model_folder.read_card(Path(out)))


def learn(
    samples: Samples, *, seed: int, precision: float, dictionary: Sequence[str], progress: Progress
) -> tuple[Model, dict[str, Any]]:
    """The model and the card's facts about it."""
    letters = samples.letters
    words.add_words(dictionary)
    items = [s.text for s in letters]
    n = len(items)
    progress("words", 0.1)
    chunks = [items[i : i + 1024] for i in range(0, n, 1024)]
    vocabulary = Vocabulary.learn(chunks, min_count=int(np.clip(round(n / 600), 2, 8)))
    features = sparse.vstack([vocabulary.matrix(chunk) for chunk in chunks]).tocsr()
    group = groups(items)
    fold_of = np.random.default_rng(seed).permutation(group.max() + 1)[group] % 5
    progress("learn", 0.4)
    weights, heads, facts = [], [], {}
    column = 0
    for name in HEADS:
        labels = [getattr(s, name) for s in letters]
        counts = Counter(label for label in labels if label)
        floor = max(3, min(20, n // 150))
        named = tuple(sorted(label for label, count in counts.items() if count >= floor))
        if len(named) < 2:
            continue
        rest = len(counts) > len(named)
        number = {label: k for k, label in enumerate(named)}
        rows = np.array([i for i, label in enumerate(labels) if label])
        truth = np.array([number.get(labels[i], len(named)) for i in rows])
        own = features[rows]
        gram = ridge.kernel(own)
        folds = [np.flatnonzero(fold_of[rows] == k) for k in range(5)]
        solved = ridge.fit(
            own,
            gram,
            ridge.targets(truth, len(named) + rest),
            ridge.balance(truth, 1.0),
            alpha=1.5,
            folds=[fold for fold in folds if fold.size],
        )
        slope, bias = calibrate(solved.held_out, truth)
        head = Head(name, named, 0, rest, slope, bias, 0.0)
        chance, _ = head.probabilities(solved.held_out)
        threshold = fitted_threshold(np.round(chance.max(axis=1), 4), chance.argmax(axis=1) == truth, precision)
        heads.append(Head(name, named, column, rest, slope, bias, threshold))
        weights.append(solved.weights)
        column += head.columns
        facts[name] = {
            "letters": int(rows.size),
            "support": {label: counts[label] for label in named},
            "not_named": {label: counts[label] for label in sorted(counts) if label not in number},
            "floor": floor,
        }
    if not heads:
        raise NothingToLearnError("no head has two labels with enough letters")
    model = Model(vocabulary, np.ascontiguousarray(np.hstack(weights)), tuple(heads), tuple(dictionary))
    return model, {
        "data": {"sha256": samples.sha256, "files": samples.files, "letters": n},
        "training": facts,
        "seed": seed,
        "precision": precision,
    }
