"""Letters come in; a group number for each goes out, equal for letters that are nearly the same text.

Campaign letters (one dispute, dozens of letters) in both halves of a split flatter every score: groups stay together.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse import csgraph

from classifier.ngrams import Batch
from classifier.text import LetterText

_SKETCH = 24
_SHARED = 10  # of 24 sketch entries: a Jaccard similarity of about 0.3 and more
_CROWD = 64  # a shingle that more letters share is a phrase of the place, not a copy


def _sketch(items: Sequence[LetterText]) -> NDArray[np.int64]:
    """Pairs (row, shingle), the smallest hashes of each letter's shingles (bottom-k sketch)."""
    batch = Batch(items)
    grams = batch.grams(3)
    row = batch.rows.take(grams.start)
    if grams.start.size < 4:
        return np.empty((0, 2), dtype=np.int64)
    # Two trigrams side by side make a six-character shingle without another pass over the text.
    paired = (row[3:] == row[:-3]) & (grams.start[3:] == grams.start[:-3] + 3)
    left = grams.bucket[:-3][paired].astype(np.uint64)
    right = grams.bucket[3:][paired].astype(np.uint64)
    shingle = (left * np.uint64(0x9FB21C651E98DF25)) ^ (right * np.uint64(0xD6E8FEB86659FD93))
    shingle ^= shingle >> np.uint64(31)
    shingle *= np.uint64(0x9FB21C651E98DF25)
    shingle >>= np.uint64(24)
    keys = np.unique((row[:-3][paired].astype(np.uint64) << np.uint64(40)) | shingle)
    row = (keys >> np.uint64(40)).astype(np.int64)
    rank = np.arange(row.size) - np.searchsorted(row, row)
    chosen = rank < _SKETCH
    return np.stack([row[chosen], (keys[chosen] & np.uint64((1 << 40) - 1)).astype(np.int64)], axis=1)


def groups(items: Sequence[LetterText], *, chunk: int = 2048) -> NDArray[np.int64]:
    """The group of each letter, numbered in order of first appearance."""
    n = len(items)
    parts = []
    for start in range(0, n, chunk):
        sketch = _sketch(items[start : start + chunk])
        sketch[:, 0] += start
        parts.append(sketch)
    pairs = np.concatenate(parts) if parts else np.empty((0, 2), dtype=np.int64)
    _, shingle, count = np.unique(pairs[:, 1], return_inverse=True, return_counts=True)
    shared = (count[shingle] > 1) & (count[shingle] <= _CROWD)
    rows, columns = pairs[shared, 0], shingle[shared]
    links = sparse.csr_matrix((np.ones(rows.size, dtype=np.int32), (rows, columns)), shape=(n, count.size))
    together = (links @ links.T).tocsr()
    sizes = np.bincount(pairs[:, 0], minlength=n)
    together = together.tocoo()
    # A short letter has a short sketch: half of it must be shared.
    need = np.minimum(_SHARED, np.maximum(2, np.minimum(sizes[together.row], sizes[together.col]) // 2))
    near = together.data >= need
    graph = sparse.csr_matrix((together.data[near], (together.row[near], together.col[near])), shape=(n, n))
    _, label = csgraph.connected_components(graph, directed=False)
    result: NDArray[np.int64] = label.astype(np.int64)
    return result
