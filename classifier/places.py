"""Names of districts and units come in; which of them stand in each letter of a batch goes out.

A name is looked up by its two or three characters in one pass over the batch, and every hit is checked character by
character: hashes collide, names must not.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from classifier.ngrams import BUCKETS, Batch, gram_bucket

_SIZES = (2, 3)


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
        self._codes = np.zeros((len(names), max(_SIZES)), dtype=np.uint32)
        self._tables: dict[int, NDArray[np.uint16]] = {}
        for row, name in enumerate(names):
            self._codes[row, : len(name)] = [ord(c) for c in name]
            table = self._tables.setdefault(len(name), np.zeros(BUCKETS, dtype=np.uint16))
            table[gram_bucket(name)] = row + 1

    def find(self, batch: Batch) -> Hits:
        """Every place where a name stands."""
        which, where = [], []
        for size, table in self._tables.items():
            number = table.take(batch.hashed(size))
            start = number.nonzero()[0]
            if not start.size:
                continue
            name = number.take(start).astype(np.int64) - 1
            good = batch.codes.take(start) == self._codes[name, 0]
            for k in range(1, size):
                good &= batch.codes.take(start + k) == self._codes[name, k]
            which.append(name[good])
            where.append(start[good])
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
