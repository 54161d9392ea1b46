"""Letters come in; a sparse float32 matrix (letters × features) goes out, always the same row for the same letter.

A vocabulary says for each block which hash buckets are features: those that at least `min_count` training letters hold.
The blocks of all bigrams (trigrams …) are looked up in one large table; what else a bigram counts as (a word, part of
a title) follows from its number by small tables.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from classifier.ngrams import BLOCKS, BUCKETS, WORD_SIZES, Batch, Block, block_buckets, dictionary_words, place_ends
from classifier.text import LetterText

MAX_FEATURES = 60_000  # a block: keeps an n-gram's number in 16 bits and a model small
_LOGS = (1.0 + np.log(np.maximum(np.arange(256), 1))).astype(np.float32)
_ROLES = ("all", "word", "title", "place names")
Part = tuple[Block, NDArray[np.uint32], NDArray[np.float32]]


class Trace(NamedTuple):
    """How a matrix came about: every occurrence, and the stored entry it counts towards. For evidence."""

    start: NDArray[np.int64]  # −1 for what stands nowhere in the text
    size: NDArray[np.int64]
    row: NDArray[np.int64]
    entry: NDArray[np.int64]
    counts: NDArray[np.int64]


class Rows(NamedTuple):
    """A compressed sparse row matrix as bare arrays: wrapping them costs a single letter half its time."""

    data: NDArray[np.float32]
    indices: NDArray[np.int32]
    indptr: NDArray[np.int32]
    familiar: NDArray[np.float64]  # by letter: the share of its bigrams that the vocabulary knows

    def matrix(self, columns: int) -> sparse.csr_matrix:
        """The same as scipy's matrix."""
        return sparse.csr_matrix((self.data, self.indices, self.indptr), shape=(self.indptr.size - 1, columns))

    def times(self, weights: NDArray[np.float32]) -> NDArray[np.float32]:
        """The product with a dense matrix; each row is summed in the order of its entries, whatever the batch."""
        out = np.zeros((self.indptr.size - 1, weights.shape[1]), dtype=np.float32)
        sparse._sparsetools.csr_matvecs(
            out.shape[0],
            weights.shape[0],
            out.shape[1],
            self.indptr,
            self.indices,
            self.data,
            weights.reshape(-1),
            out.reshape(-1),
        )
        return out


def _share(batch: Batch, known: NDArray[np.bool_]) -> NDArray[np.float64]:
    """By letter, the share of its bigrams that are `known`; 0 without any."""
    # A letter's code points stand side by side with a separator behind them: no stretch is empty.
    starts = batch.starts[:-1]
    if not starts.size:
        return np.zeros(0)
    share: NDArray[np.float64] = np.add.reduceat(known, starts, dtype=np.float64)
    share /= np.maximum(np.add.reduceat(batch.hashed(2) != 0, starts, dtype=np.float64), 1.0)
    return share


class Vocabulary:
    """Which n-grams are features, and how much each says by being there at all (idf)."""

    def __init__(self, parts: Sequence[Part]) -> None:
        self.parts = list(parts)
        offsets = np.cumsum([0] + [buckets.size for _, buckets, _ in parts])
        self.size = int(offsets[-1])
        self.idf = np.concatenate([idf for _, _, idf in parts]).astype(np.float32)
        self.block_of = np.repeat(np.arange(len(parts), dtype=np.uint32), np.diff(offsets))
        self.scale = np.array([np.sqrt(block.weight) for block, _, _ in parts], dtype=np.float32)
        self._look_up: dict[int, tuple[NDArray[np.uint16], NDArray[np.uint32]]] = {}
        self._fields = np.zeros(0, dtype=np.uint32)
        self._derive(offsets.tolist())

    def _derive(self, offsets: Sequence[int]) -> None:
        """Per size: bucket → number, and number → feature + 1 in each role (0 for none): all, word, title, place."""
        for size in (1, 2, 3, 4):
            nothing = np.empty(0, dtype=np.int64)
            used: dict[str, tuple[NDArray[np.int64], NDArray[np.int64]]] = dict.fromkeys(_ROLES, (nothing, nothing))
            for (block, buckets, _), offset in zip(self.parts, offsets, strict=False):
                is_word = block.part == "all" and block.size == 0
                if block.part == "fields" or not (size in WORD_SIZES if is_word else block.size == size):
                    continue
                low = WORD_SIZES.index(size) * BUCKETS if is_word else 0
                first, last = np.searchsorted(buckets, (low, low + BUCKETS))
                numbers = np.arange(offset + first + 1, offset + last + 1)
                used["word" if is_word else block.part] = buckets[first:last].astype(np.int64) - low, numbers
            known = np.unique(np.concatenate([bucket for bucket, _ in used.values()]))[: (1 << 16) - 1]
            number = np.zeros(BUCKETS, dtype=np.uint16)
            number[known] = np.arange(1, known.size + 1)
            roles = np.zeros((len(_ROLES), known.size + 1), dtype=np.uint32)
            for role, (bucket, numbers) in enumerate(used.values()):
                roles[role, number[bucket]] = numbers
            roles[:, 0] = 0
            self._look_up[size] = number, roles
        for (block, buckets, _), offset in zip(self.parts, offsets, strict=False):
            if block.part == "fields" and buckets.size:
                self._fields = np.zeros(BUCKETS, dtype=np.uint32)
                self._fields[buckets] = np.arange(offset + 1, offset + buckets.size + 1)

    @classmethod
    def learn(
        cls, batches: Iterable[Sequence[LetterText]], *, min_count: int, blocks: Sequence[Block] = BLOCKS
    ) -> Vocabulary:
        """Count each bucket's letters over all batches and keep the frequent ones."""
        sizes = [BUCKETS * (len(WORD_SIZES) if block.size == 0 and block.part == "all" else 1) for block in blocks]
        counts = [np.zeros(size, dtype=np.int32) for size in sizes]
        words = np.zeros(len(WORD_SIZES) * BUCKETS, dtype=bool)
        letters = 0
        for items in batches:
            if not items:
                continue
            letters += len(items)
            batch = Batch(items)
            words |= dictionary_words(batch.texts)
            for block, count in zip(blocks, counts, strict=True):
                rows, buckets = block_buckets(batch, block)
                pairs = rows * count.size + buckets
                pairs.sort()
                pairs = pairs[np.flatnonzero(np.diff(pairs, prepend=-1))]
                count += np.bincount(pairs % count.size, minlength=count.size).astype(np.int32)
        parts = []
        for block, count in zip(blocks, counts, strict=True):
            if count.size == words.size:
                count *= words
            floor = min_count
            chosen = np.flatnonzero(count >= floor)
            while chosen.size > MAX_FEATURES:
                floor += 1
                chosen = np.flatnonzero(count >= floor)
            # idf without the usual + 1: what stands in every letter says nothing.
            idf = np.log((1.0 + letters) / (1.0 + count[chosen])).astype(np.float32)
            parts.append((block, chosen.astype(np.uint32), idf))
        return cls(parts)

    def matrix(self, items: Sequence[LetterText]) -> sparse.csr_matrix:
        """One L2-normalised stretch per block and letter, blocks side by side, scaled by the root of their weight."""
        return self.rows(Batch(items))[0].matrix(self.size)

    def familiar(self, batch: Batch, *, without_itself: bool = False) -> NDArray[np.float64]:
        """By letter, the share of its bigrams that are known; 0 for a letter without any.

        `without_itself` is for letters that the vocabulary was learned from: what only just became a feature, also by
        the letter's own doing, does not count.
        """
        number, roles = self._look_up[2]
        found = number.take(batch.hashed(2))
        if not without_itself:
            return _share(batch, found != 0)
        often = np.zeros(roles.shape[1], dtype=bool)
        feature = roles[0, 1:].astype(np.int64) - 1
        bigrams = feature >= 0
        idf = self.idf.take(feature[bigrams])
        often[1:][bigrams] = idf < idf.max(initial=0.0) - 1e-6
        return _share(batch, often.take(found))

    def _occurrences(
        self, batch: Batch, row_key: NDArray[Any]
    ) -> tuple[list[Any], list[Any], list[int], NDArray[np.float64]]:
        """Keys (row · size + feature), starts and sizes of all features in the batch, and each letter's share of known bigrams."""
        keys, starts, sizes = [], [], []
        familiar = np.zeros(len(batch.items))
        in_title = batch.in_title()
        one = row_key.dtype.type(1)
        for size in (1, 2, 3, 4):
            number, roles = self._look_up[size]
            if roles.shape[1] == 1:
                continue
            everywhere = number.take(batch.hashed(size))
            start = everywhere.nonzero()[0]
            found = everywhere.take(start)
            if size == 2:
                familiar = _share(batch, everywhere != 0)
            base = row_key.take(start)
            base -= one
            if size < 4:
                # Every known n-gram is a feature of its own unless the block was cut short.
                keys.append((base, roles[0].take(found)))
                starts.append(start)
                sizes.append(size)
            if size > 1:
                word = roles[1].take(found)
                at = word.nonzero()[0]
                keys.append((base.take(at), word.take(at)))
                starts.append(start.take(at))
                sizes.append(size)
            if size in (2, 3):
                at = in_title.take(start).nonzero()[0]
                keys.append((base.take(at), roles[2].take(found.take(at))))
                starts.append(start.take(at))
                sizes.append(size)
            if size == 3:
                place = place_ends(batch)
                known = number.take(batch.hashed(3).take(place))
                keys.append((row_key.take(place) - one, roles[3].take(known)))
                starts.append(place)
                sizes.append(size)
        if self._fields.size:
            rows, bucket = batch.fields()
            keys.append((row_key.dtype.type(self.size) * rows.astype(row_key.dtype) - one, self._fields.take(bucket)))
            starts.append(np.full(rows.size, -1))
            sizes.append(1)
        return keys, starts, sizes, familiar

    def rows(self, batch: Batch, *, trace: bool = False) -> tuple[Rows, Trace | None]:
        """The same for a prepared batch, on request with the way from each occurrence to its entry."""
        n = len(batch.items)
        kind: Any = np.uint32 if n * self.size < 1 << 32 else np.uint64
        stride = kind(self.size)
        found, starts, sizes, familiar = self._occurrences(batch, batch.rows.astype(kind) * stride)
        base = np.concatenate([pair[0] for pair in found])
        feature_of = np.concatenate([pair[1] for pair in found])
        real = feature_of.nonzero()[0]
        keys = base.take(real)
        keys += feature_of.take(real)
        order = np.argsort(keys, kind="stable") if trace else None
        if order is None:
            keys.sort()
        else:
            keys = keys.take(order)
        size = keys.size
        is_first = np.empty(size + 1, dtype=bool)
        is_first[0] = is_first[size] = True
        np.not_equal(keys[1:], keys[:-1], out=is_first[1:size])
        edges = is_first.nonzero()[0]
        first = edges[:-1]
        counts = edges[1:] - first
        keys = keys.take(first)
        feature = (keys % stride).astype(np.int32)
        indptr = keys.searchsorted(np.arange(n + 1, dtype=np.uint64) * np.uint64(stride)).astype(np.int32)
        value = _LOGS.take(counts, mode="clip")
        value *= self.idf.take(feature)
        if value.size:
            block = self.block_of.take(feature)
            edge = np.empty(value.size, dtype=bool)
            np.not_equal(block[1:], block[:-1], out=edge[1:])
            edge[indptr[:-1][indptr[:-1] < value.size]] = True
            begin = edge.nonzero()[0]
            norm = np.add.reduceat(value * value, begin)
            np.sqrt(norm, out=norm)
            scale = self.scale.take(block.take(begin)) / np.maximum(norm, np.float32(1e-9))
            lengths = np.empty(begin.size, dtype=np.int64)
            lengths[:-1] = begin[1:] - begin[:-1]
            lengths[-1] = value.size - begin[-1]
            value *= scale.repeat(lengths)
        rows = Rows(value, feature, indptr, familiar)
        if order is None:
            return rows, None
        entry = np.empty(size, dtype=np.int64)
        entry[order] = np.cumsum(is_first[:-1]) - 1
        start = np.concatenate(starts).take(real)
        sizes_of = np.repeat(np.array(sizes), [s.size for s in starts]).take(real)
        return rows, Trace(start, sizes_of, (base.take(real) + kind(1)) // stride, entry, counts)
