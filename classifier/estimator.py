"""Texts and labels come in, a fitted scikit-learn classifier goes out: the recipe for notebooks and model selection.

    LetterClassifier().fit(texts, labels).predict_proba(more)

One head; texts are strings, `LetterText`s, or (title, body) pairs. Serving and the command line use model folders.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from classifier.errors import NothingToLearnError
from classifier.learning import RECIPE
from classifier.text import LetterText
from classifier.training import learn
from classifier.training_files import Sample, Samples


class LetterClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Category or unit of letters, calibrated, with “none of these”.

    After `fit`: `classes_` (the labels it names), `threshold_` (confidence from which the promised precision holds),
    `not_named_` (labels with too few letters, by count), `held_out_` (figures on letters not trained on).
    """

    def __init__(
        self,
        *,
        alpha: float = 1.5,
        balance: float = 1.0,
        precision: float = 0.95,
        dictionary: Sequence[str] = (),
        seed: int = 0,
    ) -> None:
        self.alpha = alpha
        self.balance = balance
        self.precision = precision
        self.dictionary = dictionary
        self.seed = seed

    def fit(self, X: Iterable[Any], y: Sequence[Any], *, dates: Sequence[str] | None = None) -> LetterClassifier:
        """`dates` (ISO 8601) make the held-out letters later ones. Raises ValueError on bad shapes or labels."""
        letters = _letters(X)
        labels = np.asarray(y)
        if labels.ndim != 1 or len(labels) != len(letters):
            raise ValueError(
                f"X has {len(letters)} letters, y has the shape {labels.shape}: one label a letter is needed"
            )
        if not len(letters):
            raise ValueError("there is nothing to fit: X has no letters")
        given, codes = np.unique(labels, return_inverse=True)
        when = list(dates) if dates is not None else [""] * len(letters)
        samples = Samples(
            [
                Sample(str(number), text, f"{given[code]}", "", date)
                for number, (text, code, date) in enumerate(zip(letters, codes, when, strict=True))
            ]
        )
        try:
            model, facts = learn(
                samples,
                seed=self.seed,
                precision=self.precision,
                dictionary=self.dictionary,
                recipe=RECIPE._replace(alpha=self.alpha, balance=self.balance),
            )
        except NothingToLearnError as error:
            raise ValueError(str(error)) from error
        self.model_ = model
        head = model.heads[0]
        back = {f"{label}": label for label in given}
        order = np.argsort([str(label) for label in head.labels], kind="stable")
        self._order = order
        self.classes_ = np.array([back[head.labels[k]] for k in order])
        self.threshold_ = head.threshold
        self.not_named_ = {back[label]: count for label, count in facts["training"]["category"]["not_named"].items()}
        self.held_out_ = facts["training"]["category"]["held_out"]
        return self

    def predict_proba(self, X: Iterable[Any]) -> NDArray[np.float64]:
        """Letters × `classes_`. Rows sum to one less the chance that the letter belongs to none of them."""
        check_is_fitted(self, "model_")
        letters = _letters(X)
        if not letters:
            return np.empty((0, len(self.classes_)))
        parts = [
            self.model_.probabilities(letters[start : start + 512])["category"][0]
            for start in range(0, len(letters), 512)
        ]
        chance: NDArray[np.float64] = np.concatenate(parts)[:, self._order]
        return chance

    def predict(self, X: Iterable[Any]) -> NDArray[Any]:
        """The likeliest of `classes_` for each letter."""
        chance = self.predict_proba(X)
        return np.asarray(self.classes_[chance.argmax(axis=1)])

    def predict_sure(self, X: Iterable[Any]) -> NDArray[np.bool_]:
        """Which letters may be labelled without a person."""
        return np.asarray(np.round(self.predict_proba(X).max(axis=1), 4) >= self.threshold_)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        tags.no_validation = True
        return tags


def _letters(X: Iterable[Any]) -> list[LetterText]:
    if isinstance(X, str):
        raise ValueError("X is one string: give a list of letters")
    out = []
    for number, value in enumerate(X):
        match value:
            case LetterText():
                out.append(value)
            case str():
                out.append(LetterText("", str(value)))
            case (str(title), str(body)):
                out.append(LetterText(title, body))
            case _:
                raise ValueError(
                    f"letter {number} is {type(value).__name__}: give a string, (title, body) or a LetterText"
                )
    return out
