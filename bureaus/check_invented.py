"""Nothing goes in; how well a plain model learns the invented letters comes out, on templates it has seen and not seen.

    python -m bureaus.check_invented

On the training templates nearly every category is right: that figure says nothing. The held-out one is what counts.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics import f1_score
from sklearn.svm import LinearSVC

from bureaus.invented import generate
from letters.bureau import Bureau
from letters.bureau_files import read_bureau

NANKANG: Final = Path(__file__).parent / "nankang"
Rows = Sequence[dict[str, str]]


def scores(bureau: Bureau, *, train: int = 4000, test: int = 1000) -> dict[tuple[str, str], tuple[float, float]]:
    """(accuracy, macro-F1) by head (category, unit) and templates, of TF-IDF over character 1-3-grams and LinearSVC."""
    learnt = list(generate(bureau, train, 1))
    tests: dict[str, Rows] = {
        "train": list(generate(bureau, test, 2)),
        "held-out": list(generate(bureau, test, 3, templates="held-out")),
    }
    words = TfidfVectorizer(analyzer="char", ngram_range=(1, 3), sublinear_tf=True, min_df=2)
    features = words.fit_transform(_texts(learnt))
    found = {}
    for head in ("category", "unit"):
        model = LinearSVC(random_state=0).fit(features, [row[head] for row in learnt])
        for templates, rows in tests.items():
            truth = [row[head] for row in rows]
            said = model.predict(words.transform(_texts(rows)))
            right = sum(a == b for a, b in zip(truth, said, strict=True)) / len(truth)
            found[head, templates] = (right, float(f1_score(truth, said, average="macro", zero_division=0)))
    return found


def _texts(rows: Rows) -> list[str]:
    return [f"{row['title']}\n{row['place']}\n{row['body']}" for row in rows]


if __name__ == "__main__":
    for (head, templates), (right, macro) in scores(read_bureau(NANKANG)).items():
        sys.stdout.write(f"{head:8}  {templates:8} templates  accuracy {right:.3f}  macro-F1 {macro:.3f}\n")
