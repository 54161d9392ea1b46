"""Letters come in; a sparse float32 matrix (letters × features) goes out, always the same row for the same letter.

A vocabulary says for each block which hash buckets are features: those that at least `min_count` training letters hold.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from classifier.ngrams import BLOCKS, BUCKETS, WORD_SIZES, Batch, Block, Found, dictionary_words, find
from classifier.text import LetterText

MAX_FEATURES = 60_000  # a block: keeps a feature's number in 16 bits and a model small
_LOGS = (1.0 + np.log(np.maximum(np.arange(256), 1))).astype(np.float32)


class BlockVocabulary(NamedTuple):
    """One block's features: their buckets (sorted) and the number of the first of them."""

    block: Block
    buckets: NDArray[np.uint32]
    idf: NDArray[np.float32]
    offset: int
    number: NDArray[np.uint16]  # bucket → 1 + feature within the block, 0 for none


class Trace(NamedTuple):
    """How the matrix came about: every occurrence, and which stored entry it counts towards. For evidence."""

    found: list[Found]
    entry: NDArray[np.int64]
    counts: NDArray[np.int64]


def _buckets(block: Block) -> int:
    return len(WORD_SIZES) * BUCKETS if block.name == "words" else BUCKETS


def _numbers(block: Block, buckets: NDArray[np.uint32]) -> NDArray[np.uint16]:
    number = np.zeros(_buckets(block), dtype=np.uint16)
    number[buckets] = np.arange(1, buckets.size + 1, dtype=np.uint16)
    return number


class Vocabulary:
    """Which n-grams are features, and how much each says by being there at all (idf)."""

    def __init__(self, parts: Sequence[tuple[Block, NDArray[np.uint32], NDArray[np.float32]]]) -> None:
        self.blocks: list[BlockVocabulary] = []
        offset = 0
        for block, buckets, idf in parts:
            self.blocks.append(BlockVocabulary(block, buckets, idf, offset, _numbers(block, buckets)))
            offset += buckets.size
        self.size = offset
        sizes = [part.buckets.size for part in self.blocks]
        self.idf = np.concatenate([part.idf for part in self.blocks]).astype(np.float32)
        self.block_of = np.repeat(np.arange(len(sizes), dtype=np.uint32), sizes)
        self.scale = np.array([np.sqrt(part.block.weight) for part in self.blocks], dtype=np.float32)

    @classmethod
    def learn(
        cls, batches: Iterable[Sequence[LetterText]], *, min_count: int, blocks: Sequence[Block] = BLOCKS
    ) -> Vocabulary:
        """Count each bucket's letters over all batches and keep the frequent ones."""
        counts = [np.zeros(_buckets(block), dtype=np.int32) for block in blocks]
        words = np.zeros(len(WORD_SIZES) * BUCKETS, dtype=bool)
        letters = 0
        for items in batches:
            if not items:
                continue
            letters += len(items)
            batch = Batch(items)
            words |= dictionary_words(batch.texts)
            for block, count in zip(blocks, counts, strict=True):
                found = find(batch, block)
                pairs = found.row.astype(np.int64) * count.size + found.feature
                pairs.sort()
                pairs = pairs[np.flatnonzero(np.diff(pairs, prepend=-1))]
                count += np.bincount(pairs % count.size, minlength=count.size).astype(np.int32)
        parts = []
        for block, count in zip(blocks, counts, strict=True):
            if block.name == "words":
                count *= words
            floor = min_count
            buckets = np.flatnonzero(count >= floor)
            while buckets.size > MAX_FEATURES:
                floor += 1
                buckets = np.flatnonzero(count >= floor)
            # idf without the usual + 1: what stands in every letter says nothing.
            idf = np.log((1.0 + letters) / (1.0 + count[buckets])).astype(np.float32)
            parts.append((block, buckets.astype(np.uint32), idf))
        return cls(parts)

    def matrix(self, items: Sequence[LetterText]) -> sparse.csr_matrix:
        """One L2-normalised stretch per block and letter, blocks side by side, scaled by the root of their weight."""
        return self.of_batch(Batch(items))[0]

    def of_batch(self, batch: Batch, *, trace: bool = False) -> tuple[sparse.csr_matrix, Trace | None]:
        """The same for a prepared batch, on request with the way from each occurrence to its entry."""
        n = len(batch.items)
        found = [find(batch, part.block, part.number) for part in self.blocks if part.buckets.size]
        used = [part for part in self.blocks if part.buckets.size]
        keys = np.empty(sum(f.row.size for f in found), dtype=np.uint64 if n * self.size >= 1 << 32 else np.uint32)
        stride = keys.dtype.type(self.size)
        position = 0
        for part, f in zip(used, found, strict=True):
            view = keys[position : position + f.row.size]
            np.multiply(f.row, stride, out=view, casting="unsafe")
            view += f.feature
            view += keys.dtype.type(part.offset - 1) if part.offset else keys.dtype.type(0)
            if not part.offset:
                view -= keys.dtype.type(1)
            position += f.row.size
        order = np.argsort(keys, kind="stable") if trace else None
        if order is None:
            keys.sort()
        else:
            keys = keys.take(order)
        is_first = np.empty(keys.size, dtype=bool)
        is_first[:1] = True
        np.not_equal(keys[1:], keys[:-1], out=is_first[1:])
        first = np.flatnonzero(is_first)
        counts = np.diff(first, append=keys.size)
        keys = keys.take(first)
        row = keys // stride
        feature = (keys - row * stride).astype(np.int32)
        value = _LOGS.take(np.minimum(counts, 255))
        value *= self.idf.take(feature)
        indptr = np.zeros(n + 1, dtype=np.int32)
        np.cumsum(np.bincount(row.astype(np.int64), minlength=n), out=indptr[1:])
        if value.size:
            segment = row.astype(np.uint32)
            segment *= np.uint32(len(self.blocks))
            segment += self.block_of.take(feature)
            edge = np.empty(segment.size, dtype=bool)
            edge[0] = True
            np.not_equal(segment[1:], segment[:-1], out=edge[1:])
            begin = np.flatnonzero(edge)
            norm = np.sqrt(np.add.reduceat(value * value, begin))
            scale = self.scale.take(self.block_of.take(feature.take(begin))) / np.maximum(norm, np.float32(1e-9))
            value *= np.repeat(scale, np.diff(begin, append=segment.size))
        matrix = sparse.csr_matrix((value, feature, indptr), shape=(n, self.size))
        if order is None:
            return matrix, None
        entry = np.empty(order.size, dtype=np.int64)
        entry[order] = np.cumsum(is_first) - 1
        return matrix, Trace(found, entry, counts)
