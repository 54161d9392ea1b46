"""A file of labelled letters comes in; cross-validated figures of the shipped recipe, of changes to it and of plain ones go out.

    python -m benchmarks.classifier_crossvalidation FILE [--plain] [--only NAME ...]

Dated files: five forward windows, each scored by the letters before it. Others: ten folds, near-duplicates together.
Coefficients and thresholds are fitted on other windows or folds than those they are measured on. `--plain` adds the
usual scikit-learn pipelines over the same windows or folds (slow).
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from classifier import words
from classifier.learning import RECIPE, Recipe, floor_for
from classifier.near_duplicates import groups
from classifier.ngrams import BLOCKS
from classifier.splitting import in_time_order, is_timed, plan
from classifier.training import learn
from classifier.training_files import HEADS, Samples, read

SHOWN = ("n", "accuracy", "macro_f1", "top3", "ece", "automatic_share", "automatic_precision")


def _weights(**changed: float) -> Recipe:
    """The recipe with other block weights; weight 0 leaves a block out."""
    blocks = [block._replace(weight=changed.get(block.name.replace(" ", "_"), block.weight)) for block in BLOCKS]
    return RECIPE._replace(blocks=tuple(block for block in blocks if block.weight))


RECIPES: dict[str, Recipe] = {
    "shipped": RECIPE,
    "without words": _weights(words=0),
    "words at 0.5": _weights(words=0.5),
    "without trigrams": _weights(trigrams=0, title_trigrams=0, place_names=0),
    "without title blocks": _weights(title_bigrams=0, title_trigrams=0),
    "title blocks doubled": _weights(title_bigrams=0.6, title_trigrams=0.3),
    "without place names": _weights(place_names=0),
    "place names at 0.3": _weights(place_names=0.3),
    "n-grams in 2 letters": RECIPE._replace(minimum_count=2),
    "n-grams in 8 letters": RECIPE._replace(minimum_count=8),
    "ridge 0.7": RECIPE._replace(alpha=0.7),
    "ridge 3": RECIPE._replace(alpha=3.0),
    "classes not balanced": RECIPE._replace(balance=0.0),
    "classes half balanced": RECIPE._replace(balance=0.5),
    "labels' names not read": RECIPE._replace(names=False),
}


def tried(samples: Samples, recipe: Recipe) -> dict[str, dict[str, Any]]:
    """Held-out figures by head."""
    _, facts = learn(samples, recipe=recipe)
    return {head: found["held_out"] for head, found in facts["training"].items()}


def _splits(samples: Samples, head: str) -> tuple[list[int], list[tuple[Any, Any]]]:
    """Rows in order, and pairs (train, test) of positions in them."""
    rows = [i for i, s in enumerate(samples.letters) if getattr(s, head)]
    dates = [samples.letters[i].date for i in rows]
    timed = is_timed(dates)
    if timed:
        rows = [rows[k] for k in in_time_order(dates)]
    letters = [samples.letters[i] for i in rows]
    _, numbers = np.unique([getattr(s, head) for s in letters], return_inverse=True)
    found = plan(timed, groups([s.text for s in letters]), numbers, 0)
    # The first window only teaches coefficients: it is not measured, here as there.
    windows = [(np.arange(a), np.arange(a, b)) for a, b in list(pairwise(found.windows))[1:]]
    folds = [(np.setdiff1d(np.arange(len(rows)), fold), fold) for fold in found.folds]
    return rows, windows or folds


def plain(samples: Samples, head: str) -> Iterator[tuple[str, dict[str, float]]]:
    """Accuracy and macro-F1 of the usual pipelines, over the labels that ours names."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.metrics import f1_score
    from sklearn.naive_bayes import ComplementNB
    from sklearn.pipeline import make_pipeline, make_union
    from sklearn.svm import LinearSVC

    def by_word() -> Any:
        return TfidfVectorizer(tokenizer=words.cut, token_pattern=None, lowercase=False, sublinear_tf=True)

    def by_character() -> Any:
        return TfidfVectorizer(analyzer="char", ngram_range=(1, 3), sublinear_tf=True, min_df=2)

    makers: dict[str, Callable[[], Any]] = {
        "words + LinearSVC": lambda: make_pipeline(by_word(), LinearSVC()),
        "characters 1-3 + LinearSVC": lambda: make_pipeline(by_character(), LinearSVC()),
        "union + LinearSVC": lambda: make_pipeline(make_union(by_word(), by_character()), LinearSVC()),
        "words + ComplementNB": lambda: make_pipeline(by_word(), ComplementNB()),
    }
    rows, splits = _splits(samples, head)
    texts = np.array([f"{samples.letters[i].text.title}\n{samples.letters[i].text.body}" for i in rows], dtype=object)
    labels = np.array([getattr(samples.letters[i], head) for i in rows], dtype=object)
    counts = Counter(labels.tolist())
    named = np.array([counts[label] >= floor_for(len(rows)) for label in labels])
    for name, make in makers.items():
        truth: list[str] = []
        said: list[str] = []
        for train, test in splits:
            train, test = train[named[train]], test[named[test]]
            said += make().fit(texts[train], labels[train]).predict(texts[test]).tolist()
            truth += labels[test].tolist()
        hits = [a == b for a, b in zip(truth, said, strict=True)]
        yield (
            name,
            {
                "n": len(hits),
                "accuracy": round(float(np.mean(hits)), 4),
                "macro_f1": round(float(f1_score(truth, said, average="macro", labels=sorted(set(truth)))), 4),
            },
        )


def main(arguments: Sequence[str] | None = None) -> None:
    """Print one line per approach and head."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("--plain", action="store_true")
    parser.add_argument("--only", nargs="*", choices=[*RECIPES, "none"])
    given = parser.parse_args(arguments)
    samples = read([given.file])
    if given.plain:
        for head in HEADS:
            if any(getattr(s, head) for s in samples.letters):
                for name, found in plain(samples, head):
                    print(f"{head:<9}{name:<28}" + json.dumps(found), flush=True)
    for name in given.only if given.only is not None else RECIPES:
        if name == "none":
            continue
        for head, found in tried(samples, RECIPES[name]).items():
            extra = {key: value for key, value in found.items() if key.startswith("precision_at")}
            shown = {key: found.get(key) for key in SHOWN} | extra
            print(f"{head:<9}{name:<28}" + json.dumps(shown), flush=True)


if __name__ == "__main__":
    main()
