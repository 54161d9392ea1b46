"""A batch of letters comes in; its hashed n-grams go out, block by block, as flat arrays over the code points.

A block is one view of a letter (bigrams of the whole text, trigrams of the title alone, words …). Each is counted,
weighted and normalised on its own, so that no view drowns another. Bucket 0 means “no n-gram starts here”;
one n-gram in a million falls into it and is not seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from classifier import words
from classifier.text import LetterText, code_points, folding_table

HASH_BITS = 20
BUCKETS = 1 << HASH_BITS
FIELDS = 3  # title, body, place


class Block(NamedTuple):
    """One view of a letter: which part of it, which units of text, and how much it weighs."""

    name: str
    part: str  # "all" (title, body and place), "title", "place names", "fields" (channel and kind)
    size: int  # characters per n-gram; 0 for words (two to four characters) and fields
    weight: float


BLOCKS: tuple[Block, ...] = (
    Block("characters", "all", 1, 0.3),
    Block("bigrams", "all", 2, 1.0),
    Block("trigrams", "all", 3, 0.5),
    Block("words", "all", 0, 1.0),
    Block("title bigrams", "title", 2, 0.3),
    Block("title trigrams", "title", 3, 0.15),
    Block("place names", "place names", 3, 0.15),
    Block("fields", "fields", 0, 0.3),
)

_A, _B, _C = np.uint32(0x9E3779B1), np.uint32(0x85EBCA77), np.uint32(0xC2B2AE3D)
_SHIFT = np.uint32(32 - HASH_BITS)
# What places end in: 路 镇 村 小区 … The two characters before make a name (公园路, 幸福里).
_PLACE_ENDS = "路镇村区苑园城庭弄街道桥站院校寓湾府里坊墅楼厦场线社局县市号"


def _place_end_table() -> NDArray[np.bool_]:
    table = np.zeros(1 << 16, dtype=bool)
    table[[ord(c) for c in _PLACE_ENDS]] = True
    return table


_IS_PLACE_END = _place_end_table()


class Grams(NamedTuple):
    """All n-grams of one size that cross no separator: where they start, and their buckets."""

    start: NDArray[np.int64]
    bucket: NDArray[np.uint32]


def _hash_pairs(left: NDArray[np.uint32], right: NDArray[np.uint32], step: int) -> NDArray[np.uint32]:
    """Bucket of left[i] with right[i + step], 0 where either is 0."""
    hashed = np.zeros(left.size, dtype=np.uint32)
    if left.size <= step:
        return hashed
    a, b, out = left[:-step], right[step:], hashed[:-step]
    np.multiply(a, _A, out=out)
    out ^= out >> np.uint32(13)
    out += b * _B
    out ^= out >> np.uint32(15)
    out *= _C
    out >>= _SHIFT
    out *= a != 0
    out *= b != 0
    return hashed


class Batch:
    """The folded code points of some letters: title, body and place of each in turn, separators between."""

    def __init__(self, items: Sequence[LetterText]) -> None:
        self.items = items
        self.texts = ["\n".join(item[:FIELDS]) for item in items]
        self.raw = code_points("\n" + "\n".join(self.texts) + "\n")
        self.codes: NDArray[np.uint32] = folding_table().take(self.raw)
        lengths = np.fromiter(map(len, self.texts), dtype=np.int64, count=len(items))
        self.starts = np.ones(len(items) + 1, dtype=np.int64)
        self.starts[1:] += np.cumsum(lengths + 1)
        self.rows: NDArray[np.int32] = np.zeros(self.codes.size, dtype=np.int32)
        self.rows[1 : int(self.starts[-1])] = np.repeat(np.arange(len(items), dtype=np.int32), lengths + 1)
        self._hashed: dict[int, NDArray[np.uint32]] = {}
        self._tokens: tuple[NDArray[np.int64], NDArray[np.int64]] | None = None
        self._in_title: NDArray[np.bool_] | None = None
        self._small: NDArray[np.int64] | None = None

    def small_codes(self) -> NDArray[np.int64]:
        """Code points for tables of 2**16 entries; what lies beyond shares the last one, which is no character."""
        if self._small is None:
            self._small = np.minimum(self.codes, np.uint32(0xFFFF)).astype(np.int64)
        return self._small

    def in_title(self) -> NDArray[np.bool_]:
        """Which code points belong to a title."""
        if self._in_title is None:
            titles = np.fromiter((len(item.title) for item in self.items), dtype=np.int64, count=len(self.items))
            edges = np.zeros(self.codes.size + 1, dtype=np.int8)
            # A title's end may be where the next one starts (both empty), hence add.at.
            np.add.at(edges, self.starts[:-1], 1)
            np.add.at(edges, self.starts[:-1] + titles, -1)
            self._in_title = np.cumsum(edges[:-1], dtype=np.int8).astype(bool)
        return self._in_title

    def hashed(self, size: int) -> NDArray[np.uint32]:
        """The bucket of the n-gram that starts at each code point, 0 where none does."""
        if size in self._hashed:
            return self._hashed[size]
        if size == 1:
            found = np.minimum(self.codes, np.uint32(BUCKETS - 1))
        elif size == 2:
            found = _hash_pairs(self.codes, self.codes, 1)
        elif size == 3:
            found = _hash_pairs(self.hashed(2), self.codes, 2)
        else:
            found = _hash_pairs(self.hashed(2), self.hashed(2), 2)
        self._hashed[size] = found
        return found

    def grams(self, size: int) -> Grams:
        """The n-grams of one size as a list."""
        bucket = self.hashed(size)
        start = np.flatnonzero(bucket)
        return Grams(start, bucket.take(start))

    def fields(self) -> tuple[NDArray[np.int64], NDArray[np.uint32]]:
        """Row and bucket of each given channel and kind."""
        return field_buckets(self.items)

    def tokens(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Start and end of every word of the batch, separators included, in order."""
        if self._tokens is None:
            lengths: list[int] = [1]
            extend = lengths.extend
            cut = words.cut_fast
            for text in self.texts:
                extend(map(len, cut(text)))
                lengths.append(1)
            sizes = np.array(lengths, dtype=np.int64)
            ends = sizes.cumsum()
            self._tokens = self._split_marks(ends - sizes, ends)
        return self._tokens

    def _split_marks(
        self, start: NDArray[np.int64], end: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Split rjieba's ASCII runs where jieba does, found by arrays: looking at each word costs as much as cutting."""
        marks = np.zeros(self.raw.size + 1, dtype=np.int32)
        np.cumsum(words.IS_MARK.take(np.minimum(self.raw, np.uint32(128))), out=marks[1:])
        long = np.flatnonzero((marks.take(end) > marks.take(start)) & (end - start > 1))
        extra = []
        for k in long.tolist():
            at = int(start[k])
            token = "".join(map(chr, self.raw[at : int(end[k])].tolist()))
            for part in words.split_marks(token)[:-1]:
                at += len(part)
                extra.append(at)
        if extra:
            cuts = np.array(extra, dtype=np.int64)
            start = np.concatenate([start, cuts])
            start.sort()
            end = np.append(start[1:], end[-1])
        return start, end


WORD_SIZES = (2, 3, 4)


def dictionary_words(texts: Sequence[str]) -> NDArray[np.bool_]:
    """Which of the word block's buckets hold words of jieba's dictionary (full mode) that stand in these texts.

    All words in a text, overlapping ones too, tell as much as the one segmentation that jieba settles on (measured),
    and are found by look-up.
    """
    allowed = np.zeros(len(WORD_SIZES) * BUCKETS, dtype=bool)
    found = sorted({word for text in texts for word in words.cut_all(text) if len(word) in WORD_SIZES})
    for offset, size in enumerate(WORD_SIZES):
        batch = Batch([LetterText("", word) for word in found if len(word) == size])
        bucket = batch.hashed(size)
        allowed[bucket[bucket != 0].astype(np.int64) + offset * BUCKETS] = True
    return allowed


_BASE = 0x100000001B3
_WORD = (1 << 64) - 1


def _field_bucket(salt: int, value: str) -> int:
    state = salt
    for char in value:
        state = (state * _BASE + ord(char) + 1) & _WORD
    return ((state ^ (state >> 29)) * 0x9FB21C651E98DF25 & _WORD) >> (64 - HASH_BITS)


def field_buckets(items: Sequence[LetterText]) -> tuple[NDArray[np.int64], NDArray[np.uint32]]:
    """Row and bucket of each given channel and kind; they stand nowhere in the text."""
    found = [
        (row, _field_bucket(salt, value))
        for row, item in enumerate(items)
        for salt, value in ((1, item.channel), (2, item.kind))
        if value
    ]
    table = np.array(found, dtype=np.int64).reshape(-1, 2)
    return table[:, 0], table[:, 1].astype(np.uint32)


def place_ends(batch: Batch) -> NDArray[np.int64]:
    """Where three characters start that end as places do (公园路)."""
    ends = _IS_PLACE_END.take(batch.small_codes()).nonzero()[0]
    return ends[ends > 2] - 2


def block_buckets(batch: Batch, block: Block) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Row and bucket of each of a block's n-grams, for counting; a word's bucket tells its size too."""
    if block.part == "fields":
        rows, bucket = field_buckets(batch.items)
        return rows, bucket.astype(np.int64)
    row_parts, bucket_parts = [], []
    for offset, size in enumerate(WORD_SIZES if block.size == 0 else (block.size,)):
        found = batch.hashed(size)
        if block.part == "title":
            start = batch.in_title().nonzero()[0]
        elif block.part == "place names":
            start = place_ends(batch)
        else:
            start = found.nonzero()[0]
        bucket = found.take(start)
        start = start[bucket != 0]
        row_parts.append(batch.rows.take(start))
        bucket_parts.append(bucket[bucket != 0].astype(np.int64) + (offset * BUCKETS if block.size == 0 else 0))
    return np.concatenate(row_parts).astype(np.int64), np.concatenate(bucket_parts)
