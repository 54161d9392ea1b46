"""The entries of units.csv, staff.csv and unit_codes.csv go in; units, staff and foreign codes come out, checked."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, cast

from letters.bureau import StaffMember, Unit, UnitKind
from letters.bureau_tables import Entry, Fields, Problems, suggestion
from letters.topics import UNIT_CODE

UNITS: Final = "units.csv"
STAFF: Final = "staff.csv"
UNIT_CODES: Final = "unit_codes.csv"

UNIT_FIELDS: Final[Fields] = {
    "code": "代码",
    "name": "名称",
    "kind": "类型",
    "parent": "上级",
    "aliases": "别名",
    "lines": "业务条线",
    "supervisor": "监督单位",
    "note": "备注",
}
UNIT_KINDS: Final = {
    "bureau": "分局",
    "command": "指挥中心",
    "inspection": "督察",
    "petition": "信访",
    "section": "科室",
    "squad": "大队",
    "station": "派出所",
    "external": "外单位",
}
STAFF_FIELDS: Final[Fields] = {"name": "姓名", "unit": "单位", "badge_no": "警号", "duty": "职务", "note": "备注"}
UNIT_CODE_FIELDS: Final[Fields] = {"code": "外部代码", "unit": "单位", "note": "备注"}

_SPOILED: Final = re.compile(r"[0-9](\.[0-9]+)?[Ee]\+?[0-9]+")


class Directory:
    """The bureau's units, found by code, name or alias."""

    def __init__(self) -> None:
        self.units: dict[str, Unit] = {}
        self.lines: dict[str, int] = {}
        """The line each unit stands on, by code."""
        self.readable = True
        """False when units.csv could not be read at all; references to units are then not judged."""
        self._by_name: dict[str, str] = {}
        self._refused: set[str] = set()

    def add(self, unit: Unit, line: int) -> None:
        """Take a unit in under its code and every name it has; the first bearer of a name keeps it."""
        self.units[unit.code] = unit
        self.lines[unit.code] = line
        for name in (unit.name, *unit.aliases):
            self._by_name.setdefault(name, unit.code)

    def refuse(self, names: Iterable[str | None]) -> None:
        """Remember a unit whose row is wrong, so that those who name it are not blamed for it."""
        self._refused.update(name for name in names if name)

    def code(self, word: str) -> str | None:
        """The unit's code for a code, name or alias."""
        return word if word in self.units else self._by_name.get(word)

    def resolve(self, entry: Entry, name: str, *, required: bool = True) -> str | None:
        """The code of the unit that a field names; a problem when there is none."""
        word = entry.text(name, required=required)
        return None if word is None else self.resolve_word(entry, name, word)

    def resolve_words(self, entry: Entry, name: str) -> tuple[str, ...]:
        """The codes of the units that a list field names."""
        return tuple(code for word in entry.words(name) if (code := self.resolve_word(entry, name, word)))

    def resolve_word(self, entry: Entry, name: str, word: str) -> str | None:
        """The code of one unit named in a field."""
        code = self.code(word)
        if code is None and self.readable and word not in self._refused:
            near = suggestion(word, [*self._by_name, *self.units])
            entry.wrong(name, f"{name} names an unknown unit “{word}”{near}; use a code or name of units.csv")
        return code

    def known_lines(self) -> set[str]:
        """Every business line (业务条线) that some unit answers for."""
        return {line for unit in self.units.values() for line in unit.lines}


def valid_code(entry: Entry, name: str, code: str) -> bool:
    """True for a 12-digit organisation code; a problem otherwise."""
    if UNIT_CODE.fullmatch(code):
        return True
    if _SPOILED.fullmatch(code):
        remedy = "Excel has rounded it; format the column as text (文本) and type all 12 digits again"
    else:
        remedy = f"it has {len(code)} characters; write exactly 12 digits"
    entry.wrong(name, f"code “{code}” is no 12-digit unit code; {remedy}")
    return False


def read_units(entries: list[Entry], problems: Problems) -> Directory:
    """The directory, with its tree free of circles and its names free of doubt."""
    directory = Directory()
    directory.readable = bool(entries)
    named: dict[str, Entry] = {}
    kept: list[tuple[Entry, Unit]] = []
    for entry in entries:
        code, name = entry.text("code", required=True), entry.text("name", required=True)
        kind = entry.choice("kind", UNIT_KINDS)
        aliases, lines = entry.words("aliases"), entry.words("lines")
        if code is None or name is None or kind is None or not valid_code(entry, "code", code):
            directory.refuse((code, name, *aliases))
            continue
        if code in directory.units:
            first = directory.lines[code]
            entry.wrong(
                "code", f"code “{code}” of “{name}” stands already on line {first}; give each unit its own code"
            )
            directory.refuse((name, *aliases))
            continue
        for word in (name, *aliases):
            if (other := named.get(word)) is not None and other is not entry:
                what = "name" if word == name and word == other.text("name") else "alias"
                holder = f"“{other.text('name')}” on line {other.line}"
                entry.wrong("aliases", f"{what} “{word}” of “{name}” also means {holder}; leave it to one of them")
            named.setdefault(word, entry)
        unit = Unit(code, name, cast(UnitKind, kind), aliases=aliases, lines=lines)
        directory.add(unit, entry.line)
        kept.append((entry, unit))
    for entry, unit in kept:
        parent = directory.resolve(entry, "parent", required=False)
        supervisor = directory.resolve(entry, "supervisor", required=False)
        directory.units[unit.code] = Unit(unit.code, unit.name, unit.kind, parent, unit.aliases, unit.lines, supervisor)
    _refuse_circles(directory, problems)
    return directory


def _refuse_circles(directory: Directory, problems: Problems) -> None:
    """A circle in the tree would make every unit in it its own superior, and recusal endless."""
    clear: set[str] = set()
    for start in directory.units:
        path: list[str] = []
        at: str | None = start
        while at is not None and at in directory.units and at not in clear and at not in path:
            path.append(at)
            at = directory.units[at].parent
        if at in path:
            circle = path[path.index(at) :]
            names = " → ".join(directory.units[code].name for code in [*circle, circle[0]])
            line = min(directory.lines[code] for code in circle)
            problems.add(UNITS, line, f"the superiors (上级) run in a circle: {names}; correct one of these rows")
        clear.update(path)


def check_superiors(directory: Directory, bureau: str, problems: Problems) -> None:
    """Every unit but the bureau itself and outside bodies stands under one, or recusal could not reach it from above."""
    for code, unit in directory.units.items():
        if unit.parent is None and unit.kind != "external" and code != bureau:
            problems.add(
                UNITS, directory.lines[code], f"unit “{unit.name}” has no superior (上级); name one, at last the bureau"
            )


def read_staff(entries: list[Entry], directory: Directory) -> tuple[StaffMember, ...]:
    """The staff; a badge number (警号) belongs to one person."""
    badges: dict[str, int] = {}
    staff = []
    for entry in entries:
        name, badge = entry.text("name", required=True), entry.text("badge_no")
        unit = directory.resolve(entry, "unit")
        if badge is not None:
            if badge in badges:
                entry.wrong("badge_no", f"badge number “{badge}” stands already on line {badges[badge]}; correct one")
            badges.setdefault(badge, entry.line)
        if name is not None and unit is not None:
            staff.append(StaffMember(name, unit, badge, entry.text("duty")))
    return tuple(staff)


def read_unit_codes(entries: list[Entry], directory: Directory) -> dict[str, str]:
    """Other systems' unit codes → ours."""
    codes: dict[str, str] = {}
    for entry in entries:
        code, unit = entry.text("code", required=True), directory.resolve(entry, "unit")
        if code is None or unit is None:
            continue
        if code in codes:
            entry.wrong("code", f"foreign code “{code}” stands twice; delete one row")
        elif code in directory.units and unit != code:
            owner = directory.units[code].name
            entry.wrong("code", f"foreign code “{code}” is our own code of “{owner}”; delete this row")
        else:
            codes[code] = unit
    return codes
