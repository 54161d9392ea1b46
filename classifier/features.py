"""Letters come in; a sparse float32 matrix (letters × features) goes out, always the same row for the same letter.

A vocabulary says for each block which hash buckets are features: those that at least `min_count` training letters hold.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from classifier.ngrams import BLOCKS, HASH_BITS, Block, occurrences, prepare
from classifier.text import LetterText

MAX_FEATURES = 60_000  # a block: keeps a feature's number in 16 bits and a model small
_LOGS = (1.0 + np.log(np.maximum(np.arange(256), 1))).astype(np.float32)


class BlockVocabulary(NamedTuple):
    """One block's features: their buckets (sorted), their idf, and the number of the first of them."""

    block: Block
    buckets: NDArray[np.uint32]
    idf: NDArray[np.float32]
    offset: int
    number: NDArray[np.uint16]  # bucket → 1 + feature within the block, 0 for none


def _numbers(buckets: NDArray[np.uint32]) -> NDArray[np.uint16]:
    number = np.zeros(1 << HASH_BITS, dtype=np.uint16)
    number[buckets] = np.arange(1, buckets.size + 1, dtype=np.uint16)
    return number


class Vocabulary:
    """Which n-grams are features, and how much each says by being there at all (idf)."""

    def __init__(self, parts: Sequence[tuple[Block, NDArray[np.uint32], NDArray[np.float32]]]) -> None:
        self.blocks: list[BlockVocabulary] = []
        offset = 0
        for block, buckets, idf in parts:
            self.blocks.append(BlockVocabulary(block, buckets, idf, offset, _numbers(buckets)))
            offset += buckets.size
        self.size = offset

    @classmethod
    def learn(
        cls, batches: Iterable[Sequence[LetterText]], *, min_count: int, blocks: Sequence[Block] = BLOCKS
    ) -> Vocabulary:
        """Count each bucket's letters over all batches and keep the frequent ones."""
        counts = [np.zeros(1 << HASH_BITS, dtype=np.int32) for _ in blocks]
        letters = 0
        for items in batches:
            if not items:
                continue
            letters += len(items)
            batch = prepare(items)
            for block, count in zip(blocks, counts, strict=True):
                found = occurrences(batch, block)
                pairs = np.unique((found.row.astype(np.int64) << HASH_BITS) | found.bucket)
                count += np.bincount(pairs & ((1 << HASH_BITS) - 1), minlength=1 << HASH_BITS).astype(np.int32)
        parts = []
        for block, count in zip(blocks, counts, strict=True):
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
        """One L2-normalised row per block and letter, blocks side by side, scaled by the root of their weight."""
        batch = prepare(items)
        n = len(items)
        keys_list, data_list = [], []
        for vocabulary in self.blocks:
            if not vocabulary.buckets.size:
                continue
            found = occurrences(batch, vocabulary.block)
            number = vocabulary.number.take(found.bucket)
            known = np.flatnonzero(number)
            keys = found.row.take(known).astype(np.int64) * self.size
            keys += number.take(known)
            keys += vocabulary.offset - 1
            keys.sort()
            first = np.flatnonzero(np.concatenate(([True], keys[1:] != keys[:-1]))) if keys.size else keys
            counts = np.diff(np.append(first, keys.size))
            keys = keys.take(first)
            row, feature = np.divmod(keys, self.size)
            value = _LOGS.take(np.minimum(counts, 255)) * vocabulary.idf.take(feature - vocabulary.offset)
            norm = np.sqrt(np.bincount(row, weights=value.astype(np.float64) ** 2, minlength=n))
            scale = np.sqrt(vocabulary.block.weight) / np.maximum(norm, 1e-9)
            keys_list.append(keys)
            data_list.append((value * scale.take(row)).astype(np.float32))
        if not keys_list:
            return sparse.csr_matrix((n, self.size), dtype=np.float32)
        keys = np.concatenate(keys_list)
        order = np.argsort(keys, kind="stable")
        keys = keys.take(order)
        row, feature = np.divmod(keys, self.size)
        indptr = np.zeros(n + 1, dtype=np.int64)
        np.cumsum(np.bincount(row, minlength=n), out=indptr[1:])
        data = np.concatenate(data_list).take(order)
        return sparse.csr_matrix((data, feature.astype(np.int32), indptr.astype(np.int32)), shape=(n, self.size))
