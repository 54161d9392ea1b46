"""Letters' dates and groups come in; in which order to learn and what to hold out when goes out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

# Long windows: a model serves for months before the next one, not for days.
_FIRST_WINDOW = 0.25
_WINDOWS = 5
_FOLDS = 10


SAMPLE = 5000  # letters held out in turn; kernel matrices of more take minutes
WHOLE = 6000  # up to here all letters are


class Plan(NamedTuple):
    """Either `windows` (cut points; rows are in time order) or `folds` (row numbers held out in turn)."""

    windows: list[int]
    folds: list[NDArray[np.int64]]


def plan(timed: bool, group: NDArray[np.int64], labels: NDArray[np.int64], seed: int) -> Plan:
    """Forward windows over letters in time order, else grouped folds."""
    n = len(labels)
    if timed:
        return Plan(np.linspace(_FIRST_WINDOW * n, n, _WINDOWS + 1).astype(int).tolist(), [])
    fold_of = grouped_folds(group, labels, seed)
    folds = [np.flatnonzero(fold_of == k) for k in range(_FOLDS)]
    return Plan([], [fold for fold in folds if fold.size])


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


def in_time_order(dates: Sequence[str]) -> NDArray[np.int64]:
    """Letters by day, undated ones first; letters of one day as they came."""
    return np.array(sorted(range(len(dates)), key=lambda i: dates[i][:10]), dtype=np.int64)


def sample(size: int, timed: bool, group: NDArray[np.int64], seed: int) -> NDArray[np.int64]:
    """Which of `size` letters are held out in turn: the latest, or whole groups by lot."""
    if size <= WHOLE:
        return np.arange(size, dtype=np.int64)
    if timed:
        return np.arange(size - SAMPLE, size, dtype=np.int64)
    lot = np.random.default_rng(seed).permutation(int(group.max()) + 1)[group]
    return np.sort(np.argsort(lot, kind="stable")[:SAMPLE])


def is_timed(dates: Sequence[str]) -> bool:
    """Whether the dates carry a split by time: four letters in five have one, and they tell at least 20 days."""
    days = [date[:10] for date in dates if date]
    return len(dates) >= 200 and len(days) >= 0.8 * len(dates) and len(set(days)) >= 20
