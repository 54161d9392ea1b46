"""Held-out scores come in; the coefficients that make the right candidate likeliest go out (a conditional logit).

Per letter and candidate there is a row of signals (`heads.SIGNALS`); the model is softmax(signals · coefficients).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

from classifier.heads import FEW, SIGNALS, Candidates, Floats, found_names, needed, softmax
from classifier.places import Places

_RIDGE = 1e-3
_SCORES = frozenset({"own", "rest", "district", "kind"})


class Stage(NamedTuple):
    """Some letters scored by a model that had not seen them, and what that model knew."""

    own: NDArray[np.float32]  # letters × (named + rest)
    district: NDArray[np.float32] | None
    kind: NDArray[np.float32] | None
    hits: NDArray[np.bool_] | None
    counts: NDArray[np.int64]  # training letters per candidate at that time, and 0 for “any other label”
    truth: NDArray[np.int64]  # candidate


def signals(stage: Stage, candidates: Candidates, places: Places | None, used: Sequence[str]) -> NDArray[np.float32]:
    """Letters × (candidates + unseen) × signals."""
    n, k, total = len(stage.own), candidates.named, len(candidates.labels)
    out = np.zeros((n, total + 1, len(used)), dtype=np.float32)
    own_name, district_name, neighbour = found_names(candidates, places, stage.hits)
    rare = np.arange(total) >= k
    for j, signal in enumerate(used):
        cell = out[:, :total, j]
        match signal:
            case "own":
                cell[:, :k] = stage.own[:, :k]
            case "rest":
                cell[:, k:] = stage.own[:, k, None]
                out[:, total, j] = stage.own[:, k]
            case "district":
                cell[:] = needed(stage.district)[:, needed(candidates.district_of)]
            case "kind":
                cell[:] = needed(stage.kind)[:, needed(candidates.kind_of)]
            case "own_name":
                cell[:] = own_name
            case "district_name":
                cell[:] = district_name
            case "neighbour_name":
                cell[:] = neighbour
            case _:
                cell[:] = constant(signal, candidates, stage.counts[:total], rare)
                if signal == "unseen":
                    out[:, total, j] = 1.0
    return out


def constant(
    signal: str, candidates: Candidates, counts: NDArray[np.int64], rare: NDArray[np.bool_]
) -> NDArray[np.float32]:
    """A signal that is the same for every letter."""
    total = len(candidates.labels)
    if signal == "support":
        value = np.log(np.maximum(counts, 0.5))
    elif signal == "rare":
        value = rare.astype(float)
    elif signal == "few":
        value = (counts < FEW).astype(float)
    elif signal == "local" and candidates.own_name is not None:
        value = (candidates.own_name >= 0).astype(float)
    else:
        value = np.zeros(total)
    result: NDArray[np.float32] = value.astype(np.float32)
    return result


def usable(candidates: Candidates, stages: Sequence[Stage]) -> tuple[str, ...]:
    """The signals that can differ between candidates."""
    unseen = any((stage.counts[stage.truth] == 0).any() for stage in stages)
    skipped = set()
    if candidates.district_of is None:
        skipped |= {"district", "kind", "own_name", "district_name", "neighbour_name", "local"}
    if not candidates.has_rest:
        skipped |= {"rest", "rare", "few"}
    if not unseen:
        skipped.add("unseen")
    return tuple(signal for signal in SIGNALS if signal not in skipped)


def _prepared(
    stages: Sequence[Stage], candidates: Candidates, places: Places | None, used: Sequence[str]
) -> list[tuple[NDArray[np.float32], NDArray[np.bool_], NDArray[np.int64]]]:
    parts = []
    for stage in stages:
        if not len(stage.truth):
            continue
        possible = np.append(stage.counts[: len(candidates.labels)] > 0, "unseen" in used)
        truth = np.where(stage.counts[stage.truth] > 0, stage.truth, len(candidates.labels))
        parts.append((signals(stage, candidates, places, used), possible, truth))
    return parts


def fit(
    stages: Sequence[Stage], candidates: Candidates, places: Places | None, used: Sequence[str]
) -> dict[str, float]:
    """Coefficients by signal."""
    parts = _prepared(stages, candidates, places, used)
    letters = sum(len(truth) for _, _, truth in parts)

    def loss(w: Floats) -> tuple[float, Floats]:
        value, gradient = 0.0, np.zeros(w.size)
        for x, possible, truth in parts:
            utility = (x @ w.astype(np.float32)).astype(np.float64)
            utility[:, ~possible] = -1e9
            p = softmax(utility)
            rows = np.arange(truth.size)
            value -= float(np.log(np.maximum(p[rows, truth], 1e-12)).sum())
            p[rows, truth] -= 1.0
            gradient += np.tensordot(p.astype(np.float32), x, axes=([0, 1], [0, 1]))
        return value / letters + _RIDGE * float(w @ w), gradient / letters + 2 * _RIDGE * w

    start = np.array([2.0 if signal in _SCORES else 0.1 for signal in used])
    # The scores must never count against their own label, however odd a small file's folds came out.
    bounds = [(0.05, None) if signal in _SCORES else (-20.0, 20.0) for signal in used]
    found = optimize.minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 100})
    return {signal: round(float(value), 6) for signal, value in zip(used, found.x, strict=True)}


def utilities(
    stages: Sequence[Stage], candidates: Candidates, places: Places | None, coefficients: dict[str, float]
) -> Floats:
    """Letters × (candidates + unseen), stage after stage; −1e9 where a candidate was not known at that time."""
    used = tuple(coefficients)
    w = np.array([coefficients[s] for s in used], dtype=np.float32)
    out = []
    for x, possible, _ in _prepared(stages, candidates, places, used):
        utility = (x @ w).astype(np.float64)
        utility[:, ~possible] = -1e9
        out.append(utility)
    return np.concatenate(out)


def temperature(utility: Floats, truth: NDArray[np.int64], named: int) -> float:
    """The factor on all utilities that makes “this named label” or “none of these” likeliest on held-out letters."""
    rows = np.arange(truth.size)

    def loss(factor: float) -> float:
        p = softmax(utility * factor)
        chance = np.where(truth < named, p[rows, np.minimum(truth, named - 1)], p[:, named:].sum(axis=1))
        return float(-np.log(np.maximum(chance, 1e-12)).mean())

    found = optimize.minimize_scalar(loss, bounds=(0.3, 1.5), method="bounded", options={"xatol": 1e-4})
    return float(found.x)
