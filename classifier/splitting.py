"""Letters' dates and groups come in; the order in which to learn and what to hold out when goes out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

# Long windows: a model serves for months before the next one, not for days.
_FIRST_WINDOW = 0.25
_WINDOWS = 5
_FOLDS = 10


class Plan(NamedTuple):
    """Either `windows` (cut points; rows are in time order) or `folds` (row numbers held out in turn)."""

    order: NDArray[np.int64]  # into the letters: time order, or as they came
    windows: list[int]
    folds: list[NDArray[np.int64]]


def plan(dates: Sequence[str], group: NDArray[np.int64], labels: NDArray[np.int64], seed: int) -> Plan:
    """Forward windows where at least four letters in five have a date and the dates differ, else grouped folds."""
    n = len(dates)
    days = [date[:10] for date in dates]
    dated = sum(map(bool, days))
    if n >= 200 and dated >= 0.8 * n and len(set(days)) >= 20:
        order = np.array(sorted(range(n), key=lambda i: days[i]), dtype=np.int64)
        cuts = np.linspace(_FIRST_WINDOW * n, n, _WINDOWS + 1).astype(int).tolist()
        return Plan(order, cuts, [])
    fold_of = grouped_folds(group, labels, seed)
    folds = [np.flatnonzero(fold_of == k) for k in range(_FOLDS)]
    return Plan(np.arange(n), [], [fold for fold in folds if fold.size])


def grouped_folds(
    group: NDArray[np.int64], labels: NDArray[np.int64], seed: int, folds: int = _FOLDS
) -> NDArray[np.int64]:
    """A fold for each letter; near-duplicates share one, unless they are most of a label and nothing would be left."""
    sizes = np.bincount(group)
    support = np.bincount(labels)
    crowded = sizes[group] > 0.25 * support[labels]
    single = group.max() + 1 + np.arange(group.size)
    effective = np.where(crowded & (sizes[group] > 3), single, group)
    _, effective = np.unique(effective, return_inverse=True)
    turn = np.random.default_rng(seed).permutation(int(effective.max()) + 1) % folds
    result: NDArray[np.int64] = turn[effective].astype(np.int64)
    return result
