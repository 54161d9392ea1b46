"""A head's label names come in; what they tell about place and kind of unit goes out.

“南山县教育局” is a unit of the district 南山县 and of the kind 教育局: a letter about another district's school still
teaches what 教育局 means. Both are read off the names themselves: no list of any city stands here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import log

import numpy as np
from numpy.typing import NDArray

from classifier.text import fold

_ADMINISTRATIVE = "区县市旗州盟"  # what a district's name ends in (行政区划)
_SHARED = 3  # a beginning or end is a district or kind when this many labels share it
_GOVERNMENT = ("人民政府", "公安局", "分局")  # inside a name they say nothing about the place


@dataclass(frozen=True, slots=True)
class Names:
    """For each label its district, its kind, and the short names under which letters speak of it."""

    district_of: NDArray[np.int64]
    districts: tuple[str, ...]
    kind_of: NDArray[np.int64]
    kinds: tuple[str, ...]
    own_name: tuple[str, ...]  # “三林” of 三林镇人民政府; empty where the kind says it all
    district_name: tuple[str, ...]  # by district; empty where it tells nothing apart


def _numbered(values: Sequence[str]) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    distinct = tuple(sorted(set(values)))
    number = {value: k for k, value in enumerate(distinct)}
    return np.array([number[v] for v in values], dtype=np.int64), distinct


def _short(name: str) -> str:
    """The two or three characters by which people name a place or unit."""
    return name[:3] if len(name) >= 3 else name if len(name) == 2 else ""


def _district_short(name: str) -> str:
    core = name
    for position in range(len(name) - 2, 0, -1):  # 某市某某区 → 某某区
        if name[position] in _ADMINISTRATIVE and len(name) - position > 2:
            core = name[position + 1 :]
            break
    return core[:2] if len(core) >= 3 else core if len(core) == 2 else ""


def read_names(labels: Sequence[str]) -> Names | None:
    """What the names tell, or None where they share nothing (seven plain categories, or codes)."""
    folded = [fold(label).replace(" ", "") for label in labels]
    if sum(any("\u4e00" <= c <= "\u9fff" for c in label) for label in folded) < len(labels) / 2:
        return None
    heads = Counter(label[: k + 1] for label in folded for k, c in enumerate(label[:-1]) if k and c in _ADMINISTRATIVE)
    tails = Counter(label[-k:] for label in folded for k in range(1, len(label)))
    districts, kinds, own = [], [], []
    for label in folded:
        shared = [
            label[: k + 1]
            for k, c in enumerate(label[:-1])
            if k and c in _ADMINISTRATIVE and heads[label[: k + 1]] >= _SHARED
        ]
        district = max(shared, key=len) if shared else ""
        rest = label[len(district) :]
        # Long ends that many share say most: 建设和管理委员会 rather than 会.
        ends = [(log(tails[rest[-k:]]) * k, rest[-k:]) for k in range(1, len(rest) + 1) if tails[rest[-k:]] >= _SHARED]
        kind = max(ends)[1] if ends else rest
        name = rest[: len(rest) - len(kind)]
        for word in _GOVERNMENT:
            name = name.replace(word, "")
        districts.append(district)
        kinds.append(kind)
        own.append(_short(name))
    district_of, distinct_districts = _numbered(districts)
    kind_of, distinct_kinds = _numbered(kinds)
    if len(distinct_districts) < 2 and len(distinct_kinds) > 0.7 * len(labels):
        return None
    sizes = Counter(districts)
    # A name inside which other districts lie (the city itself) tells no letter apart.
    names = tuple(
        ""
        if any(other != d and other.startswith(d) for other in distinct_districts) or sizes[d] < _SHARED
        else _district_short(d)
        for d in distinct_districts
    )
    return Names(district_of, distinct_districts, kind_of, distinct_kinds, tuple(own), names)
