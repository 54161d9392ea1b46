"""A vocabulary, weights and heads come together; letters come in, one row of linear scores for each goes out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classifier.features import Vocabulary
from classifier.heads import Head
from classifier.ngrams import Block
from classifier.text import LetterText


@dataclass(frozen=True, slots=True)
class Model:
    """Everything that decides a label."""

    vocabulary: Vocabulary
    weights: NDArray[np.float32]  # features × columns, C order
    heads: tuple[Head, ...]
    dictionary: tuple[str, ...]

    def scores(self, items: Sequence[LetterText]) -> NDArray[np.float32]:
        """Letters × columns."""
        scores: NDArray[np.float32] = self.vocabulary.matrix(items) @ self.weights
        return scores

    def stored(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """The card's part and the arrays that `restore` needs."""
        arrays: dict[str, NDArray[Any]] = {"weights": self.weights}
        blocks = []
        for number, part in enumerate(self.vocabulary.blocks):
            blocks.append(part.block._asdict())
            arrays[f"buckets{number}"] = part.buckets
            arrays[f"idf{number}"] = part.idf
        heads = []
        for head in self.heads:
            arrays[f"bias_{head.name}"] = head.bias
            heads.append(
                {
                    "name": head.name,
                    "labels": list(head.labels),
                    "first_column": head.first_column,
                    "has_rest": head.has_rest,
                    "slope": head.slope,
                    "threshold": head.threshold,
                }
            )
        return {"blocks": blocks, "heads": heads, "dictionary": list(self.dictionary)}, arrays

    @classmethod
    def restore(cls, card: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Model:
        """The model that `stored` described."""
        parts = [
            (Block(**block), arrays[f"buckets{number}"], arrays[f"idf{number}"])
            for number, block in enumerate(card["blocks"])
        ]
        heads = tuple(
            Head(**{**head, "labels": tuple(head["labels"]), "bias": arrays[f"bias_{head['name']}"]})
            for head in card["heads"]
        )
        return cls(Vocabulary(parts), arrays["weights"], heads, tuple(card["dictionary"]))
