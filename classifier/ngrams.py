"""A batch of letters comes in; for each letter its hashed n-grams go out, block by block, as flat arrays.

A block is one view of a letter (bigrams of the whole text, bigrams of the title alone, words …). Each is counted,
weighted and normalised on its own, so that no view drowns another.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from classifier import words
from classifier.text import LetterText, folded

UNIGRAM_BITS = 18
HASH_BITS = 20


class Block(NamedTuple):
    """One view of a letter: which part of it, which units of text, and how much it weighs."""

    name: str
    part: str  # "all" (title, body and place), "title", "place", "field" (channel and kind)
    size: int  # characters per n-gram; 0 for words, -1 for a whole field
    weight: float


BLOCKS: tuple[Block, ...] = (
    Block("characters", "all", 1, 0.3),
    Block("bigrams", "all", 2, 1.0),
    Block("trigrams", "all", 3, 0.5),
    Block("words", "all", 0, 1.0),
    Block("title bigrams", "title", 2, 0.3),
    Block("title trigrams", "title", 3, 0.15),
    Block("place bigrams", "place", 2, 0.3),
    Block("fields", "field", -1, 0.2),
)

_A = np.uint32(0x9E3779B1)
_B = np.uint32(0x85EBCA77)
_C = np.uint32(0xC2B2AE3D)
_SHIFT = np.uint32(32 - HASH_BITS)


class Occurrences(NamedTuple):
    """Every n-gram of one block in a batch: whose it is, where it stands, which bucket it falls into."""

    row: NDArray[np.int32]
    start: NDArray[np.int64]  # index into the batch's code points
    length: NDArray[np.int64] | int
    bucket: NDArray[np.uint32]


class Batch(NamedTuple):
    """The folded code points of some letters and the rows and parts they belong to."""

    codes: NDArray[np.uint32]
    rows: NDArray[np.int32]
    bounds: NDArray[np.int64]  # starts of title, body, place … of every letter in turn, 3 n + 1 entries
    items: Sequence[LetterText]

    def title_mask(self) -> NDArray[np.bool_]:
        """Which code points belong to a title."""
        return self._mask(0)

    def place_mask(self) -> NDArray[np.bool_]:
        """Which code points belong to a place."""
        return self._mask(2)

    def _mask(self, part: int) -> NDArray[np.bool_]:
        edges = np.zeros(self.codes.size + 1, dtype=np.int8)
        edges[self.bounds[part:-1:3]] += 1
        edges[self.bounds[part + 1 :: 3]] -= 1
        return np.cumsum(edges[:-1], dtype=np.int8).astype(bool)


def prepare(items: Sequence[LetterText]) -> Batch:
    """Fold a batch once; every block reads from the result."""
    texts = [part for item in items for part in (item.title, item.body, item.place)]
    codes, bounds = folded(texts)
    spans = np.diff(bounds[::3])
    rows = np.empty(codes.size, dtype=np.int32)
    rows[0] = 0
    rows[1:] = np.repeat(np.arange(len(items), dtype=np.int32), spans)
    return Batch(codes, rows, bounds, items)


def _mixed(hashed: NDArray[np.uint32]) -> NDArray[np.uint32]:
    hashed ^= hashed >> np.uint32(15)
    hashed *= _C
    hashed >>= _SHIFT
    return hashed


def characters(batch: Batch, size: int, where: NDArray[np.bool_] | None = None) -> Occurrences:
    """All n-grams of `size` characters that cross no separator, optionally only those that start in `where`."""
    codes = batch.codes
    valid = codes != 0
    if where is not None:
        valid &= where
    last = codes.size - size + 1
    if last < 1:
        empty = np.empty(0, dtype=np.uint32)
        return Occurrences(empty.astype(np.int32), empty.astype(np.int64), size, empty)
    keep = valid[:last]
    for ahead in range(1, size):
        keep = keep & (codes[ahead : last + ahead] != 0)
    start = np.flatnonzero(keep)
    first = codes[start]
    if size == 1:
        return Occurrences(batch.rows[start], start, 1, np.minimum(first, np.uint32((1 << UNIGRAM_BITS) - 1)))
    hashed = first * _A
    hashed ^= codes[start + 1] * _B
    if size == 3:
        hashed ^= hashed >> np.uint32(13)
        hashed *= _A
        hashed += codes[start + 2] * _B
    return Occurrences(batch.rows[start], start, size, _mixed(hashed))


_BASE = 0x100000001B3
_MASK = (1 << 64) - 1


def _powers(base: int, count: int) -> NDArray[np.uint64]:
    table = np.full(count, base, dtype=np.uint64)
    table[0] = 1
    return np.multiply.accumulate(table)


class _PowerTables:
    """Powers of the word hash's base and of its inverse modulo 2**64, grown as batches grow."""

    def __init__(self) -> None:
        self.ahead = _powers(_BASE, 1)
        self.back = _powers(pow(_BASE, -1, 1 << 64), 1)

    def upto(self, count: int) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
        if self.ahead.size < count:
            size = max(count, 2 * self.ahead.size, 1 << 16)
            self.ahead = _powers(_BASE, size)
            self.back = _powers(pow(_BASE, -1, 1 << 64), size)
        return self.ahead[:count], self.back[:count]


_tables = _PowerTables()


def tokens(batch: Batch) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Start and end of every word of the batch, in order."""
    cut = words.cut
    lengths: list[int] = []
    for item in batch.items:
        for part in (item.title, item.body, item.place):
            if part:
                lengths.extend(map(len, cut(part)))
            lengths.append(1)  # the separator behind each part
    sizes = np.array(lengths, dtype=np.int64)
    ends = np.cumsum(sizes) + 1
    return ends - sizes, ends


def word_occurrences(batch: Batch, where: NDArray[np.bool_] | None = None) -> Occurrences:
    """jieba's words as one more kind of n-gram; a word's hash comes from a running hash of the code points."""
    start, end = tokens(batch)
    codes = batch.codes
    keep = codes[start] != 0
    if where is not None:
        keep &= where[start]
    start, end = start[keep], end[keep]
    ahead, back = _tables.upto(codes.size + 1)
    running = np.zeros(codes.size + 1, dtype=np.uint64)
    np.cumsum(codes * ahead[:-1], out=running[1:])
    hashed = (running[end] - running[start]) * back[start]
    hashed ^= hashed >> np.uint64(29)
    hashed *= np.uint64(0x9FB21C651E98DF25)
    bucket = (hashed >> np.uint64(64 - HASH_BITS)).astype(np.uint32)
    return Occurrences(batch.rows[start], start, end - start, bucket)


def field_occurrences(batch: Batch) -> Occurrences:
    """Channel and kind, each as one token; they stand nowhere in the text."""
    rows: list[int] = []
    buckets: list[int] = []
    for row, item in enumerate(batch.items):
        for salt, value in ((1, item.channel), (2, item.kind)):
            if value:
                state = salt
                for char in value:
                    state = (state * _BASE + ord(char) + 1) & _MASK
                rows.append(row)
                buckets.append((state ^ (state >> 29)) * 0x9FB21C651E98DF25 % (1 << 64) >> (64 - HASH_BITS))
    row_array = np.array(rows, dtype=np.int32)
    return Occurrences(row_array, np.full(row_array.size, -1), 0, np.array(buckets, dtype=np.uint32))


def occurrences(batch: Batch, block: Block) -> Occurrences:
    """The n-grams of one block."""
    if block.part == "field":
        return field_occurrences(batch)
    where = {"all": None, "title": Batch.title_mask, "place": Batch.place_mask}[block.part]
    mask = None if where is None else where(batch)
    if block.size == 0:
        return word_occurrences(batch, mask)
    return characters(batch, block.size, mask)
