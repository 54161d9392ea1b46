"""A head's letters come in as features; its candidates, weights, coefficients and threshold go out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from classifier import choice, ridge
from classifier.choice import Stage
from classifier.heads import Candidates, Head, needed, softmax
from classifier.label_names import Names, read_names
from classifier.measures import expected_calibration_error
from classifier.ngrams import BLOCKS, Block
from classifier.places import Places, gather
from classifier.splitting import Plan
from classifier.thresholds import fitted_threshold

MAX_RARE = 1500  # rare candidates weighed one by one; the rarest beyond count as unseen


class Recipe(NamedTuple):
    """What a model is made of. The defaults are what cross-validation chose; benchmarks try others."""

    blocks: tuple[Block, ...] = BLOCKS
    alpha: float = 1.5  # ridge
    balance: float = 1.0  # how far rare classes are lifted: 0 not at all, 1 to the same weight as frequent ones
    names: bool = True  # read districts and kinds off the labels' names
    minimum_count: int | None = None  # letters an n-gram must stand in; None: by the number of letters


RECIPE = Recipe()


@dataclass(frozen=True, slots=True)
class Learned:
    """One head ready to serve, its weight columns, and what its held-out letters showed."""

    head: Head
    weights: NDArray[np.float32]
    facts: dict[str, Any]


def floor_for(letters: int) -> int:
    """How many training letters a label needs to be named: 20, less in a small file."""
    return int(np.clip(letters // 150, 3, 20))


def candidates_of(labels: Sequence[str], recipe: Recipe = RECIPE) -> tuple[Candidates, Names | None]:
    """All labels, named ones first, each part in alphabetical order."""
    counts = Counter(labels)
    floor = floor_for(len(labels))
    named = sorted(label for label, count in counts.items() if count >= floor)
    rare = sorted(sorted(set(counts) - set(named)), key=lambda label: (-counts[label], label))[:MAX_RARE]
    ordered = [*named, *rare]
    names = read_names(ordered) if recipe.names and len(ordered) >= 12 else None
    return (
        Candidates(
            tuple(ordered),
            len(named),
            np.array([counts[label] for label in ordered], dtype=np.int64),
            None if names is None else names.district_of,
            None if names is None else names.kind_of,
            None,
            None,
        ),
        names,
    )


def with_places(candidates: Candidates, names: Names | None) -> tuple[Candidates, Places | None]:
    """The candidates tied to the index of names that a batch is searched for."""
    if names is None:
        return candidates, None
    places, own, district = gather(names.own_name, names.district_name, names.district_of)
    return (
        replace(
            candidates,
            own_name=np.array(own, dtype=np.int64),
            district_name=np.array(district, dtype=np.int64),
        ),
        places,
    )


@dataclass(frozen=True, slots=True)
class Material:
    """A head's letters as features in the plan's order: all of them, and the sample that is held out in turn."""

    features: sparse.csr_matrix
    sample: NDArray[np.int64]  # rows of `features`
    gram: NDArray[np.float32]  # of the sample
    plan: Plan  # over the sample
    hits: NDArray[np.bool_] | None  # of the sample
    recipe: Recipe = RECIPE


def _aspect(material: Material, truth: NDArray[np.int64], classes: int) -> ridge.Ridge:
    sample, plan, recipe = material.sample, material.plan, material.recipe
    part = truth[sample]
    found = ridge.fit(
        material.features[sample],
        material.gram,
        ridge.targets(part, classes),
        ridge.balance(part, recipe.balance),
        alpha=recipe.alpha,
        folds=plan.folds,
        windows=plan.windows,
    )
    if sample.size == truth.size:
        return found
    weights = ridge.refine(
        material.features,
        ridge.targets(truth, classes),
        ridge.balance(truth, recipe.balance),
        found.weights,
        alpha=recipe.alpha,
    )
    return found._replace(weights=weights)


def learn_head(
    name: str,
    labels: Sequence[str],
    material: Material,
    candidates: Candidates,
    places: Places | None,
    precision: float,
) -> Learned:
    """`labels` are those of the material's letters, in its order."""
    plan = material.plan
    number = {label: k for k, label in enumerate(candidates.labels)}
    truth = np.array([number.get(label, len(candidates.labels)) for label in labels], dtype=np.int64)
    k = candidates.named
    own = _aspect(material, np.minimum(truth, k), k + candidates.has_rest)
    district = kind = None
    # A label beyond MAX_RARE has no candidate: it teaches “rest” alone.
    inside = np.minimum(truth, len(candidates.labels) - 1)
    if candidates.district_of is not None and candidates.kind_of is not None:
        district = _aspect(material, candidates.district_of[inside], candidates.districts)
        kind = _aspect(material, candidates.kind_of[inside], candidates.kinds)
    stages = _stages(own, district, kind, material.hits, truth[material.sample], candidates, plan)
    used = choice.usable(candidates, stages)
    coefficients = choice.fit(stages, candidates, places, used)
    utility, truth_out = _held_out(stages, candidates, places, used, bool(plan.windows))
    factor = choice.temperature(utility, truth_out, k)
    coefficients = {signal: round(value * factor, 6) for signal, value in coefficients.items()}
    chance = softmax(utility * factor)[:, :k]
    confidence = np.round(chance.max(axis=1), 4)
    threshold = fitted_threshold(confidence, chance.argmax(axis=1) == truth_out, precision)
    rare = np.arange(len(candidates.labels)) >= k
    bias = np.zeros(len(candidates.labels) + ("unseen" in used))
    for signal in used:
        value = coefficients[signal] * choice.constant(signal, candidates, candidates.counts, rare)
        bias[: len(candidates.labels)] += value
    if "unseen" in used:
        bias[-1] = coefficients["unseen"]
    head = Head(name, candidates, 0, coefficients, threshold, bias)
    weights = _collapsed(own, district, kind, candidates, coefficients)
    facts = {
        "letters": len(labels),
        "named": k,
        "held_out": {
            "how": "forward windows" if plan.windows else "grouped folds",
            "temperature": round(factor, 4),
            **_figures(chance, confidence, truth_out, threshold),
        },
    }
    return Learned(head, weights, facts)


def _stages(
    own: ridge.Ridge,
    district: ridge.Ridge | None,
    kind: ridge.Ridge | None,
    hits: NDArray[np.bool_] | None,
    truth: NDArray[np.int64],
    candidates: Candidates,
    plan: Plan,
) -> list[Stage]:
    total = len(candidates.labels)
    held = [np.arange(a, b) for a, b in zip(plan.windows[:-1], plan.windows[1:], strict=True)] or plan.folds
    stages = []
    for rows in held:
        before = truth[: rows[0]] if plan.windows else np.delete(truth, rows)
        counts = np.bincount(before, minlength=total + 1)
        counts[total] = 0
        stages.append(
            Stage(
                own.held_out[rows],
                None if district is None else district.held_out[rows],
                None if kind is None else kind.held_out[rows],
                None if hits is None else hits[rows],
                counts,
                truth[rows],
            )
        )
    return stages


def _held_out(
    stages: list[Stage], candidates: Candidates, places: Places | None, used: Sequence[str], forward: bool
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Utilities and truth of letters that helped fit neither scores nor coefficients: forward in time where windows
    are, else half against half."""
    if len(stages) < 2:
        coefficients = choice.fit(stages, candidates, places, used)
        return choice.utilities(stages, candidates, places, coefficients), stages[0].truth
    if forward:
        turns = [(stages[:k], [stages[k]]) for k in range(1, len(stages))]
    else:
        half = len(stages) // 2
        turns = [(stages[half:], stages[:half]), (stages[:half], stages[half:])]
    found = [
        choice.utilities(later, candidates, places, choice.fit(earlier, candidates, places, used))
        for earlier, later in turns
    ]
    return np.concatenate(found), np.concatenate([stage.truth for _, later in turns for stage in later])


def _figures(
    chance: NDArray[np.float64], confidence: NDArray[np.float64], truth: NDArray[np.int64], threshold: float
) -> dict[str, Any]:
    """What the held-out letters showed, by the same names as an evaluation's figures."""
    named = chance.shape[1]
    said = chance.argmax(axis=1)
    right, known = said == truth, truth < named
    taken = confidence >= threshold
    out: dict[str, Any] = {"letters": int(truth.size), "n": int(known.sum()), "unknown": int((~known).sum())}
    if known.any():
        hits = np.bincount(truth[right], minlength=named)[:named]
        true = np.bincount(truth[known], minlength=named)
        spoken = np.bincount(said[known], minlength=named)
        f1 = 2 * hits / np.maximum(true + spoken, 1)
        top3 = (np.argsort(-chance[known], axis=1)[:, :3] == truth[known][:, None]).any(axis=1)
        given_known = np.minimum(confidence[known] / np.maximum(chance[known].sum(axis=1), 1e-4), 1.0)
        out["accuracy"] = round(float(right[known].mean()), 4)
        out["macro_f1"] = round(float(f1[true > 0].mean()), 4)
        out["top3"] = round(float(top3.mean()), 4)
        out["ece"] = round(expected_calibration_error(given_known, right[known]), 4)
    out["automatic_share"] = round(float(taken.mean()), 4)
    out["automatic_precision"] = round(float(right[taken].mean()), 4) if taken.any() else None
    order = np.argsort(-confidence, kind="stable")
    for share in (0.02, 0.05, 0.08, 0.9):
        first = order[: max(1, int(share * order.size))]
        out[f"precision_at_{share:g}"] = round(float(right[first].mean()), 4)
    return out


def _collapsed(
    own: ridge.Ridge,
    district: ridge.Ridge | None,
    kind: ridge.Ridge | None,
    candidates: Candidates,
    coefficients: dict[str, float],
) -> NDArray[np.float32]:
    """Named labels' columns with their district's and kind's in them, then the rest, districts and kinds."""
    k = candidates.named
    columns = [own.weights * np.float32(coefficients["own"])]
    if candidates.has_rest:
        columns[0][:, k] = own.weights[:, k] * np.float32(coefficients["rest"])
    if district is not None and kind is not None:
        d = district.weights * np.float32(coefficients["district"])
        t = kind.weights * np.float32(coefficients["kind"])
        columns[0][:, :k] += d[:, needed(candidates.district_of)[:k]]
        columns[0][:, :k] += t[:, needed(candidates.kind_of)[:k]]
        columns += [d, t]
    return np.hstack(columns)
