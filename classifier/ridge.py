"""A sparse matrix and ±1 targets come in; ridge weights and honest out-of-fold scores go out.

One Cholesky factor of the kernel matrix gives the weights, every grouped fold and every forward window:
a fold's scores follow in closed form from the inverse, and a window's factor is the leading part of the whole one.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, sparse

Matrix = NDArray[np.float32]


class Ridge(NamedTuple):
    """Weights (features × classes) and the scores each training letter got without itself and its likes."""

    weights: Matrix
    held_out: Matrix
    has_score: NDArray[np.bool_]


def targets(labels: NDArray[np.int64], classes: int) -> Matrix:
    """+1 for a letter's own class, −1 for the others."""
    out = np.full((labels.size, classes), -1.0, dtype=np.float32)
    out[np.arange(labels.size), labels] = 1.0
    return out


def balance(labels: NDArray[np.int64], power: float) -> Matrix:
    """Sample weights that lift rare classes: (mean class size / own class size) ** power, mean 1."""
    counts = np.bincount(labels)
    weight = (1.0 / counts[labels]) ** power
    result: Matrix = (weight / weight.mean()).astype(np.float32)
    return result


def kernel(features: sparse.csr_matrix) -> Matrix:
    """All scalar products between letters, as a dense matrix."""
    n = features.shape[0]
    out = np.empty((n, n), dtype=np.float32)
    turned = features.T.tocsr()
    for start in range(0, n, 1024):
        out[start : start + 1024] = (features[start : start + 1024] @ turned).toarray()
    return out


def fit(
    features: sparse.csr_matrix,
    gram: Matrix,
    y: Matrix,
    sample_weight: Matrix,
    *,
    alpha: float,
    folds: Sequence[NDArray[np.int64]] = (),
    windows: Sequence[int] = (),
) -> Ridge:
    """Solve (K + α / w) a = y. `folds`: index arrays held out in turn; `windows`: ascending cut points in time
    order, the letters between two cuts are scored by the letters before the first."""
    n = gram.shape[0]
    system = np.array(gram, order="F")
    system[np.diag_indices(n)] += alpha / sample_weight
    factor = linalg.cholesky(system, lower=True, overwrite_a=True, check_finite=False)
    dual = linalg.cho_solve((factor, True), y, check_finite=False)
    held_out = np.zeros_like(y)
    has_score = np.zeros(n, dtype=bool)
    if folds:
        inverse = linalg.lapack.spotri(factor, lower=True)[0]
        inverse += np.tril(inverse, -1).T
        for fold in folds:
            held_out[fold] = y[fold] - linalg.solve(inverse[np.ix_(fold, fold)], dual[fold], check_finite=False)
            has_score[fold] = True
    for cut, end in pairwise(windows):
        part = linalg.cho_solve((factor[:cut, :cut], True), y[:cut], check_finite=False)
        held_out[cut:end] = gram[cut:end, :cut] @ part
        has_score[cut:end] = True
    weights = np.asarray(features.T @ dual, dtype=np.float32)
    return Ridge(weights, held_out, has_score)


def refine(
    features: sparse.csr_matrix,
    y: Matrix,
    sample_weight: Matrix,
    start: Matrix,
    *,
    alpha: float,
    rounds: int = 25,
    tolerance: float = 2e-2,
) -> Matrix:
    """Ridge weights for more letters than a kernel matrix can hold: conjugate gradients, one line search a column,
    from the weights that a sample of the letters gave."""
    turned = features.T.tocsr()
    sample = sample_weight[:, None]
    weights = start.copy()
    goal = turned @ (sample * y)
    residual = goal - (turned @ (sample * (features @ weights)) + np.float32(alpha) * weights)
    direction = residual.copy()
    power = (residual * residual).sum(axis=0)
    enough = tolerance**2 * np.maximum((goal * goal).sum(axis=0), 1e-12)
    for _ in range(rounds):
        if (power <= enough).all():
            break
        image = turned @ (sample * (features @ direction)) + np.float32(alpha) * direction
        step = power / np.maximum((direction * image).sum(axis=0), 1e-12)
        weights += step * direction
        residual -= step * image
        new = (residual * residual).sum(axis=0)
        direction = residual + (new / np.maximum(power, 1e-12)) * direction
        power = new
    return np.ascontiguousarray(weights, dtype=np.float32)
