"""Linear scores and names found in the text come in; probabilities over a head's labels and “none of these” go out.

Every label that training saw is a candidate with a utility; only the labels seen often enough are *named*. The
probability that falls on the others, and on labels never seen, is the honest “none of these” (以上皆非). A rare label
is known by its district, its kind and its name; a named one by a column of weights of its own too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from classifier.places import Places

Floats = NDArray[np.float64]
Scores = NDArray[np.float32]
_T = TypeVar("_T")

#: What speaks for a candidate, in the order of the coefficients.
SIGNALS = (
    "own",  # its own column (named labels)
    "rest",  # the column of all rare labels (rare labels)
    "district",
    "kind",
    "support",  # log of its training letters
    "own_name",  # its name stands in the letter
    "district_name",  # its district's name stands in the letter
    "neighbour_name",  # the name of a unit of its district stands in the letter
    "rare",
    "few",  # fewer than three training letters
    "local",  # it has a name of its own within its kind: a town, a station
    "unseen",  # the candidate “a label that training never saw”
)
FEW = 3


@dataclass(frozen=True)
class Candidates:
    """All labels a head weighs against each other; the named ones come first."""

    labels: tuple[str, ...]
    named: int
    counts: NDArray[np.int64]
    district_of: NDArray[np.int64] | None
    kind_of: NDArray[np.int64] | None
    own_name: NDArray[np.int64] | None  # label → row of Places.names, −1 for none
    district_name: NDArray[np.int64] | None

    @cached_property
    def districts(self) -> int:
        """How many districts the names tell."""
        return 0 if self.district_of is None else int(self.district_of.max()) + 1

    @cached_property
    def kinds(self) -> int:
        """How many kinds of unit the names tell."""
        return 0 if self.kind_of is None else int(self.kind_of.max()) + 1

    @cached_property
    def has_rest(self) -> bool:
        """Whether some labels are too rare to be named."""
        return len(self.labels) > self.named

    @cached_property
    def columns(self) -> int:
        """Weight columns: the named labels, the rest, the districts, the kinds."""
        return self.named + self.has_rest + self.districts + self.kinds


def needed(value: _T | None) -> _T:
    """A part that goes with others: where one is there, all are."""
    if value is None:
        raise ValueError("the head's names are incomplete")
    return value


def found_names(candidates: Candidates, places: Places | None, hits: NDArray[np.bool_] | None) -> tuple[Any, Any, Any]:
    """(own name, district name, a neighbour's name) × candidate, as 0/1; None where the names tell nothing."""
    if (
        hits is None
        or places is None
        or not hits.any()
        or candidates.own_name is None
        or candidates.district_name is None
    ):
        return None, None, None
    padded = np.zeros((hits.shape[0], hits.shape[1] + 1), dtype=np.float32)
    padded[:, :-1] = hits
    own = padded.take(candidates.own_name, axis=1, mode="wrap")  # −1 reads the empty last column
    district = padded.take(candidates.district_name, axis=1, mode="wrap")
    around = np.zeros((hits.shape[0], candidates.districts + 1), dtype=np.float32)
    row, name = np.nonzero(hits)
    around[row, places.district_of_name[name]] = 1.0
    around[:, -1] = 0.0
    return own, district, around.take(needed(candidates.district_of), axis=1)


@dataclass(frozen=True, slots=True)
class Head:
    """One decision: its candidates, the weight columns that score them, and how scores become probabilities."""

    name: str
    candidates: Candidates
    first_column: int
    coefficients: Mapping[str, float]
    threshold: float
    bias: Floats  # per candidate, then “never seen”

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels it can name."""
        return self.candidates.labels[: self.candidates.named]

    @property
    def unseen(self) -> bool:
        """Whether “a label that training never saw” is a candidate."""
        return "unseen" in self.coefficients

    def utilities(self, scores: Scores, places: Places | None, hits: NDArray[np.bool_] | None) -> Floats:
        """Letters × candidates (and “never seen”). The named labels' columns hold district and kind already."""
        c, k = self.candidates, self.candidates.named
        own = scores[:, self.first_column : self.first_column + c.columns]
        out = np.empty((len(scores), len(c.labels) + self.unseen))
        out[:] = self.bias
        out[:, :k] += own[:, :k]
        if c.has_rest:
            out[:, k : len(c.labels)] += own[:, k, None]
        if c.district_of is not None and c.kind_of is not None:
            start = k + c.has_rest
            districts = own[:, start : start + c.districts]
            kinds = own[:, start + c.districts :]
            if c.has_rest:
                out[:, k : len(c.labels)] += districts.take(c.district_of[k:], axis=1)
                out[:, k : len(c.labels)] += kinds.take(c.kind_of[k:], axis=1)
        for signal, found in zip(
            ("own_name", "district_name", "neighbour_name"), found_names(c, places, hits), strict=True
        ):
            if found is not None:
                out[:, : len(c.labels)] += found * np.float32(self.coefficients[signal])
        return out

    def probabilities(
        self, scores: Scores, places: Places | None = None, hits: NDArray[np.bool_] | None = None
    ) -> tuple[Floats, Floats]:
        """(letters × named labels) and “none of these”; together they sum to one in each row."""
        p = softmax(self.utilities(scores, places, hits))
        named = p[:, : self.candidates.named]
        return named, p[:, self.candidates.named :].sum(axis=1)


def softmax(utility: Floats) -> Floats:
    """Row-wise, in place."""
    utility -= utility.max(axis=1, keepdims=True)
    np.exp(utility, out=utility)
    utility /= utility.sum(axis=1, keepdims=True)
    return utility
