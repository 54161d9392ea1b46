"""Linear scores come in; calibrated probabilities over a head's labels and “none of these” go out.

A head names the labels that training saw often enough. Letters of all other labels share one more class, “none of
these”, so that confidence stays honest on a stream in which most units are rare.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Head:
    """One decision: its labels, the weight columns that score them, and how scores become probabilities."""

    name: str
    labels: tuple[str, ...]
    first_column: int
    has_rest: bool  # a last column scores “none of these”
    slope: float
    bias: Floats  # per column
    threshold: float

    @property
    def columns(self) -> int:
        """How many weight columns the head reads."""
        return len(self.labels) + self.has_rest

    def probabilities(self, scores: NDArray[np.float32]) -> tuple[Floats, Floats]:
        """(letters × labels) and “none of these”; together they sum to one in each row."""
        own = scores[:, self.first_column : self.first_column + self.columns].astype(np.float64)
        utility = own * self.slope + self.bias
        utility -= utility.max(axis=1, keepdims=True)
        np.exp(utility, out=utility)
        utility /= utility.sum(axis=1, keepdims=True)
        if self.has_rest:
            return utility[:, :-1], utility[:, -1]
        return utility, np.zeros(len(own))


def calibrate(scores: NDArray[np.float32], truth: NDArray[np.int64]) -> tuple[float, Floats]:
    """Slope and per-column bias that make softmax(slope · score + bias) likeliest on held-out scores."""
    own = scores.astype(np.float64)
    counts = np.bincount(truth, minlength=own.shape[1]) + 1.0
    prior = np.log(counts / counts.sum())

    def loss(parameters: Floats) -> tuple[float, Floats]:
        slope, pull = parameters
        utility = own * slope + pull * prior
        utility -= utility.max(axis=1, keepdims=True)
        p = np.exp(utility)
        p /= p.sum(axis=1, keepdims=True)
        rows = np.arange(truth.size)
        value = -np.log(np.maximum(p[rows, truth], 1e-12)).mean()
        p[rows, truth] -= 1.0
        return float(value), np.array([(p * own).sum(), (p * prior).sum()]) / truth.size

    found = optimize.minimize(loss, np.array([4.0, 0.2]), jac=True, method="L-BFGS-B")
    slope, pull = found.x
    return float(slope), pull * prior


def fitted_threshold(confidence: Floats, right: NDArray[np.bool_], precision: float) -> float:
    """The lowest confidence above which held-out letters were right as often as promised; > 1 if there is none."""
    order = np.argsort(-confidence, kind="stable")
    hits = np.cumsum(right[order])
    taken = np.arange(1, order.size + 1)
    # One imagined error: a handful of lucky letters is no promise.
    realised = hits / (taken + 1.0)
    good = np.flatnonzero(realised >= precision)
    if not good.size:
        return 1.01
    return float(np.ceil(confidence[order[good[-1]]] * 1e4) / 1e4)
