"""Files of labelled letters come in; a model folder goes out, whole or not at all."""

from __future__ import annotations

import platform
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import scipy
from scipy import sparse
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from classifier import model_folder, ridge, words
from classifier.errors import NothingToLearnError
from classifier.features import Vocabulary
from classifier.learning import RECIPE, Learned, Material, Recipe, candidates_of, floor_for, learn_head, with_places
from classifier.model import Model
from classifier.near_duplicates import groups
from classifier.ngrams import Batch
from classifier.places import Places
from classifier.splitting import in_time_order, is_timed, plan, sample
from classifier.text import LetterText
from classifier.training_files import HEADS, Sample, Samples, read

Progress = Callable[[str, float], None]
_CHUNK = 512
_STRANGE = 0.55
MAX_LETTERS = 300_000  # more no longer raise accuracy, and a laptop's memory ends


class TrainingSummary(NamedTuple):
    """What came of a training: where the model is, its hash, its card."""

    path: Path
    sha256: str
    card: dict[str, Any]


def train(
    files: Sequence[Path],
    out: Path,
    *,
    seed: int = 0,
    precision: float = 0.95,
    dictionary: Sequence[str] = (),
    data_licence: str = "",
    progress: Progress | None = None,
) -> TrainingSummary:
    """Train on `files`, write the model folder `out`. The same files and seed give the same bytes.

    Raises TrainingFileError (each bad line named, before any work) and NothingToLearnError.
    """
    if not 0.5 <= precision < 1.0:
        raise ValueError(f"precision is a share between 0.5 and 1, not {precision}")
    say: Progress = progress or (lambda _step, _share: None)
    say("reading", 0.0)
    samples = read([Path(f) for f in files])
    model, facts = learn(samples, seed=seed, precision=precision, dictionary=dictionary, progress=say)
    card, arrays = model.stored()
    say("writing", 0.95)
    if data_licence:
        facts["data"]["licence"] = data_licence
    digest = model_folder.save(Path(out), {**card, **facts}, arrays)
    say("done", 1.0)
    return TrainingSummary(Path(out), digest, model_folder.read_card(Path(out)))


def learn(
    samples: Samples,
    *,
    seed: int = 0,
    precision: float = 0.95,
    dictionary: Sequence[str] = (),
    progress: Progress = lambda _step, _share: None,
    recipe: Recipe = RECIPE,
) -> tuple[Model, dict[str, Any]]:
    """The model and the card's facts about it."""
    # Threads change the order of sums, and with it the last bits: one thread, same bytes on every machine of a kind.
    with threadpool_limits(limits=1):
        return _learn(samples, seed, precision, dictionary, progress, recipe)


def minimum_count(letters: int) -> int:
    """In how many letters an n-gram must stand to be a feature."""
    return 2 if letters < 1500 else 3 if letters < 20_000 else 5


def _learn(
    samples: Samples, seed: int, precision: float, dictionary: Sequence[str], progress: Progress, recipe: Recipe
) -> tuple[Model, dict[str, Any]]:
    letters = _latest(samples.letters, seed)
    words.add_words(dictionary)
    items = [sample.text for sample in letters]
    progress("counting words", 0.05)
    chunks = [items[i : i + _CHUNK] for i in range(0, len(items), _CHUNK)]
    vocabulary = Vocabulary.learn(
        chunks, min_count=recipe.minimum_count or minimum_count(len(items)), blocks=recipe.blocks
    )
    progress("features", 0.2)
    features = sparse.vstack([vocabulary.matrix(chunk) for chunk in chunks]).tocsr()
    familiar = np.concatenate([vocabulary.familiar(Batch(chunk), without_itself=True) for chunk in chunks])
    group = groups(items)
    grams = _Grams(features)
    model_heads, weights, places_of = [], [], []
    facts: dict[str, Any] = {}
    column = 0
    present = [name for name in HEADS if any(getattr(sample, name) for sample in letters)]
    for turn, name in enumerate(present):
        progress(f"learning {name}", 0.3 + 0.6 * turn / len(present))
        rows = np.flatnonzero([bool(getattr(sample, name)) for sample in letters])
        if len({getattr(letters[i], name) for i in rows}) < 2:
            continue
        learned, places = _head(name, letters, items, features, grams, group, rows, seed, precision, recipe)
        if learned is None:
            continue
        model_heads.append(replace(learned.head, first_column=column))
        weights.append(learned.weights)
        places_of.append(places)
        column += learned.weights.shape[1]
        facts[name] = learned.facts | _support(name, letters)
    if not model_heads:
        raise NothingToLearnError(_why_nothing(letters))
    model = Model(
        vocabulary,
        np.ascontiguousarray(np.hstack(weights)),
        tuple(model_heads),
        tuple(places_of),
        tuple(dictionary),
        _least_familiar(familiar),
    )
    return model, {
        "data": {
            "sha256": samples.sha256,
            "files": samples.files,
            "letters": len(samples.letters),
            "used": len(letters),
            **_dates(letters),
        },
        "training": facts,
        "seed": seed,
        "precision": precision,
        "remarks": _remarks(facts, len(samples.letters), len(letters)),
        "versions": {"python": platform.python_version(), "numpy": np.__version__, "scipy": scipy.__version__},
    }


def _head(
    name: str,
    letters: Sequence[Sample],
    items: Sequence[LetterText],
    features: sparse.csr_matrix,
    grams: _Grams,
    group: np.ndarray[Any, Any],
    rows: np.ndarray[Any, Any],
    seed: int,
    precision: float,
    recipe: Recipe,
) -> tuple[Learned | None, Any]:
    labels = [getattr(letters[i], name) for i in rows]
    candidates, names = candidates_of(labels, recipe)
    if candidates.named < 2:
        return None, None
    candidates, places = with_places(candidates, names)
    dates = [letters[i].date for i in rows]
    timed = is_timed(dates)
    if timed:
        rows = rows[in_time_order(dates)]
    labels = [getattr(letters[i], name) for i in rows]
    chosen = sample(len(rows), timed, group[rows], seed)
    _, numbers = np.unique(np.array(labels)[chosen], return_inverse=True)
    held_out = plan(timed, group[rows][chosen], numbers, seed)
    own = features[rows]
    hits = None
    if places is not None:
        hits = np.vstack([_hits(places, [items[i] for i in part]) for part in _parts(rows[chosen])])
    material = Material(own, chosen, grams(rows[chosen]), held_out, hits, recipe)
    return learn_head(name, labels, material, candidates, places, precision), places


class _Grams:
    """Kernel matrices by letters: two heads over the same letters share one."""

    def __init__(self, features: sparse.csr_matrix) -> None:
        self._features = features
        self._last: tuple[bytes, np.ndarray[Any, Any]] | None = None

    def __call__(self, rows: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        key = rows.tobytes()
        if self._last is None or self._last[0] != key:
            self._last = key, ridge.kernel(self._features[rows])
        return self._last[1]


def _hits(places: Places, items: Sequence[LetterText]) -> np.ndarray[Any, Any]:
    found = places.hits(Batch(items))
    return np.zeros((len(items), len(places.names)), dtype=bool) if found is None else found


def _parts(rows: np.ndarray[Any, Any]) -> list[np.ndarray[Any, Any]]:
    return [rows[i : i + _CHUNK] for i in range(0, len(rows), _CHUNK)]


def _support(name: str, letters: Sequence[Sample]) -> dict[str, Any]:
    counts = Counter(getattr(sample, name) for sample in letters if getattr(sample, name))
    floor = floor_for(sum(counts.values()))
    return {
        "floor": floor,
        "support": {label: counts[label] for label in sorted(counts) if counts[label] >= floor},
        "not_named": {label: counts[label] for label in sorted(counts) if counts[label] < floor},
    }


def _least_familiar(familiar: np.ndarray[Any, Any]) -> float:
    """Three letters in a thousand are stranger than this. A narrow training file must not make every new word strange."""
    return round(float(min(np.quantile(familiar, 0.003), _STRANGE)), 4)


def _remarks(facts: dict[str, Any], given: int, used: int) -> list[str]:
    """What whoever trains should know, in sentences."""
    out = []
    if used < given:
        out.append(f"{used:,} of {given:,} letters were learned from: more no longer help")
    for head, found in facts.items():
        if rare := found["not_named"]:
            out.append(
                f"{head}: {len(rare)} labels with fewer than {found['floor']} letters ({sum(rare.values()):,} letters) "
                "are never given; such letters go to a person"
            )
        held_out = found["held_out"]
        if held_out["automatic_share"] == 0:
            out.append(f"{head}: no confidence keeps the promised precision, so every letter goes to a person")
        else:
            out.append(
                f"{head}: {held_out['automatic_share']:.1%} of held-out letters ({held_out['how']}) would be labelled "
                f"automatically, {held_out['automatic_precision']:.1%} of them rightly"
            )
    return out


def _latest(letters: list[Sample], seed: int) -> list[Sample]:
    """At most MAX_LETTERS: the latest where they are dated, else by lot."""
    if len(letters) <= MAX_LETTERS:
        return letters
    dates = [sample.date for sample in letters]
    if is_timed(dates):
        kept = in_time_order(dates)[-MAX_LETTERS:]
    else:
        kept = np.random.default_rng(seed).permutation(len(letters))[:MAX_LETTERS]
    return [letters[i] for i in np.sort(kept)]


def _dates(letters: Sequence[Sample]) -> dict[str, str]:
    dates = sorted(sample.date for sample in letters if sample.date)
    return {"first_date": dates[0], "last_date": dates[-1]} if dates else {}


def _why_nothing(letters: Sequence[Sample]) -> str:
    found = {name: Counter(getattr(s, name) for s in letters if getattr(s, name)) for name in HEADS}
    told = "; ".join(
        f"{name}: {len(counts)} label(s) in {sum(counts.values())} letters, largest {counts.most_common(1)[0][1]}"
        for name, counts in found.items()
        if counts
    )
    return f"a head needs two labels with at least {floor_for(len(letters))} letters each; found {told}"
