"""Letters and the labels they got come in; the words that made the labels go out, with weights that add up to the score.

Each n-gram's share of the score is spread over its characters, and the characters are summed word by word (jieba's
words): a reader sees words and not trigrams, and nothing is lost or counted twice.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from classifier.features import Rows, Trace
from classifier.heads import Head
from classifier.ngrams import FIELDS, Batch
from classifier.places import Places

TOP = 5
_PARTS = ("title", "body", "place")


class Span(NamedTuple):
    """A word where it stands: its part of the letter, and from which to which character of that part."""

    part: str
    start: int
    end: int
    text: str
    weight: float


class Weighed(NamedTuple):
    """A batch's words with what each adds to the score of its letter's label."""

    start: NDArray[np.int64]
    end: NDArray[np.int64]
    weight: NDArray[np.float64]
    fields: NDArray[np.float64]  # by letter: what channel and kind add


class Scored(NamedTuple):
    """What a batch's scores were made of."""

    batch: Batch
    features: Rows
    trace: Trace
    weights: NDArray[np.float32]


def weigh(scored: Scored, head: Head, places: Places | None, chosen: NDArray[np.int64]) -> Weighed:
    """What each word adds to the utility of `chosen` (a named label for each letter)."""
    batch, trace = scored.batch, scored.trace
    matrix = scored.features
    columns = np.repeat(chosen + head.first_column, np.diff(matrix.indptr))
    flat = matrix.indices.astype(np.int64) * scored.weights.shape[1]
    flat += columns
    share = matrix.data * scored.weights.reshape(-1).take(flat)
    share /= trace.counts
    each = share.take(trace.entry).astype(np.float64)
    starts, ends = trace.start, trace.start + trace.size
    fields = np.zeros(len(chosen))
    nowhere = starts < 0
    if nowhere.any():
        fields += np.bincount(trace.row[nowhere].astype(np.int64), weights=each[nowhere], minlength=len(chosen))
        there = np.flatnonzero(~nowhere)
        starts, ends, each = starts.take(there), ends.take(there), each.take(there)
    if places is not None:
        more = _names(batch, head, places, chosen)
        starts, ends, each = (np.concatenate(pair) for pair in zip((starts, ends, each), more, strict=True))
    each /= ends - starts
    size = batch.codes.size + 1
    slope = np.bincount(starts, weights=each, minlength=size) - np.bincount(ends, weights=each, minlength=size)
    by_character = np.cumsum(slope)
    start, end = batch.tokens()
    weight = np.add.reduceat(by_character, start)
    return Weighed(start, end, weight, fields)


def _names(
    batch: Batch, head: Head, places: Places, chosen: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """What the names of units and districts found in the text add, at the places where they stand."""
    candidates = head.candidates
    name, where = places.find(batch)
    row = batch.rows.take(where)
    label = chosen.take(row)
    weight = np.zeros(name.size)
    if candidates.own_name is None or candidates.district_name is None or candidates.district_of is None:
        return where, where, weight
    # Each signal counts once a letter, however often the name stands there.
    for signal, speaks in (
        ("own_name", name == candidates.own_name[label]),
        ("district_name", name == candidates.district_name[label]),
        ("neighbour_name", places.district_of_name[name] == candidates.district_of[label]),
    ):
        times = np.bincount(row[speaks], minlength=len(chosen))
        weight[speaks] += head.coefficients[signal] / times[row[speaks]]
    return where, where + places.sizes.take(name), weight


def top_words(
    scored: Scored, head: Head, places: Places | None, chosen: NDArray[np.int64]
) -> list[list[tuple[str, float]]]:
    """The words that spoke most for each letter's label, the same word's weights added up, strongest first."""
    batch = scored.batch
    weighed = weigh(scored, head, places, chosen)
    kept = np.flatnonzero((weighed.weight > 0) & (batch.codes.take(weighed.start) != 0))
    start = weighed.start.take(kept)
    row = batch.rows.take(start)
    offset = batch.starts.take(row)
    bounds = np.searchsorted(row, np.arange(len(batch.items) + 1)).tolist()
    first = (start - offset).tolist()
    last = (weighed.end.take(kept) - offset).tolist()
    # Rounded before they are added, all at once: what stands beside a letter in its batch may not show in its last digits.
    weight = np.round(weighed.weight.take(kept), 6).tolist()
    fields = weighed.fields.tolist()
    out = []
    for letter, text in enumerate(batch.texts):
        total: dict[str, float] = {}
        for k in range(bounds[letter], bounds[letter + 1]):
            word = text[first[k] : last[k]]
            total[word] = total.get(word, 0.0) + weight[k]
        if fields[letter] > 0:
            item = batch.items[letter]
            total["·".join(filter(None, (item.channel, item.kind)))] = fields[letter]
        best = sorted([(-value, word) for word, value in total.items()])[:TOP]
        out.append([(word, rounded) for value, word in best if (rounded := round(-value, 4)) > 0])
    return out


def spans(scored: Scored, head: Head, places: Places | None, chosen: NDArray[np.int64]) -> list[list[Span]]:
    """Every word of each letter with its weight, in reading order; separators carry none."""
    batch = scored.batch
    weighed = weigh(scored, head, places, chosen)
    out: list[list[Span]] = [[] for _ in batch.items]
    for start, end, weight in zip(weighed.start.tolist(), weighed.end.tolist(), weighed.weight.tolist(), strict=True):
        if batch.codes[start] == 0 and abs(weight) < 1e-12:
            continue
        letter = int(batch.rows[start])
        at = start - int(batch.starts[letter])
        item = batch.items[letter]
        text = batch.texts[letter][at : at + end - start]
        part_name = _PARTS[0]
        for part, part_name in zip(item[:FIELDS], _PARTS, strict=True):  # noqa: B007 - the last one seen is the one
            if at < len(part):
                break
            at -= len(part) + 1
        out[letter].append(Span(part_name, at, at + end - start, text, weight))
    for letter, weight in enumerate(weighed.fields.tolist()):
        if weight:
            item = batch.items[letter]
            out[letter].append(Span("fields", 0, 0, "·".join(filter(None, (item.channel, item.kind))), weight))
    return out
