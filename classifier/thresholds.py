"""Held-out confidences and hits come in; the confidence from which the machine may label on its own goes out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

NEVER = 1.01  # above every confidence: the head labels nothing on its own
_LEAST = 10  # letters above a threshold before it can be believed


def fitted_threshold(confidence: NDArray[np.float64], right: NDArray[np.bool_], precision: float) -> float:
    """The lowest confidence above which held-out letters were right as often as promised; NEVER if there is none."""
    order = np.argsort(-confidence, kind="stable")
    hits = np.cumsum(right[order])
    taken = np.arange(1, order.size + 1)
    # Half an imagined error: a handful of lucky letters is no promise.
    realised = hits / (taken + 0.5)
    good = np.flatnonzero((realised >= precision) & (taken >= _LEAST))
    if not good.size:
        return NEVER
    return float(np.ceil(confidence[order[good[-1]]] * 1e4) / 1e4)
