"""Names of districts and units come in; which of them stand in each letter of a batch goes out.

A name is looked up by its two or three characters in one pass over the batch, and every hit is checked character by
character: hashes collide, names must not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from classifier.ngrams import HASH_BITS, Batch, gram_bucket


@dataclass(frozen=True, slots=True)
class Places:
    """Names of two or three characters, and the district each belongs to (−1 for none)."""

    names: tuple[str, ...]
    district_of_name: NDArray[np.int64]
    _number: dict[int, NDArray[np.uint16]] = field(default_factory=dict)

    def hits(self, batch: Batch) -> tuple[NDArray[np.bool_], NDArray[np.int64], NDArray[np.int64]]:
        """Letters × names, and for evidence each hit's name and start among the batch's code points."""
        found = np.zeros((len(batch.items), len(self.names)), dtype=bool)
        which, where = [], []
        for size in (2, 3):
            table = self._table(size)
            if table is None:
                continue
            grams = batch.grams(size)
            number = table.take(grams.bucket)
            hit = np.flatnonzero(number)
            name = number.take(hit).astype(np.int64) - 1
            start = grams.start.take(hit)
            codes = self._codes(size)
            good = np.ones(name.size, dtype=bool)
            for k in range(size):
                good &= batch.codes[start + k] == codes[name, k]
            name, start = name[good], start[good]
            found[batch.rows[start], name] = True
            which.append(name)
            where.append(start)
        if not which:
            return found, np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
        return found, np.concatenate(which), np.concatenate(where)

    def _codes(self, size: int) -> NDArray[np.uint32]:
        key = -size
        if key not in self._number:
            codes = np.zeros((len(self.names), 3), dtype=np.uint32)
            for row, name in enumerate(self.names):
                codes[row, : len(name)] = [ord(c) for c in name]
            self._number[key] = codes  # type: ignore[assignment]
        return self._number[key]  # type: ignore[return-value]

    def _table(self, size: int) -> NDArray[np.uint16] | None:
        if size not in self._number:
            table = np.zeros(1 << HASH_BITS, dtype=np.uint16)
            rows = [k for k, name in enumerate(self.names) if len(name) == size]
            for row in rows:
                table[gram_bucket(self.names[row])] = row + 1
            self._number[size] = table if rows else np.empty(0, dtype=np.uint16)
        table = self._number[size]
        return table if table.size else None


def gather(
    own: Sequence[str], district: Sequence[str], district_of: NDArray[np.int64]
) -> tuple[Places, Sequence[int], Sequence[int]]:
    """The index of all names, and for each label the row of its own and of its district's name (−1: none)."""
    names: dict[str, int] = {}
    home: list[int] = []
    own_rows, district_rows = [], []
    by_district: list[int] = []
    for name in district:
        if name and name not in names:
            names[name] = len(names)
            home.append(-1)
        by_district.append(names[name] if name else -1)
    for label, name in enumerate(own):
        if name and name not in names:
            names[name] = len(names)
            home.append(int(district_of[label]) if district[district_of[label]] else -1)
        own_rows.append(names[name] if name else -1)
        district_rows.append(by_district[district_of[label]])
    return Places(tuple(names), np.array(home, dtype=np.int64)), own_rows, district_rows
