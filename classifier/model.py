"""A vocabulary, weights and heads come together; letters come in, one row of linear scores for each goes out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classifier.features import Vocabulary
from classifier.heads import Candidates, Head
from classifier.ngrams import Batch, Block
from classifier.places import Places
from classifier.text import LetterText

_ARRAYS = tuple(field.name for field in fields(Candidates) if field.name not in {"labels", "named"})


@dataclass(frozen=True, slots=True)
class Model:
    """Everything that decides a label."""

    vocabulary: Vocabulary
    weights: NDArray[np.float32]  # features × columns, C order
    heads: tuple[Head, ...]
    places: tuple[Places | None, ...]  # by head
    dictionary: tuple[str, ...]
    familiar: float = 0.0  # the share of known bigrams that hardly any letter is below

    def probabilities(self, items: Sequence[LetterText]) -> dict[str, tuple[NDArray[np.float64], NDArray[np.float64]]]:
        """By head: (letters × named labels) and “none of these”."""
        batch = Batch(items)
        rows, _ = self.vocabulary.rows(batch)
        scores = rows.times(self.weights)
        return {
            head.name: self.head_probabilities(k, batch, scores, rows.familiar) for k, head in enumerate(self.heads)
        }

    def head_probabilities(
        self, number: int, batch: Batch, scores: NDArray[np.float32], familiar: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """One head's probabilities for a scored batch.

        A text that is hardly made of what letters are made of (another language, keyboard noise, an advertisement)
        belongs to “none of these”, the more so the stranger it is.
        """
        places = self.places[number]
        hits = None if places is None else places.hits(batch)
        named, outside = self.heads[number].probabilities(scores, places, hits)
        if self.familiar > 0:
            trust = np.minimum(familiar / self.familiar, 1.0) ** 3
            if (trust < 1.0).any():
                named = named * trust[:, None]
                outside = 1.0 - (1.0 - outside) * trust
        return named, outside

    def stored(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """The card's part and the arrays that `restore` needs."""
        arrays: dict[str, NDArray[Any]] = {"weights": self.weights}
        blocks = []
        for number, (block, buckets, idf) in enumerate(self.vocabulary.parts):
            blocks.append(block._asdict())
            arrays[f"buckets{number}"] = buckets
            arrays[f"idf{number}"] = idf
        heads = []
        for head, places in zip(self.heads, self.places, strict=True):
            arrays[f"{head.name}_bias"] = head.bias
            for field in _ARRAYS:
                value = getattr(head.candidates, field)
                if value is not None:
                    arrays[f"{head.name}_{field}"] = value
            if places is not None:
                arrays[f"{head.name}_name_districts"] = places.district_of_name
            heads.append(
                {
                    "name": head.name,
                    "labels": list(head.candidates.labels),
                    "named": head.candidates.named,
                    "first_column": head.first_column,
                    "coefficients": dict(head.coefficients),
                    "threshold": head.threshold,
                    "names": None if places is None else list(places.names),
                }
            )
        return {
            "blocks": blocks,
            "heads": heads,
            "dictionary": list(self.dictionary),
            "familiar": self.familiar,
        }, arrays

    @classmethod
    def restore(cls, card: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Model:
        """The model that `stored` described."""
        parts = [
            (Block(**block), arrays[f"buckets{number}"], arrays[f"idf{number}"])
            for number, block in enumerate(card["blocks"])
        ]
        heads, places = [], []
        for entry in card["heads"]:
            name = entry["name"]
            stored: dict[str, Any] = {field: arrays.get(f"{name}_{field}") for field in _ARRAYS}
            candidates = Candidates(labels=tuple(entry["labels"]), named=entry["named"], **stored)
            heads.append(
                Head(
                    name,
                    candidates,
                    entry["first_column"],
                    entry["coefficients"],
                    entry["threshold"],
                    arrays[f"{name}_bias"],
                )
            )
            names = entry["names"]
            places.append(None if names is None else Places(tuple(names), arrays[f"{name}_name_districts"]))
        return cls(
            Vocabulary(parts),
            arrays["weights"],
            tuple(heads),
            tuple(places),
            tuple(card["dictionary"]),
            card.get("familiar", 0.0),
        )
