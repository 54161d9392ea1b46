"""Names of districts and units come in; which of them stand in each letter of a batch goes out.

A name is looked up by its two or three characters, all places of a batch at once, character by character: hashes
collide, names must not.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from classifier.ngrams import Batch

_BITS = np.uint64(21)  # a code point


class Hits(NamedTuple):
    """Names found in a batch: which, and where among the batch's code points."""

    name: NDArray[np.int64]
    start: NDArray[np.int64]


class Places:
    """Names of two or three characters, and the district each belongs to (−1 for none)."""

    def __init__(self, names: Sequence[str], district_of_name: NDArray[np.int64]) -> None:
        self.names = tuple(names)
        self.district_of_name = district_of_name
        self.sizes = np.array([len(name) for name in names], dtype=np.int64)
        # Few characters begin a name: a table that stays in the cache sorts out most of the text.
        self._begins = np.zeros(1 << 16, dtype=bool)
        self._begins[[min(ord(name[0]), 0xFFFF) for name in names]] = True
        self._keys: dict[int, tuple[NDArray[np.uint64], NDArray[np.int64]]] = {}
        for size in sorted(set(self.sizes.tolist())):
            rows = np.flatnonzero(self.sizes == size)
            keys = np.array([_key([np.uint64(ord(c)) for c in names[row]]) for row in rows.tolist()], dtype=np.uint64)
            order = np.argsort(keys)
            self._keys[size] = keys[order], rows[order]

    def find(self, batch: Batch) -> Hits:
        """Every place where a name stands."""
        codes = batch.codes
        begin = self._begins.take(batch.small_codes()).nonzero()[0]
        begin = begin[begin < codes.size - 2]  # the last code points are separators
        which, where = [], []
        if begin.size:
            characters = [codes.take(begin + k).astype(np.uint64) for k in range(3)]
            for size, (keys, rows) in self._keys.items():
                wanted = _key(characters[:size])
                at = keys.searchsorted(wanted)
                hit = (keys.take(at, mode="clip") == wanted).nonzero()[0]
                which.append(rows.take(at.take(hit)))
                where.append(begin.take(hit))
        if not which:
            nothing = np.empty(0, dtype=np.int64)
            return Hits(nothing, nothing)
        return Hits(np.concatenate(which), np.concatenate(where))

    def hits(self, batch: Batch) -> NDArray[np.bool_] | None:
        """Letters × names, None if no letter names any."""
        name, start = self.find(batch)
        if not name.size:
            return None
        found = np.zeros((len(batch.items), len(self.names)), dtype=bool)
        found[batch.rows.take(start), name] = True
        return found


def _key(characters: Sequence[Any]) -> Any:
    """Code points side by side in one number, or arrays of them."""
    total = characters[0]
    for code in characters[1:]:
        total = (total << _BITS) | code
    return total


def gather(
    own: Sequence[str], district: Sequence[str], district_of: NDArray[np.int64]
) -> tuple[Places, list[int], list[int]]:
    """The index of all names, and for each label the row of its own and of its district's name (−1: none)."""
    names: dict[str, int] = {}
    home: list[int] = []
    by_district: list[int] = []
    for name in district:
        if name and name not in names:
            names[name] = len(names)
            home.append(-1)
        by_district.append(names[name] if name else -1)
    own_rows, district_rows = [], []
    for label, name in enumerate(own):
        if name and name not in names:
            names[name] = len(names)
            home.append(int(district_of[label]) if district[district_of[label]] else -1)
        own_rows.append(names[name] if name else -1)
        district_rows.append(by_district[district_of[label]])
    return Places(list(names), np.array(home, dtype=np.int64)), own_rows, district_rows
