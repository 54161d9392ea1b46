"""A point goes in, the units whose ground it may lie on come out; outlines come from the gazetteer as WKT.

Upstream systems send WGS-84 or GCJ-02 (the offset of some hundred metres that maps in China carry) and do not say which:
a point counts as certain only where it lies on one unit's ground read either way.
"""

from __future__ import annotations

import math
from typing import Any, Final

from shapely import STRtree, from_wkt, points, prepare

from letters.bureau import Bureau

_A: Final = 6378245.0
_EE: Final = 0.00669342162296594323


class Areas:
    """Outlines in a tree; empty when the bureau has none."""

    def __init__(self, bureau: Bureau) -> None:
        found = [
            (place.unit, from_wkt(place.area))
            for place in bureau.places
            if place.area and place.unit in bureau.units and bureau.units[place.unit].kind not in ("bureau", "external")
        ]
        self._units = [unit for unit, _ in found]
        outlines: list[Any] = [outline for _, outline in found]
        for outline in outlines:
            prepare(outline)
        self._tree = STRtree(outlines) if outlines else None

    def units_at(self, lng: float | None, lat: float | None) -> tuple[str, ...]:
        """Units whose ground holds the point, as it stands first; none outside of all, of China, or without outlines."""
        if self._tree is None or lng is None or lat is None or not (73 <= lng <= 136 and 3 <= lat <= 54):
            return ()
        east, north = _offset(lng, lat)
        readings = points([lng, lng - east, lng + east], [lat, lat - north, lat + north])
        _, hits = self._tree.query(readings, predicate="intersects")
        return tuple(dict.fromkeys(self._units[at] for at in hits.tolist()))


def _offset(lng: float, lat: float) -> tuple[float, float]:
    """How far GCJ-02 lies east and north of WGS-84 here, in degrees."""
    x, y = lng - 105.0, lat - 35.0
    wave = (20.0 * math.sin(6.0 * x * math.pi) + 20.0 * math.sin(2.0 * x * math.pi)) * 2.0 / 3.0
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * math.sqrt(abs(x)) + wave
    north += (20.0 * math.sin(y * math.pi) + 40.0 * math.sin(y / 3.0 * math.pi)) * 2.0 / 3.0
    north += (160.0 * math.sin(y / 12.0 * math.pi) + 320 * math.sin(y * math.pi / 30.0)) * 2.0 / 3.0
    east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * math.sqrt(abs(x)) + wave
    east += (20.0 * math.sin(x * math.pi) + 40.0 * math.sin(x / 3.0 * math.pi)) * 2.0 / 3.0
    east += (150.0 * math.sin(x / 12.0 * math.pi) + 300.0 * math.sin(x / 30.0 * math.pi)) * 2.0 / 3.0
    radians = lat / 180.0 * math.pi
    magic = 1 - _EE * math.sin(radians) ** 2
    root = math.sqrt(magic)
    north = north * 180.0 / ((_A * (1 - _EE)) / (magic * root) * math.pi)
    east = east * 180.0 / (_A / root * math.cos(radians) * math.pi)
    return east, north
