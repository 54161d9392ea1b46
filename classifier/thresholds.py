"""Held-out confidences and hits come in; the confidence from which the machine may label on its own goes out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtrc

NEVER = 1.01  # above every confidence: the head labels nothing on its own
_LEAST = 10  # letters above a threshold before it can be believed
_MANY = 200  # letters from which their share of hits speaks for itself
_DOUBT = 0.2


def fitted_threshold(confidence: NDArray[np.float64], right: NDArray[np.bool_], precision: float) -> float:
    """The lowest confidence above which the held-out letters do not speak against the promised precision.

    With hundreds of letters above it that is the promised share of hits. With a few dozen, chance alone makes the
    share miss the promise half the time; so it is refused only where a head that keeps the promise would do as badly
    in fewer than one case in five. NEVER if there is no such confidence.
    """
    order = np.argsort(-confidence, kind="stable")
    taken = np.arange(1, order.size + 1)
    errors = taken - np.cumsum(right[order])
    # The chance of this many errors or more where each letter is wrong with 1 − precision.
    chance = np.where(errors > 0, bdtrc(np.maximum(errors - 1, 0), taken, 1.0 - precision), 1.0)
    kept = np.where(taken >= _MANY, errors <= (1.0 - precision) * taken, chance >= _DOUBT)
    good = np.flatnonzero(kept & (taken >= _LEAST))
    if not good.size:
        return NEVER
    value = confidence[order[good[-1]]]
    # Letters of equal confidence stand or fall together.
    return float(np.ceil(round(value * 1e4, 6)) / 1e4)
