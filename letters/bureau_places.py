"""The entries of gazetteer.csv go in; places with the unit each lies under come out, checked for doubt and overlap."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final, cast

from letters.bureau import Place, PlaceLevel
from letters.bureau_directory import Directory
from letters.bureau_tables import Entry, Fields, Problems, suggestion

GAZETTEER: Final = "gazetteer.csv"
PLACE_FIELDS: Final[Fields] = {
    "name": "地名",
    "level": "级别",
    "unit": "管辖单位",
    "within": "所在乡镇",
    "aliases": "别名",
    "code": "区划代码",
    "area": "范围",
    "note": "备注",
}
PLACE_LEVELS: Final = {
    "district": "区县",
    "town": "乡镇街道",
    "community": "社区",
    "village": "村",
    "road": "道路",
    "landmark": "地标",
}
_PLACE_CODE: Final = re.compile(r"[0-9]{6}|[0-9]{9}|[0-9]{12}")
_SLIVER: Final = 0.001
"""Share of the smaller area that two outlines may have in common: neighbours drawn by hand never meet exactly."""


def read_places(entries: list[Entry], directory: Directory, problems: Problems) -> tuple[Place, ...]:
    """The places in the file's order."""
    wholes = {
        name
        for entry in entries
        if entry.values.get("level") in ("district", "town", "区县", "乡镇街道") and (name := entry.text("name"))
    }
    places: list[tuple[Entry, Place]] = []
    codes: dict[str, int] = {}
    bearers: dict[tuple[str, str], tuple[int, str]] = {}
    for entry in entries:
        name = entry.text("name", required=True)
        level = entry.choice("level", PLACE_LEVELS)
        unit = directory.resolve(entry, "unit")
        within, code, aliases = entry.text("within"), entry.text("code"), entry.words("aliases")
        if within is not None and within not in wholes:
            near = suggestion(within, wholes)
            entry.wrong("within", f"“{name}” lies in an unknown town “{within}”{near}; name a town of this file")
        if within is None and level not in (None, "district"):
            entry.wrong("within", f"“{name}” lies nowhere; name its town (所在乡镇), for a town its district")
        if code is not None:
            if not _PLACE_CODE.fullmatch(code):
                entry.wrong("code", f"place code “{code}” of “{name}” is not 6, 9 or 12 digits; correct or empty it")
            elif code in codes:
                entry.wrong(
                    "code", f"place code “{code}” of “{name}” stands already on line {codes[code]}; correct one"
                )
            codes.setdefault(code, entry.line)
        if name is None or level is None:
            continue
        for word in (name, *aliases):
            line, other = bearers.setdefault((within or "", word), (entry.line, name))
            if line != entry.line:
                entry.wrong(
                    "name",
                    f"“{word}” means both “{other}” (line {line}) and “{name}” in “{within or ''}”;"
                    " tell them apart by fuller names or delete one",
                )
        if unit is not None:
            place = Place(name, cast(PlaceLevel, level), unit, within, aliases, code, entry.text("area"))
            places.append((entry, place))
    _check_areas(places, directory, problems)
    return tuple(place for _, place in places)


def _check_areas(places: Iterable[tuple[Entry, Place]], directory: Directory, problems: Problems) -> None:
    """Outlines are sound, lie in China, and of one level do not overlap under different units."""
    drawn = [(entry, place) for entry, place in places if place.area]
    if not drawn:
        return
    # Loading shapely takes longer than reading a bureau without outlines.
    import shapely

    shapes: list[tuple[Entry, Place, Any]] = []
    for entry, place in drawn:
        try:
            shape = shapely.from_wkt(place.area)
        except shapely.errors.ShapelyError as error:
            cause = str(error).splitlines()[0]
            entry.wrong("area", f"the outline of “{place.name}” is no WKT ({cause}); write POLYGON((lng lat, …))")
            continue
        if shape.geom_type not in ("Polygon", "MultiPolygon") or shape.is_empty:
            entry.wrong("area", f"the outline of “{place.name}” is a {shape.geom_type}; write POLYGON((lng lat, …))")
        elif not shape.is_valid:
            cause = shapely.is_valid_reason(shape)
            entry.wrong("area", f"the outline of “{place.name}” crosses itself ({cause}); draw it again")
        elif not _in_china(shape.bounds):
            entry.wrong("area", f"the outline of “{place.name}” lies outside China; write longitude first (lng lat)")
        else:
            shapes.append((entry, place, shape))
    tree = shapely.STRtree([shape for _, _, shape in shapes])
    for at, (entry, place, shape) in enumerate(shapes):
        for other_at in sorted(int(found) for found in tree.query(shape, predicate="intersects")):
            _, other, other_shape = shapes[other_at]
            if other_at >= at or place.level != other.level or place.unit == other.unit:
                continue
            if shape.intersection(other_shape).area > _SLIVER * min(shape.area, other_shape.area):
                units = " and ".join(f"“{directory.units[one.unit].name}”" for one in (other, place))
                problems.add(
                    GAZETTEER,
                    entry.line,
                    f"the outlines of “{other.name}” (line {shapes[other_at][0].line}) and “{place.name}” overlap"
                    f" though {units} answer for them; redraw their border",
                )


def _in_china(bounds: tuple[float, float, float, float]) -> bool:
    west, south, east, north = bounds
    return 73 <= west <= east <= 136 and 3 <= south <= north <= 54
